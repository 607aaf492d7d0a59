"""The paths that lose too much against all paths: what drove them, what happened on them.

Breaching paths and the first of all paths are simulated again with a trace, a bounded number at a
time. Every driver and outcome is told by its quartiles in both, and by the chance that a breaching
path has more of it than any path (results/measures/statistics.py, `superiority`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels import Backend
from ...kernels.packed import Packed
from ...kernels.probes.drivers import Drivers, drivers
from ...kernels.probes.loop_gain import largest
from ...results.measures import statistics as st
from ...results.measures.path_loss import PathLoss
from ...results.store.errors import VerificationFailed
from ...scenarios import Scenario
from ..path_loss import pnl_of, rows_of
from ..replay.book_pnl import financing_by_name, pnl_by_name
from ..run.blocks import traced_paths

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.uint64]
PIECE = 256
"""Paths that are replayed at a time by a worker."""
MOST = 4000
"""Breaching paths that are looked at, and as many of all paths."""
MOST_NAMES, MATTERS = 4, 0.9
"""Names that are replayed: the largest losers, up to so much of the loss."""
NEAREST = 5

OUTCOMES: dict[str, Callable[[npt.NDArray[np.void], Floats], Floats]] = {
    "peak price": lambda t, _: np.exp(t["log_price"].max(axis=1).astype(float)),
    "day of the peak": lambda t, time: time[t["log_price"].argmax(axis=1)],
    "peak attention": lambda t, _: t["attention"].max(axis=1),
    "day attention peaks": lambda t, time: np.where(
        t["attention"].max(axis=1) > 0, time[t["attention"].argmax(axis=1)], np.nan
    ),
    "shorts covered": lambda t, _: 1 - _over(t["cohort"].min(axis=1), t["cohort"][:, 0]),
    "largest dealer hedge": lambda t, _: t["hedge"].max(axis=1),
    "peak utilisation": lambda t, _: t["utilisation"].max(axis=1),
    "peak borrow fee": lambda t, _: t["fee"].max(axis=1),
    "days restricted": lambda t, time: np.einsum(
        "pti,t->pi", t["restricted"][:, :-1] > 0, np.diff(time)
    ),
}
"""What happened to a name: trace (paths, rows, names), time (rows,) -> (paths, names)."""


def _over(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.ones(np.shape(part)), where=np.asarray(whole) > 0)


@dataclass(frozen=True)
class Replayed:
    """Outcomes of replayed paths: `pnl` (paths,), `by_name` and every outcome (paths, names)."""

    pnl: npt.NDArray[np.float32]
    by_name: Floats
    outcomes: dict[str, Floats]

    @classmethod
    def joined(cls, pieces: Sequence[Replayed]) -> Replayed:
        """Pieces in their order as one."""
        return cls(
            np.concatenate([p.pnl for p in pieces]),
            np.concatenate([p.by_name for p in pieces]),
            {k: np.concatenate([p.outcomes[k] for p in pieces]) for k in pieces[0].outcomes},
        )


def replay_paths(engine: Backend, packed: Packed, ids: Ids, loss: PathLoss) -> Replayed:
    """Replay paths with a trace and keep what happened up to the last day that counts."""
    size, pieces = traced_paths(packed), []
    row = packed.row_of_close(loss.day or packed.last_day)
    time = np.append(0.0, packed.schedule["time"][:row]).astype(float)
    for first in range(0, len(ids), size):
        mine = ids[first : first + size]
        result = engine.simulate(packed, mine, trace=True)
        assert result.trace is not None
        trace = result.trace[:, : row + 1]
        at = (np.arange(len(mine)), rows_of(result, packed, loss))
        by_name = pnl_by_name(packed, trace[at]) - financing_by_name(packed, trace)[at]
        outcomes = {
            label: np.asarray(of(trace, time), np.float64) for label, of in OUTCOMES.items()
        }
        outcomes["loop gain at most"] = largest(packed, trace, ids=mine)["total"].astype(float)
        pieces.append(Replayed(pnl_of(result, loss), by_name, outcomes))
    return Replayed.joined(pieces)


@dataclass(frozen=True)
class Compared:
    """One quantity on breaching paths and on all: quartiles (25, 50, 75 %), and how far apart.

    `windows` are its means on breaching paths by window of days, of the news of factors and names.
    """

    subject: str
    quantity: str
    unit: str
    breach: tuple[float, float, float]
    every: tuple[float, float, float]
    apart: st.Estimate
    windows: tuple[st.Estimate, ...] = ()

    @property
    def separation(self) -> float:
        """0: alike, .5: no overlap."""
        return abs(self.apart.value - 0.5)


@dataclass(frozen=True)
class Near:
    """A failing path: `distance` of its news in standard deviations, `loss` a fraction of equity,
    `peak` of the name that lost most."""

    path: int
    distance: float
    loss: float
    name: str
    peak: float


@dataclass(frozen=True)
class Breach:
    """What sets breaching paths apart. `drivers` is empty where they are too few to tell."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    windows: tuple[tuple[int, int], ...]
    looked_at: int
    compared_with: int
    drivers: list[Compared]
    outcomes: list[Compared]
    nearest: list[Near]

    def as_json(self) -> dict[str, Any]:
        """Plain objects."""
        return asdict(self)


