"""What a comparison answers, as plain records and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...results.measures import statistics as st
from ...results.measures.path_loss import PathLoss
from .moves import Move


@dataclass(frozen=True)
class Difference:
    """ES of a scenario in both stores and the parts of its change, in fractions of equity.

    `parts` are in the order of PARTS; two that could not be told apart share a name, `book and
    market`. They add up to `total`. `trades` are the parts of `book` by name, and the cash that
    trades do not explain; `inputs` those of `market` by input and `names` those by name, each in
    the order in which they were swapped. A name that is in neither did not change. `cells` are the
    parts of names by input, where one input alone changed or the name is one of those that matter
    most. `causes` says all of it once, the largest first: they add up to `total`, too.
    """

    scenario: str
    yesterday: st.Estimate
    tonight: st.Estimate
    total: st.Estimate
    parts: dict[str, st.Estimate]
    trades: dict[str, st.Estimate]
    inputs: dict[str, st.Estimate]
    names: dict[str, st.Estimate]
    cells: dict[str, dict[str, st.Estimate]]
    causes: dict[str, st.Estimate]


@dataclass(frozen=True)
class Comparison:
    """Changes of ES at one level and measure, largest rise first.

    `only` names what was not compared, `runs` counts the runs of `paths` paths that it took.
    """

    level: float
    measure: PathLoss
    paths: int
    runs: int
    differences: list[Difference]
    only_yesterday: tuple[str, ...]
    only_tonight: tuple[str, ...]
    bought: tuple[str, ...]
    sold: tuple[str, ...]
    moves: tuple[Move, ...]
    day_pnl: dict[str, float]
    currency: str

    def as_json(self) -> dict[str, Any]:
        """Plain objects."""
        return asdict(self) | {"measure": str(self.measure)}
