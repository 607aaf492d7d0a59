"""The static option chain: what dealers who are short everything would hold.

    chain(x, v, t) = sum_j O_j Delta_j,     Delta = N(d1) of a call, -N(-d1) of a put,
    d1 = (x - k)/s + s/2,   s = v sqrt(tau)

with Black-Scholes deltas at zero rates (Black & Scholes 1973). docs/model.md, section 10.

An expiry's sum depends on time and volatility through s alone. So it is tabulated once over a
logarithmic grid of s, and every (step, implied vol) of the run interpolates it cubically.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ..kinds import AT_ONCE
from .schedule import TAU_FLOOR, TRADING_DAYS

Array = npt.NDArray[np.float64]

LOG_WIDTH_STEP = 0.15
"""Spacing of the grid of ln s: the cubic errs by less than 1e-4 of an option's open interest."""
SHARPEST = 0.02
"""Widths s below this fraction of a price cell look like a step to the table."""
FALL = 2e-5
"""A fall over a cell by more than this share of all open interest counts; less is interpolation."""


@dataclass(frozen=True)
class Options:
    """Customers' open interest in one name. All arrays of shape (options,)."""

    log_strike: Array  # ln(strike / spot)
    expiry_day: npt.NDArray[np.int64]  # expires at the close of this trading day; 1 is the first
    is_call: npt.NDArray[np.bool_]
    open_interest: Array  # floats of underlying
    exercised: float = 0.0  # part of what is in the money at an expiry
    close_out: float = 0.0  # days before it over which the rest is closed out, 0: at its close

    def __post_init__(self) -> None:
        columns = ("log_strike", "expiry_day", "is_call", "open_interest")
        sizes = {len(np.atleast_1d(getattr(self, f))) for f in columns}
        if len(sizes) != 1:
            raise ValueError(f"the columns of a chain must be of equal length, got {sorted(sizes)}")
        for field, kind in (
            ("log_strike", float),
            ("expiry_day", np.int64),
            ("is_call", bool),
            ("open_interest", float),
        ):
            object.__setattr__(self, field, np.atleast_1d(np.asarray(getattr(self, field), kind)))

    def still_open(self, days: npt.ArrayLike) -> Array:
        """The part of the open interest that is not closed out `days` before its expiry."""
        if not self.close_out:
            return np.ones_like(days, float)
        left = np.clip(np.asarray(days, float) / max(self.close_out, AT_ONCE), 0, 1)
        return self.exercised + (1 - self.exercised) * left


@dataclass(frozen=True)
class ChainTable:
    """The tables of a run, one per name with options; all share the grid of sqrt(implied vol)."""

    table: npt.NDArray[np.float32]  # (chains, steps, vol nodes, price nodes)
    steepest: npt.NDArray[np.float32]  # (chains, steps): the x of the steepest cell
    start: Array  # (chains,): x of the first node
    inverse_step: Array  # (chains,)
    low: Array  # (chains,): the least hedge over all prices, vols and steps
    high: Array  # (chains,)
    falls: npt.NDArray[np.bool_]  # (chains,): the hedge falls somewhere as the price rises
    start_hedge: Array  # (chains, vol nodes): hedge at x = 0 at the as-of close
    vol_start: float
    vol_inverse_step: float

    def hedge0(self, chain: int, implied_vol: float) -> float:
        """H*(0, v0) at the as-of close, interpolated in sqrt(v) as the back ends do."""
        nodes = self.vol_start + np.arange(self.start_hedge.shape[1]) / self.vol_inverse_step
        return float(np.interp(np.sqrt(implied_vol), nodes, self.start_hedge[chain]))


