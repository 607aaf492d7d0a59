"""One name's record: market row, position and parameters in the units of the kernels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ...scenarios.agents.broker import Broker
from ...scenarios.agents.pauses import Pauses
from ...scenarios.book import Position
from ...scenarios.errors import InputError
from ...scenarios.market import MarketRow
from ...scenarios.scenario import NameParameters
from ..records import NO_CHAIN, NO_MIXING
from .book import NO_MARGIN, Margin, book_record
from .holdings import Holdings, lending, starting_holdings, truncated_normal
from .schedule import SESSION_MINUTES, TRADING_DAYS

SMALLEST_FLOOR = 1e-4
LAW_SHARE = 0.1  # of the float: where the square-root law is read off
LARGEST_PREMIUM = 40.0  # in units of M: e^40 times the elastic float is no float
PAUSE_MINUTES = 5


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


@dataclass(frozen=True)
class Setting:
    """What a name's record needs from outside the name.

    `loadings` (factors,) per square-root day; `funds` what each fund holds and `issuance` what the
    timeline issues, in floats; `root_tau` the square root of years to the first weekly expiry.
    """

    equity: float
    hedge: Hedge
    loadings: npt.NDArray[np.float64]
    attention_weight: float
    stream: int
    dt: float
    root_tau: float
    mixing: int = NO_MIXING
    broker: Broker = field(default_factory=Broker)
    funds: Mapping[str, float] = field(default_factory=dict)
    issuance: float = 0.0
    margin: Margin = NO_MARGIN


def square_root_law(sigma: float, adv: float) -> float:
    """Impact per float: 10 % of the float moves the price by `sigma sqrt(.1 / ADV)`.

    sigma per square-root day, adv in floats a day. Toth et al., Phys. Rev. X 1 (2011) 021006.
    """
    return sigma * math.sqrt(LAW_SHARE / adv) / LAW_SHARE


def step_fraction(rate: float, dt: float) -> float:
    """c(k) = 1 - exp(-k dt)."""
    return -math.expm1(-rate * dt)


def name_record(
    row: MarketRow, position: Position, p: NameParameters, setting: Setting
) -> tuple[dict[str, Any], Impact]:
    """Fields of the NAME record (docs/model.md), and the impact for display.

    Raises InputError if the starting holdings leave too little to trade with or do not fit.
    """
    hedge, dt = setting.hedge, setting.dt
    sigma = row.volatility / math.sqrt(TRADING_DAYS)
    adv = row.adv / row.float_shares
    held = starting_holdings(
        row, position, p, hedge.start, setting.root_tau, setting.funds, setting.issuance
    )
    per_float, source = p.clearing.impact_per_float, "scenario"
    if per_float is None:
        per_float, source = square_root_law(sigma, adv), "square-root law"
    per_float *= p.clearing.impact_factor
    elasticity = per_float * held.elastic
    weight = position.quantity * row.price * row.rate / setting.equity
    located = None if position.locate is None else position.locate / row.float_shares
    record: dict[str, Any] = {
        "stream": setting.stream,
        "sigma": sigma,
        "adv": adv,
        "attention_volume": p.clearing.attention_volume,
        "depth_volatility": p.clearing.depth_volatility,
        "transient_impact": p.clearing.transient_impact * sigma,
        "transient_decay_c": step_fraction(p.clearing.transient_decay, dt),
        **book_record(weight, held, setting.margin, located),
        **_anchor(p, setting),
        **_price(row, p, elasticity, held.elastic),
        **_starting(held),
        **_dealers(row, p, hedge, dt),
        **_crowd(row, p, setting),
        **_shorts(row, p, dt),
        **_others(row, p, dt),
        **_borrow(row, position, p, held, dt),
        **_authority(row, p, setting),
    }
    return record, Impact(row.symbol, per_float, elasticity, held.elastic, source)


def _anchor(p: NameParameters, setting: Setting) -> dict[str, Any]:
    anchor = p.anchor
    jumps = -math.expm1(-anchor.jump_rate)
    grows = math.expm1(anchor.jump_mean + anchor.jump_sd**2 / 2)
    return {
        "factor_variance": float(np.sum(setting.loadings**2)),
        "drift": anchor.drift,
        "attention_volatility": anchor.attention_volatility,
        "clustering": anchor.clustering,
        "anchor0": -anchor.premium,
        "mixing": setting.mixing,
        "jump_probability": jumps,
        "jump_mean": anchor.jump_mean,
        "jump_sd": anchor.jump_sd,
        "jump_compensator": math.log1p(jumps * grows),
    }


def _price(row: MarketRow, p: NameParameters, elasticity: float, elastic: float) -> dict[str, Any]:
    """The supply of elastic holders: E*, where price and anchor meet, and the floor."""
    premium = p.anchor.premium / elasticity
    if abs(premium) > LARGEST_PREMIUM:
        raise InputError(
            f"{row.symbol}: anchor.premium {p.anchor.premium:g} is {abs(premium):,.0f} times what "
            f"selling the elastic float would move the price (M {elasticity:.2g}); bring it "
            "nearer to 0, or raise the impact"
        )
    normal = elastic * math.exp(premium)
    floor = max(p.clearing.max_multiple ** (-1 / elasticity), SMALLEST_FLOOR)
    return {
        "elasticity": elasticity,
        "elastic0": elastic,
        "elastic_normal": normal,
        "elastic_min": min(normal * floor, elastic),
    }


def _starting(held: Holdings) -> dict[str, Any]:
    return {
        "locked": held.locked,
        "levered0": held.levered,
        "leader0": held.leader,
        "crowd0": held.crowd,
        "new_shorts0": held.new_shorts,
        "hedge0": held.hedge,
        "cohort0": held.cohort,
    }


def _dealers(row: MarketRow, p: NameParameters, hedge: Hedge, dt: float) -> dict[str, Any]:
    capacity = p.dealers.call_capacity
    return {
        "chain": hedge.index,
        "long_gamma": int(hedge.long_gamma),
        "chain_start": hedge.first_node,
        "chain_inverse_step": hedge.inverse_step,
        "chain_low": hedge.low,
        "chain_high": hedge.high,
        "dealer_sign": p.dealers.sign,
        "hedging_dt": p.dealers.hedging_rate * dt,
        "hedging_c": step_fraction(p.dealers.hedging_rate, dt),
        "call_capacity_inverse": 0.0 if capacity is None else 1 / capacity,
        "vol0": row.implied_vol,
        "vol_c": step_fraction(p.implied_vol.rate, dt),
        "vol_realised": p.implied_vol.realised_share,
        "vol_demand": p.implied_vol.demand,
        "vol_max": p.implied_vol.maximum,
        "rv_weight": p.implied_vol.realised_weight,
    }


def _crowd(row: MarketRow, p: NameParameters, setting: Setting) -> dict[str, Any]:
    crowd = p.crowd
    if crowd.initial_attention + crowd.initial_removed > 1:
        raise InputError(
            f"{row.symbol}: crowd.initial_attention {crowd.initial_attention:g} and "
            f"crowd.initial_removed {crowd.initial_removed:g} are more than the whole crowd; lower "
            "one of them"
        )
    budget = crowd.share_budget * row.float_shares * row.price * row.rate
    afford = 1.0 if crowd.wealth is None else min(1.0, crowd.wealth / max(budget, 1e-300))
    return {
        "attention0": crowd.initial_attention,
        "removed0": crowd.initial_removed,
        "calls0": crowd.initial_calls,
        "call_log_strike0": crowd.initial_call_strike,
        "attention_weight": setting.attention_weight,
        "infection": crowd.infection,
        "shared": crowd.shared,
        "momentum": crowd.momentum,
        "momentum_c": step_fraction(crowd.momentum_rate, setting.dt),
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
        "monthly_share": crowd.monthly_share,
        "following": crowd.following,
    }


def _tolerance(row: MarketRow, what: str, mean: float, sd: float) -> tuple[float, float]:
    """The two numbers of a tolerance truncated at 0; refused where hardly any mass is left."""
    if mean / sd < -4:
        raise InputError(
            f"{row.symbol}: {what} {mean:g} is more than 4 sd below 0, so nobody would be left at "
            "the start; raise it"
        )
    return truncated_normal(mean, sd)


def _shorts(row: MarketRow, p: NameParameters, dt: float) -> dict[str, Any]:
    shorts, new = p.shorts, p.new_shorts
    floor, inverse_mass = _tolerance(row, "shorts.tolerance", shorts.tolerance, shorts.tolerance_sd)
    initial, maintenance = shorts.initial_margin, shorts.maintenance_margin
    if initial < maintenance:
        raise InputError(
            f"{row.symbol}: shorts.initial_margin {initial:g} is below "
            f"shorts.maintenance_margin {maintenance:g}, a call before the start; raise it"
        )
    return {
        "tolerance": shorts.tolerance,
        "tolerance_inverse_sd": 1 / shorts.tolerance_sd,
        "tolerance_floor": floor,
        "tolerance_inverse_mass": inverse_mass,
        "participation_dt": shorts.participation * dt,
        "cohort_margin_share": shorts.margin_share,
        "cohort_margin_all": (1 + maintenance) / maintenance,
        "cohort_margin_left": (1 + initial) / maintenance,
        "entry_rate_dt": new.entry_rate * dt,
        "entry_threshold": new.entry_threshold,
        "entry_fee_years": new.entry_horizon / TRADING_DAYS,
        "stop_rate_dt": new.stop_rate * dt,
        "stop_loss": new.stop_loss,
        "stop_inverse_sd": 1 / new.stop_sd,
        "take_profit_rate_dt": new.take_profit_rate * dt,
        "take_profit": new.take_profit,
        "take_profit_inverse_sd": 1 / new.take_profit_sd,
    }


def _others(row: MarketRow, p: NameParameters, dt: float) -> dict[str, Any]:
    """Levered longs, locked holders, the issuer and the leader."""
    levered, locked, issuer, leader = p.levered_longs, p.locked, p.issuer, p.leader
    levered_floor, levered_mass = _tolerance(
        row, "levered_longs.tolerance", levered.tolerance, levered.tolerance_sd
    )
    release_floor, release_mass = _tolerance(
        row, "locked.release_mean", locked.release_mean, locked.release_sd
    )
    return {
        "levered_tolerance": levered.tolerance,
        "levered_inverse_sd": 1 / levered.tolerance_sd,
        "levered_floor": levered_floor,
        "levered_inverse_mass": levered_mass,
        "levered_participation_dt": levered.participation * dt,
        "levered_refinancing": levered.refinancing,
        "release_c": step_fraction(locked.release_rate, dt),
        "release_share": locked.release_share,
        "release_mean": locked.release_mean,
        "release_inverse_sd": 1 / locked.release_sd,
        "release_floor": release_floor,
        "release_inverse_mass": release_mass,
        "issue_threshold": issuer.threshold,
        "issue_maximum": issuer.maximum,
        "issue_participation_dt": issuer.participation * dt,
        "leader_block": leader.block,
        "leader_rate_dt": leader.build_rate * dt,
        "leader_sell_above": leader.sell_above,
        "leader_participation_dt": leader.participation * dt,
    }


def _borrow(
    row: MarketRow, position: Position, p: NameParameters, held: Holdings, dt: float
) -> dict[str, Any]:
    borrow = p.borrow
    lendable_elastic, lendable_locked, utilisation = lending(row, p, held)
    return {
        "lendable_elastic": lendable_elastic,
        "lendable_locked": lendable_locked,
        "recall_c": step_fraction(borrow.recall_rate, dt),
        "fee0": row.borrow_fee if position.borrow_fee is None else position.borrow_fee,
        "fee_slope": borrow.fee_slope,
        "fee_threshold": borrow.fee_threshold,
        "fee_excess0": max(utilisation - borrow.fee_threshold, 0.0),
        "fee_min": borrow.fee_min,
        "repricing_c": step_fraction(borrow.repricing_rate, dt),
    }


def _authority(row: MarketRow, p: NameParameters, setting: Setting) -> dict[str, Any]:
    """Broker restrictions, the clearing rule, pauses."""
    dt, broker, value = setting.dt, setting.broker, 0.0
    if broker.excess_net_capital is not None:
        purchases = broker.crowd_share * row.price * row.rate * row.float_shares
        daily = broker.var_multiple / math.sqrt(TRADING_DAYS)
        value = purchases * daily / broker.excess_net_capital
    band, closing = pause_band(p.pauses, row.price * row.rate)
    per_day = SESSION_MINUTES / PAUSE_MINUTES
    return {
        "restriction_hazard_dt": p.restriction.hazard * dt,
        "restriction_threshold": p.restriction.threshold,
        "restriction_duration": p.restriction.duration,
        "broker_value": value,
        "band_up": math.log1p(band),
        "band_down": -math.log1p(-band),
        "band_closing": closing,
        "reference_c": step_fraction(per_day, dt),
        "pause_steps": max(1, round(1 / (per_day * dt))),
    }


def pause_band(pauses: Pauses, price: float) -> tuple[float, float]:
    """Price band as a fraction (0: none), and how much wider it is in the last 25 minutes.

    Plan to Address Extraordinary Market Volatility, appendix A, amendment 18; the price at the
    start stands for each day's reference.
    """
    if pauses.tier == 0:
        return 0.0, 1.0
    if price > 3:
        return (0.05, 2.0) if pauses.tier == 1 else (0.10, 1.0)
    return (0.20 if price >= 0.75 else min(0.75, 0.15 / price)), 2.0
