"""Scenarios packed by hand, for tests of any back end; no scenarios room, no files.

`packed()` takes physical parameters (rates per day, float holdings) and derives every field of
the records consistently: E0 from the ledger, H(0) from the chain, fee_excess0 from utilisation.
A name's parameter is a number for all names or a sequence of one number per name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import assume
from hypothesis import strategies as st
from scipy.special import ndtr

from powderkeg.kernels.packed import Packed, tile
from powderkeg.kernels.packing.chain import Options, build_chain
from powderkeg.kernels.packing.mixing import mixing_table
from powderkeg.kernels.packing.schedule import TAU_FLOOR, schedule
from powderkeg.kernels.records import (
    ALL_CHANNELS,
    EVENT,
    FUND,
    LOTS_PER_FLOAT,
    MIXING_NODES,
    NAME,
    NO_CHAIN,
    NO_MIXING,
    POSITION,
    RUN,
    Channel,
    EventType,
    Feature,
    Policy,
)
from powderkeg.kernels.streams import stream_of

# Philox4x32-10: counter, key, output, in hexadecimal words (Random123's kat_vectors).
PHILOX_ANSWERS = [
    ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]

# A calm mid-cap: little short interest, a whisper of attention. Rates per day, vols as in NAME.
CALM_NAME: dict[str, float] = {
    "sigma": 0.03,
    "drift": 0.0,
    "attention_volatility": 0.5,
    "clustering": 0.0,
    "elasticity": 1.0,
    "max_multiple": 30.0,
    "eta": 0.5,
    "transient_decay": 2.0,
    "adv": 0.05,
    "attention_volume": 5.0,
    "locked": 0.3,
    "short_interest": 0.15,  # all reported shorts, the book's among them
    "book_long": 0.0,
    "book_short": 0.0,
    "dealer_sign": 1.0,
    "hedging": 40.0,
    "vol0": 0.8,
    "vol_rate": 0.7,
    "vol_realised": 0.8,
    "vol_demand": 0.4,
    "vol_max": 10.0,
    "rv_weight": 0.25,
    "attention0": 0.005,
    "attention_weight": 1.0,
    "infection": 0.15,
    "shared": 0.2,
    "momentum": 2.0,
    "momentum_rate": 0.7,
    "exit_rate": 0.1,
    "exit_restricted": 0.5,
    "stampede": 2.0,
    "stampede_drawdown": 0.25,
    "share_budget": 0.5,
    "never_sell": 0.3,
    "call_budget": 0.01,
    "call_strike": 0.15,
    "call_roll": 0.2,
    "tolerance": 1.0,
    "tolerance_sd": 0.5,
    "participation": 0.1,
    "cohort_margin_share": 0.0,
    "initial_margin": 0.5,
    "maintenance_margin": 0.3,
    "entry_rate": 0.3,
    "entry_threshold": 0.7,
    "stop_rate": 1.0,
    "stop_loss": 1.0,
    "stop_sd": 0.5,
    "take_profit_rate": 0.24,
    "take_profit": 0.7,
    "take_profit_sd": 0.25,
    "lendable_elastic": 0.75,
    "lendable_locked": 0.9,
    "recall_rate": 0.3,
    "fee0": 0.02,
    "fee_slope": 2.0,
    "fee_threshold": 0.8,
    "fee_min": 0.0025,
    "restriction_hazard": 0.4,
    "restriction_threshold": 2.5,
    "restriction_duration": 2.0,
    "book_weight": 0.0,
    "margin_rate": 0.3,
    "margin_five": 0.0,
    "margin_max": 0.0,
    "margin_float": 0.0,
    "margin_float_from": 0.005,
    "margin_volume": 0.0,
    "margin_volume_from": 0.05,
    "margin_interest": 0.0,
    "margin_interest_from": 0.01,
    "margin_fee": 0.0,
    "margin_fee_from": 0.1,
    # off unless asked for
    "premium": 0.0,
    "dof": 0.0,  # 0: normal
    "tail_cap": 25.0,
    "jump_rate": 0.0,
    "jump_mean": 0.0,
    "jump_sd": 0.0,
    "depth_volatility": 0.0,
    "leader0": 0.0,
    "leader_block": 0.0,
    "leader_rate": 0.1,
    "leader_sell_above": 0.5,
    "leader_participation": 0.1,
    "following": 0.0,
    "crowd0": 0.0,
    "removed0": 0.0,
    "calls0": 0.0,
    "call_log_strike0": 0.0,
    "monthly_share": 0.0,
    "call_capacity": np.inf,
    "new_shorts0": 0.0,  # part of short_interest
    "entry_horizon": 0.0,  # days
    "repricing_rate": 1e4,
    "levered": 0.0,
    "levered_tolerance": 0.3,
    "levered_tolerance_sd": 0.15,
    "levered_participation": 0.1,
    "levered_refinancing": 0.0,
    "release_rate": 0.0,
    "release_share": 1.0,
    "release_mean": 2.25,
    "release_sd": 0.8,
    "issue_threshold": 1.0,
    "issue_maximum": 0.0,
    "issue_participation": 0.1,
    "broker_value": 0.0,
    "band": 0.0,  # 0: never paused
    "band_closing": 1.0,
}


@dataclass(frozen=True)
class TestFund:
    """A fund of a test: positions in floats per name, `value` = P(0) x float over its equity."""

    __test__ = False
    positions: Sequence[float]
    value: float | Sequence[float]
    threshold: float = 0.05
    slope: float = 4.0
    cut_rate: float = 2.0
    rebuild_rate: float = 0.0


@dataclass(frozen=True)
class TestEvent:
    """An event of a test: row `start` (-1: at random), `sizes` one or per name."""

    __test__ = False
    type: EventType
    sizes: float | Sequence[float]
    start: float = -1.0
    rows: float = 1e6
    hazard: float = 0.5
    from_day: float = 0.0
    id: str = "event"


NO_OPTIONS = Options([], [], [], [])  # type: ignore[arg-type]


def packed(
    names: int = 1,
    *,
    days: int = 5,
    steps_per_day: int = 8,
    channels: Channel = ALL_CHANNELS,
    seed: int = 20210128,
    overnight_share: float = 0.2,
    options: Options | Sequence[Options | None] | None = None,
    horizons: Sequence[int] | None = None,
    normals_per_step: int = 1,
    expiry_every: int = 5,
    loadings: npt.ArrayLike | None = None,
    factors: Sequence[str] = (),
    symbols: Sequence[str] | None = None,
    tau_floor: float = TAU_FLOOR,
    resolution: float = 0.01,
    price_range: tuple[float, float] | None = None,
    vol_range: tuple[float, float] = (0.2, 3.2),
    vol_nodes: int = 24,
    funds: Sequence[TestFund] = (),
    events: Sequence[TestEvent] = (),
    factor_dof: float = 0.0,
    factor_tail_cap: float = 25.0,
    premium_limit: float = 1e6,
    settlement_days: float = 2.0,
    broker_duration: float = 1.0,
    monthly_every: int = 20,
    policy: Policy | int = 0,
    book_participation: float = 0.1,
    grace: float = 0.0,
    cushion: float = 0.0,
    stop_loss: float = 0.5,
    leverage: float = 1.0,
    financing_rate: float = 0.0,
    **fields: float | Sequence[float],
) -> Packed:
    """A packed scenario. `fields` are the keys of CALM_NAME; `options` one chain per name.

    Shape: loadings (names, factors), daily vols. The book's weights are in `book_weight`; a short
    needs `book_short` too if it is to stand in the ledger and trade. Raises ValueError for a name
    whose holdings leave less than .05 float to elastic holders, or whose longs exceed 4 floats.
    """
    unknown = fields.keys() - CALM_NAME.keys()
    if unknown:
        raise ValueError(f"no such parameter: {', '.join(sorted(unknown))}")
    p = {
        key: np.broadcast_to(np.asarray(fields.get(key, value), float), names)
        for key, value in CALM_NAME.items()
    }
    symbols = tuple(symbols or (f"N{i:02d}" for i in range(names)))
    dt = 1 / steps_per_day
    horizons = tuple(horizons or (days,))
    expiries = range(expiry_every, days + 2 * expiry_every + 1, expiry_every)
    rows = schedule(
        days,
        steps_per_day,
        list(expiries),
        horizons,
        monthly=list(range(monthly_every, days + 2 * monthly_every + 1, monthly_every)),
        normals_per_step=normals_per_step,
        tau_floor=tau_floor,
    )

    lanes, per_lane = tile(names)
    run = np.zeros((), RUN)
    for key, value in {
        "seed": seed,
        "channels": int(channels),
        "names": names,
        "lanes": lanes,
        "names_per_lane": per_lane,
        "factors": len(factors),
        "steps": len(rows),
        "days": days,
        "horizons": len(horizons),
        "steps_per_day": steps_per_day,
        "normals_per_step": normals_per_step,
        "dt": dt,
        "overnight_share": overnight_share,
        "funds": len(funds),
        "events": len(events),
        "factor_mixing": NO_MIXING,
        "premium_limit": premium_limit,
        "settlement_c": -np.expm1(-dt / settlement_days),
        "broker_duration": broker_duration,
        "policy": int(policy),
        "book_participation_dt": book_participation * dt,
        "grace_steps": max(0, np.ceil(grace / dt - 0.5)),
        "cushion": cushion,
        "stop_up": np.log1p(stop_loss),
        "stop_down": np.log1p(-stop_loss) if stop_loss < 1 else -1e30,
        "leverage": leverage,
        "financing_dt": financing_rate * dt / 252,
    }.items():
        run[key] = value

    # Static chains, and the hedge they ask for at the as-of close.
    chains = [options] * names if isinstance(options, Options) else list(options or [None] * names)
    present = [i for i, chain in enumerate(chains) if chain is not None]
    record = np.zeros(lanes * per_lane, NAME)
    name = record[:names]
    record["chain"] = NO_CHAIN
    record["mixing"] = NO_MIXING
    for key in PADDED_WITH_ONE:
        record[key] = 1.0

    # Heavy tails: a table for every law in use.
    laws = [(d, cap) for d, cap in zip(p["dof"], p["tail_cap"], strict=True) if d]
    laws += [(factor_dof, factor_tail_cap)] if factor_dof else []
    tables = list(dict.fromkeys(laws))
    for i in range(names):
        if p["dof"][i]:
            name["mixing"][i] = tables.index((p["dof"][i], p["tail_cap"][i]))
    if factor_dof:
        run["factor_mixing"] = tables.index((factor_dof, factor_tail_cap))
    features = Feature.EVENTS if events else Feature(0)
    for flag, used in (
        (Feature.NAME_TAILS, p["dof"].any()),
        (Feature.FACTOR_TAILS, factor_dof),
        (Feature.JUMPS, p["jump_rate"].any()),
        (Feature.MONTHLY_CALLS, p["monthly_share"].any()),
        (Feature.COHORT_MARGIN, p["cohort_margin_share"].any()),
        (Feature.CLUSTERING, p["clustering"].any()),
        (Feature.CANCELLATION, any(e.type == EventType.CANCELLATION for e in events)),
    ):
        features |= flag if used else Feature(0)
    run["features"] = int(features)
    built = build_chain(
        [chain for chain in chains if chain is not None],
        (rows["day"] + (np.arange(len(rows)) % (steps_per_day + 1)) / steps_per_day),
        dt,
        trading=rows["kind"] & 1 == 0,
        tau_floor=tau_floor,
        resolution=resolution,
        price_range=price_range,
        vol_range=vol_range,
        vol_nodes=vol_nodes,
    )
    for row, i in enumerate(present):
        sign = p["dealer_sign"][i]
        name["chain"][i] = row
        name["long_gamma"][i] = bool((sign < 0) or (sign > 0 and built.falls[row]))
        name["chain_start"][i] = built.start[row]
        name["chain_inverse_step"][i] = built.inverse_step[row]
        name["chain_low"][i], name["chain_high"][i] = sorted(
            (sign * built.low[row], sign * built.high[row])
        )
        name["hedge0"][i] = lots(sign * built.hedge0(row, p["vol0"][i]))
    if present:
        run["vol_nodes"], run["price_nodes"] = built.table.shape[2:]
        run["vol_start"], run["vol_inverse_step"] = built.vol_start, built.vol_inverse_step

    # Calls the crowd has at the start are hedged as well.
    width = np.maximum(p["vol0"] * np.sqrt((expiry_every) / 252), 1e-4)
    calls_delta = ndtr(-p["call_log_strike0"] / width + width / 2)
    name["hedge0"] = lots(name["hedge0"] + p["calls0"] * calls_delta)

    # The ledger.
    hedge = name["hedge0"].astype(float)
    locked, book_long, book_short = (lots(p[k]) for k in ("locked", "book_long", "book_short"))
    levered, leader, crowd, new_shorts = (
        lots(p[k]) for k in ("levered", "leader0", "crowd0", "new_shorts0")
    )
    positions = np.zeros((lanes * per_lane, len(funds)), POSITION)
    for k, fund in enumerate(funds):
        positions["holding0"][:names, k] = lots(np.asarray(fund.positions, float))
        positions["value"][:names, k] = fund.value
    held = positions["holding0"][:names].astype(float)
    fund_short = np.maximum(-held, 0).sum(axis=1)
    cohort = lots(p["short_interest"]) - book_short - new_shorts - fund_short
    sold = cohort + book_short + new_shorts + fund_short
    fund_long = np.maximum(held, 0).sum(axis=1)
    elastic = 1 + sold - locked - hedge - book_long - levered - leader - crowd - fund_long
    issuable = p["issue_maximum"] + sum(
        np.broadcast_to(e.sizes, names) * min(e.rows / (steps_per_day + 1) + 1, days)
        for e in events
        if e.type == EventType.ISSUANCE
    )
    if (cohort < 0).any():
        raise ValueError("book, funds and new shorts exceed the reported short interest")
    if (elastic < 0.05).any() or (1 + sold + issuable > 4).any():
        raise ValueError("elastic holders own less than .05 float, or longs exceed 4 floats")

    def c(rate: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return -np.expm1(-rate * dt)

    loading = np.zeros((lanes * per_lane, len(factors)), np.float32)
    if loadings is not None:
        loading[:names] = loadings
    m, sd = p["elasticity"], p["tolerance_sd"]
    floor = ndtr(-p["tolerance"] / sd)
    lendable = p["lendable_elastic"] * elastic + p["lendable_locked"] * locked
    borrowed = sold + np.maximum(-hedge, 0)
    weight = p["attention_weight"] * (p["attention0"] > 0)
    held_by_book = book_long - book_short
    inverse = np.divide(1, held_by_book, out=np.zeros(names), where=held_by_book != 0)
    derived = {
        "stream": [stream_of(symbol) for symbol in symbols],
        "factor_variance": (loading[:names].astype(float) ** 2).sum(axis=1),
        "elastic0": elastic,
        "elastic_normal": elastic * np.exp(p["premium"] / m),
        "elastic_min": np.minimum(
            elastic * np.exp(p["premium"] / m) * np.maximum(p["max_multiple"] ** (-1 / m), 1e-4),
            elastic,
        ),
        "anchor0": -p["premium"],
        "jump_probability": -np.expm1(-p["jump_rate"]),
        "jump_compensator": np.log1p(
            -np.expm1(-p["jump_rate"]) * np.expm1(p["jump_mean"] + p["jump_sd"] ** 2 / 2)
        ),
        "levered0": levered,
        "leader0": leader,
        "crowd0": crowd,
        "new_shorts0": new_shorts,
        "call_capacity_inverse": 1 / p["call_capacity"],
        "entry_fee_years": p["entry_horizon"] / 252,
        "levered_inverse_sd": 1 / p["levered_tolerance_sd"],
        "levered_floor": ndtr(-p["levered_tolerance"] / p["levered_tolerance_sd"]),
        "levered_inverse_mass": 1 / ndtr(p["levered_tolerance"] / p["levered_tolerance_sd"]),
        "levered_participation_dt": p["levered_participation"] * dt,
        "release_c": c(p["release_rate"]),
        "release_inverse_sd": 1 / p["release_sd"],
        "release_floor": ndtr(-p["release_mean"] / p["release_sd"]),
        "release_inverse_mass": 1 / ndtr(p["release_mean"] / p["release_sd"]),
        "issue_participation_dt": p["issue_participation"] * dt,
        "leader_rate_dt": p["leader_rate"] * dt,
        "leader_participation_dt": p["leader_participation"] * dt,
        "repricing_c": c(p["repricing_rate"]),
        "band_up": np.log1p(p["band"]),
        "band_down": -np.log1p(-p["band"]),
        "reference_c": -np.expm1(-78 * dt),
        "pause_steps": max(1, round(steps_per_day / 78)),
        "transient_impact": p["eta"] * p["sigma"],
        "transient_decay_c": c(p["transient_decay"]),
        "locked": locked,
        "cohort0": cohort,
        "book0": book_long - book_short,
        "book_inverse": inverse,
        "book_value": p["book_weight"] * inverse,
        "hedging_dt": p["hedging"] * dt,
        "hedging_c": c(p["hedging"]),
        "vol_c": c(p["vol_rate"]),
        "attention_weight": weight / (weight.sum() or 1),
        "momentum_c": c(p["momentum_rate"]),
        "call_strike_exp": np.exp(p["call_strike"]),
        "tolerance_inverse_sd": 1 / sd,
        "tolerance_floor": floor,
        "tolerance_inverse_mass": 1 / (1 - floor),
        "participation_dt": p["participation"] * dt,
        "cohort_margin_all": 1 + 1 / p["maintenance_margin"],
        "cohort_margin_left": (1 + p["initial_margin"]) / p["maintenance_margin"],
        "entry_rate_dt": p["entry_rate"] * dt,
        "stop_rate_dt": p["stop_rate"] * dt,
        "stop_inverse_sd": 1 / p["stop_sd"],
        "take_profit_rate_dt": p["take_profit_rate"] * dt,
        "take_profit_inverse_sd": 1 / p["take_profit_sd"],
        "recall_c": c(p["recall_rate"]),
        "fee_excess0": np.maximum(borrowed / lendable - p["fee_threshold"], 0),
        "restriction_hazard_dt": p["restriction_hazard"] * dt,
        "book_margin": p["margin_rate"] * np.abs(p["book_weight"]),
        **{
            f"margin_{what}": p[f"margin_{what}"] * np.abs(p["book_weight"])
            for what in ("max", "float", "volume", "interest", "fee")
        },
    }
    for key, values in {**p, **derived}.items():
        if key in (NAME.names or ()):
            name[key] = values

    return Packed(
        symbols=tuple(symbols),
        run=run,
        names=record,
        loadings=loading,
        factor_streams=np.array([stream_of(f"factor:{f}") for f in factors], np.uint32),
        schedule=rows,
        horizons=np.array(horizons, np.int32),
        chain=built.table,
        steepest=built.steepest,
        funds=_fund_records(funds, dt),
        positions=positions,
        events=_event_records(events),
        event_sizes=_event_sizes(events, names, lanes * per_lane),
        mixing=np.array([mixing_table(*law) for law in tables], np.float32).reshape(
            -1, MIXING_NODES
        ),
    )


def _fund_records(funds: Sequence[TestFund], dt: float) -> npt.NDArray[np.void]:
    records = np.zeros(len(funds), FUND)
    for record, fund in zip(records, funds, strict=True):
        record["threshold"], record["slope"] = fund.threshold, fund.slope
        record["kept0"] = 1 - fund.slope * max(-fund.threshold, 0)
        record["cut_c"] = -np.expm1(-fund.cut_rate * dt)
        record["rebuild_c"] = -np.expm1(-fund.rebuild_rate * dt)
    return records


def _event_records(events: Sequence[TestEvent]) -> npt.NDArray[np.void]:
    records = np.zeros(len(events), EVENT)
    for k, event in enumerate(events):
        records["type"][k] = int(event.type)
        records["stream"][k] = stream_of(f"event:{event.id}")
        records["start_row"][k], records["rows"][k] = event.start, event.rows
        records["hazard"][k], records["from_day"][k] = event.hazard, event.from_day
    return records


def _event_sizes(events: Sequence[TestEvent], names: int, slots: int) -> npt.NDArray[np.float32]:
    """Sizes per slot and event; factors are 1 where a slot is empty."""
    factors = (EventType.LENDABLE, EventType.ELASTICITY, EventType.DEPTH, EventType.IMPLIED_VOL)
    sizes = np.zeros((slots, len(events)), np.float32)
    for k, event in enumerate(events):
        sizes[:, k] = 1.0 if event.type in factors else 0.0
        sizes[:names, k] = event.sizes
    return sizes


def lots(quantity: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Rounded to whole lots of 2^-22 float."""
    return np.asarray(np.rint(np.asarray(quantity, float) * LOTS_PER_FLOAT) / LOTS_PER_FLOAT)


