"""The cohort of shorts covers by its tolerance and its share of volume."""

import numpy as np
import pytest
from scipy import stats

from powderkeg.kernels import records as layout
from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.traces import LOT, traced


def test_covering_is_the_tolerance_law_of_the_running_maximum() -> None:
    """Unlimited participation: S_c = S_c(0) (1 - F(x_max + fees)) after the next step."""
    mu, sd = 0.3, 0.2
    scenario = packed(
        days=6,
        channels=Channel.SHORTS,
        sigma=0.1,
        tolerance=mu,
        tolerance_sd=sd,
        participation=10.0,  # of a volume without end
        adv=1e3,
        short_interest=0.4,
        elasticity=0.3,
        fee0=0.5,
    )
    t = traced(scenario, 200)
    trades = scenario.schedule["kind"] & layout.StepKind.OVERNIGHT == 0
    seen = (t["log_price_max"] + t["fee_paid"])[:, :-1, 0]
    none = stats.norm.cdf(-mu / sd)
    covered = np.maximum(stats.norm.cdf((seen - mu) / sd) - none, 0) / (1 - none)
    left = t["cohort"][:, 1:, 0][:, trades]
    np.testing.assert_allclose(left, 0.4 * (1 - covered[:, trades]), atol=1e-6)
    assert np.ptp(left) > 0.1


def test_covering_takes_no_more_than_its_share_of_volume() -> None:
    t = traced(
        packed(days=4, channels=Channel.SHORTS, tolerance=0.0, tolerance_sd=0.02, sigma=0.05,
               participation=0.1, adv=0.05, attention0=0.01, attention_volume=5.0), 50
    )  # fmt: skip
    trade = -np.diff(t["cohort"][:, :, 0], axis=1)
    cap = 0.1 * 0.05 * (1 + 5 * 0.01) / 8
    assert trade.max() == pytest.approx(cap, abs=LOT)