def chain_hedge(
    options: Options, x: npt.ArrayLike, v: npt.ArrayLike, t: float, tau_min: float = TAU_FLOOR
) -> Array:
    """The exact hedge in floats at log-price x and implied vol v, t days after the as-of close.

    Shape: x and v broadcast against each other. An option that expired before t contributes
    nothing; time to expiry is never below `tau_min` days.
    """
    alive = options.expiry_day >= t - 1e-6
    tau = np.maximum(options.expiry_day[alive] - t, tau_min) / TRADING_DAYS
    s = np.asarray(v, float)[..., None] * np.sqrt(tau)
    d1 = (np.asarray(x, float)[..., None] - options.log_strike[alive]) / s + s / 2
    delta = np.where(options.is_call[alive], ndtr(d1), -ndtr(-d1))
    interest = options.open_interest[alive] * options.still_open(options.expiry_day[alive] - t)
    return np.asarray((delta * interest).sum(axis=-1))


def build_chain(
    chains: Sequence[Options],
    times: npt.ArrayLike,
    dt: float,
    *,
    trading: npt.NDArray[np.bool_] | None = None,
    tau_floor: float = TAU_FLOOR,
    resolution: float = 0.01,
    vol_range: tuple[float, float] = (0.2, 3.2),
    vol_nodes: int = 24,
) -> ChainTable:
    """Tabulates the hedge of every name's chain for every step.

    Shape: times (steps,), the end of each step in days, ascending; trading (steps,), False for
    overnight steps, whose slices are zeros, or what is exercised at the close before. Prices are
    in x, at most `resolution` apart, over one log-point beyond a name's strikes, at least
    (-2.5, 4.5).
    `vol_range` is in sqrt(implied vol per annum). `dt` and `tau_floor x dt`, the least time to
    expiry, are in days.
    """
    if vol_nodes < 2 or resolution <= 0:
        raise ValueError("a chain table needs two vol nodes or more and a positive resolution")
    times = np.asarray(times, float)
    trading = np.ones(len(times), bool) if trading is None else np.asarray(trading, bool)
    ranges = np.array([strikes_range(options) for options in chains]).reshape(-1, 2)
    spans = ranges[:, 1] - ranges[:, 0]
    nodes = int(np.ceil(spans.max(initial=2 * resolution) / resolution - 1e-9)) + 1
    roots = np.linspace(*vol_range, vol_nodes)
    table = np.zeros((len(chains), len(times), vol_nodes, nodes), np.float32)
    least, most = np.zeros((2, len(chains)))
    falls = np.zeros(len(chains), bool)
    steepest = np.zeros((len(chains), len(times)), np.float32)
    # Chain by chain: the table can take gigabytes, so nothing else is made in its size.
    for i, (options, (low, high)) in enumerate(zip(chains, ranges, strict=True)):
        x = np.linspace(low, high, nodes)
        traded = tabulate(options, x, roots**2, times[trading], tau_floor * dt)
        table[i, trading] = traded
        for row, delivered in deliveries(options, x, times, trading):
            table[i, row] = delivered
        rises = np.diff(traded, axis=-1)
        if not rises.size:
            continue
        least[i] = min(float(np.min(traded)), 0.0)
        most[i] = max(float(np.max(traded)), 0.0)
        falls[i] = np.min(rises) < -FALL * np.abs(options.open_interest).sum()
        cell = np.abs(rises).max(axis=1).argmax(axis=-1)
        steepest[i, trading] = low + (cell + 0.5) * (spans[i] / (nodes - 1))
    at_start = [chain_hedge(options, 0.0, roots**2, 0.0, tau_floor * dt) for options in chains]
    return ChainTable(
        table=table,
        steepest=steepest,
        start=ranges[:, 0],
        inverse_step=(nodes - 1) / spans,
        low=least,
        high=most,
        falls=falls,
        start_hedge=np.array(at_start).reshape(len(chains), vol_nodes),
        vol_start=float(roots[0]),
        vol_inverse_step=float(1 / (roots[1] - roots[0])),
    )


def strikes_range(options: Options) -> tuple[float, float]:
    """One log-point beyond the strikes, and at least a twelfth and ninety times the spot."""
    k = options.log_strike
    return float(min(np.min(k, initial=0) - 1, -2.5)), float(max(np.max(k, initial=0) + 1, 4.5))