def path_ids(paths: int, first: int = 0) -> npt.NDArray[np.uint64]:
    return np.arange(first, first + paths, dtype=np.uint64)


def weekly_calls(interest: float, log_strike: float, days: int, every: int = 5) -> Options:
    """Calls at one strike in every week up to the first expiry after `days`.

    Each week's open interest is `interest` shared over the expiries still to come at the start.
    """
    expiry = np.arange(every, days + every + 1, every)
    count = len(expiry)
    return Options(
        np.full(count, log_strike), expiry, np.ones(count, bool), np.full(count, interest / count)
    )


# Slots without a name must be able to run, too.
PADDED_WITH_ONE = ("elastic_normal", "levered_inverse_sd", "release_inverse_sd", "pause_steps")

# The prototype's fit to GameStop, 12 January - 19 February 2021, in this model's parameters.
GME: dict[str, float] = {
    "sigma": 0.0559,  # .05 intraday and .025 overnight
    "attention_volatility": 1.92,
    "elasticity": 1.61,
    "eta": 0.49,  # .548 of the intraday sigma
    "transient_decay": 2.0,
    "adv": 0.2,
    "attention_volume": 15.4,
    "locked": 0.427,  # frozen: this model has no release
    "short_interest": 1.4,
    "hedging": 40.0,
    "vol0": 1.2,
    "vol_rate": 0.7,
    "vol_realised": 0.8,
    "vol_demand": 0.46,
    "vol_max": 10.0,
    "rv_weight": 0.25,
    "attention0": 0.019,
    "infection": 0.379,
    "shared": 0.0,
    "momentum": 2.24,
    "momentum_rate": 0.7,
    "exit_rate": 0.047,
    "exit_restricted": 0.5,
    "stampede": 3.4,
    "stampede_drawdown": 0.25,
    "share_budget": 0.893,
    "never_sell": 0.318,
    "call_budget": 0.027,
    "call_strike": 0.16,
    "call_roll": 0.226,
    "tolerance": 0.963,
    "tolerance_sd": 0.547,
    "participation": 0.116,
    "entry_rate": 0.279,
    "entry_threshold": 0.705,
    "stop_rate": 1.0,
    "stop_loss": 0.963,
    "stop_sd": 0.547,
    "take_profit_rate": 0.24,
    "take_profit": 0.7,
    "take_profit_sd": 0.25,
    "lendable_elastic": 0.75,
    "lendable_locked": 0.9,
    "recall_rate": 0.3,
    "fee0": 0.05,
    "fee_slope": 2.0,
    "fee_threshold": 0.8,
    "restriction_hazard": 0.385,
    "restriction_threshold": 2.485,
    "restriction_duration": 100.0,
}


