"""What a finished store holds for whoever asks more of it: its job and its losses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..kernels import Backend, BackendUnavailable, backend
from ..kernels.digest import model_digest
from ..results import open_results
from ..results.measures import statistics as st
from ..results.measures.levels import LEVELS, WORST_LEVEL
from ..results.measures.path_loss import PathLoss
from ..scenarios import InputError
from .job import Job, job_text, model_of, parse_job

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """What a case does to the book where its loss is taken, and margin calls at any time.

    Shapes: pnl (paths,) in fractions of equity, as simulated; called (paths,).
    """

    pnl: npt.NDArray[np.float32]
    called: npt.NDArray[np.bool_]

    @property
    def loss(self) -> Floats:
        """Losses, positive, in float64: shape (paths,)."""
        return 0.0 - self.pnl.astype(np.float64)

    def first(self, paths: int) -> Losses:
        """Those of the first paths."""
        return Losses(self.pnl[:paths], self.called[:paths])


@dataclass(frozen=True)
class Finished:
    """A finished store, checked to the last byte, and the job that made it."""

    store: Path
    tree: xr.DataTree
    job: Job
    model: str

    @property
    def same_build(self) -> bool:
        """Whether this very build of the model made it."""
        return self.model == model_digest()

    @property
    def horizons(self) -> tuple[int, ...]:
        """Days at whose close losses are kept."""
        return tuple(int(day) for day in self.job.scenarios[0].horizons)

    def losses(self, scenario: int, measure: PathLoss) -> Losses:
        """Of one scenario, as the store has them."""
        group = self.tree["losses"].to_dataset().isel(scenario=scenario)
        pnl = group[measure.variable]
        if measure.day is not None:
            pnl = pnl.isel(horizon=self.horizons.index(measure.day))
        return Losses(pnl.values, ~np.isnan(group["margin_call_day"].values))

    def contributions(self, scenario: int) -> dict[str, float]:
        """What ES of one scenario owes to each name, as the store has it; too few paths: none."""
        if "tail" not in self.tree:
            return {}
        group = self.tree["tail"].to_dataset()
        found = group["contribution"].sel(scenario=self.job.scenarios[scenario].id).values
        return dict(zip(map(str, group["name"].values), map(float, found), strict=True))


def finished(store: str | Path) -> Finished:
    """Open a finished store of any build. Raises StoreError."""
    tree, text = open_results(store), job_text(store)
    job = replace(parse_job(store, text), paths=int(tree.attrs["grid"]["paths"]))
    return Finished(Path(store), tree, job, model_of(text))


def chosen(name: str) -> Backend:
    """The back end of a store, or the best there is if it cannot run here."""
    try:
        return backend(name)
    except BackendUnavailable:
        return backend("auto")


def level_of(paths: int) -> float:
    """99 %, or the highest level below that so many paths support. Raises InputError."""
    fits = [p for p in LEVELS if p <= WORST_LEVEL and st.tail_paths(paths, p) >= st.REFUSE]
    if not fits:
        need = round(st.REFUSE / (1 - LEVELS[0]))
        raise InputError(
            f"{paths:,} paths are too few to say anything about the tail; take at least {need:,}"
        )
    return max(fits)