def tabulate(
    options: Options, x: Array, v: Array, times: Array, tau_min: float
) -> npt.NDArray[np.float32]:
    """The hedge at every (time, v, x) of one chain, shape (times, v, x); times ascend."""
    out = np.zeros((len(times), len(v), len(x)), np.float32)
    sharpest = SHARPEST * (x[1] - x[0])
    for day in np.unique(options.expiry_day):
        mine = options.expiry_day == day
        alive = int(np.searchsorted(times, day + 1e-6))
        if not alive:
            continue
        tau = np.maximum(day - times[:alive], tau_min) / TRADING_DAYS
        s = np.maximum(v * np.sqrt(tau)[:, None], sharpest)
        first, last = np.log(s.min()), np.log(s.max())
        count = max(int(np.ceil((last - first) / LOG_WIDTH_STEP)), 3) + 1
        grid, step = np.linspace(first, max(last, first + 1e-6), count, retstep=True)
        weights = cubic_weights((np.log(s).ravel() - first) / step, count)
        sums = one_expiry(options, mine, x, np.exp(grid))
        total = weights.astype(np.float32) @ sums.astype(np.float32)
        total = total.reshape(alive, len(v), len(x))
        if options.close_out:
            total *= options.still_open(day - times[:alive]).astype(np.float32)[:, None, None]
        out[:alive] += total
    # What customers are all long (or all short) rises (falls) with the price, so interpolation must
    # not make it ripple: the sign of the slope decides how dealers are solved for.
    if (options.open_interest >= 0).all():
        np.maximum.accumulate(out, axis=-1, out=out)
    elif (options.open_interest <= 0).all():
        np.minimum.accumulate(out, axis=-1, out=out)
    return out


def deliveries(
    options: Options, x: Array, times: Array, trading: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, Array]]:
    """Rows of the overnight steps after an expiry, and what dealers deliver at each x of it.

    What is exercised of calls in the money, less that of puts: they are delivered to the dealers.
    """
    if not options.exercised:
        return
    for day in np.unique(options.expiry_day):
        row = int(np.searchsorted(times, day + 1e-6)) - 1
        if row < 0 or trading[row] or abs(times[row] - day) > 1e-6:
            continue  # the last close, or beyond: nobody trades on it
        mine, step = options.expiry_day == day, np.array([SHARPEST * (x[1] - x[0])])
        yield row, options.exercised * one_expiry(options, mine, x, step)[0]


def one_expiry(options: Options, mine: npt.NDArray[np.bool_], x: Array, widths: Array) -> Array:
    """sum_j O_j Delta_j of the options `mine` at every (s, x); a strike's calls and puts as one."""
    strikes, which = np.unique(options.log_strike[mine], return_inverse=True)
    interest = np.bincount(which, options.open_interest[mine])
    puts = options.open_interest[mine][~options.is_call[mine]].sum()
    out = np.empty((len(widths), len(x)))
    for row, s in zip(out, widths, strict=True):
        row[:] = interest @ ndtr((x - strikes[:, None]) / s + s / 2)
    return np.asarray(out - puts)


def cubic_weights(place: Array, count: int) -> Array:
    """Lagrange weights of the four nodes around each place, shape (places, count)."""
    first = np.clip(np.floor(place).astype(int) - 1, 0, count - 4)
    u = place - first  # nodes of the stencil at 0, 1, 2, 3
    weights = np.zeros((len(place), count))
    rows = np.arange(len(place))
    weights[rows, first] = -(u - 1) * (u - 2) * (u - 3) / 6
    weights[rows, first + 1] = u * (u - 2) * (u - 3) / 2
    weights[rows, first + 2] = -u * (u - 1) * (u - 3) / 2
    weights[rows, first + 3] = u * (u - 1) * (u - 2) / 6
    return weights
