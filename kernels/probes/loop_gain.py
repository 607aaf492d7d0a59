"""The loop gain: how much buying a price rise calls forth, as a price rise.

    G = (M / E) d(target holding)/dx     at fixed time, per channel

Below 1 feedback amplifies a shock by 1/(1 - G); at 1 it ignites. Funds: Cont & Wagalath (2013),
Running for the exit, Math. Finance 23. docs/model.md, section 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ..draws.timeline import Timeline
from ..members import by_member
from ..packed import Packed
from ..records import QUANTITIES_OF_NAMES, TRACE, Channel, EventType, StepKind

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

CHANNELS = ("dealers", "shorts", "crowd_shares", "crowd_calls", "levered_longs", "funds")
SQRT_2PI = np.sqrt(2 * np.pi)


def loop_gain(packed: Packed) -> dict[str, Array]:
    """Gains at the start of every channel (0 where it is switched off) and their `total`.

    Those of the scenario without its ensemble. Shape: each (names,), without padding.
    """
    gains = gains_along(replace(packed, members=()), start_row(packed))
    return {channel: gain[0, 0] for channel, gain in gains.items()}


def start_row(packed: Packed) -> npt.NDArray[np.void]:
    """What is known at the start of a path (docs/model.md, 5) as a trace of one row.

    Shape: (1, 1, names). Filled is what starts at a field of the NAME record, and the funds.
    """
    names = packed.names[: int(packed.run["names"])]
    row = np.zeros((1, 1, len(names)), TRACE)
    for each in QUANTITIES_OF_NAMES:
        if each.traced and isinstance(each.start, str):
            row[each.name] = names[each.start]
    for k in range(int(packed.run["funds"])):
        row[f"fund_{k + 1}"] = packed.positions["holding0"][: len(names), k]
    return row


def gains_along(
    packed: Packed,
    trace: npt.NDArray[np.void],
    rows: npt.ArrayLike | None = None,
    *,
    first_path: int = 0,
    ids: npt.NDArray[np.uint64] | None = None,
) -> dict[str, Array]:
    """Gains of every channel (0 where it is switched off) and their `total` along traced paths.

    Shape: trace (paths, steps + 1, names) or its first rows, TRACE records; each gain (paths,
    rows, names), at `rows` of the trace (None: all). The traced paths have `ids` (None: successive
    ones from `first_path`), which decide when events come at random. A crowd's gain counts what it
    buys in one day. Time to expiry is that of the row; at a close it is that of the next day's
    first step, since what expires at the close feeds nothing back any more.
    """
    at = np.arange(trace.shape[1]) if rows is None else np.asarray(rows, np.intp)
    if ids is None:
        ids = np.arange(first_path, first_path + len(trace), dtype=np.uint64)
    if not packed.members:
        return _of_one_set(packed, trace, None if rows is None else at, ids)
    shape = (len(trace), len(at), int(packed.run["names"]))
    found = {channel: np.empty(shape) for channel in (*CHANNELS, "total")}
    for paths, member in by_member(packed, ids):
        for channel, gain in _of_one_set(member, trace[paths], at, ids[paths]).items():
            found[channel][paths] = gain
    return found


def _of_one_set(
    packed: Packed,
    trace: npt.NDArray[np.void],
    rows: Rows | None,
    ids: npt.NDArray[np.uint64],
) -> dict[str, Array]:
    """`gains_along` where all paths have the same parameters."""
    at = np.arange(trace.shape[1]) if rows is None else rows
    seen = _Seen(trace if rows is None else trace[:, at])
    on, steps = Channel(int(packed.run["channels"])), _steps(packed)[at]
    count = int(packed.run["names"])
    per_share = packed.names["elasticity"][:count, None, None] / seen("elastic")
    restricted = seen("restricted") != 0
    if np.isin(packed.events["type"], (EventType.ELASTICITY, EventType.RESTRICTION)).any():
        factor, starts, lifted = _events(packed, at, ids)
        per_share *= factor
        restricted = (restricted | starts) & ~lifted
    gains = {channel: np.zeros(per_share.shape) for channel in CHANNELS}

    if Channel.DEALERS in on:
        _dealers(gains["dealers"], packed, seen, steps)
    if Channel.SHORTS in on:
        for i, p in _names(packed, "cohort0"):
            d = seen("fee_paid", i) + seen("log_price_max", i) - p["tolerance"]
            d *= p["tolerance_inverse_sd"]
            density = _normal(d) * p["tolerance_inverse_sd"] * p["tolerance_inverse_mass"]
            if share := p["cohort_margin_share"]:
                left = p["cohort_margin_left"] * np.exp(-seen("log_price_max", i))
                calling = (left < p["cohort_margin_all"]) & (left > p["cohort_margin_all"] - 1)
                density += share * (left * calling - density)
            gains["shorts"][i] = np.minimum(p["cohort0"] * density, seen("cohort", i))
    if Channel.CROWD in on:
        _crowd(gains, packed, seen, steps, on, restricted)
    if Channel.LEVERED_LONGS in on:
        for i, p in _names(packed, "levered0"):
            d = (seen("drawdown_max", i) - p["levered_tolerance"]) * p["levered_inverse_sd"]
            density = _normal(d) * p["levered_inverse_sd"] * p["levered_inverse_mass"]
            gains["levered_longs"][i] = np.minimum(p["levered0"] * density, seen("levered", i))
    if Channel.FUNDS in on:
        _funds(gains["funds"], packed, trace, at)
    gains["total"] = np.zeros(per_share.shape)
    for channel in CHANNELS:
        gains[channel] *= per_share
        gains["total"] += gains[channel]
    return {channel: np.moveaxis(gain, 0, 2) for channel, gain in gains.items()}


def largest(
    packed: Packed,
    trace: npt.NDArray[np.void],
    *,
    first_path: int = 0,
    ids: npt.NDArray[np.uint64] | None = None,
    until: Rows | None = None,
) -> dict[str, Array]:
    """Gains of every path and name at the row where their total is largest, the last row left out.

    Shape: trace (paths, steps + 1, names), until (paths,) a row of each path that its gains come
    before, None the last; each gain (paths, names).
    """
    gains = gains_along(packed, trace[:, :-1], first_path=first_path, ids=ids)
    total = gains["total"]
    if until is not None:
        before = np.arange(total.shape[1]) < np.maximum(until, 1)[:, None]
        total = np.where(before[..., None], total, -np.inf)
    where = total.argmax(axis=1)[:, None]
    return {key: np.take_along_axis(gain, where, axis=1)[:, 0] for key, gain in gains.items()}


def _normal(d: Array) -> Array:
    return np.asarray(np.exp(-0.5 * d * d) / SQRT_2PI)


class _Seen:
    """Fields of a trace by name: a million records of 172 bytes are read once for every field."""

    def __init__(self, trace: npt.NDArray[np.void]) -> None:
        self.trace = trace
        self.fields: dict[str, Array] = {}

    def __call__(self, field: str, name: int | slice = slice(None)) -> Array:
        """Shape: (paths, rows) of one name or (names, paths, rows) of all."""
        if field not in self.fields:
            by_name = np.moveaxis(self.trace[field], 2, 0)
            self.fields[field] = np.ascontiguousarray(by_name, dtype=float)
        return self.fields[field][name]


def _names(packed: Packed, field: str) -> Iterator[tuple[int, np.void]]:
    """Index and parameters of every name that has something of `field`."""
    for i in np.flatnonzero(packed.names[field][: int(packed.run["names"])]):
        yield int(i), packed.names[i]


def _steps(packed: Packed) -> Rows:
    """The step whose times to expiry hold at each row of a trace, shape (steps + 1,)."""
    kind = packed.schedule["kind"]
    trades = np.flatnonzero(kind & StepKind.OVERNIGHT == 0)
    row = np.arange(len(kind) + 1)
    following = trades[np.minimum(np.searchsorted(trades, row), len(trades) - 1)]
    within = np.append(False, kind & (StepKind.OVERNIGHT | StepKind.CLOSE) == 0)
    return np.where(within, row - 1, following)


def _events(
    packed: Packed, rows: Rows, paths: npt.NDArray[np.uint64]
) -> tuple[Array, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Of the events at the step that follows each row: the factor on M, restricted, not restricted.

    Shape: each (names, paths, rows).
    """
    shape = (int(packed.run["names"]), len(paths), len(rows))
    factor, on, lifted = np.ones(shape), np.zeros(shape, bool), np.zeros(shape, bool)
    timeline = Timeline(packed, paths)
    for r, row in enumerate(rows):
        now = timeline.at(int(row))
        factor[..., r] = now.factor(EventType.ELASTICITY)
        on[..., r] = now.any(EventType.RESTRICTION)
        lifted[..., r] = now.any(EventType.RESTRICTION, -1)
    return factor, on, lifted


