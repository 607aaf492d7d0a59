"""Scores against closed forms, pairs written out, and scipy."""

import numpy as np
import pytest
from scipy.stats import norm

from powderkeg.results.measures import baselines, scores

RNG = np.random.default_rng(5)


def crps_of_normal(mean: float, sd: float, y: float) -> float:
    """Gneiting & Raftery (2007), section 4.2: sd (z (2 N(z) - 1) + 2 n(z) - 1/sqrt pi)."""
    z = (y - mean) / sd
    return float(sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)))


@pytest.mark.parametrize("y", [-1.0, 0.3, 2.5])
def test_crps_of_a_normal(y: float) -> None:
    m = 200_000
    x = 0.2 + 0.7 * RNG.standard_normal((m, 1))
    found = scores.crps(x, [y])[0]
    assert found == pytest.approx(crps_of_normal(0.2, 0.7, y), abs=4 * 0.7 / np.sqrt(m))


def test_crps_is_the_mean_over_pairs_and_fair() -> None:
    x, y = RNG.standard_normal((7, 3)), RNG.standard_normal(3)
    pairs = np.abs(x[:, None] - x[None]).sum(axis=(0, 1)) / (7 * 6)
    np.testing.assert_allclose(scores.crps(x, y), np.abs(x - y).mean(axis=0) - pairs / 2)
    # of two draws it expects what the law expects: E|X - y| - 1/sqrt pi
    two = scores.crps(RNG.standard_normal((2, 400_000)), np.zeros(400_000))
    assert two.mean() == pytest.approx(crps_of_normal(0, 1, 0), abs=4 * two.std() / np.sqrt(4e5))


def test_energy_score_is_the_crps_on_one_day_and_pairs_on_several() -> None:
    x, y = RNG.standard_normal((50, 1)), np.array([0.4])
    assert scores.energy_score(x, y) == pytest.approx(scores.crps(x, y)[0])
    x, y = RNG.standard_normal((40, 6)), RNG.standard_normal(6)
    rms = np.sqrt(((x[:, None] - x[None]) ** 2).mean(axis=2)).sum() / (40 * 39)
    near = np.sqrt(((x - y) ** 2).mean(axis=1)).mean()
    assert scores.energy_score(x, y) == pytest.approx(near - rms / 2)


def test_energy_score_of_many_paths_is_that_of_their_law() -> None:
    x = RNG.standard_normal((3 * scores.GROUP, 4))
    # ||X - X'|| / sqrt 4 = sqrt 2 chi_4 / 2 with E chi_4 = 3 sqrt(2 pi) / 4
    assert scores.spread(x) == pytest.approx(3 * np.sqrt(2 * np.pi) / 16 * np.sqrt(2), rel=0.01)


def test_energy_score_prefers_the_right_dependence() -> None:
    """Same days one by one, walk against white noise: CRPS cannot tell, the energy score can."""
    days = 8
    walk = np.cumsum(RNG.standard_normal((4000, days)), axis=1) / np.sqrt(np.arange(1, days + 1))
    noise = RNG.standard_normal((4000, days))
    truth = np.cumsum(RNG.standard_normal((400, days)), axis=1) / np.sqrt(np.arange(1, days + 1))
    own, other = scores.spread(walk), scores.spread(noise)
    gaps = [scores.distance(walk, y) - scores.distance(noise, y) for y in truth]
    assert np.mean(gaps) - own + other < -3 * np.std(gaps) / np.sqrt(len(gaps))


def test_ranks_are_uniform_and_each_path_in_turn() -> None:
    x = RNG.standard_normal((999, 500))
    pit = scores.ranks(x, RNG.standard_normal(500))
    assert abs(pit.mean() - 0.5) < 4 / np.sqrt(12 * 500)
    assert scores.ranks(x, np.full(500, 9.0))[0] == pytest.approx(999.5 / 1000)
    assert scores.ranks([[1.0], [2.0], [2.0], [3.0]], [2.0])[0] == pytest.approx(2.5 / 5)
    each = scores.ranks_of_each(x)
    k = 17
    np.testing.assert_allclose(each[k], scores.ranks(np.delete(x, k, axis=0), x[k]))
    inside = scores.coverage(each, (0.05, 0.95))
    assert inside.shape == (999,) and inside.mean() == pytest.approx(0.9, abs=0.002)


