"""Which member of one name's ensemble stands beside which of another's: the hot beside the hot.

Names are fitted one by one, so their members have no order in common, while most of what can happen
to a name lies between its members. Names of one crowd were not hot and cold by independent chance.
A member's heat is the median of its peaks: what it does, and no parameter of it. Many make a peak
together, and its reproduction number, infection over exit rate, tells hardly anything of it (rank
correlation .04 to .39 over the names of meme-basket-2021).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...kernels.members import member_of
from ...kernels.packed import Packed
from ...scenarios.bound import bind
from ..campaign import Campaign
from ..model import Model
from .beside import Beside
from .closes import closes_of
from .fit import SCORED_PATHS, Fit
from .simulator import on_days, watched

Array = npt.NDArray[np.float64]


def heat(logs: Array, member: npt.NDArray[np.intp]) -> Array:
    """Median over a member's paths of the highest log close, not below the start.

    Shape: logs (paths, days, ...), member (paths,) -> (members, ...).
    """
    peaks = np.maximum(logs.max(axis=1), 0)
    return np.array([np.median(peaks[member == k], axis=0) for k in range(member.max() + 1)])


def beside_as_hot(own: Array, lead: Array) -> npt.NDArray[np.intp]:
    """The members in the order of places: at place k the one whose heat has the rank that the
    lead's member k has. Shape: own, lead (members,).
    """
    order, rank = own.argsort(kind="stable"), lead.argsort(kind="stable").argsort(kind="stable")
    return np.asarray(order[rank])


def heats(work: Campaign, model: Model, back_end: str, paths: int = SCORED_PATHS) -> Array:
    """Heat of every member of a scenario with an ensemble. Shape: (members, names)."""
    (closes,) = closes_of(work, back_end, [model], paths)
    return heat(closes.logs, members_of(model.packed(), paths))


def members_of(packed: Packed, paths: int) -> npt.NDArray[np.intp]:
    """The member of each of the first paths. Shape: (paths,)."""
    return member_of(packed, np.arange(paths, dtype=np.uint64))


def paired(work: Campaign, found: Fit) -> Fit:
    """A fit with its members in the order that puts them beside those of the name it was fitted
    beside, the first of several; as it is where that name has no ensemble.
    """
    simulator, count = found.simulator, len(found.members)
    lead = _lead(simulator) if isinstance(simulator, Beside) else None
    if lead is None:
        return found
    paths = found.closes.reshape(count, -1, found.closes.shape[1])
    own = np.median(np.maximum(paths.max(axis=2), 0), axis=1)
    order = beside_as_hot(own, heats(work, lead, simulator.engine.name)[:, 0])
    return replace(
        found, members=found.members[order], closes=paths[order].reshape(found.closes.shape)
    )


def _lead(simulator: Beside) -> Model | None:
    """The first of the others alone under its ensemble, on the days of the fit."""
    symbol = simulator.others[0]
    columns = {
        key: values
        for key, values in simulator.base.ensemble.items()
        if key.startswith(f"names.{symbol}.")
    }
    if not columns:
        return None
    story = on_days(simulator.base, (symbol,), simulator.days)
    story = story.model_copy(update={"ensemble": columns})
    book = watched(symbol, simulator.market[symbol].price)
    return Model(bind(story, book, simulator.market, simulator.chain), simulator.seed)
