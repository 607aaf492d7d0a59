"""Implied and realised volatility."""

import numpy as np

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.records import CALM
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.traces import traced


def test_implied_vol_answers_call_demand_up_to_its_cap() -> None:
    scenario = gme_like(days=6, steps_per_day=8, attention0=0.2, vol_demand=40.0, vol_max=6.0)
    trace = reference.simulate(scenario, path_ids(20), trace=True).trace
    assert trace is not None
    for number, step in enumerate(scenario.schedule):
        if step["kind"] & (layout.StepKind.OVERNIGHT | layout.StepKind.CLOSE):
            continue
        a, b = trace[:, number, 0], trace[:, number + 1, 0]
        goal = np.maximum(1.2, 0.8 * a["realised_vol"].astype(float)) * (1 + 40.0 * b["calls"])
        expected = a["implied_vol"] - np.expm1(-0.7 / 8) * (np.minimum(goal, 6) - a["implied_vol"])
        np.testing.assert_allclose(b["implied_vol"], expected, rtol=2e-6)
    assert 3 < trace["implied_vol"].max() <= 6


def test_implied_vol_relaxes_and_realised_vol_is_a_moving_average() -> None:
    scenario = packed(days=5, channels=CALM, sigma=0.08, vol0=0.5, vol_rate=0.7, vol_realised=1.1)
    t = traced(scenario, 20)
    closes = t["log_price"][:, ::9, 0]
    rv2 = np.full(20, 252 * 0.08**2)
    v = np.full(20, 0.5)
    for day in range(5):
        goal = np.maximum(0.5, 1.1 * np.sqrt(rv2))
        v = goal + (v - goal) * np.exp(-0.7)
        np.testing.assert_allclose(t["implied_vol"][:, 9 * day + 9, 0], v, rtol=1e-5)
        rv2 = 0.75 * rv2 + 0.25 * 252 * (closes[:, day + 1] - closes[:, day]) ** 2
        np.testing.assert_allclose(t["realised_vol"][:, 9 * day + 9, 0], np.sqrt(rv2), rtol=1e-4)
