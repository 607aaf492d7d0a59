"""The records every back end reads and writes, defined once and generated into C.

Units as in docs/model.md: shares in floats, prices relative to the start, times in trading days,
implied volatility and fees per annum, book money in units of the book's equity at the start.
`python -m powderkeg.kernels.layout` writes `kernels/model/records.h`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

import numpy as np
import numpy.typing as npt

MAX_NAMES = 96
MAX_FACTORS = 8
LOTS_PER_FLOAT = 1 << 22
HISTOGRAM_BINS = 512
NO_CHAIN = -1


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


ALL_CHANNELS = Channel(511)
CALM = Channel(0)


class StepKind(IntFlag):
    """What a step of the schedule does; an intraday step with no flag just trades."""

    OVERNIGHT = 1
    CLOSE = 2
    EXPIRY = 4


f4, i4, u4, u8 = np.float32, np.int32, np.uint32, np.uint64

# One per launch.
RUN = np.dtype(
    [
        ("seed", u8),
        ("channels", u4),  # Channel flags
        ("names", i4),  # N, without padding
        ("lanes", i4),  # T of the tile
        ("names_per_lane", i4),  # K of the tile
        ("factors", i4),
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
        ("pad_", f4),
    ],
    align=True,
)

# One per step, overnight steps included.
STEP = np.dtype(
    [
        ("kind", u4),  # StepKind flags
        ("day", i4),  # from 0
        ("draw", i4),  # first draw of the step in its domain
        ("horizon", i4),  # index of the horizon that ends here, or -1
        ("time", f4),  # end of the step, days since the as-of close
        ("sqrt_tau", f4),  # crowd's calls: sqrt of years to expiry from the end of the step
        ("sqrt_tau_buy", f4),  # the same, at least one day
        ("sqrt_tau_roll", f4),  # at an expiry: to the next one
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
        # clearing
        ("elasticity", f4),  # M
        ("elastic0", f4),  # E0
        ("elastic_min", f4),  # E_min
        ("transient_impact", f4),  # eta sigma
        ("transient_decay_c", f4),
        ("adv", f4),  # floats a day
        ("attention_volume", f4),  # a_V
        # holdings at the start
        ("locked", f4),  # L
        ("hedge0", f4),  # H
        ("cohort0", f4),  # S_c
        ("book_long", f4),  # B+
        ("book_short", f4),  # B-
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
        # shorts
        ("tolerance", f4),  # mu
        ("tolerance_inverse_sd", f4),
        ("tolerance_floor", f4),  # N(-mu/sd)
        ("tolerance_inverse_mass", f4),  # 1 / (1 - N(-mu/sd))
        ("participation_dt", f4),
        # new shorts
        ("entry_rate_dt", f4),
        ("entry_threshold", f4),
        ("stop_rate_dt", f4),
        ("stop_loss", f4),
        ("stop_inverse_sd", f4),
        ("take_profit_rate_dt", f4),
        ("take_profit", f4),
        ("take_profit_inverse_sd", f4),
        # borrow market
        ("lendable_elastic", f4),  # l_E
        ("lendable_locked", f4),  # l_L
        ("recall_c", f4),
        ("fee0", f4),  # per annum
        ("fee_slope", f4),
        ("fee_threshold", f4),
        ("fee_excess0", f4),  # (u0 - fee_threshold)+
        ("fee_min", f4),
        # broker restriction
        ("restriction_hazard_dt", f4),
        ("restriction_threshold", f4),  # x
        ("restriction_duration", f4),  # days
        # the book
        ("book_weight", f4),  # a, signed value / equity
        ("book_margin", f4),  # margin rate x |a|
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
            "fails fill_price volume borrow_paid"
        ).split()
    ],
    align=True,
)
# fill_price is relative to the start (e^x before the first step and overnight); volume is net
# buying of the step in floats (signed); restricted and floor are 0/1 (floor: ever).

# Histograms at every close: bins of HISTOGRAM_BINS. Price (and the peak, once per path) uses bins
# of equal width within an octave, 32 to the octave from 2^-7 to 2^9, read off the bits of the
# float, so 2, 5 and 10 are exact edges. The others are linear: bin = clip(int((y - low) / width)).
QUANTITIES = (
    "price",
    "short_interest",
    "utilisation",
    "borrow_fee",
    "dealer_hedge",
    "implied_vol",
    "attention",
)
LINEAR_BINS = {  # low, width; width is a power of two, so the bin is exact in float32
    "short_interest": (0.0, 2.0**-7),
    "utilisation": (0.0, 2.0**-7),
    "borrow_fee": (0.0, 2.0**-7),
    "dealer_hedge": (-2.0, 2.0**-7),
    "implied_vol": (0.0, 2.0**-5),
    "attention": (0.0, 2.0**-9),
}


def price_bin_edges() -> npt.NDArray[np.float64]:
    """Lower edges of the price bins and the upper edge of the last, shape (HISTOGRAM_BINS + 1,).

    The first bin also holds everything below, the last everything above.
    """
    index = np.arange(HISTOGRAM_BINS + 1)
    return np.asarray(2.0 ** (index // 32 - 7) * (1 + (index % 32) / 32))


def bin_edges(quantity: str) -> npt.NDArray[np.float64]:
    """Bin edges of a quantity, shape (HISTOGRAM_BINS + 1,), in its own units."""
    if quantity in ("price", "peak"):
        return price_bin_edges()
    low, width = LINEAR_BINS[quantity]
    return np.asarray(low + width * np.arange(HISTOGRAM_BINS + 1))


def tile(names: int) -> tuple[int, int]:
    """Lanes T and names per lane K of a path's tile for N names (docs/model.md, 12)."""
    lanes = 1
    while 3 * lanes < names:
        lanes *= 2
    return lanes, -(-names // lanes)


def stream(label: str) -> int:
    """32-bit FNV-1a hash of a label: the random-number stream of a symbol or factor."""
    h = 2166136261
    for byte in label.encode():
        h = (h ^ byte) * 16777619 % 2**32
    return h


@dataclass(frozen=True)
class Packed:
    """All a back end needs to run one scenario: plain arrays, no files, no models.

    Shapes: run (), names (T*K,) padded, loadings (T*K, F), factor_streams (F,), schedule (steps,),
    horizons (H,) days, chain (chains, steps, vol_nodes, price_nodes), steepest (chains, steps).
    The chain table holds the hedge of dealers who are short everything, in floats; `steepest` is
    the x where its slope is largest, the start of Newton's method.
    """

    symbols: tuple[str, ...]
    run: npt.NDArray[np.void]
    names: npt.NDArray[np.void]
    loadings: npt.NDArray[np.float32]
    factor_streams: npt.NDArray[np.uint32]
    schedule: npt.NDArray[np.void]
    horizons: npt.NDArray[np.int32]
    chain: npt.NDArray[np.float32]
    steepest: npt.NDArray[np.float32]

    def with_channels(self, channels: Channel) -> Packed:
        """The same packed scenario with other channels switched on."""
        run = self.run.copy()
        run["channels"] = int(channels)
        return Packed(**{**self.__dict__, "run": run})


@dataclass(frozen=True)
class Simulated:
    """What a back end returns for a set of paths.

    pnl (H, paths) fraction of equity; paths (paths,) PATH records; closes
    (days, N, len(QUANTITIES), HISTOGRAM_BINS) counts; peaks (N, HISTOGRAM_BINS) counts of the
    highest price of a path; trace (paths, steps + 1, N) TRACE records, only when asked for.
    """

    pnl: npt.NDArray[np.float32]
    paths: npt.NDArray[np.void]
    closes: npt.NDArray[np.uint32]
    peaks: npt.NDArray[np.uint32]
    trace: npt.NDArray[np.void] | None = None

    @classmethod
    def blank(cls, packed: Packed, paths: int, *, trace: bool) -> Simulated:
        """Room for the results of so many paths; the counts start at 0."""
        run, names = packed.run, int(packed.run["names"])
        closes = (int(run["days"]), names, len(QUANTITIES), HISTOGRAM_BINS)
        return cls(
            pnl=np.empty((len(packed.horizons), paths), np.float32),
            paths=np.empty(paths, PATH),
            closes=np.zeros(closes, np.uint32),
            peaks=np.zeros((names, HISTOGRAM_BINS), np.uint32),
            trace=np.empty((paths, int(run["steps"]) + 1, names), TRACE) if trace else None,
        )


_C_TYPES = {"f": "float", "i": "int", "u": "unsigned"}


def _struct(name: str, dtype: np.dtype[np.void]) -> str:
    assert dtype.fields is not None
    lines = []
    for field, (base, _) in ((f, dtype.fields[f][:2]) for f in dtype.names or ()):
        kind = "unsigned long long" if base == u8 else _C_TYPES[base.kind]
        lines.append(f"    {kind} {field};")
    body = "\n".join(lines)
    return f"struct {name} {{\n{body}\n}};\nstatic_assert(sizeof({name}) == {dtype.itemsize});"


def _enum(flags: type[IntFlag], prefix: str) -> str:
    body = ", ".join(f"{prefix}{f.name} = {f.value}" for f in flags)
    return f"enum : unsigned {{ {body} }};"


def records_header() -> str:
    """The text of kernels/model/records.h."""
    linear = "\n".join(
        f"constexpr float {q.upper()}_LOW = {low}f, {q.upper()}_SCALE = {1 / width}f;"
        for q, (low, width) in LINEAR_BINS.items()
    )
    quantities = ", ".join(f"Q_{q.upper()}" for q in (*QUANTITIES, "COUNT"))
    parts = [
        "// Generated from kernels/layout.py by `python -m powderkeg.kernels.layout`; do not edit.",
        "#pragma once",
        f"constexpr int MAX_NAMES = {MAX_NAMES}, MAX_FACTORS = {MAX_FACTORS}, "
        f"HISTOGRAM_BINS = {HISTOGRAM_BINS};",
        f"constexpr float LOTS_PER_FLOAT = {LOTS_PER_FLOAT}.0f;",
        _enum(Channel, "CHANNEL_"),
        _enum(StepKind, "STEP_"),
        f"enum : int {{ {quantities} }};",
        linear,
        _struct("Run", RUN),
        _struct("Step", STEP),
        _struct("Name", NAME),
        _struct("Path", PATH),
        _struct("Trace", TRACE),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "model" / "records.h").write_text(records_header())
