"""A scenario where every force of the model is at work, for the tests of the back ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from powderkeg.kernels.packed import Packed
from powderkeg.kernels.records import EventType, Policy
from tests.helpers.builders import TestEvent, TestFund, gme_like


def timeline(steps_per_day: int) -> list[TestEvent]:
    """An event of every type but a cancellation, dated and at random."""
    day = steps_per_day + 1  # rows
    return [
        TestEvent(EventType.ANCHOR, 0.1, start=day + 3),
        TestEvent(EventType.PROGRAMME, 0.02, start=5, rows=2 * day),
        TestEvent(EventType.PROGRAMME, -0.03, rows=day, hazard=0.5, id="lock-up"),
        TestEvent(EventType.CALL_PROGRAMME, 0.005, start=2, rows=2 * day),
        TestEvent(EventType.LENDABLE, 0.8, rows=day, hazard=0.3, id="recall"),
        TestEvent(EventType.ATTENTION, 0.02, start=day + 1),
        TestEvent(EventType.ELASTICITY, 1.2, rows=10, hazard=0.4, id="fear"),
        TestEvent(EventType.DEPTH, 0.5, start=day, rows=day),
        TestEvent(EventType.IMPLIED_VOL, 1.3, hazard=0.5, id="vol"),
        TestEvent(EventType.ISSUANCE, 0.01, start=2 * day, rows=day),
        TestEvent(EventType.RESTRICTION, 1, rows=8, hazard=0.3, from_day=2, id="restriction"),
        TestEvent(EventType.RESTRICTION, -1, start=4 * day, rows=day),
        TestEvent(EventType.MARGIN, 0.05, start=3 * day, rows=day),
        TestEvent(EventType.HALT, 1, rows=4, hazard=0.3, id="halt"),
    ]


def everything(
    names: int = 1,
    *,
    days: int = 6,
    steps_per_day: int = 26,
    cancelled: bool = True,
    **changes: Any,
) -> Packed:
    """Every agent, tails, jumps, pauses, the clearing rule, three funds and fifteen events.

    Without `cancelled` there is no trade cancellation, which needs a copy of the last close.
    """
    events, weights = timeline(steps_per_day), np.linspace(-0.2, 0.2, names)
    if cancelled:
        events.append(TestEvent(EventType.CANCELLATION, 1, hazard=0.2, id="cancellation"))
    settings: dict[str, Any] = {
        "factors": ["market", "meme"],
        "loadings": np.full((names, 2), 0.012),
        "shared": 0.2,
        "clustering": 0.4,
        "dealer_sign": np.linspace(1, -1, names).tolist(),
        "book_weight": weights.tolist(),
        "book_short": np.where(weights < 0, 0.01, 0).tolist(),
        "book_long": np.where(weights > 0, 0.02, 0).tolist(),
        "margin_rate": 0.9,
        "margin_max": 2.0,
        "margin_float": 5.0,
        "margin_volume": 0.2,
        "margin_interest": 1.0,
        "margin_fee": 0.5,
        "policy": Policy.STOP_LOSS | Policy.DELEVERAGE | Policy.MARGIN | Policy.RECALL,
        "stop_loss": 0.7,
        "leverage": 0.25 * max(names - 1, 1),
        "cushion": 0.1,
        "financing_rate": 0.05,
        "events": events,
        "funds": [
            TestFund([0.02] * names, 4.0, 0.02, 4.0, 2.0, 0.5),
            TestFund([-0.03] * names, 5.0, -0.05, 3.0, 5.0, 1.0),  # cutting from the start
            TestFund([0.01] * names, 9.0),
        ],
        "factor_dof": 3.0,
        "dof": 4.0,
        "jump_rate": 0.1,
        "jump_mean": 0.05,
        "jump_sd": 0.1,
        "premium": 0.1,
        "depth_volatility": 0.7,
        "premium_limit": 0.2,
        "broker_value": 3.0,
        "band": 0.1,
        "band_closing": 2.0,
        "attention0": 0.03,
        "crowd0": 0.03,
        "removed0": 0.05,
        "calls0": 0.02,
        "call_log_strike0": 0.1,
        "monthly_share": 0.3,
        "monthly_every": 3,
        "call_capacity": 0.5,
        "cohort_margin_share": 0.3,
        "new_shorts0": 0.02,
        "entry_horizon": 20.0,
        "repricing_rate": 0.3,
        "leader0": 0.01,
        "leader_block": 0.05,
        "leader_rate": 0.02,
        "leader_sell_above": 0.4,
        "following": 0.3,
        "levered": 0.05,
        "levered_refinancing": 0.8,
        "release_rate": 0.3,
        "release_mean": 1.0,
        "release_share": 0.5,
        "issue_threshold": 0.8,
        "issue_maximum": 0.1,
        **changes,
    }
    return gme_like(names, days=days, steps_per_day=steps_per_day, **settings)