def gme_like(names: int = 1, *, days: int = 26, steps_per_day: int = 26, **changes: Any) -> Packed:
    """The prototype's fit of January 2021: every agent at work."""
    # An expiry keeps to the prototype's static chain of .31 float at .1, one week at a time.
    settings: dict[str, Any] = {
        "options": weekly_calls(0.31, 0.1, days),
        "overnight_share": 0.2,
        **GME,
        **changes,
    }
    return packed(names, days=days, steps_per_day=steps_per_day, **settings)


@st.composite
def options_strategy(draw: st.DrawFn, /, days: int) -> Options:
    """A chain of one to six options, calls and puts, some expiring within the run."""
    count = draw(st.integers(1, 6))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    return Options(
        np.array(column(st.floats(-0.8, 0.8))),
        np.array(column(st.integers(1, 2 * days + 3))),
        np.array(column(st.booleans())),
        np.array(column(st.floats(0, 0.05))),
    )


RANGES: dict[str, tuple[float, float]] = {
    "sigma": (0.005, 0.12),
    "drift": (-0.01, 0.01),
    "attention_volatility": (0, 3),
    "clustering": (0, 0.9),
    "elasticity": (0.2, 3),
    "max_multiple": (3, 100),
    "eta": (0, 1.5),
    "transient_decay": (0, 10),
    "adv": (0.005, 0.5),
    "attention_volume": (0, 20),
    "locked": (0, 0.6),
    "short_interest": (0.05, 1.4),
    "book_long": (0, 0.05),
    "book_short": (0, 0.05),
    "dealer_sign": (-1, 1),
    "hedging": (0, 200),
    "vol0": (0.2, 3),
    "vol_rate": (0, 3),
    "vol_realised": (0, 1.2),
    "vol_demand": (0, 1),
    "rv_weight": (0, 1),
    "attention0": (0, 0.1),
    "infection": (0, 1.5),
    "shared": (0, 1),
    "momentum": (0, 4),
    "momentum_rate": (0, 3),
    "exit_rate": (0, 0.5),
    "exit_restricted": (0, 2),
    "stampede": (0, 6),
    "share_budget": (0, 1.5),
    "never_sell": (0, 1),
    "call_budget": (0, 0.1),
    "call_strike": (-0.1, 0.4),
    "call_roll": (0, 1),
    "tolerance": (-0.3, 2),
    "tolerance_sd": (0.1, 1),
    "participation": (0, 0.5),
    "entry_rate": (0, 2),
    "entry_threshold": (0, 1),
    "lendable_elastic": (0.2, 1),
    "lendable_locked": (0, 1),
    "recall_rate": (0, 3),
    "fee0": (0.003, 0.3),
    "fee_slope": (0, 4),
    "fee_threshold": (0.3, 1),
    "restriction_hazard": (0, 5),
    "restriction_threshold": (0.05, 3),
    "restriction_duration": (0.1, 5),
    "book_weight": (-0.5, 0.5),
}

