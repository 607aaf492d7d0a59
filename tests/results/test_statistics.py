"""Tail statistics against exact values, and intervals against how often they cover."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats

from powderkeg.results.measures import statistics as st

# VaR and ES at 97.5, 99 and 99.9 %, exact (closed forms of the laws, ten digits).
LAWS = {
    "normal": scipy.stats.norm().ppf,
    "t3": scipy.stats.t(3).ppf,
    "t4": scipy.stats.t(4).ppf,
    "short of a lognormal, .2": lambda u: np.expm1(0.2 * scipy.stats.norm.ppf(u)),
    "short of a lognormal, .6": lambda u: np.expm1(0.6 * scipy.stats.norm.ppf(u)),
}
EXACT = {
    "normal": (
        (1.9599639845, 2.3378027922),
        (2.3263478740, 2.6652142203),
        (3.0902323062, 3.3670900771),
    ),
    "t3": (
        (3.1824463053, 5.0395830611),
        (4.5407028586, 7.0030820362),
        (10.2145318524, 15.4093361151),
    ),
    "t4": (
        (2.7764451052, 3.9935570227),
        (3.7469473880, 5.2205841945),
        (7.1731822198, 9.6862192129),
    ),
    "short of a lognormal, .2": (
        (0.4799270513, 0.5999595883),
        (0.5924434137, 0.7075265195),
        (0.8553000987, 0.9636694426),
    ),
    "short of a lognormal, .6": (
        (2.2413126632, 3.1625169646),
        (3.0382390750, 4.0453641399),
        (5.3861998173, 6.6418158818),
    ),
}
LEVELS = (0.975, 0.99, 0.999)


@pytest.mark.parametrize("law", LAWS)
def test_exact_values_of_known_laws(law: str) -> None:
    """A stratified sample (one point in the middle of each of a million slices) is the law."""
    n = 1_000_000
    ordered = np.asarray(LAWS[law]((np.arange(n) + 0.5) / n))
    for level, (var, es) in zip(LEVELS, EXACT[law], strict=True):
        assert st.value_at_risk(ordered, level).value == pytest.approx(var, rel=1e-3)
        # midpoints cut the outermost slice of a t3 short: 4e-3 at 99.9 %, 1e-4 for the normal
        assert st.expected_shortfall(ordered, level).value == pytest.approx(es, rel=5e-3)
        assert st.expected_shortfall(ordered, level).value > 1.05 * var


@pytest.mark.parametrize("law", LAWS)
def test_random_samples_lie_within_their_errors(law: str) -> None:
    u = np.random.default_rng(7).random(400_000)
    ordered = st.sorted_losses(LAWS[law](u))
    for level, (var, es) in zip(LEVELS, EXACT[law], strict=True):
        v, e = st.value_at_risk(ordered, level), st.expected_shortfall(ordered, level)
        assert abs(v.value - var) < 3.5 * v.standard_error
        assert abs(e.value - es) < 3.5 * e.standard_error
        assert v.low <= v.value <= v.high and e.low < e.value < e.high


def test_var_is_the_order_statistic_and_es_handles_ties() -> None:
    losses = np.arange(1.0, 10_001.0)
    var, es = st.var_es(np.random.default_rng(1).permutation(losses), 0.95)
    assert var.value == 9500.0  # ceil(10000 x .95), though 10000 * 0.95 may not be 9500 exactly
    assert es.value == pytest.approx(losses[9500:].mean(), rel=1e-12)
    tied = np.repeat([0.0, 1.0, 2.0], [9000, 900, 100])  # the tail of 5 % is 400 ones, 100 twos
    var, es = st.var_es(tied, 0.95)
    assert var.value == 1.0
    assert es.value == pytest.approx((400 * 1 + 100 * 2) / 500)
    flat, flat_es = st.var_es(np.full(5000, 0.25), 0.99)
    assert (flat.value, flat.low, flat.high, flat_es.standard_error) == (0.25, 0.25, 0.25, 0.0)


@pytest.mark.parametrize(
    ("n", "level", "expected"),
    [(1000, 0.95, 950), (1000, 0.999, 999), (10**7, 0.999, 9_990_000), (3, 0.99, 3), (1, 0.5, 1)],
)
def test_rank_is_exact(n: int, level: float, expected: int) -> None:
    assert st.rank(n, level) == expected


def test_too_small_samples_are_refused() -> None:
    rng = np.random.default_rng(2)
    st.var_es(rng.normal(size=1000), 0.95)  # 50 tail paths: just enough
    for n, level in ((999, 0.95), (4999, 0.99), (10, 0.5), (1, 0.5)):
        with pytest.raises(st.TooFewPaths, match="quantile"):
            st.var_es(rng.normal(size=n), level)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(bad: float) -> None:
    losses = np.r_[np.zeros(5000), bad]
    with pytest.raises(ValueError, match="finite"):
        st.var_es(losses, 0.95)
    with pytest.raises(ValueError, match="at least one"):
        st.sorted_losses([])


def coverage(
    draw: npt.NDArray[np.float64], level: float, var: float, es: float
) -> tuple[float, float]:
    """How often the intervals of the rows of `draw` hold the true values."""
    hits = np.zeros(2)
    for row in np.sort(draw, axis=1):
        v, e = st.value_at_risk(row, level), st.expected_shortfall(row, level)
        hits += (v.low <= var <= v.high, e.low <= es <= e.high)
    share = hits / len(draw)
    return float(share[0]), float(share[1])


def test_intervals_cover_as_often_as_they_say() -> None:
    """2,000 samples of 4,000 at 95 % (200 tail paths); 94-96 % is two standard errors."""
    draw = np.random.default_rng(3).normal(size=(2000, 4000))
    z = scipy.stats.norm.ppf(0.95)
    var_share, es_share = coverage(draw, 0.95, z, scipy.stats.norm.pdf(z) / 0.05)
    assert 0.94 <= var_share <= 0.965
    assert 0.925 <= es_share <= 0.965


def test_paired_difference_is_unbiased_covers_and_is_sharper() -> None:
    rng = np.random.default_rng(4)
    z = scipy.stats.norm.ppf(0.95)
    es = scipy.stats.norm.pdf(z) / 0.05
    hits, ratio = 0, []
    for _ in range(400):
        base = rng.normal(size=4000)
        shifted = 1.1 * base + 0.05 * rng.normal(size=4000)
        d = st.es_difference(shifted, base, 0.95)
        hits += d.low <= es * (math.hypot(1.1, 0.05) - 1) <= d.high
        alone = st.var_es(shifted, 0.95)[1].standard_error
        ratio.append(d.standard_error / alone)
    assert 0.91 <= hits / 400 <= 0.98
    assert np.mean(ratio) < 0.2  # unpaired it would be 1.35


def test_probability_difference_is_paired() -> None:
    hits = np.zeros(1000, bool)
    hits[:30] = True
    base = np.zeros(1000, bool)
    base[:20] = True
    d = st.probability_difference(hits, base)
    assert d.value == pytest.approx(0.01)
    assert d.standard_error == pytest.approx(math.sqrt(0.01 * 0.99 / 999), rel=1e-9)
    assert st.probability_difference(hits, hits).standard_error == 0.0


@pytest.mark.parametrize(("hits", "n"), [(3, 100), (50, 100), (99, 100), (1, 10**6)])
def test_intervals_of_probabilities_agree_with_scipy(hits: int, n: int) -> None:
    test = scipy.stats.binomtest(hits, n)
    for ours, theirs in (
        (st.wilson(hits, n), test.proportion_ci(0.95, method="wilson")),
        (st.clopper_pearson(hits, n), test.proportion_ci(0.95, method="exact")),
    ):
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_no_hits_and_all_hits_have_exact_bounds() -> None:
    for interval in (st.wilson, st.clopper_pearson):
        none, every = interval(0, 1000), interval(1000, 1000)
        assert (none.value, none.low) == (0.0, 0.0)
        assert none.high == pytest.approx(1 - 0.025 ** (1 / 1000), rel=1e-9)
        assert (every.value, every.high) == (1.0, 1.0)
        assert every.low == pytest.approx(0.025 ** (1 / 1000), rel=1e-9)
    with pytest.raises(ValueError, match="5 hits in 4 paths"):
        st.wilson(5, 4)


@pytest.mark.parametrize("shape", [-0.2, 0.1, 0.5, 1.2])
def test_tail_shape_finds_the_law(shape: float) -> None:
    sample = scipy.stats.genpareto(shape).rvs(100_000, random_state=5)
    found = st.tail_shape(np.sort(sample), 0.95)
    assert found == pytest.approx(shape, abs=0.07)  # (1 + xi)/sqrt(5000) = .03 at xi = 1.2
    assert math.isnan(st.tail_shape(np.sort(sample[:900]), 0.95))
    assert math.isnan(st.tail_shape(np.zeros(100_000), 0.95))


def test_a_sum_of_es_over_one_sample_each_is_the_paired_difference() -> None:
    random = np.random.default_rng(5)
    base = random.standard_t(4, 8000)
    losses = base + 0.1 * random.standard_normal(8000) + 0.02
    expected = st.es_difference(losses, base, 0.975)
    found = st.es_sum([st.Sample(1, 7, losses), st.Sample(-1, 7, base)], 0.975)
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    assert found.standard_error == pytest.approx(expected.standard_error, rel=1e-9)
    apart = st.es_sum([st.Sample(1, 7, losses), st.Sample(-1, 8, base)], 0.975)
    errors = [st.var_es(x, 0.975)[1].standard_error for x in (losses, base)]
    assert apart.standard_error == pytest.approx(math.hypot(*errors), rel=1e-9)
    nothing = [st.Sample(1, 7, losses), st.Sample(-1, 7, losses.copy())]
    assert st.es_sum(nothing, 0.975) == st.Estimate(0.0, 0.0, 0.0, 0.0)


def test_intervals_of_sums_cover_when_samples_overlap() -> None:
    """A sample less its own first third, plus another of the same random numbers: mean 0."""
    random = np.random.default_rng(6)
    repeats, inside = 400, 0
    for _ in range(repeats):
        base = random.standard_normal(3000)
        other = base + 0.5 * random.standard_normal(3000)
        samples = [
            st.Sample(1, 1, other[:1000]),
            st.Sample(-1, 1, other),
            st.Sample(1, 1, base),
            st.Sample(-1, 1, base[:1000]),
        ]
        found = st.es_sum(samples, 0.95)
        inside += found.low <= 0 <= found.high
    # Binomial(400, .95) has a standard deviation of 1.1 %.
    assert 0.91 <= inside / repeats <= 0.985
