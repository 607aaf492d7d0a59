"""One name's record: market row, position and parameters in the units of the kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ..scenarios.book import Position
from ..scenarios.errors import InputError
from ..scenarios.market import MarketRow
from ..scenarios.scenario import NameParameters
from .layout import LOTS_PER_FLOAT, NO_CHAIN
from .schedule import TRADING_DAYS

SMALLEST_ELASTIC = 0.1
LARGEST_HOLDINGS = 4.0
SMALLEST_FLOOR = 1e-4
LAW_SHARE = 0.1  # of the float: where the square-root law is read off


@dataclass(frozen=True)
class Impact:
    """How much a name's price answers to buying, for display.

    `per_float` is the log price per float bought at the start (lambda), `elasticity` M, `elastic`
    the elastic float E0.
    """

    symbol: str
    per_float: float
    elasticity: float
    elastic: float
    source: str


@dataclass(frozen=True)
class Hedge:
    """The dealers' static chain of a name: its index in the table, start and range, x sign."""

    index: int = NO_CHAIN
    start: float = 0.0
    low: float = 0.0
    high: float = 0.0
    long_gamma: bool = False
    first_node: float = 0.0
    inverse_step: float = 0.0


def lots(floats: float) -> float:
    """The nearest whole number of lots, in floats; ties to even."""
    return float(np.rint(floats * LOTS_PER_FLOAT)) / LOTS_PER_FLOAT


def square_root_law(sigma: float, adv: float) -> float:
    """Impact per float: 10 % of the float moves the price by `sigma sqrt(.1 / ADV)`.

    sigma per square-root day, adv in floats a day. Toth et al., Phys. Rev. X 1 (2011) 021006.
    """
    return sigma * math.sqrt(LAW_SHARE / adv) / LAW_SHARE


def step_fraction(rate: float, dt: float) -> float:
    """c(k) = 1 - exp(-k dt)."""
    return -math.expm1(-rate * dt)