def test_coverage_and_deviation_by_hand() -> None:
    pit = np.array([[0.05, 0.3, 0.7, 0.951], [0.125, 0.375, 0.625, 0.875]])
    assert scores.coverage(pit, (0.05, 0.95)).tolist() == [0.75, 1.0]
    assert scores.coverage(pit, (0.25, 0.75)).tolist() == [0.5, 0.5]
    expected = np.sqrt(np.mean((pit[0] - pit[1]) ** 2))
    np.testing.assert_allclose(scores.pit_deviation(pit), [expected, 0], atol=1e-15)
    assert scores.central_range(np.arange(101), 0.9) == pytest.approx((5, 95))


def test_random_walk_is_a_martingale_of_its_variance() -> None:
    x = baselines.random_walk(0.1, 20, 40_000, seed=3)
    assert x[:, -1].std() == pytest.approx(0.1 * np.sqrt(20), rel=0.02)
    assert np.exp(x[:, -1]).mean() == pytest.approx(1, abs=4 * 0.5 / 200)


def test_merton_likelihood_against_scipy() -> None:
    law = baselines.Merton(0.01, 0.05, 0.3, 0.1, 0.2)
    no_jumps = baselines.Merton(0.01, 0.05, 0.0, 0.1, 0.2)
    r = np.random.default_rng(3).standard_normal(30) * 0.1
    assert no_jumps.log_likelihood(r) == pytest.approx(norm.logpdf(r, 0.01, 0.05).sum())
    one = np.exp(-0.3) * norm.pdf(r, 0.01, 0.05) + np.exp(-0.3) * 0.3 * norm.pdf(
        r, 0.11, np.sqrt(0.0425)
    )
    rest = np.exp(-0.3) * 0.3**2 / 2 * norm.pdf(r, 0.21, np.sqrt(0.0825))
    assert law.log_likelihood(r) == pytest.approx(np.log(one + rest).sum(), abs=0.1)


@pytest.mark.slow
def test_merton_is_found_again() -> None:
    law = baselines.Merton(0.0, 0.05, 0.2, 0.1, 0.3)
    r = np.diff(law.paths(4000, 1, seed=8)[0], prepend=0.0)
    fit = baselines.fit_merton(r)
    assert fit.log_likelihood(r) >= law.log_likelihood(r)
    assert fit.volatility == pytest.approx(0.05, rel=0.05)
    assert fit.rate == pytest.approx(0.2, abs=0.04)
    assert fit.jump_sd == pytest.approx(0.3, rel=0.1)
    few = baselines.fit_merton(r[:26])
    assert few.log_likelihood(r[:26]) >= norm.logpdf(r[:26], r[:26].mean(), r[:26].std()).sum()


@pytest.mark.slow
def test_merton_of_returns_over_several_days() -> None:
    """Without jumps a normal law of t days; with them those of a path seen every third day."""
    no_jumps = baselines.Merton(0.01, 0.05, 0.0, 0.1, 0.2)
    r, t = RNG.standard_normal(4) * 0.1, np.array([1, 2, 7, 30])
    exact = np.sum(norm.logpdf(r, 0.01 * t, 0.05 * np.sqrt(t)))
    assert no_jumps.log_likelihood(r, t) == pytest.approx(exact)
    law = baselines.Merton(0.0, 0.05, 0.1, 0.0, 0.3)
    seen = law.paths(9000, 1, seed=9)[0, 2::3]
    fit = baselines.fit_merton(np.diff(seen, prepend=0.0), 3)
    assert fit.volatility == pytest.approx(0.05, rel=0.1)
    assert fit.rate == pytest.approx(0.1, abs=0.03)


def test_baselines_are_scored_on_the_days_that_are_known() -> None:
    days, actual = (2, 5, 9, 20), np.array([0.2, 0.1, 0.3, 0.2])
    walk = baselines.random_walk(0.1, 20, 500, 3)[:, [1, 4, 8, 19]]
    found = baselines.scored_beside(walk, actual, 0.1, 3, days)
    assert found["random walk"] == found["scenario"]
    assert found["random walk"][0] == pytest.approx(scores.crps(walk, actual).mean())


def test_crps_of_counts_is_that_of_the_draws() -> None:
    values, counts = np.array([0.1, 0.4, 0.5, 2.0]), np.array([3, 0, 5, 2])
    draws = np.repeat(values, counts)
    own = np.abs(draws[:, None] - draws).mean() / 2
    for y in (0.0, 0.45, 3.0):
        expected = np.abs(draws - y).mean() - own
        assert scores.crps_of_counts(counts, values, y) == pytest.approx(expected)
    assert scores.spread_of_counts(counts, values) == pytest.approx(own)
