"""A scenario where every force of the model is at work, for the tests of the back ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from powderkeg.kernels.packed import Packed
from powderkeg.kernels.records import Policy
from tests.helpers.builders import gme_like
from tests.helpers.events import event, fund, news


def story(steps_per_day: int) -> list[dict[str, Any]]:
    """An event of every type but a cancellation, dated and at random."""
    day = steps_per_day + 1  # rows
    return [
        news(0.1, day + 3),
        event("buying_programme", 0.02, 5, rows=2 * day),
        event("buying_programme", -0.03, rows=day, hazard=0.5, id="lock-up"),
        event("call_programme", 0.005, 2, rows=2 * day),
        event("lendable_recall", 0.2, rows=day, hazard=0.3, id="recall"),
        event("attention", 0.02, day + 1),
        event("elasticity", 1.2, rows=10, hazard=0.4, id="fear"),
        event("depth", 0.5, day, rows=day),
        event("implied_vol", 0.3, hazard=0.5, id="vol"),
        event("issuance", 0.01, 2 * day, rows=day),
        event("restriction", on=True, rows=8, hazard=0.3, from_day=2.0, id="brokers"),
        event("restriction", None, 4 * day, on=False, rows=day),
        event("margin_rate", 1.2, 3 * day, rows=day),
        event("trading_halt", rows=4, hazard=0.3, id="halt"),
    ]


# What is at work whatever the names are.
AT_WORK: dict[str, Any] = {
    "factors": ["market", "meme"],
    "attention_factors": {"attention": {"share": 0.4}},
    "shared": 0.2,
    "clustering": 0.4,
    "adaptation": 0.05,
    "book_located": 0.0,  # all can be recalled
    "margin_rate": 0.9,
    "house": {
        "base": 0.9,
        "most": 2.0,
        "float_slope": 5.0,
        "float_from": 0.005,
        "volume_slope": 0.2,
        "volume_from": 0.05,
        "interest_slope": 1.0,
        "interest_from": 0.01,
        "fee_slope": 0.5,
        "fee_from": 0.1,
    },
    "policy": Policy.STOP_LOSS | Policy.DELEVERAGE | Policy.MARGIN | Policy.RECALL,
    "book_stop_loss": 0.7,
    "cushion": 0.1,
    "financing_rate": 0.05,
    "factor_dof": 3.0,
    "dof": 4.0,
    "jump_rate": 0.1,
    "jump_mean": 0.05,
    "jump_sd": 0.1,
    "premium": 0.1,
    "depth_volatility": 0.7,
    "premium_limit": 0.2,
    "broker_value": 3.0,
    "tier": 2,
    "attention0": 0.03,
    "crowd0": 0.03,
    "removed0": 0.05,
    "calls0": 0.02,
    "call_log_strike0": 0.1,
    "monthly_share": 0.3,
    "monthly_every": 3,
    "call_capacity": 0.5,
    "exercised": 0.4,
    "close_out": 1.5,
    "covered": 0.6,
    "exercise_budget": 0.01,
    "hedging_participation": 3.0,
    "cohort_margin_share": 0.3,
    "new_shorts0": 0.02,
    "entry_horizon": 20.0,
    "repricing_rate": 0.3,
    "leader0": 0.01,
    "leader_block": 0.05,
    "leader_rate": 0.02,
    "leader_sell_above": 0.4,
    "following": 0.3,
    "crowd_profit_rate": 0.5,
    "crowd_profit": 0.3,
    "lendable_crowd": 0.4,
    "levered": 0.05,
    "levered_refinancing": 0.8,
    "release_rate": 0.3,
    "release_mean": 1.0,
    "release_share": 0.5,
    "issue_threshold": 0.8,
    "issue_maximum": 0.1,
}


def everything(
    names: int = 1,
    *,
    days: int = 6,
    steps_per_day: int = 26,
    cancelled: bool = True,
    **changes: Any,
) -> Packed:
    """Every agent, tails, jumps, pauses, the clearing rule, three funds and fifteen events.

    Without `cancelled` there is no trade cancellation, which needs a copy of the last close. Of
    the story there is what starts within the days.
    """
    rows = days * (steps_per_day + 1)
    events = [each for each in story(steps_per_day) if each.get("row", 0) < rows]
    if cancelled:
        events.append(event("trade_cancellation", hazard=0.2, id="cancellation"))
    weights = np.linspace(-0.2, 0.2, names)
    settings: dict[str, Any] = {
        **AT_WORK,
        "loadings": np.full((names, 2), 0.012),
        "dealer_sign": np.linspace(1, -1, names).tolist(),
        "book_weight": weights.tolist(),
        "book_floats": (0.1 * np.abs(weights)).tolist(),
        "leverage": 0.25 * max(names - 1, 1),
        "events": events,
        "funds": [
            fund([0.02] * names, 4.0, threshold=0.02, rebuild_rate=0.5),
            # cutting from the start
            fund([-0.03] * names, 5.0, threshold=-0.05, slope=3.0, cut_rate=5.0, rebuild_rate=1.0),
            fund([0.01] * names, 9.0),
        ],
        **changes,
    }
    return gme_like(names, days=days, steps_per_day=steps_per_day, **settings)