# Forces that most scenarios leave off: drawn together, for half of the scenarios.
MORE_RANGES: dict[str, tuple[float, float]] = {
    "premium": (0, 0.5),
    "dof": (2.5, 9),
    "tail_cap": (2, 50),
    "jump_rate": (0, 0.5),
    "jump_mean": (-0.2, 0.2),
    "jump_sd": (0, 0.2),
    "depth_volatility": (0, 1),
    "leader0": (0, 0.05),
    "leader_block": (0, 0.1),
    "leader_rate": (0, 1),
    "leader_sell_above": (-0.1, 1),
    "following": (0, 2),
    "crowd0": (0, 0.05),
    "removed0": (0, 0.2),
    "calls0": (0, 0.05),
    "call_log_strike0": (-0.2, 0.2),
    "monthly_share": (0, 1),
    "call_capacity": (0.01, 1),
    "cohort_margin_share": (0, 1),
    "new_shorts0": (0, 0.02),
    "entry_horizon": (0, 30),
    "repricing_rate": (0, 5),
    "levered": (0, 0.1),
    "levered_tolerance": (-0.1, 0.5),
    "levered_participation": (0, 0.5),
    "levered_refinancing": (0, 1),
    "release_rate": (0, 2),
    "release_share": (0, 1),
    "release_mean": (0, 2),
    "issue_threshold": (-0.1, 1),
    "issue_maximum": (0, 0.2),
    "broker_value": (0, 20),
    "band": (0.02, 0.2),
    "band_closing": (1, 2),
}

