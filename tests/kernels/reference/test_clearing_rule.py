"""The clearing house of the crowd's broker by hand."""

import math

import numpy as np

from powderkeg.kernels import records as layout
from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.traces import DT, traced


def test_the_brokers_requirement_restricts_every_name() -> None:
    """U, r and the excess-capital premium in scalars; restricted for broker_duration days."""
    scenario = packed(
        2,
        days=4,
        channels=Channel.CROWD | Channel.CROWD_SHARES | Channel.CLEARING_RULE,
        sigma=0.03,
        attention0=[0.05, 0.0],
        infection=[1.5, 0.0],
        elasticity=0.5,
        broker_value=16.0,
        premium_limit=0.8,
        settlement_days=2.0,
        broker_duration=0.5,
    )
    t = traced(scenario, 8)
    rest, seen = np.zeros(8), 0
    for row, step in enumerate(scenario.schedule):
        if step["kind"] & layout.StepKind.OVERNIGHT:
            np.testing.assert_array_equal(t["unsettled"][:, row + 1], t["unsettled"][:, row])
            continue
        bought = t["crowd_shares"][:, row + 1] - t["crowd_shares"][:, row]
        u = np.exp(t["log_price"][:, row + 1]) * bought
        u += t["unsettled"][:, row] * math.exp(-DT / 2.0)
        np.testing.assert_allclose(t["unsettled"][:, row + 1], u, atol=1e-6)
        r = 16.0 * t["implied_vol"][:, row + 1, 0] * np.maximum(u[:, 0], 0)
        premium = np.maximum(r - 1, 0) * r
        assert (np.abs(premium - 0.8) > 1e-5).all()  # no toss-up
        rest = np.where(premium > 0.8, 0.5, np.maximum(rest - DT, 0))
        expected = np.repeat((rest > 0)[:, None], 2, axis=1)
        np.testing.assert_array_equal(t["restricted"][:, row + 1], expected)
        seen += int((rest > 0).sum())
        new = t["attention"][:, row + 1, 0] + t["removed"][:, row + 1, 0]
        new -= t["attention"][:, row, 0] + t["removed"][:, row, 0]
        assert (new[t["restricted"][:, row, 0] == 1] < 1e-6).all()
    assert 20 < seen < 200
