"""The crowd: attention spreads, buys shares and calls, and leaves (docs/model.md, 7)."""

from __future__ import annotations

import math

from ...scenarios.errors import InputError
from ..kinds import AT_ONCE, NO_LIMIT, EventType
from . import leader
from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Subject
from .use import Use


def pack(name: Subject) -> Record:
    crowd, row, capacity = name.p.crowd, name.row, name.p.dealers.call_capacity
    if crowd.initial_attention + crowd.initial_removed > 1:
        raise InputError(
            f"{row.symbol}: crowd.initial_attention {crowd.initial_attention:g} and "
            f"crowd.initial_removed {crowd.initial_removed:g} are more than the whole crowd; lower "
            "one of them"
        )
    budget = crowd.share_budget * row.float_shares * row.price * row.rate
    dealers = name.p.dealers
    delivery = call_delivery(
        crowd.call_roll, dealers.exercised, dealers.close_out, name.setting.call_ladder
    )
    afford = 1.0 if crowd.wealth is None else min(1.0, crowd.wealth / max(budget, 1e-300))
    return {
        "attention0": crowd.initial_attention,
        "removed0": crowd.initial_removed,
        "calls0": crowd.initial_calls,
        "call_log_strike0": crowd.initial_call_strike,
        "attention_weight": name.setting.attention_weight,
        "infection": crowd.infection,
        "shared": crowd.shared,
        "momentum": crowd.momentum,
        "momentum_c": name.c(crowd.momentum_rate),
        "exit_rate": crowd.exit_rate,
        "exit_restricted": crowd.exit_restricted,
        "stampede": crowd.stampede,
        "stampede_drawdown": crowd.stampede_drawdown,
        "share_budget": afford * crowd.share_budget,
        "never_sell": crowd.never_sell,
        "crowd_profit_rate_dt": crowd.take_profit_rate * name.dt,
        "crowd_profit": crowd.take_profit,
        "call_budget": afford * crowd.call_budget,
        "call_strike": crowd.call_strike,
        "call_strike_exp": math.exp(crowd.call_strike),
        **delivery,
        "exercise_budget": (
            NO_LIMIT if crowd.exercise_budget is None else afford * crowd.exercise_budget
        ),
        "monthly_share": crowd.monthly_share,
        "call_capacity_inverse": 0.0 if capacity is None else 1 / capacity,
        "following": crowd.following,
    }


def call_delivery(roll: float, exercised: float, days: float, ladder: bool) -> Record:
    """How calls in the money end: `call_kept` of them are not closed out before the expiry, over
    `days`; of those that are left at the close `call_roll` are rolled, `call_delivered` exercised.
    On a ladder `call_roll_early` of what is closed out is rolled as it is closed, and none is kept
    for it.
    """
    taken = (1 - roll) * exercised
    early = ladder and days > 0
    kept = (taken if early else roll + taken) if days > 0 else 1.0
    return {
        "call_kept": kept,
        "call_close_out_rate": 1 / max(days, AT_ONCE) if days > 0 else 0.0,
        "call_roll_early": roll / (1 - kept) if early and kept < 1 else 0.0,
        "call_roll": 0.0 if early or not kept else roll / kept,
        "call_delivered": taken / kept if kept else 0.0,
    }


def spreads(use: Use) -> bool:
    """Whether anybody pays attention, ever, or holds anything."""
    caught = use.some("attention0") or use.struck(EventType.ATTENTION)
    caught = caught or (leader.trades(use) and use.some("following"))
    programme = use.struck(EventType.CALL_PROGRAMME)
    return caught or use.some("crowd0") or use.some("calls0") or programme


def trades_shares(use: Use) -> bool:
    return spreads(use) and (use.some("crowd0") or use.some("share_budget"))


def trades_calls(use: Use) -> bool:
    programme = use.struck(EventType.CALL_PROGRAMME)
    return programme or (spreads(use) and (use.some("calls0") or use.some("call_budget")))


HOLDER = Holder(
    "crowd",
    fields=(
        Field("crowd0", "R at the start"),
        Field("attention0", "A0"),
        Field("removed0"),
        Field("calls0", "o"),
        Field("call_log_strike0", "l"),
        Field("attention_weight", "sums to 1 over the names (all 0 when nobody has attention)"),
        Field("infection", "per day"),
        Field("shared"),
        Field("momentum"),
        Field("momentum_c"),
        Field("exit_rate", "per day"),
        Field("exit_restricted", "per day"),
        Field("stampede"),
        Field("stampede_drawdown"),
        Field("share_budget"),
        Field("never_sell"),
        Field("crowd_profit_rate_dt", "per log unit of gain beyond crowd_profit; 0: never"),
        Field("crowd_profit"),
        Field("call_budget"),
        Field("call_strike", "km, log-moneyness of calls bought"),
        Field("call_strike_exp", "e^km", padding=1.0),
        Field("call_kept", "of calls in the money, not closed out before the expiry"),
        Field("call_close_out_rate", "1 / days over which the others are; 0: at the close"),
        Field("call_roll_early", "of the value closed out before, on a ladder"),
        Field("call_roll", "of the value that is left at the close"),
        Field("call_delivered", "of the calls in the money that are left at the close"),
        Field("exercise_budget", "money to pay strikes with, P(0) x float", padding=NO_LIMIT),
        Field("monthly_share", "of the premium"),
        Field("call_capacity_inverse", "1 / floats of calls that will be sold; 0: no limit"),
        Field("following", "per day and float of the leader"),
    ),
    quantities=(
        Quantity(
            "crowd_shares", "floats", "shares of the crowd", "crowd0", undone=True, holder="crowd"
        ),
        Quantity(
            "crowd_entry", "1", "mean log price that a crowd that takes profit paid", undone=True
        ),
        Quantity(
            "unpaid", "floats", "delivered shares that the crowd sells to pay for them",
            undone=True,
        ),
        Quantity("attention", "1", "share of the crowd that pays attention", "attention0"),
        Quantity("removed", "1", "share of the crowd that has left", "removed0"),
        Quantity(
            "calls", "floats", "calls held by the crowd", "calls0", undone=True,
            holder="crowd's calls",
        ),
        Quantity(
            "call_log_strike", "1", "mean log strike of the crowd's calls", "call_log_strike0",
            undone=True,
        ),
        Quantity(
            "monthly_calls", "floats", "monthly calls held by the crowd", undone=True,
            holder="crowd's monthly calls",
        ),
        Quantity(
            "monthly_call_log_strike", "1", "mean log strike of the crowd's monthly calls",
            undone=True,
        ),
        Quantity("log_price_slow", "1", "slow average of the log price", undone=True),
    ),
    switches=(
        Switch("CROWD", 2, spreads),
        Switch("CROWD_SHARES", 4, trades_shares),
        Switch("CROWD_CALLS", 8, trades_calls),
    ),
    holding=Holding("crowd_shares", fails=True, start=lambda p: p.crowd.initial_shares),
    pack=pack,
)  # fmt: skip
