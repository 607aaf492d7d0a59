"""Scenarios packed by hand, for tests of any back end; no scenarios room, no files.

`packed()` takes physical parameters (rates per day, float holdings) and derives every field of
the records consistently: E0 from the ledger, H(0) from the chain, fee_excess0 from utilisation.
A name's parameter is a number for all names or a sequence of one number per name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import assume
from hypothesis import strategies as st
from scipy.special import ndtr

from powderkeg.kernels.chain import Options, build_chain
from powderkeg.kernels.layout import (
    ALL_CHANNELS,
    LOTS_PER_FLOAT,
    NAME,
    NO_CHAIN,
    RUN,
    Channel,
    Packed,
    stream,
    tile,
)
from powderkeg.kernels.schedule import TAU_FLOOR, schedule

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
}

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
    **fields: float | Sequence[float],
) -> Packed:
    """A packed scenario. `fields` are the keys of CALM_NAME; `options` one chain per name.

    Shape: loadings (names, factors), daily vols. The book's weights are in `book_weight`; a short
    needs `book_short` too if it is to stand in the ledger. Raises ValueError for a name whose
    holdings leave less than .05 float to elastic holders, or whose longs exceed 4 floats.
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
    }.items():
        run[key] = value

    # Static chains, and the hedge they ask for at the as-of close.
    chains = [options] * names if isinstance(options, Options) else list(options or [None] * names)
    present = [i for i, chain in enumerate(chains) if chain is not None]
    record = np.zeros(lanes * per_lane, NAME)
    name = record[:names]
    record["chain"] = NO_CHAIN
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

    # The ledger.
    hedge = name["hedge0"].astype(float)
    locked, book_long, book_short = (lots(p[k]) for k in ("locked", "book_long", "book_short"))
    cohort = lots(p["short_interest"]) - book_short
    elastic = 1 + cohort + book_short - locked - hedge - book_long
    if (cohort < 0).any():
        raise ValueError("the book is short more than the reported short interest")
    if (elastic < 0.05).any() or (1 + cohort + book_short > 4).any():
        raise ValueError("elastic holders own less than .05 float, or longs exceed 4 floats")

    def c(rate: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return -np.expm1(-rate * dt)

    loading = np.zeros((lanes * per_lane, len(factors)), np.float32)
    if loadings is not None:
        loading[:names] = loadings
    m, sd = p["elasticity"], p["tolerance_sd"]
    floor = ndtr(-p["tolerance"] / sd)
    lendable = p["lendable_elastic"] * elastic + p["lendable_locked"] * locked
    borrowed = cohort + book_short + np.maximum(-hedge, 0)
    weight = p["attention_weight"] * (p["attention0"] > 0)
    derived = {
        "stream": [stream(symbol) for symbol in symbols],
        "factor_variance": (loading[:names].astype(float) ** 2).sum(axis=1),
        "elastic0": elastic,
        "elastic_min": elastic * np.maximum(p["max_multiple"] ** (-1 / m), 1e-4),
        "transient_impact": p["eta"] * p["sigma"],
        "transient_decay_c": c(p["transient_decay"]),
        "locked": locked,
        "cohort0": cohort,
        "book_long": book_long,
        "book_short": book_short,
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
        "entry_rate_dt": p["entry_rate"] * dt,
        "stop_rate_dt": p["stop_rate"] * dt,
        "stop_inverse_sd": 1 / p["stop_sd"],
        "take_profit_rate_dt": p["take_profit_rate"] * dt,
        "take_profit_inverse_sd": 1 / p["take_profit_sd"],
        "recall_c": c(p["recall_rate"]),
        "fee_excess0": np.maximum(borrowed / lendable - p["fee_threshold"], 0),
        "restriction_hazard_dt": p["restriction_hazard"] * dt,
        "book_margin": p["margin_rate"] * np.abs(p["book_weight"]),
    }
    for key, values in {**p, **derived}.items():
        if key in (NAME.names or ()):
            name[key] = values

    return Packed(
        symbols=tuple(symbols),
        run=run,
        names=record,
        loadings=loading,
        factor_streams=np.array([stream(f"factor:{f}") for f in factors], np.uint32),
        schedule=rows,
        horizons=np.array(horizons, np.int32),
        chain=built.table,
        steepest=built.steepest,
    )


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
    settings: dict[str, Any] = {
        "days": days,
        "steps_per_day": draw(st.sampled_from([1, 3, 8, 13])),
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
        **fixed,
    }
    try:
        return packed(names, **settings)
    except ValueError:
        assume(False)
        raise