EVENT_SIZES: dict[EventType, tuple[float, float]] = {
    EventType.ANCHOR: (-0.3, 0.3),
    EventType.PROGRAMME: (-0.2, 0.2),
    EventType.CALL_PROGRAMME: (0, 0.02),
    EventType.LENDABLE: (0, 1),
    EventType.ATTENTION: (0, 0.2),
    EventType.ELASTICITY: (0.5, 2),
    EventType.DEPTH: (0.3, 3),
    EventType.IMPLIED_VOL: (0.5, 2),
    EventType.ISSUANCE: (0, 0.1),
    EventType.RESTRICTION: (-1, 1),
    EventType.MARGIN: (0, 0.5),
    EventType.HALT: (1, 1),
    EventType.CANCELLATION: (1, 1),
}


@st.composite
def events_strategy(draw: st.DrawFn, /, rows: int) -> list[TestEvent]:
    """Up to four events, dated or at random."""
    types = draw(st.lists(st.sampled_from(list(EventType)), max_size=4))
    made = []
    for k, kind in enumerate(types):
        size = draw(st.floats(*EVENT_SIZES[kind]))
        size = float(np.sign(size)) if kind == EventType.RESTRICTION else size
        start = float(draw(st.integers(-1, rows - 1)))
        length = float(draw(st.integers(1, rows)))
        made.append(TestEvent(kind, size, start, length, hazard=2.0, id=f"e{k}"))
    return made