def _dealers(out: Array, packed: Packed, seen: _Seen, steps: Rows) -> None:
    """dH*/dx: the static chain's table and the crowd's calls, weekly and monthly."""
    times = packed.schedule[steps]
    for i in range(len(out)):
        record, x, v = packed.names[i], seen("log_price", i), seen("implied_vol", i)
        if record["chain"] >= 0:
            out[i] = float(record["dealer_sign"]) * chain_slope(packed, i, x, v, steps)
        for calls, strike, tau in (
            ("calls", "call_log_strike", "sqrt_tau"),
            ("monthly_calls", "monthly_call_log_strike", "sqrt_tau_month"),
        ):
            if (held := seen(calls, i)).any():
                width = np.maximum(v * times[tau], 1e-4)
                d = (x - seen(strike, i)) / width + width / 2
                out[i] += held / width * _normal(d)


def chain_slope(packed: Packed, name: int, x: Array, v: Array, steps: Rows) -> Array:
    """d chain/dx of a name's table, as the back ends read it: that of the cell, 0 beyond the ends.

    Shape: x, v (paths, rows), steps (rows,).
    """
    run, record = packed.run, packed.names[name]
    table = packed.chain[record["chain"]]
    last_vol, last_price = table.shape[1] - 1, table.shape[2] - 1
    place = (np.sqrt(v) - run["vol_start"]) * float(run["vol_inverse_step"])
    place = np.clip(place, 0, last_vol)
    lower = np.minimum(place.astype(np.intp), last_vol - 1)
    scale = float(record["chain_inverse_step"])
    along = (x - float(record["chain_start"])) * scale
    cell = np.clip(along.astype(np.intp), 0, last_price - 1)
    corner = (steps * table.shape[1] + lower) * table.shape[2] + cell
    flat = table.reshape(-1)
    low = flat[corner + 1].astype(float) - flat[corner]
    corner += table.shape[2]
    high = flat[corner + 1].astype(float) - flat[corner]
    inside = (along >= 0) & (along <= last_price)
    return np.asarray(scale * inside * (low + (place - lower) * (high - low)))


