"""Funds cut as they lose; what they are short is borrowed."""

import math

import numpy as np
import pytest

from powderkeg.kernels import records as layout
from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.events import fund
from tests.helpers.traces import DT, LOT, STILL, one_name, one_path, traced


def kept(v: float, threshold: float, slope: float) -> float:
    return min(max(1 - slope * max(1 - v - threshold, 0), 0), 1)


def test_funds_keep_what_their_loss_leaves_them() -> None:
    """Two funds, long and short, one that is cutting at the start; every step of wild paths."""
    laws = [
        {"threshold": 0.05, "slope": 4.0, "cut_rate": 3.0, "rebuild_rate": 0.8},
        {"threshold": -0.03, "slope": 3.0, "cut_rate": 6.0, "rebuild_rate": 1.5},
    ]
    scenario = packed(
        2,
        days=4,
        channels=Channel.FUNDS,
        sigma=0.12,
        attention0=0.0,
        elasticity=0.6,
        max_multiple=1e3,
        funds=[fund([0.06, -0.04], 6.0, **laws[0]), fund([0.05, 0.03], 5.0, **laws[1])],
    )
    paths, cut, rebuilt = 10, 0, 0
    t = traced(scenario, paths)
    trades = scenario.schedule["kind"] & layout.StepKind.OVERNIGHT == 0
    for k, (law, value) in enumerate(zip(laws, (6.0, 5.0), strict=True), 1):
        about = law["threshold"], law["slope"]
        kept0 = kept(1.0, *about)
        for path in range(paths):
            held, price = t[f"fund_{k}"][path], np.exp(t["log_price"][path])
            v = 1.0
            for row, trading in enumerate(trades):
                target = held[0] * kept(v, *about) / kept0
                cutting = np.abs(target) < np.abs(held[row])
                rate = np.where(cutting, law["cut_rate"], law["rebuild_rate"])
                order = -np.expm1(-rate * DT) * (target - held[row]) if trading else 0
                np.testing.assert_allclose(held[row + 1], held[row] + order, atol=2e-6)
                cut += bool(np.any(cutting & (np.abs(order) > 1e-4)))
                rebuilt += bool(np.any(~cutting & (np.abs(order) > 1e-4)))
                mean = (held[row] + held[row + 1]) / 2
                v += float((value * mean * (price[row + 1] - price[row])).sum())
    assert cut > 50 and rebuilt > 50


def test_shorts_of_funds_are_borrowed_and_not_recalled() -> None:
    scenario = packed(
        **STILL,
        channels=Channel.RECALL,
        short_interest=0.5,
        funds=[fund([-0.2], 1.0)],
        lendable_elastic=0.2,
        lendable_locked=0.5,
    )
    t, p = one_name(one_path(scenario)), scenario.names[0]
    lendable = 0.2 * float(p["elastic0"]) + 0.5 * float(p["locked"])
    assert t["cohort"][0] == pytest.approx(0.3, abs=LOT)
    assert t["utilisation"][0] == pytest.approx(0.5 / lendable, rel=1e-6)
    recalled = -math.expm1(-0.3 * DT) * (0.5 - lendable)
    assert t["cohort"][1] - t["cohort"][2] == pytest.approx(recalled, abs=2 * LOT)
    assert (t["fund_1"] == t["fund_1"][0]).all()
