"""What a run is asked for, said once: Python, the command line and a file hand over this object."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ...results.measures.levels import ES, LEVELS, VAR, percent
from ...results.measures.target import Until
from ...scenarios.book import Book
from ...scenarios.chain import Chain
from ...scenarios.errors import InputError
from ...scenarios.limits import Limit
from ...scenarios.market import Market
from ...scenarios.scenario import Scenario
from ..checks import check_paths
from ..executors.placement import EMBEDDED, Placement
from ..settings import Settings

PATHS, PATHS_UNTIL = 100_000, 5_000_000
"""Paths where nobody says how many, and at most where an error is asked for."""


@dataclass(frozen=True)
class RunRequest(Settings):
    """A run, as Python, the command line and files ask for it.

    Results depend on inputs, seed, paths, block and back end alone, never on `placement`.

    Parameters
    ----------
    book, market, chain
        Positions and cash, the market snapshot, and listed options: CSV files, or what was read of
        them. Without a chain dealers start without a hedge.
    scenarios
        Names of presets, YAML files, or scenarios; one or several.
    output
        The results store to create.
    mapping
        Tells a story of one name on another, {"GME": "XYZ"}.
    paths
        Of every scenario; None: 100,000, or with `until` at most 5,000,000.
    until
        Such as "es99=1%": as many paths as it takes until this relative standard error is met in
        every scenario, at most `paths`.
    seed
        Of the random numbers, 0 to 2^64 - 1.
    backend
        auto, cuda, native or reference.
    block
        Paths of a piece of work, a power of two; None: by model size.
    sensitivity
        Also run every scenario at the other values of the parameters that nobody knows (its
        `sensitivity`), on the same random numbers.
    survival
        Also run every scenario with the book sold out by its broker on a margin call, under house
        margin, on the same random numbers: what staying alive costs.
    attribution
        So many paths, the first ones, also run with each channel off that is in use: how much of
        ES is due to it. 0: none.
    importance
        So many weighted paths run besides, drawn where losses are large. 0: none.
    limits
        A YAML file or what was read of one, which must be able to hold for what is run. The store
        keeps them, they decide no number; `powderkeg.check` holds the store to them.
    strict
        Refuse what the rules of plausibility only warn of (docs/plausibility.md).
    accept
        Ids of rules whose findings are known to be right: they become notes.
    yesterday
        A store of an earlier day: signs that turned and figures that stood still are found.
    today
        The day on which it is asked, for the age of the data; None: nobody knows.
    placement
        Where it runs.

    Example
    -------
    >>> import powderkeg
    >>> inputs = ("book.csv", "market.csv", "calm.yaml")
    >>> powderkeg.run(powderkeg.RunRequest(*inputs, "out.zarr", paths=1000, seed=7)).name
    'out.zarr'
    """

    book: str | Path | Book
    market: str | Path | Market
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario]
    output: str | Path
    chain: str | Path | Chain | None = None
    mapping: Mapping[str, str] | None = None
    paths: int | None = None
    until: str | Until | None = None
    backend: str = "auto"
    block: int | None = None
    sensitivity: bool = False
    survival: bool = False
    limits: str | Path | Sequence[Limit] = ()
    strict: bool = False
    accept: Sequence[str] = ()
    yesterday: str | Path | None = None
    today: date | None = None
    placement: Placement = EMBEDDED

    @classmethod
    def of(
        cls, *inputs: Any, cluster: str | None = None, workers: int | None = None, **options: Any
    ) -> RunRequest:
        """A request by the keywords of a call, where a placement may be a cluster and workers.

        Raises TypeError where it is both, since one of them would be ignored.
        """
        if "placement" not in options:
            options["placement"] = Placement(
                EMBEDDED.cluster if cluster is None else cluster, workers
            )
        elif cluster is not None or workers is not None:
            raise TypeError("give placement, or cluster and workers")
        return cls(*inputs, **options)

    @property
    def goal(self) -> Until | None:
        """The error that is asked for. Raises InputError."""
        return self.until if isinstance(self.until, Until) else parse_until(self.until, self.paths)

    @property
    def most(self) -> float:
        """Paths that the run may come to, not yet checked."""
        if (goal := self.goal) is not None:
            return goal.most
        return PATHS if self.paths is None else self.paths


def parse_until(text: str | None, most: int | None = None) -> Until | None:
    """What `es99=1%` asks for, with at most so many paths; None asks for nothing.

    Raises InputError.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise InputError(f"until: {text!r} is not of the form es99=1%")
    levels = {percent(level): level for level in LEVELS}
    parts = re.fullmatch(r"(es|var)([\d.]+)=(\d+\.?\d*|\.\d+)%", text.replace(" ", "").lower())
    if parts is None or parts[2] not in levels:
        raise InputError(
            f"until: {text!r} is not of the form es99=1%; es or var, at {', '.join(levels)}"
        )
    error = float(parts[3]) / 100
    if not 1e-4 <= error <= 0.5:
        raise InputError(f"until: an error of {parts[3]} % is not between .01 % and 50 %")
    kind = ES if parts[1] == "es" else VAR
    return Until(kind, levels[parts[2]], error, PATHS_UNTIL if most is None else check_paths(most))
