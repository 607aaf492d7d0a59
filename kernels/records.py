"""The records every back end reads and writes, defined once and generated into C.

Units as in docs/model.md: shares in floats, prices relative to the start, times in trading days,
implied volatility and fees per annum, book money in units of the book's equity at the start.
What belongs to an agent is declared in kernels/holders; `python -m powderkeg.kernels.header` writes
kernels/model/records.h.
"""

from __future__ import annotations

from enum import EnumMeta, IntFlag
from typing import TYPE_CHECKING

import numpy as np

from ..scenarios.capacity import (
    COMPONENT_CYCLE,
    MAX_COMPONENTS,
    MAX_EVENTS,
    MAX_FACTORS,
    MAX_FUNDS,
    MAX_NAMES,
)
from .holders import HOLDERS
from .kinds import (
    HIGHEST_X,
    LOTS_PER_FLOAT,
    LOWEST_X,
    MIXING_NODES,
    MIXING_RANGE,
    NO_CHAIN,
    NO_MIXING,
    DerivativeKind,
    EventType,
    Feature,
    Moment,
    Policy,
    StepKind,
)

__all__ = [
    "ALL_CHANNELS",
    "CALM",
    "COMPONENT",
    "COMPONENT_CYCLE",
    "DERIVATIVE",
    "EVENT",
    "FIELDS",
    "FUND",
    "HIGHEST_X",
    "HOLDINGS",
    "LOTS_PER_FLOAT",
    "LOWEST_X",
    "MAX_COMPONENTS",
    "MAX_EVENTS",
    "MAX_FACTORS",
    "MAX_FUNDS",
    "MAX_NAMES",
    "MIXING_NODES",
    "MIXING_RANGE",
    "NAME",
    "NO_CHAIN",
    "NO_MIXING",
    "PADDING",
    "PATH",
    "POSITION",
    "QUANTITIES_OF_NAMES",
    "RUN",
    "STEP",
    "TRACE",
    "Channel",
    "DerivativeKind",
    "EventType",
    "Feature",
    "Moment",
    "Policy",
    "StepKind",
    "channel_names",
]

FIELDS = tuple(field for holder in HOLDERS for field in holder.fields)
QUANTITIES_OF_NAMES = tuple(each for holder in HOLDERS for each in holder.quantities)
HOLDINGS = tuple(holder.holding for holder in HOLDERS if holder.holding is not None)
_SWITCHES = sorted((s for holder in HOLDERS for s in holder.switches), key=lambda s: s.bit)

if TYPE_CHECKING:

    class _Declared(EnumMeta):
        def __getattr__(cls, name: str) -> Channel: ...

    class Channel(IntFlag, metaclass=_Declared):
        """What can be switched off; a switched-off channel keeps its starting holding."""

else:
    Channel = IntFlag("Channel", {s.name: s.bit for s in _SWITCHES}, module=__name__)
    Channel.__doc__ = "What can be switched off; a switched-off channel keeps its starting holding."


ALL_CHANNELS = Channel(sum(switch.bit for switch in _SWITCHES))
CALM = Channel(0)


def channel_names() -> tuple[str, ...]:
    """All channels as stores and scenarios call them."""
    return tuple(str(channel.name).lower() for channel in Channel)


f4, i4, u4, u8 = np.float32, np.int32, np.uint32, np.uint64


# One per launch.
RUN = np.dtype(
    [
        ("seed", u8),
        ("channels", u4),  # Channel flags
        ("features", u4),  # Feature flags
        ("names", i4),  # N, without padding
        ("lanes", i4),  # T of the tile
        ("names_per_lane", i4),  # K of the tile
        ("factors", i4),
        ("attention_factors", i4),  # the last of them, which scale with attention
        ("funds", i4),
        ("events", i4),
        ("components", i4),  # of the importance mixture; 0: no random number is tilted
        ("factor_mixing", i4),  # row of Packed.mixing for the factors, or NO_MIXING
        ("steps", i4),  # rows of the schedule
        ("days", i4),
        ("steps_per_day", i4),
        ("normals_per_step", i4),
        ("dt", f4),
        ("overnight_share", f4),
        ("vol_nodes", i4),  # chain table: nodes in sqrt(implied vol)
        ("price_nodes", i4),  # chain table: nodes in x
        ("vol_start", f4),  # sqrt(v) of the first node
        ("vol_inverse_step", f4),
        # clearing rule of the crowd's broker
        ("premium_limit", f4),  # of the excess-capital premium, in units of ENC
        ("settlement_c", f4),
        ("broker_duration", f4),  # days
        # the book
        ("policy", u4),  # Policy flags
        ("netted_margin", i4),  # 1: the margin of a name is the worst of ten moves of its price
        ("book_participation_dt", f4),
        ("grace_steps", f4),  # from a margin call to forced trading
        ("cushion", f4),  # what is restored beyond the requirement, as a fraction of it
        ("stop_up", f4),  # x at which a short is stopped out
        ("stop_down", f4),  # and a long
        ("leverage", f4),  # gross over equity that is kept, 0: none
        ("financing_dt", f4),  # rate on what longs cost beyond equity, times dt / 252
        ("moment", i4),  # Moment, or a day: when the parts of its P&L are kept
    ],
    align=True,
)


