"""GARCH(1,1): its likelihood written out, its parameters found again, its paths' variance."""

import numpy as np
import pytest
from scipy.stats import t

from powderkeg.results.measures.garch import Garch, fit_garch

LAW = Garch(0.03**2, 0.12, 0.8, 6.0)


def test_the_likelihood_is_that_of_students_t_day_by_day() -> None:
    returns, h, total = [0.01, -0.05, 0.08, 0.0], LAW.variance, 0.0
    for r in returns:
        total += t.logpdf(r, LAW.dof, scale=np.sqrt(h * (LAW.dof - 2) / LAW.dof))
        h = LAW.variance * (1 - 0.92) + 0.12 * r**2 + 0.8 * h
    assert LAW.log_likelihood(returns) == pytest.approx(total)


def test_paths_have_its_variance_and_fits_find_it_again() -> None:
    moves = np.diff(LAW.paths(20, 40_000, 1), axis=1, prepend=0)
    np.testing.assert_allclose(moves.var(axis=0), LAW.variance, rtol=0.06)
    squares = moves[:, 1:] ** 2
    assert np.corrcoef(squares[:, 4], moves[:, 4] ** 2)[0, 1] > 0.03  # clustering
    (path,) = np.diff(LAW.paths(6000, 1, 2), axis=1, prepend=0)
    found = fit_garch(path)
    assert found.variance == pytest.approx(LAW.variance, rel=0.15)
    assert found.alpha == pytest.approx(0.12, abs=0.04)
    assert found.beta == pytest.approx(0.8, abs=0.07)
    assert found.dof == pytest.approx(6, abs=1.5)


@pytest.mark.parametrize("returns", [[0.0] * 5, [0.01, -0.02, 0.03]])
def test_few_returns_and_none_that_move_have_a_fit(returns: list[float]) -> None:
    found = fit_garch(returns)
    assert found.variance > 0 and 0 <= found.alpha + found.beta < 1 and found.dof > 2
    assert np.isfinite(found.paths(5, 10, 1)).all()
