"""Calls of the crowd: bought, settled and rolled."""

import math

import numpy as np
import pytest
from scipy import stats

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.records import Channel
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.traces import traced


def test_cheap_calls_are_bought_at_no_less_than_half_a_per_cent() -> None:
    """Far out of the money at low vol, the call is worth nothing; the crowd gets budget / .005."""
    scenario = packed(
        days=1,
        channels=Channel.CROWD | Channel.CROWD_CALLS,
        sigma=1e-5,
        call_strike=0.6,
        vol0=0.3,
        shared=0.0,
    )
    trace = reference.simulate(scenario, path_ids(1), trace=True).trace
    assert trace is not None
    gone = -math.expm1(-0.1 / 8)
    new = (1 - 0.005) * -math.expm1(-0.15 * 0.005 * gone / 0.1)
    assert trace["calls"][0, 2, 0] == pytest.approx(0.01 * new / 0.005, rel=1e-4)


def test_calls_are_settled_and_rolled_at_expiry() -> None:
    scenario = gme_like(days=5, steps_per_day=8, attention0=0.2)
    t = traced(scenario, 40)
    p, last = {k: float(scenario.names[k][0]) for k in layout.NAME.names or ()}, -1
    x, price = t["log_price"][:, last, 0], np.exp(t["log_price"][:, last, 0])
    np.testing.assert_allclose(t["call_log_strike"][:, last, 0], x + p["call_strike"], atol=1e-6)
    s = t["implied_vol"][:, last, 0] * np.sqrt(5 / 252)
    d1 = -p["call_strike"] / s + s / 2
    call = stats.norm.cdf(d1) - np.exp(p["call_strike"]) * stats.norm.cdf(d1 - s)
    intrinsic = t["calls"][:, last, 0] * call * price / p["call_roll"]
    # n of before the expiry is not traced: rolled value implies it, and it is what crowd buys
    before = t["calls"][:, last - 1, 0]
    strike = t["call_log_strike"][:, last - 1, 0]
    free = t["restricted"][:, last, 0] == 0
    worth = before * np.maximum(price - np.exp(strike), 0)
    sure = free & (worth > 1e-3)
    assert sure.sum() > 10
    np.testing.assert_allclose(intrinsic[sure], worth[sure], rtol=0.15)
    assert (t["calls"][:, last, 0][~free] == 0).all()
