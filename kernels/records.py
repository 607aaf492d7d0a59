"""The records every back end reads and writes, defined once and generated into C.

Units as in docs/model.md: shares in floats, prices relative to the start, times in trading days,
implied volatility and fees per annum, book money in units of the book's equity at the start.
`python -m powderkeg.kernels.layout` writes `kernels/model/records.h`.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np

from ..scenarios.capacity import COMPONENT_CYCLE as COMPONENT_CYCLE
from ..scenarios.capacity import MAX_COMPONENTS as MAX_COMPONENTS
from ..scenarios.capacity import MAX_EVENTS as MAX_EVENTS
from ..scenarios.capacity import MAX_FACTORS as MAX_FACTORS
from ..scenarios.capacity import MAX_FUNDS as MAX_FUNDS
from ..scenarios.capacity import MAX_NAMES as MAX_NAMES

MIXING_NODES = 1024
LOWEST_X, HIGHEST_X = -14.0, 28.0  # log prices that money is reckoned at, so nothing overflows
MIXING_RANGE = 6.0  # nodes of a mixing table stand at normal scores from -6 to 6, equally spaced
LOTS_PER_FLOAT = 1 << 22
NO_CHAIN = -1
NO_MIXING = -1


class Channel(IntFlag):
    """What can be switched off; a switched-off channel keeps its starting holding."""

    DEALERS = 1
    CROWD = 2
    CROWD_SHARES = 4
    CROWD_CALLS = 8
    SHORTS = 16
    NEW_SHORTS = 32
    RECALL = 64
    RESTRICTION = 128
    TRANSIENT_IMPACT = 256
    FUNDS = 512
    LEVERED_LONGS = 1024
    LOCKED_RELEASE = 2048
    ISSUER = 4096
    LEADER = 8192
    PAUSES = 16384
    CLEARING_RULE = 32768
    PROGRAMMES = 65536
    BOOK = 131072


ALL_CHANNELS = Channel(262143)
CALM = Channel(0)


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
        ("funds", i4),
        ("events", i4),
        ("components", i4),  # of the importance mixture; 0: no random number is tilted
        ("factor_mixing", i4),  # row of Packed.mixing for the factors, or NO_MIXING
        ("steps", i4),  # rows of the schedule
        ("days", i4),
        ("horizons", i4),
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
        ("horizon", i4),  # index of the horizon that ends here, or -1
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
NAME = np.dtype(
    [
        ("stream", u4),  # hash of the symbol
        ("chain", i4),  # index into Packed.chain, or NO_CHAIN
        ("long_gamma", i4),  # 1: dealers can be long gamma, price and hedge are solved together
        # anchor
        ("sigma", f4),  # per square-root day
        ("factor_variance", f4),  # b^2 per day
        ("drift", f4),  # per day
        ("attention_volatility", f4),  # a_sigma
        ("clustering", f4),
        ("anchor0", f4),  # w(0) = -premium
        ("mixing", i4),  # row of Packed.mixing, or NO_MIXING
        ("jump_probability", f4),  # of a day
        ("jump_mean", f4),
        ("jump_sd", f4),
        ("jump_compensator", f4),  # ln(1 + p (e^(mean + sd^2/2) - 1)) a day
        # clearing
        ("elasticity", f4),  # M
        ("elastic0", f4),  # E0
        ("elastic_normal", f4),  # E* = E0 e^(premium/M): the price is the anchor's at E = E*
        ("elastic_min", f4),  # E_min
        ("transient_impact", f4),  # eta sigma
        ("transient_decay_c", f4),
        ("adv", f4),  # floats a day
        ("attention_volume", f4),  # a_V
        ("depth_volatility", f4),
        # holdings at the start
        ("locked", f4),  # L
        ("levered0", f4),  # Y
        ("leader0", f4),  # K
        ("crowd0", f4),  # R
        ("new_shorts0", f4),  # S_n
        ("hedge0", f4),  # H
        ("cohort0", f4),  # S_c
        ("book0", f4),  # B+ - B-
        # dealers
        ("dealer_sign", f4),
        ("hedging_dt", f4),  # kappa dt
        ("hedging_c", f4),
        ("chain_start", f4),  # x of the first node
        ("chain_inverse_step", f4),
        ("chain_low", f4),  # range of sign x chain over all prices
        ("chain_high", f4),
        # implied volatility
        ("vol0", f4),  # v0, per annum
        ("vol_c", f4),
        ("vol_realised", f4),
        ("vol_demand", f4),
        ("vol_max", f4),
        ("rv_weight", f4),
        # crowd
        ("attention0", f4),  # A0
        ("removed0", f4),
        ("calls0", f4),  # n
        ("call_log_strike0", f4),  # l
        ("attention_weight", f4),  # W, sums to 1 over the names (all 0 when nobody has attention)
        ("infection", f4),  # per day
        ("shared", f4),
        ("momentum", f4),
        ("momentum_c", f4),
        ("exit_rate", f4),  # per day
        ("exit_restricted", f4),  # per day
        ("stampede", f4),
        ("stampede_drawdown", f4),
        ("share_budget", f4),
        ("never_sell", f4),
        ("call_budget", f4),
        ("call_strike", f4),  # km, log-moneyness of calls bought
        ("call_strike_exp", f4),  # e^km
        ("call_roll", f4),
        ("monthly_share", f4),  # of the premium
        ("call_capacity_inverse", f4),  # 1 / floats of calls that will be sold; 0: no limit
        ("following", f4),  # per day and float of the leader
        # shorts
        ("tolerance", f4),  # mu
        ("tolerance_inverse_sd", f4),
        ("tolerance_floor", f4),  # N(-mu/sd)
        ("tolerance_inverse_mass", f4),  # 1 / (1 - N(-mu/sd))
        ("participation_dt", f4),
        ("cohort_margin_share", f4),  # of the cohort, on margin
        ("cohort_margin_all", f4),  # (1 + m)/m
        ("cohort_margin_left", f4),  # (1 + i)/m
        # new shorts
        ("entry_rate_dt", f4),
        ("entry_threshold", f4),
        ("stop_rate_dt", f4),
        ("stop_loss", f4),
        ("stop_inverse_sd", f4),
        ("take_profit_rate_dt", f4),
        ("take_profit", f4),
        ("take_profit_inverse_sd", f4),
        ("entry_fee_years", f4),  # over which new shorts weigh the fee
        # levered longs
        ("levered_tolerance", f4),
        ("levered_inverse_sd", f4),
        ("levered_floor", f4),
        ("levered_inverse_mass", f4),
        ("levered_participation_dt", f4),
        ("levered_refinancing", f4),
        # locked holders, issuer, leader
        ("release_c", f4),
        ("release_share", f4),
        ("release_mean", f4),
        ("release_inverse_sd", f4),
        ("release_floor", f4),
        ("release_inverse_mass", f4),
        ("issue_threshold", f4),  # x
        ("issue_maximum", f4),  # floats
        ("issue_participation_dt", f4),
        ("leader_block", f4),  # floats
        ("leader_rate_dt", f4),  # floats a step
        ("leader_sell_above", f4),  # x
        ("leader_participation_dt", f4),
        # borrow market
        ("lendable_elastic", f4),  # l_E
        ("lendable_locked", f4),  # l_L
        ("recall_c", f4),
        ("fee0", f4),  # per annum
        ("fee_slope", f4),
        ("fee_threshold", f4),
        ("fee_excess0", f4),  # (u0 - fee_threshold)+
        ("fee_min", f4),
        ("repricing_c", f4),  # existing loans towards the fee of new ones
        # broker restriction
        ("restriction_hazard_dt", f4),
        ("restriction_threshold", f4),  # x
        ("restriction_duration", f4),  # days
        ("broker_value", f4),  # VaR / ENC per P(0) x float of unsettled purchases and implied vol
        # limit-up/limit-down pauses
        ("band_up", f4),  # log price; 0: this name is never paused
        ("band_down", f4),  # positive
        ("band_closing", f4),  # 2 where the band doubles near the close, else 1
        ("reference_c", f4),
        ("pause_steps", f4),
        # the book
        ("book_weight", f4),  # a, signed value / equity
        ("book_inverse", f4),  # 1 / book0, 0 where the book holds less than half a lot
        ("book_value", f4),  # a / book0: P(0) x float in units of the book's equity
        ("book_located", f4),  # floats of its short that lenders cannot recall
        ("first_derivative", i4),  # index into Packed.derivatives
        ("derivatives", i4),  # how many
        ("derivatives0", f4),  # their value at the start
        # its margin, times |a| but for the prices and the places where add-ons begin
        ("book_margin", f4),  # margin rate x |a|
        ("margin_five", f4),  # 5 a share over P(0): the rule of low prices, 0: none
        ("margin_max", f4),
        ("margin_float", f4),  # per float held beyond
        ("margin_float_from", f4),
        ("margin_volume", f4),  # per day of volume held beyond
        ("margin_volume_from", f4),
        ("margin_interest", f4),  # per part of the short interest held beyond
        ("margin_interest_from", f4),
        ("margin_fee", f4),  # per unit of borrow fee beyond
        ("margin_fee_from", f4),
    ],
    align=True,
)


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


# What is kept of a path; pnl at the horizons is an array of its own, (horizon, path).
PATH = np.dtype(
    [
        ("worst_pnl", f4),
        ("margin_call_day", f4),
        ("margin_call_day_close", f4),
        ("borrow_cost", f4),
        ("floor_names", f4),  # how many names touched the price floor
        ("fails", f4),  # unfilled crowd and dealer buys, in floats, over all names
        ("worst_close_pnl", f4),
        ("largest_call", f4),  # most that equity was below the requirement
        ("forced_day", f4),  # end of the first step with forced trades, NaN: never
        ("slippage", f4),  # of the book's trades against the price that it saw
        ("financing_cost", f4),
        ("weight", f4),  # 1 where nothing is tilted
        ("price_pnl", f4),  # of the book's shares, at the prices that its trades saw
        ("derivative_pnl", f4),
    ],
    align=True,
)


# What a trace keeps of a name at the start and after every step.
TRACE = np.dtype(
    [
        (field, f4)
        for field in (
            "log_price anchor transient elastic crowd_shares hedge cohort new_shorts attention "
            "removed calls call_log_strike implied_vol realised_vol fee utilisation fee_paid "
            "log_price_max log_price_slow new_short_entry restriction_clock restricted floor "
            "fails fill_price volume borrow_paid "
            "locked levered programme leader issued fund_1 fund_2 fund_3 fund_4 monthly_calls "
            "monthly_call_log_strike fee_existing drawdown_max waiting paused unsettled "
            "book spent slippage margin derivative_pnl"
        ).split()
    ],
    align=True,
)