def pieces_of(ids: Ids) -> Iterator[Ids]:
    """Ids in the portions that workers take."""
    for first in range(0, len(ids), PIECE):
        yield ids[first : first + PIECE]


def check_same(pnl: npt.NDArray[np.float32], ids: Ids, replayed: Replayed, where: str) -> None:
    """Raises VerificationFailed if a replayed path is not the stored one, to the bit."""
    same = pnl[ids.astype(np.int64)].view(np.uint32) == replayed.pnl.view(np.uint32)
    if not same.all():
        raise VerificationFailed(
            f"{where}: path {int(ids[np.argmin(same)])}, replayed, is not the stored one; the "
            "store or this machine is not to be trusted: run again into a new store"
        )


def breach(
    packed: Packed,
    scenario: Scenario,
    day: int,
    failing: tuple[Ids, Replayed],
    every: tuple[Ids, Replayed],
) -> Breach:
    """Compare failing paths with all; ids and what was told of them."""
    ids, replayed = failing
    names, shares = _names_that_matter(packed.symbols, replayed.by_name)
    mine = drivers(packed, scenario, ids, names, day)
    compared: list[Compared] = []
    outcomes: list[Compared] = []
    if len(ids) >= st.REFUSE:
        theirs = drivers(packed, scenario, every[0], names, day)
        compared = sorted(_drivers(scenario, mine, theirs), key=lambda c: -c.separation)
        outcomes = sorted(_outcomes(packed, names, replayed, every[1]), key=lambda c: -c.separation)
    order = np.argsort(mine.distance, kind="stable")[:NEAREST]
    worst = replayed.by_name.argmin(axis=1)
    nearest = [
        Near(
            int(ids[i]),
            float(mine.distance[i]),
            -float(replayed.pnl[i]),
            packed.symbols[worst[i]],
            float(replayed.outcomes["peak price"][i, worst[i]]),
        )
        for i in order
    ]
    return Breach(names, shares, mine.windows, len(ids), len(every[0]), compared, outcomes, nearest)


def _names_that_matter(
    symbols: Sequence[str], by_name: Floats
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The largest losers on failing paths and their shares of all losses."""
    losses = np.maximum(-by_name.mean(axis=0), 0)
    shares = losses / losses.sum() if losses.sum() > 0 else np.full(len(losses), 1 / len(losses))
    order = np.argsort(-shares, kind="stable")
    count = int(np.searchsorted(np.cumsum(shares[order]), MATTERS)) + 1
    order = order[: min(count, MOST_NAMES)]
    return tuple(symbols[i] for i in order), tuple(float(shares[i]) for i in order)


def _quartiles(values: Floats) -> tuple[float, float, float]:
    known = values[~np.isnan(values)]
    low, middle, high = np.quantile(known, (0.25, 0.5, 0.75)) if known.size else [np.nan] * 3
    return float(low), float(middle), float(high)


def _compared(
    subject: str,
    quantity: str,
    unit: str,
    one: Floats,
    other: Floats,
    windows: Floats | None = None,
) -> Compared | None:
    """None where nothing is known, or the quantity never moves."""
    apart = st.superiority(one, other)
    if np.isnan(apart.value) or np.nanmax(one) == np.nanmin(one) == np.nanmax(other):
        return None
    means = tuple(_mean(w) for w in windows) if windows is not None else ()
    return Compared(subject, quantity, unit, _quartiles(one), _quartiles(other), apart, means)


def _mean(values: Floats) -> st.Estimate:
    value, se = float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
    return st.Estimate(value, se, value - st.Z * se, value + st.Z * se)


def _drivers(scenario: Scenario, mine: Drivers, theirs: Drivers) -> Iterator[Compared]:
    count = len(scenario.factor_names)
    for i, source in enumerate(mine.sources):
        quantity = "factor" if i < count else "news"
        found = _compared(source, quantity, "sd", mine.whole[i], theirs.whole[i], mine.news[i])
        if found:
            yield found
    for label, values in mine.others.items():
        subject, _, quantity = label.partition(": ")
        found = _compared(subject, quantity, "", values, theirs.others[label])
        if found:
            yield found


def _outcomes(
    packed: Packed, names: Sequence[str], mine: Replayed, theirs: Replayed
) -> Iterator[Compared]:
    for name in names:
        i = packed.symbols.index(name)
        for quantity, values in mine.outcomes.items():
            found = _compared(name, quantity, "", values[:, i], theirs.outcomes[quantity][:, i])
            if found:
                yield found