@st.composite
def funds_strategy(draw: st.DrawFn, /, names: int) -> list[TestFund]:
    """Up to three funds, long and short."""
    made = []
    for _ in range(draw(st.integers(0, 3))):
        held = draw(st.lists(st.floats(-0.02, 0.03), min_size=names, max_size=names))
        made.append(
            TestFund(
                held,
                draw(st.floats(1, 30)),
                draw(st.floats(-0.05, 0.1)),
                draw(st.floats(0, 8)),
                draw(st.floats(0, 20)),
                draw(st.floats(0, 5)),
            )
        )
    return made


@st.composite
def packed_strategy(draw: st.DrawFn, /, max_names: int = 7, **fixed: Any) -> Packed:
    """Wide admissible scenarios: up to `max_names` names, any channels, with or without chains."""
    names = draw(st.integers(1, max_names))
    days = draw(st.integers(1, 4))
    factors = draw(st.integers(0, 2))
    fields = {
        key: draw(st.lists(st.floats(*bounds), min_size=names, max_size=names))
        for key, bounds in RANGES.items()
    }
    chain = st.none() | options_strategy(days)
    share = draw(st.floats(0, 0.7))
    loadings = np.full((names, factors), 0.0)
    if factors:
        loadings[:] = (share * np.array(fields["sigma"]) / np.sqrt(factors))[:, None]
    every = draw(st.integers(1, 5))
    steps_per_day = draw(st.sampled_from([1, 3, 8, 13]))
    more: dict[str, Any] = {}
    if draw(st.booleans()):
        more = {
            key: draw(st.lists(st.floats(*bounds), min_size=names, max_size=names))
            for key, bounds in MORE_RANGES.items()
        }
        more["funds"] = draw(funds_strategy(names))
        more["events"] = draw(events_strategy(days * (steps_per_day + 1)))
        more["factor_dof"] = draw(st.sampled_from([0.0, 3.0, 6.0]))
        more["premium_limit"] = draw(st.floats(0, 5))
        more["monthly_every"] = draw(st.integers(1, 6))
    settings: dict[str, Any] = {
        "days": days,
        "steps_per_day": steps_per_day,
        "channels": Channel(draw(st.integers(0, int(ALL_CHANNELS)))),
        "seed": draw(st.integers(0, 2**64 - 1)),
        "overnight_share": draw(st.floats(0, 0.6)),
        "options": [draw(chain) for _ in range(names)],
        "horizons": sorted({draw(st.integers(1, days)), days}),
        "normals_per_step": draw(st.sampled_from([1, 1, 2, 3])),
        "expiry_every": every,
        "loadings": loadings,
        "factors": ["market", "sector"][:factors],
        "resolution": 0.02,
        **fields,
        **more,
        **fixed,
    }
    try:
        return packed(names, **settings)
    except ValueError:
        assume(False)
        raise