def _crowd(
    gains: dict[str, Array],
    packed: Packed,
    seen: _Seen,
    steps: Rows,
    on: Channel,
    restricted: npt.NDArray[np.bool_],
) -> None:
    """What a day's new participants more buy per log price, shares and hedges of calls."""
    times = packed.schedule[steps]
    weight = packed.names["attention_weight"][: int(packed.run["names"])].astype(float)
    others = np.tensordot(weight, seen("attention"), 1)
    for i, p in _names(packed, "infection"):
        seen_by = (1 - p["shared"]) * seen("attention", i) + p["shared"] * others
        if not seen_by.any():
            continue
        m = seen("log_price", i) - seen("log_price_slow", i)
        answers = (m > -0.5) & (m < 1) & (1 + p["momentum"] * m > 0) & ~restricted[i]
        left = np.maximum(1 - seen("attention", i) - seen("removed", i), 0)
        joining = left * p["infection"] * p["momentum"] * seen_by * answers
        joining /= np.exp(seen("log_price", i))
        if Channel.CROWD_SHARES in on:
            gains["crowd_shares"][i] = p["share_budget"] * joining
        if Channel.CROWD_CALLS not in on or Channel.DEALERS not in on or not p["call_budget"]:
            continue
        held = seen("calls", i) + seen("monthly_calls", i)
        room = np.maximum(1 - held * p["call_capacity_inverse"], 0)
        for share, tau in (
            (1 - p["monthly_share"], "sqrt_tau_buy"),
            (p["monthly_share"], "sqrt_tau_month_buy"),
        ):
            if share:
                width = np.maximum(seen("implied_vol", i) * times[tau], 1e-4)
                d1 = width / 2 - p["call_strike"] / width
                delta = ndtr(d1)
                premium = np.maximum(delta - p["call_strike_exp"] * ndtr(d1 - width), 0.005)
                bought = share * p["call_budget"] * joining * room / premium
                gains["crowd_calls"][i] += bought * delta


def _funds(out: Array, packed: Packed, trace: npt.NDArray[np.void], rows: Rows) -> None:
    """Cutting and rebuilding along the fund's own loss; its equity as the kernel marks it."""
    count = len(out)
    price = np.exp(trace["log_price"].astype(float))
    for k in range(int(packed.run["funds"])):
        fund = packed.funds[k]
        start, value = (packed.positions[f][:count, k].astype(float) for f in ("holding0", "value"))
        held = trace[f"fund_{k + 1}"].astype(float)
        kept = _kept(equity(price, held, value)[:, rows], fund)
        scale = float(fund["slope"] / fund["kept0"]) * ((kept > 0) & (kept < 1))
        mine = scale[..., None] * start * value * held[:, rows] * price[:, rows]
        out += np.moveaxis(mine, 2, 0)


def equity(price: Array, held: Array, value: Array) -> Array:
    """A fund's equity after every step by the trapezoid rule, 1 at the start, (paths, rows).

    Shape: price, held (paths, rows, names); value (names,), P(0) x float over its equity.
    """
    marks = np.diff(price, axis=1) * (held[:, 1:] + held[:, :-1]) @ (value / 2)
    return 1 + np.pad(np.cumsum(marks, axis=1), ((0, 0), (1, 0)))


def _kept(equity: Array, fund: np.void) -> Array:
    """The fraction of every position that a fund keeps."""
    beyond = np.maximum(1 - equity - float(fund["threshold"]), 0)
    return np.clip(1 - float(fund["slope"]) * beyond, 0, 1)
