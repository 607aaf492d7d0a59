"""A weighted law of samples: against formulas, and what its errors cover."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from powderkeg.results.measures import statistics as st
from powderkeg.results.measures.mixture import Mixture

WEIGHTS = 0.1, 0.9
LAWS = norm(1.0, 3.0), norm(0.0, 1.0)


def beyond(q: float) -> float:
    return float(sum(w * law.sf(q) for w, law in zip(WEIGHTS, LAWS, strict=True)))


def exact(level: float) -> tuple[float, float]:
    """VaR and ES of the mixture: E[X; X > q] of N(m, s) is m P(X > q) + s phi((q - m)/s)."""
    q = float(brentq(lambda x: beyond(x) - (1 - level), -10, 40))
    parts = [
        w * (law.mean() * law.sf(q) + law.std() * norm.pdf((q - law.mean()) / law.std()))
        for w, law in zip(WEIGHTS, LAWS, strict=True)
    ]
    return q, sum(parts) / (1 - level)


def paired(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Both laws from one normal number a path."""
    z = np.random.default_rng(seed).standard_normal(n)
    return 1 + 3 * z, z


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_the_quantile_is_that_of_the_weighted_law(level: float) -> None:
    law = Mixture(paired(200_000, 1), WEIGHTS)
    var, es = law.var_es(level)
    q, mean = exact(level)
    assert abs(var.value - q) < 4 * var.standard_error < 0.05 * q
    assert abs(es.value - mean) < 4 * es.standard_error < 0.05 * mean
    conditional = st.var_es(law.samples[0], level)[1].value
    assert mean > 2 * WEIGHTS[0] * conditional  # no probability times a conditional ES


def test_one_sample_has_the_plain_numbers() -> None:
    losses = np.random.default_rng(2).standard_t(4, 20_000)
    for found, plain in zip(
        Mixture((losses,), (1.0,)).var_es(0.99), st.var_es(losses, 0.99), strict=True
    ):
        assert found.value == pytest.approx(plain.value, rel=1e-12)
        assert found.standard_error == pytest.approx(plain.standard_error, rel=0.1)
    same = Mixture((losses, losses), WEIGHTS)
    assert same.var_es(0.99)[1].standard_error == pytest.approx(
        st.var_es(losses, 0.99)[1].standard_error, rel=1e-3
    )  # nothing is learnt from the same path twice


def test_errors_know_that_paths_are_paired() -> None:
    q, mean = exact(0.95)
    z = []
    for seed in range(300):
        var, es = Mixture(paired(4000, seed), WEIGHTS).var_es(0.95)
        z.append(((var.value - q) / var.standard_error, (es.value - mean) / es.standard_error))
    spread = np.std(z, axis=0)
    assert ((spread > 0.88) & (spread < 1.14)).all()  # three standard errors of a spread of 1


def test_probabilities_and_what_never_happened() -> None:
    law = Mixture(paired(10_000, 4), WEIGHTS)
    found = law.probability(lambda x: x > 2.0)
    assert abs(found.value - beyond(2.0)) < 4 * found.standard_error
    assert found.low < found.value < found.high
    never = law.probability(lambda x: x > 99)
    assert never.value == never.low == 0
    assert never.high == pytest.approx(1 - 0.025 ** (1 / 10_000))


def test_paths_of_one_set_hang_together() -> None:
    """Sixteen sets, each of them one number: errors over sets are four times those of one."""
    each = np.repeat(np.random.default_rng(5).standard_normal(16), 100)
    _, error = Mixture((each,), (1.0,), 16).mean(lambda x: x)
    assert error == pytest.approx(each[::100].std(ddof=1) / 4)


def test_a_tail_that_is_too_thin_is_refused() -> None:
    with pytest.raises(st.TooFewPaths, match="effective tail of 49 paths; it takes 50"):
        Mixture((np.arange(4900.0),), (1.0,)).var_es(0.99)
