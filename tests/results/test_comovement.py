"""Measures of how much names move together, against closed forms and by hand."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import gamma

from powderkeg.results.measures.comovement import (
    mean_correlation,
    most_on_one_day,
    shuffled,
    variogram_score,
)


def common(rho: float, paths: int, days: int = 20, names: int = 4) -> npt.NDArray[np.float64]:
    """Standard normal returns of one correlation."""
    random = np.random.default_rng(7)
    one, each = random.standard_normal((paths, days, 1)), random.standard_normal((paths, days, 4))
    return np.asarray(np.sqrt(rho) * one + np.sqrt(1 - rho) * each[:, :, :names])


def test_the_correlation_is_that_of_numpy() -> None:
    x = common(0.5, 3)
    for path, found in zip(x, mean_correlation(x), strict=True):
        matrix = np.corrcoef(path.T)
        assert found == pytest.approx(matrix[np.triu_indices(4, 1)].mean())
    still = x.copy()
    still[0, :, 0] = 0
    assert np.isnan(mean_correlation(still)).tolist() == [True, False, False]


def test_the_variogram_of_normals_has_a_closed_form() -> None:
    """E|X_i - X_j|^(1/2) = (2 v)^(1/4) Gamma(3/4)/sqrt(pi), v = 2 (1 - rho) the variance."""
    for rho in (0.0, 0.6):
        expected = (2 * 2 * (1 - rho)) ** 0.25 * gamma(0.75) / np.sqrt(np.pi)
        score, error = variogram_score(common(rho, 4000), np.zeros((20, 4)))
        assert abs(score - expected**2) < 4 * error
        assert error < 0.01 * score


def test_the_score_of_few_paths_expects_that_of_many() -> None:
    x, y = common(0.5, 6000), common(0.5, 1)[0]
    whole, _ = variogram_score(x, y)
    parts = np.array([variogram_score(x[k : k + 6], y)[0] for k in range(0, 6000, 6)])
    assert abs(parts.mean() - whole) < 4 * parts.std() / np.sqrt(len(parts))


def test_it_tells_the_right_dependence_from_none() -> None:
    x, y = common(0.6, 2000), np.random.default_rng(1).standard_normal((20, 1)).repeat(4, axis=1)
    apart = shuffled(x)
    assert abs(np.median(mean_correlation(apart))) < 0.05
    np.testing.assert_array_equal(np.sort(apart[:, 3, 2]), np.sort(x[:, 3, 2]))
    assert variogram_score(x, y)[0] < variogram_score(apart, y)[0]


def test_names_on_one_day_by_hand() -> None:
    x = np.log(np.array([[[1.4, 1.3, 0.9], [0.6, 1, 1.5]], [[1, 1, 1], [0.7, 0.5, 1.2]]]))
    assert most_on_one_day(x, np.log(1.3)).tolist() == [2, 0]
    assert most_on_one_day(x, np.log(0.7)).tolist() == [1, 2]
