"""Which loss of a path is meant: at its worst moment, at its worst close, or at the close of a day.

Everything that selects or explains a tail takes one: headline, ranking, /tail, contributions,
attribution, importance, what-if, reverse, compare, `until`, limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import zarr

from ..store.arrays import array_of, values_of

WORST, WORST_CLOSE = "worst", "worst_close"
_DAY = re.compile(r"day_([1-9]\d*)")


@dataclass(frozen=True)
class PathLoss:
    """A path's loss by name: `worst`, `worst_close` or `day_N`.

    The worst of a path is its lowest P&L within the horizon or 0, whichever is less; `worst` looks
    at every step, intraday and at opens, `worst_close` at closes.
    """

    name: str = WORST

    def __str__(self) -> str:
        return self.name

    @property
    def day(self) -> int | None:
        """The day at whose close it is taken, None: anywhere within the horizon."""
        found = _DAY.fullmatch(self.name)
        return int(found[1]) if found else None

    @property
    def words(self) -> str:
        """When it is, in a sentence: a loss `at the worst moment`."""
        words = {WORST: "at the worst moment", WORST_CLOSE: "at the worst close"}
        return words.get(self.name) or f"at the close of day {self.day}"

    @property
    def variable(self) -> str:
        """The variable of /losses that holds its P&L."""
        return {WORST: "worst_pnl", WORST_CLOSE: "worst_close_pnl"}.get(self.name, "pnl")

    def problem(self, horizons: tuple[int, ...]) -> str | None:
        """Why a run with these horizons has no such loss, or None."""
        if self.name in (WORST, WORST_CLOSE) or self.day in horizons:
            return None
        known = ", ".join([WORST, WORST_CLOSE, *(f"day_{day}" for day in horizons)])
        return f"{self.name!r} is not one of {known}"


def stored_losses(
    losses: zarr.Group, scenario: int, loss: PathLoss, *, calm: bool = False
) -> npt.NDArray[np.float64]:
    """Losses of all paths of a scenario as /losses has them, positive, shape (paths,).

    `calm`: the same paths with all feedback off.
    """
    stored = array_of(losses, f"{loss.variable}_calm" if calm else loss.variable)
    if loss.day is None:
        return 0.0 - np.asarray(stored[scenario], np.float64)
    row = values_of(losses, "horizon").tolist().index(loss.day)
    return 0.0 - np.asarray(stored[scenario, row], np.float64)
