"""Euler contributions and intervals of ES against exact values, and how often they cover."""

import math

import numpy as np
import pytest
import scipy.stats

from powderkeg.results.measures import euler
from powderkeg.results.measures import statistics as st
from powderkeg.results.measures.euler import Floats, choose, contributions, tail_of

T4_WEIGHTS, T4_VOLS = np.array([0.5, 0.3, 0.4, -0.25]), np.array([0.2, 0.35, 0.5, 0.4])
T4_EULER = [0.3691229, 0.3923640, 0.9205288, -0.1868400]
"""Multivariate t4 at 99 %, correlations .5, closed form; they add up to 1.4951757."""
WEIGHTS, VOLS, RHO = np.array([1.0, -0.6]), np.array([0.3, 0.5]), 0.4
"""A long and a short, jointly normal."""


def covariance(vols: Floats, rho: float) -> Floats:
    return np.asarray(np.outer(vols, vols) * (rho + (1 - rho) * np.eye(len(vols))))


def normal_book(rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    """Losses of two names, (*size, 2)."""
    root = np.linalg.cholesky(covariance(VOLS, RHO))
    return np.asarray(rng.standard_normal((*size, 2)) @ root.T * WEIGHTS)


def t4_book(rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    """Losses of four names, (*size, 4)."""
    root = np.linalg.cholesky(covariance(T4_VOLS, 0.5))
    normal = rng.standard_normal((*size, 4)) @ root.T
    return np.asarray(normal / np.sqrt(rng.chisquare(4, (*size, 1)) / 4) * T4_WEIGHTS)


def exact_normal(level: float) -> tuple[float, Floats]:
    """VaR of the book and contributions to ES: w_i (S w)_i / sd x phi(z)/a."""
    marginal = covariance(VOLS, RHO) @ WEIGHTS
    sd = math.sqrt(WEIGHTS @ marginal)
    z = scipy.stats.norm.ppf(level)
    return sd * z, WEIGHTS * marginal / sd * scipy.stats.norm.pdf(z) / (1 - level)


def exact_t4(level: float) -> tuple[float, Floats]:
    """The same of the t4 book: f(t)/a (v + t^2)/(v - 1) times w_i (S w)_i / scale."""
    marginal = covariance(T4_VOLS, 0.5) @ T4_WEIGHTS
    scale = math.sqrt(T4_WEIGHTS @ marginal)
    t = scipy.stats.t(4).ppf(level)
    es = scipy.stats.t(4).pdf(t) / (1 - level) * (4 + t * t) / 3
    return scale * t, T4_WEIGHTS * marginal / scale * es


def contributed(parts: Floats, level: float) -> Floats:
    """Contributions of parts (n, m) as the store has them, (4, m)."""
    tail = tail_of(len(parts), level)
    return contributions(tail, parts[tail.paths(parts.sum(axis=1))])


@pytest.mark.parametrize(
    ("n", "level"), [(1000, 0.95), (20_000, 0.99), (20_123, 0.99), (70_001, 0.975), (5017, 0.99)]
)
def test_contributions_add_up_to_es(n: int, level: float) -> None:
    """Also where n times the level is no whole number and the VaR path counts in part."""
    parts = np.random.default_rng(n).standard_t(3, (n, 5))
    parts[: n // 3] = np.round(parts[: n // 3])  # ties
    tail = tail_of(n, level)
    assert tail.complete and tail.weights.sum() == pytest.approx(1, rel=1e-14)
    total = contributed(parts, level)[0].sum()
    assert total == pytest.approx(st.var_es(parts.sum(axis=1), level)[1].value, rel=1e-13)


def test_the_tail_is_what_lies_beyond_var() -> None:
    losses = np.random.default_rng(1).permutation(5050.0 - np.arange(5050))
    tail = tail_of(5050, 0.99)  # rank 5000 of 5050 a = 50.5 paths: 50 whole ones and half the VaR
    ids = tail.paths(losses)
    assert tail.beyond == 50 and tail.size == 51
    np.testing.assert_array_equal(losses[ids[:51]], 5050.0 - np.arange(51))
    np.testing.assert_allclose(tail.weights[:50], 1 / 50.5)
    assert tail.weights[50] == pytest.approx(0.5 / 50.5) and not tail.weights[51:].any()
    near = np.sort(losses[ids[tail.near]])
    np.testing.assert_array_equal(near, np.arange(5000 - 11, 5000 + 12))  # 5050 x .002 = 10.1


def test_of_equal_losses_the_lower_id_ranks_first() -> None:
    ids = tail_of(1000, 0.95).paths(np.zeros(1000))
    np.testing.assert_array_equal(ids[:50], np.arange(999, 949, -1))


def test_the_t4_formula_is_the_one_written_down() -> None:
    np.testing.assert_allclose(exact_t4(0.99)[1], T4_EULER, atol=6e-8)
    assert exact_t4(0.99)[1].sum() == pytest.approx(1.4951757, abs=5e-8)


@pytest.mark.parametrize("book", ["normal", "t4"])
@pytest.mark.parametrize("level", [0.975, 0.99])
def test_books_with_exact_values(book: str, level: float) -> None:
    draw, exact = {"normal": (normal_book, exact_normal), "t4": (t4_book, exact_t4)}[book]
    parts = draw(np.random.default_rng(11), (400_000,))
    var, by_name = exact(level)
    found_var, found_es = st.var_es(parts.sum(axis=1), level)
    assert abs(found_var.value - var) < 3 * found_var.standard_error
    assert abs(found_es.value - by_name.sum()) < 3 * found_es.standard_error
    value, se, low, high = contributed(parts, level)
    assert (np.abs(value - by_name) < 3 * se).all()
    assert (low < value).all() and (value < high).all()
    assert value.sum() == pytest.approx(found_es.value, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("book", "n"), [("normal", 10_000), ("t4", 20_000)])
def test_intervals_of_es_and_contributions_cover(book: str, n: int) -> None:
    """2,000 repetitions at 97.5 %; a share of 95 % has a standard error of .5 %."""
    draw, exact = {"normal": (normal_book, exact_normal), "t4": (t4_book, exact_t4)}[book]
    by_name, rng = exact(0.975)[1], np.random.default_rng(5)
    es, names = by_name.sum(), len(by_name)
    hits, hits_by_name, seen = 0, np.zeros(names), []
    for _ in range(2000):
        parts = draw(rng, (n,))
        found = st.expected_shortfall(np.sort(parts.sum(axis=1)), 0.975)
        hits += found.low <= es <= found.high
        value, se, low, high = contributed(parts, 0.975)
        hits_by_name += (low <= by_name) & (by_name <= high)
        seen.append((value, se))
    assert 0.92 <= hits / 2000 <= 0.98
    assert ((hits_by_name / 2000 >= 0.92) & (hits_by_name / 2000 <= 0.98)).all()
    values, errors = np.moveaxis(np.array(seen), 1, 0)
    np.testing.assert_allclose(errors.mean(axis=0), values.std(axis=0), rtol=0.08)


def test_a_part_of_a_large_tail_stands_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly spaced ranks: little is lost, and the error says more than enough of it."""
    parts = normal_book(np.random.default_rng(3), (200_000,))
    whole = contributed(parts, 0.975)
    monkeypatch.setattr(euler, "MOST_TAIL", 500)
    monkeypatch.setattr(euler, "MOST_NEAR", 100)
    tail = tail_of(200_000, 0.975)
    assert not tail.complete and tail.size == 500 and tail.near.sum() == 100
    assert tail.weights.sum() == pytest.approx(1)
    some = contributed(parts, 0.975)
    lost = some[0] - whole[0]
    extra = np.sqrt(some[1] ** 2 - whole[1] ** 2)
    assert (extra > 0.5 * whole[1]).all() and (np.abs(lost) < 3 * extra).all()


def test_ranks_of_a_part_are_evenly_spaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(euler, "MOST_TAIL", 64)
    tail = tail_of(100_000, 0.99)
    assert set(-np.diff(tail.ranks[:64])) == {15, 16}  # 1000 / 64 = 15.6
    assert tail.ranks[0] == 99_999 - 7


def test_the_level_is_the_highest_that_the_paths_support() -> None:
    found = {n: choose(n) for n in (999, 1000, 2000, 5000, 10**7)}
    levels = {n: tail and tail.level for n, tail in found.items()}
    assert levels == {999: None, 1000: 0.95, 2000: 0.975, 5000: 0.99, 10**7: 0.99}
