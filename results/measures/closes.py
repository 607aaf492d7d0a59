"""What a block keeps of its closes: counts of the book's losses and calls by day, what happened.

A path's P&L and its call for cash at every close would double a store; counts in bins of about 1 %
say as much of a day's tail as its paths do, and adding blocks is exact.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from .levels import LOSS_SIZES, percent

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.uint32]

OCTAVES, PER_OCTAVE, SMALLEST = 21, 64, -11
"""Bins by size: from 2^-11, .05 % of equity, to 2^10, a thousand times it; what is less is one bin
about 0, and what is larger in the last."""
SIDE = OCTAVES * PER_OCTAVE
BINS = 2 * SIDE + 1
WINDOW = 10
"""Trading days over which a fall of net asset value or a rise of margin is looked for."""
EVENTS = (
    "margin call",
    "call not met",
    "all equity lost",
    *(f"redemption at -{percent(size)} %" for size in LOSS_SIZES),
    "below the requirement at the close",
)
"""First times of a path, but for the last, which is the state at each close."""


def edges() -> Floats:
    """Edges of the bins of a loss, shape (BINS + 1,); a gain is negative."""
    # within an octave bins are equal: they are read off the bits of a float
    octave, part = np.divmod(np.arange(SIDE + 1), PER_OCTAVE)
    up = 2.0 ** (SMALLEST + octave) * (1 + part / PER_OCTAVE)
    return np.concatenate([-up[::-1], up])


def bins_of(losses: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The bin of every loss, by the exponent and the first bits of its mantissa."""
    size = np.abs(losses)
    place = (size.view(np.uint32) >> np.uint32(23 - 6)).astype(np.int64)
    place = np.clip(place - ((127 + SMALLEST) << 6), -1, SIDE - 1)
    return np.where(place < 0, SIDE, np.where(losses > 0, SIDE + 1 + place, SIDE - 1 - place))


def counts_of(losses: npt.NDArray[np.float32]) -> Counts:
    """Paths per bin by day. Shape: losses (days, paths) -> (days, BINS)."""
    days, offset = len(losses), np.arange(len(losses))[:, None] * BINS
    every = np.bincount((bins_of(losses) + offset).ravel(), minlength=days * BINS)
    return every.reshape(days, BINS).astype(np.uint32)


def largest_nav_loss(pnl: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The largest fall of net asset value over at most WINDOW days, from close to close, as a share
    of its value at the start of the fall. Shape: pnl (days, paths) -> (paths,).

    From a start without equity nothing more can be lost.
    """
    nav = 1 + np.vstack([np.zeros(pnl.shape[1], np.float32), pnl]).astype(np.float64)
    return _largest_fall(nav, nav)


def largest_margin_rise(
    pnl: npt.NDArray[np.float32], excess: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The largest rise of the margin requirement over at most WINDOW days, as a share of net asset
    value at the start of the rise. Shape: pnl (days, paths), excess (days + 1, paths) -> (paths,).
    """
    nav = 1 + np.vstack([np.zeros(pnl.shape[1]), pnl])
    return _largest_fall(excess - nav, nav)  # the margin rises where its negative falls


def _largest_fall(values: Floats, nav: Floats) -> npt.NDArray[np.float32]:
    """The largest fall of `values` over at most WINDOW days, as a share of `nav` at its start."""
    found = np.zeros(nav.shape[1])
    for start in range(len(nav) - 1):
        lowest = values[start + 1 : start + 1 + WINDOW].min(axis=0)
        share = np.divide(values[start] - lowest, nav[start], out=np.zeros_like(found),
                          where=nav[start] > 0)  # fmt: skip
        np.maximum(found, share, out=found)
    return found.astype(np.float32)


def unmet_day(excess: npt.NDArray[np.float32], patience: int) -> npt.NDArray[np.float32]:
    """The first close at which the book has been below its requirement at more than `patience`
    closes in a row; NaN: never. Shape: excess (days + 1, paths) -> (paths,).
    """
    run = np.zeros(excess.shape[1], np.int64)
    found = np.full(excess.shape[1], np.nan, np.float32)
    for day, row in enumerate(excess[1:], 1):
        run = np.where(row < 0, run + 1, 0)
        found[(run > patience) & np.isnan(found)] = day
    return found


def event_counts(
    pnl: npt.NDArray[np.float32],
    excess: npt.NDArray[np.float32],
    first_days: Mapping[str, npt.NDArray[np.float32]],
) -> Counts:
    """Paths by event and day: shape (len(EVENTS), days). `first_days` are those that are known, by
    event, day 1 the first, NaN never; the others follow from closes, pnl (days, paths).
    """
    days = len(pnl)
    known = dict(first_days)
    for size, name in zip(LOSS_SIZES, EVENTS[3:-1], strict=True):
        below = -pnl > np.float32(size)
        known[name] = np.where(below.any(axis=0), below.argmax(axis=0) + 1, np.nan)
    rows = []
    for name in EVENTS[:-1]:
        when = known[name]
        rows.append(np.bincount(when[~np.isnan(when)].astype(int), minlength=days + 1)[1:])
    rows.append((excess[1:] < 0).sum(axis=1))
    return np.array(rows, np.uint32)