# One per step, overnight steps included.
STEP = np.dtype(
    [
        ("kind", u4),  # StepKind flags
        ("day", i4),  # from 0
        ("step_of_day", i4),  # 0 overnight, 1 .. n
        ("draw", i4),  # first draw of the step in its domain
        ("time", f4),  # end of the step, days since the as-of close
        ("sqrt_tau", f4),  # crowd's calls: sqrt of years to expiry from the end of the step
        ("sqrt_tau_buy", f4),  # the same, at least one day
        ("sqrt_tau_roll", f4),  # at an expiry: to the next one
        ("sqrt_tau_month", f4),  # the same three of the crowd's monthly calls
        ("sqrt_tau_month_buy", f4),
        ("sqrt_tau_month_roll", f4),
    ],
    align=True,
)


# One per name. Rates carry the step already: `*_c` is c(k) = 1 - exp(-k dt), `*_dt` is k dt.
NAME = np.dtype([(field.name, field.kind) for field in FIELDS], align=True)
PADDING = {field.name: field.padding for field in FIELDS if field.padding}


# One per fund.
FUND = np.dtype(
    [
        ("threshold", f4),  # loss, as a fraction of its equity, from which it cuts
        ("slope", f4),  # fraction of the book cut per unit of loss beyond
        ("kept0", f4),  # fraction kept at no loss: 1 unless the threshold is negative
        ("cut_c", f4),
        ("rebuild_c", f4),
    ],
    align=True,
)


# One per name slot and fund.
POSITION = np.dtype(
    [
        ("holding0", f4),  # floats, signed
        ("value", f4),  # P(0) x float in units of the fund's equity
    ],
    align=True,
)


# One per option or future of the book, in the order of names. Prices are relative to the name's
# price at the start.
DERIVATIVE = np.dtype(
    [
        ("kind", i4),  # DerivativeKind
        ("expiry_row", i4),  # row of the schedule at whose end it is settled, or one beyond
        ("expiry_time", f4),  # days since the as-of close
        ("units", f4),  # signed, in P(0) of the underlying over the book's equity
        ("strike", f4),
        ("log_strike", f4),
        ("vol_ratio", f4),  # its implied vol over that of the name, at the start
        ("margin_rate", f4),  # of the underlying: a future's, or a short option's
        ("margin_least", f4),  # of a short option out of the money
        ("margin_minimum", f4),  # of the contracts, where margin is netted
    ],
    align=True,
)


# One per event of the timeline. A start row is a row of the schedule.
EVENT = np.dtype(
    [
        ("type", i4),  # EventType
        ("stream", u4),  # hash of "event:" + its id
        ("start_row", f4),  # -1: at random
        ("hazard", f4),  # per day of trading
        ("from_day", f4),  # the hazard begins at the open of day from_day + 1
        ("rows", f4),  # how long it lasts
    ],
    align=True,
)


# One per component of the importance mixture: a path is of it whose id modulo COMPONENT_CYCLE is
# one of `places` numbers from `first` on.
COMPONENT = np.dtype(
    [
        ("first", i4),
        ("places", i4),
        ("constant", f4),  # of its log density over that without a tilt, and log of its share
    ],
    align=True,
)


# What is kept of a path; pnl and margin excess at closes are arrays of their own, (day, path).
# Steps are rows of a trace: 0 the start, then one after every row of the schedule.
PATH = np.dtype(
    [
        ("worst_pnl", f4),
        ("margin_call_day", f4),
        ("margin_call_day_close", f4),
        ("borrow_cost", f4),
        ("floor_names", f4),  # how many names touched the price floor
        ("fails", f4),  # unfilled buys of crowd, dealers, leader and programmes, floats, all names
        ("worst_close_pnl", f4),
        ("largest_call", f4),  # most that equity was below the requirement
        ("forced_day", f4),  # end of the first step with forced trades, NaN: never
        ("slippage", f4),  # of the book's trades against the price that it saw
        ("financing_cost", f4),
        ("weight", f4),  # 1 where nothing is tilted
        ("price_pnl", f4),  # of the book's shares, at the prices that its trades saw
        ("derivative_pnl", f4),
        ("worst_step", f4),  # first step with the lowest P&L
        ("call_step", f4),  # first with a margin call, NaN: never
        ("ruin_step", f4),  # first with all equity gone, NaN: never
    ],
    align=True,
)


# What a trace keeps of a name at the start and after every step.
TRACE = np.dtype([(each.name, f4) for each in QUANTITIES_OF_NAMES if each.traced], align=True)
