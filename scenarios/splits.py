"""Splits and single wrong closes in daily prices, found from price, volume and money together.

A split moves the price by a ratio and the shares that are traded by its inverse, so what is traded
in money stays what it was, and it comes out of nothing: the days around it move as ever. Squeezes
gap as far, but AMC opened 4.1 times higher on 27 January 2021 on many times the usual money, and
GameStop twice as high on the 29th after a week of such moves. Where a price nearly halves or
doubles, no name moves so far in a day unless everybody trades it, so the money tells whatever the
ratio. Below that the volume must be known, and the ratio 3 to 2 or 5 to 3. Smaller ones are told by
a column alone: GameStop fell by a fifth on 9 December 2020, on the usual money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from .prices import Bar

SMALL = ((6, 5), (5, 4), (4, 3), (3, 2), (5, 3), (2, 1), (5, 2))
SMALLEST, LARGE = 1.5, 1.9
TOLERANCE = 0.05  # of the log ratio: what the name itself moves overnight
MONEY = 2.5
MOVES = 5
USUAL_DAYS = 6
HISTORY = 4  # bars before, which say what is usual; with fewer only 2 to 1 and more is told
ROUND_TRIP = 0.6  # log: GameStop fell by a third on 24 March 2021 and rose by half on the next day


@dataclass(frozen=True)
class Split:
    """`ratio` shares after per share before; `stated` where a column of the file says so."""

    ratio: float
    stated: bool

    @property
    def words(self) -> str:
        """`4-for-1 split`, `1-for-10 reverse split`."""
        after, before = _whole(self.ratio)
        return f"{after}-for-{before} {'split' if self.ratio > 1 else 'reverse split'}"


def find_split(before: Sequence[Bar], bar: Bar) -> Split | None:
    """The split at the open of `bar`, None where there is none; `before` ends with its day before.

    Only where prices show it: a file that is restated for a split has no gap.
    """
    last = before[-1]
    gap = float(np.log((bar.open or bar.close) / last.close))
    stated = _stated(last, bar)
    if stated is not None:
        shows = abs(gap + np.log(stated)) < abs(gap)
        return Split(stated, True) if shows else None
    size = abs(gap)
    near = _nearest(np.exp(size))
    known = bar.volume is not None and last.volume is not None
    if abs(size - np.log(near)) > TOLERANCE and not (known and size > np.log(LARGE)):
        return None
    if near < SMALLEST or (near < 2 and not (known and len(before) >= HISTORY)):
        return None
    moves = _moves(before)
    if len(moves) and size < MOVES * moves.mean():
        return None
    if known and not _usual_money(before, bar):
        return None
    return Split(near if gap < 0 else 1 / near, False)


def is_wrong_close(before: Sequence[Bar], bar: Bar, after: Bar) -> bool:
    """Whether a close is far from both its neighbours, which agree, on usual volume."""
    there, back = np.log(bar.close / before[-1].close), np.log(after.close / bar.close)
    moves = _moves(before)
    usual = float(moves.mean()) if len(moves) else ROUND_TRIP / MOVES
    far = max(ROUND_TRIP, MOVES * usual)
    if min(abs(there), abs(back)) < far or there * back > 0 or abs(there + back) > 3 * usual:
        return False
    volumes = [each.volume for each in before if each.volume is not None]
    if bar.volume is None or not volumes:
        return True
    return bool(1 / MONEY < bar.volume / median(volumes) < MONEY)


def _stated(last: Bar, bar: Bar) -> float | None:
    """What a column of splits says of the day, or the adjusted close, which leaves a dividend's
    trace of a few per cent and a split's of its ratio."""
    if bar.split is not None:
        return bar.split
    if bar.adjusted is None or last.adjusted is None:
        return None
    factor = float(bar.adjusted / bar.close / (last.adjusted / last.close))
    size = max(factor, 1 / factor)
    near = _nearest(size)
    if near < 1.2 or abs(np.log(size / near)) > TOLERANCE / 5:
        return None
    return near if factor > 1 else 1 / near


def _moves(before: Sequence[Bar]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.abs(np.diff(np.log([each.close for each in before])))


def _usual_money(before: Sequence[Bar], bar: Bar) -> bool:
    usual = [money for money in (each.money for each in before) if money is not None]
    return bar.money is not None and 1 / MONEY < bar.money / median(usual) < MONEY


def _nearest(size: float) -> float:
    """The ratio above 1 that is nearest: of small whole numbers, or a whole number, beyond 20 a
    round one, since what the name itself did on the day is in it."""
    whole = round(size) if size < 20 else float(f"{size:.2g}")
    ratios = [*(a / b for a, b in SMALL), max(whole, 2)]
    return float(min(ratios, key=lambda ratio: abs(np.log(size / ratio))))


def _whole(ratio: float) -> tuple[int, int]:
    """Shares after and before: 4 and 1, 3 and 2, 1 and 190."""
    size = max(ratio, 1 / ratio)
    many, few = next(
        ((a, b) for a, b in SMALL if abs(size - a / b) < 1e-9), (max(round(size), 1), 1)
    )
    return (many, few) if ratio > 1 else (few, many)
