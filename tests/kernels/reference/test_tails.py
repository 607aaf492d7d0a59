"""Daily returns with heavy tails, against scipy."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from powderkeg.kernels.records import CALM
from tests.helpers.builders import packed
from tests.helpers.traces import traced


def test_daily_returns_are_student_t_where_the_cap_does_not_bind() -> None:
    """Names of their own, and a factor with one variance for all names (docs/model.md, 6)."""
    days, sigma, dof = 40, 1e-3, 4.0
    unit = stats.t(dof, scale=np.sqrt((dof - 2) / dof))
    still: dict[str, Any] = {"days": days, "channels": CALM, "sigma": sigma, "tail_cap": 1e4}
    own = traced(packed(2, dof=[dof, None], steps_per_day=2, **still), 250)
    moves = np.diff(own["anchor"][:, ::3], axis=1) / sigma
    assert stats.kstest(moves[:, :, 0].ravel(), unit.cdf).pvalue > 1e-3
    assert stats.kstest(moves[:, :, 1].ravel(), "norm").pvalue > 1e-3
    assert stats.kstest(moves[:, :, 0].ravel(), "norm").pvalue < 1e-6
    market = packed(
        2,
        steps_per_day=2,
        factors=["market"],
        loadings=[[sigma * 0.999]] * 2,
        factor_dof=dof,
        factor_tail_cap=1e4,
        **still,
    )
    together = np.diff(traced(market, 250)["anchor"][:, ::3], axis=1) / sigma
    assert stats.kstest(together[:, :, 0].ravel(), unit.cdf).pvalue > 1e-3
    assert np.asarray(np.corrcoef(together.reshape(-1, 2).T))[0, 1] > 0.99
    # W holds for the whole day: overnight and intraday moves are wild on the same days
    x = own["anchor"][:, :, 0]
    overnight, session = (x[:, 1::3] - x[:, :-1:3]), (x[:, 3::3] - x[:, 1::3])
    linked = stats.spearmanr(np.abs(overnight).ravel(), np.abs(session).ravel())
    assert linked.statistic > 0.05


def test_a_cap_on_tails_caps_the_variance_of_a_day() -> None:
    """E W = 1 and W <= cap over the mean: kurtosis 3 E W^2 of the capped law."""
    dof, cap = 3.0, 6.0
    w = stats.invgamma(dof / 2, scale=(dof - 2) / 2)  # (dof - 2)/chi^2

    def moment(power: int) -> float:
        inside = quad(lambda v: v**power * w.pdf(v), 0, cap)[0]
        return float(inside + cap**power * w.sf(cap))

    scenario = packed(days=50, steps_per_day=1, channels=CALM, sigma=1e-3, dof=dof, tail_cap=cap)
    moves = np.diff(traced(scenario, 2000)["anchor"][:, ::2, 0], axis=1).ravel() / 1e-3
    second, fourth = 1.0, 3 * moment(2) / moment(1) ** 2
    assert np.mean(moves**2) == pytest.approx(second, abs=5 * np.sqrt(fourth / moves.size))
    assert np.mean(moves**4) == pytest.approx(fourth, rel=0.05)
    assert fourth > 5
