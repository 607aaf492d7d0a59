"""Limits and enumerations of the model, for records and the declarations of agents alike."""

from __future__ import annotations

from enum import IntEnum, IntFlag

MIXING_NODES = 1024
MIXING_RANGE = 6.0  # nodes of a mixing table stand at normal scores from -6 to 6, equally spaced
LOWEST_X, HIGHEST_X = -14.0, 28.0  # log prices that money is reckoned at, so nothing overflows
LOTS_PER_FLOAT = 1 << 22
TRADING_DAYS = 252  # a year
SESSION_MINUTES = 390
NO_CHAIN = -1
NO_MIXING = -1
NO_LIMIT = 1e30
AT_ONCE = 1e-9  # days: nothing takes less


class Feature(IntFlag):
    """What a scenario uses besides trading; stays when channels are switched off.

    The packer sets a flag where a parameter asks for it, so what nobody uses costs nothing.
    """

    FACTOR_TAILS = 1
    NAME_TAILS = 2
    JUMPS = 4
    EVENTS = 8
    MONTHLY_CALLS = 16
    CANCELLATION = 32
    COHORT_MARGIN = 64
    DERIVATIVES = 128
    CLUSTERING = 256
    ATTENTION_FACTORS = 512
    CALL_LADDER = 1024


class EventType(IntEnum):
    """What an event of the timeline does to a name (docs/model.md, 1)."""

    ANCHOR = 1  # size: log move of the anchor
    PROGRAMME = 2  # size: floats a day bought (negative: sold)
    CALL_PROGRAMME = 3  # size: premium a day, in P(0) x float
    LENDABLE = 4  # size: factor on lendable shares
    ATTENTION = 5  # size: attention seeded
    ELASTICITY = 6  # size: factor on M
    DEPTH = 7  # size: factor on depth, 1/size on transient impact
    IMPLIED_VOL = 8  # size: factor on implied vol
    ISSUANCE = 9  # size: floats a day issued
    RESTRICTION = 10  # size: 1 on, -1 lifted
    MARGIN = 11  # size: added to book_margin
    HALT = 12  # size: 1
    CANCELLATION = 13  # size: 1


class Policy(IntFlag):
    """What the book does by itself or is made to do (docs/model.md, 11); 0: it holds."""

    STOP_LOSS = 1
    DELEVERAGE = 2
    MARGIN = 4
    RECALL = 8


class Moment(IntEnum):
    """When a path's loss is taken, whose parts are kept; a number from 1 is the close of a day."""

    WORST = 0  # the first step with its lowest P&L
    WORST_CLOSE = -1  # of closes alone


class DerivativeKind(IntEnum):
    """What the book holds besides shares."""

    CALL = 1
    PUT = 2
    FUTURE = 3


class StepKind(IntFlag):
    """What a step of the schedule does; an intraday step with no flag just trades."""

    OVERNIGHT = 1
    CLOSE = 2
    EXPIRY = 4
    MONTHLY_EXPIRY = 8
    OPENING = 16  # the first 15 minutes: pause bands are doubled
    CLOSING = 32  # the last 25 minutes: doubled for some names