def name_record(
    row: MarketRow,
    position: Position,
    equity: float,
    p: NameParameters,
    hedge: Hedge,
    loadings: npt.NDArray[np.float64],
    attention_weight: float,
    stream: int,
    dt: float,
) -> tuple[dict[str, Any], Impact]:
    """Fields of the NAME record (docs/model.md), and the impact for display.

    Raises InputError if the starting holdings leave too little to trade with or do not fit.
    """
    symbol, shares = row.symbol, row.float_shares
    sigma = row.volatility / math.sqrt(TRADING_DAYS)
    adv = row.adv / shares

    book = position.quantity / shares
    book_long, book_short = lots(max(book, 0.0)), lots(max(-book, 0.0))
    cohort = lots(row.short_interest / shares) - book_short
    if cohort < 0:
        raise InputError(
            f"{symbol}: the book is short {-position.quantity:,.0f} shares, more than the reported "
            f"short interest of {row.short_interest:,.0f}; correct the book or the market file"
        )
    locked, hedge0 = lots(p.locked.share), lots(hedge.start)
    elastic0 = 1 + cohort + book_short - locked - hedge0 - book_long
    if elastic0 < SMALLEST_ELASTIC:
        raise InputError(
            f"{symbol}: only {elastic0:.2f} floats are left to trade with (1 + short interest "
            f"{cohort + book_short:.2f} - locked {locked:.2f} - dealers' hedge {hedge0:.2f} - book "
            f"{book_long:.2f}), and the model needs {SMALLEST_ELASTIC}; lower locked.share or the "
            "open interest"
        )
    if 1 + cohort + book_short > LARGEST_HOLDINGS:
        raise InputError(
            f"{symbol}: short interest of {cohort + book_short:.2f} floats; at most "
            f"{LARGEST_HOLDINGS - 1:g} can be simulated; check float_shares"
        )

    per_float, source = p.clearing.impact_per_float, "scenario"
    if per_float is None:
        per_float, source = square_root_law(sigma, adv), "square-root law"
    elasticity = per_float * elastic0
    floor = max(p.clearing.max_multiple ** (-1 / elasticity), SMALLEST_FLOOR)

    lendable_elastic, lendable_locked, utilisation = _borrow(
        row, p, elastic0, locked, cohort + book_short + max(-hedge0, 0.0)
    )
    fee0 = row.borrow_fee if position.borrow_fee is None else position.borrow_fee
    weight = position.quantity * row.price / equity
    tolerance = p.shorts.tolerance / p.shorts.tolerance_sd
    if tolerance < -4:
        raise InputError(
            f"{symbol}: shorts.tolerance {p.shorts.tolerance:g} is more than 4 tolerance_sd below "
            "0, so no short would be left at the start; raise it"
        )
    anchor, clearing, crowd, shorts = p.anchor, p.clearing, p.crowd, p.shorts
    budget = crowd.share_budget * shares * row.price
    afford = 1.0 if crowd.wealth is None else min(1.0, crowd.wealth / max(budget, 1e-300))
    record: dict[str, Any] = {
        "stream": stream,
        "chain": hedge.index,
        "long_gamma": int(hedge.long_gamma),
        "sigma": sigma,
        "factor_variance": float(np.sum(loadings**2)),
        "drift": anchor.drift,
        "attention_volatility": anchor.attention_volatility,
        "elasticity": elasticity,
        "elastic0": elastic0,
        "elastic_min": elastic0 * floor,
        "transient_impact": clearing.transient_impact * sigma,
        "transient_decay_c": step_fraction(clearing.transient_decay, dt),
        "adv": adv,
        "attention_volume": clearing.attention_volume,
        "locked": locked,
        "hedge0": hedge0,
        "cohort0": cohort,
        "book_long": book_long,
        "book_short": book_short,
        "dealer_sign": p.dealers.sign,
        "hedging_dt": p.dealers.hedging_rate * dt,
        "hedging_c": step_fraction(p.dealers.hedging_rate, dt),
        "chain_start": hedge.first_node,
        "chain_inverse_step": hedge.inverse_step,
        "chain_low": hedge.low,
        "chain_high": hedge.high,
        "vol0": row.implied_vol,
        "vol_c": step_fraction(p.implied_vol.rate, dt),
        "vol_realised": p.implied_vol.realised_share,
        "vol_demand": p.implied_vol.demand,
        "vol_max": p.implied_vol.maximum,
        "rv_weight": p.implied_vol.realised_weight,
        "attention0": crowd.initial_attention,
        "attention_weight": attention_weight,
        "infection": crowd.infection,
        "shared": crowd.shared,
        "momentum": crowd.momentum,
        "momentum_c": step_fraction(crowd.momentum_rate, dt),
        "exit_rate": crowd.exit_rate,
        "exit_restricted": crowd.exit_restricted,
        "stampede": crowd.stampede,
        "stampede_drawdown": crowd.stampede_drawdown,
        "share_budget": afford * crowd.share_budget,
        "never_sell": crowd.never_sell,
        "call_budget": afford * crowd.call_budget,
        "call_strike": crowd.call_strike,
        "call_strike_exp": math.exp(crowd.call_strike),
        "call_roll": crowd.call_roll,
        "tolerance": shorts.tolerance,
        "tolerance_inverse_sd": 1 / shorts.tolerance_sd,
        "tolerance_floor": float(ndtr(-tolerance)),
        "tolerance_inverse_mass": 1 / float(ndtr(tolerance)),
        "participation_dt": shorts.participation * dt,
        "entry_rate_dt": p.new_shorts.entry_rate * dt,
        "entry_threshold": p.new_shorts.entry_threshold,
        "stop_rate_dt": p.new_shorts.stop_rate * dt,
        "stop_loss": p.new_shorts.stop_loss,
        "stop_inverse_sd": 1 / p.new_shorts.stop_sd,
        "take_profit_rate_dt": p.new_shorts.take_profit_rate * dt,
        "take_profit": p.new_shorts.take_profit,
        "take_profit_inverse_sd": 1 / p.new_shorts.take_profit_sd,
        "lendable_elastic": lendable_elastic,
        "lendable_locked": lendable_locked,
        "recall_c": step_fraction(p.borrow.recall_rate, dt),
        "fee0": fee0,
        "fee_slope": p.borrow.fee_slope,
        "fee_threshold": p.borrow.fee_threshold,
        "fee_excess0": max(utilisation - p.borrow.fee_threshold, 0.0),
        "fee_min": p.borrow.fee_min,
        "restriction_hazard_dt": p.restriction.hazard * dt,
        "restriction_threshold": p.restriction.threshold,
        "restriction_duration": p.restriction.duration,
        "book_weight": weight,
        "book_margin": position.margin_rate * abs(weight),
    }
    return record, Impact(symbol, per_float, elasticity, elastic0, source)


def _borrow(
    row: MarketRow, p: NameParameters, elastic0: float, locked: float, borrowed: float
) -> tuple[float, float, float]:
    """Lendable shares of elastic and locked holders, scaled to the market file; utilisation."""
    of_elastic, of_locked = p.borrow.lendable_elastic, p.borrow.lendable_locked
    lendable = of_elastic * elastic0 + of_locked * locked
    if row.lendable is not None and lendable > 0:
        scale = row.lendable / row.float_shares / lendable
        of_elastic, of_locked, lendable = of_elastic * scale, of_locked * scale, lendable * scale
    if lendable <= 0:
        raise InputError(
            f"{row.symbol}: nothing can be borrowed; give lendable in the market file, or "
            "borrow.lendable_elastic above 0"
        )
    return of_elastic, of_locked, borrowed / lendable
