"""What is asked of a reverse stress test, checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...kernels.packed import Packed
from ...results.measures import statistics as st
from ...scenarios import InputError, Scenario, bind
from ..checks import check_paths, texts
from ..model import Model
from ..replay.path import scenario_index
from ..stored import Finished, chosen, finished
from .axes import Axis, axes_of, chosen_axes
from .result import Measure, parse_measure

PATHS = 10_000
"""Paths of every point of the search, where none are asked for."""
LEAST_LOSS = 1e-4


@dataclass(frozen=True)
class Question:
    """A reverse stress test that was checked and waits to be run."""

    source: Finished
    index: int
    loss: float
    measure: Measure
    axes: list[Axis]
    paths: int
    model: Model

    @property
    def scenario(self) -> Scenario:
        """The scenario it is about."""
        return self.source.job.scenarios[self.index]

    @property
    def packed(self) -> Packed:
        """The scenario's arrays."""
        return self.model.packed()

    @property
    def day(self) -> int:
        """The last day that counts."""
        return self.measure.loss.day or self.packed.last_day

    @property
    def again(self) -> bool:
        """Whether all paths must run again, since this build or back end makes other ones."""
        job = self.source.job
        return not self.source.same_build or chosen(job.backend).name != job.backend


def parse_loss(text: str, equity: float) -> float:
    """`20%` or an amount of money as a fraction of equity. Raises InputError."""
    if not isinstance(text, str):
        raise InputError(f'loss: {text!r} is not a text; write "20%" or "25e6"')
    number = text.strip().removesuffix("%").replace("_", "").replace(",", "")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    loss = value / 100 if text.strip().endswith("%") else value / equity
    if not math.isfinite(loss) or loss <= 0:
        raise InputError(
            f'loss: "{text}" is neither a part of equity such as 20% nor an amount such as 25e6'
        )
    if loss < LEAST_LOSS:
        raise InputError(
            f'loss: "{text}" is less than .01 % of the equity of {equity:,.0f}; write 20% for a '
            "fifth of it"
        )
    return loss


def ask(
    store: str | Path,
    loss: str,
    *,
    scenario: str | None = None,
    measure: str = "var99",
    axes: Sequence[str] = (),
    paths: int | None = None,
) -> Question:
    """Check what is to run. Raises StoreError, InputError.

    `paths` are for every point of the search, the first of the store's run; None takes 10,000 or
    the fewer there are.
    """
    source = finished(store)
    job = source.job
    fraction = parse_loss(loss, job.book.equity)
    chosen_measure = parse_measure(measure, job.measure, source.horizons)
    index = scenario_index(job, scenario)
    asked = job.scenarios[index]
    able = chosen_axes(axes_of(asked, job.book), texts("axes", axes))
    count = min(PATHS, job.paths) if paths is None else check_paths(paths)
    if count > job.paths:
        raise InputError(f"paths: {count:,} is more than the {job.paths:,} paths of {store}")
    if st.tail_paths(count, chosen_measure.level) < st.REFUSE:
        need = math.ceil(st.REFUSE / (1 - chosen_measure.level))
        raise InputError(
            f"{count:,} paths are too few for {chosen_measure}; take at least {need:,}, or a "
            "`measure` with a lower level"
        )
    model = model_of(source, asked)
    return Question(source, index, fraction, chosen_measure, able, count, model)


def model_of(source: Finished, scenario: Scenario) -> Model:
    """A scenario with the inputs of a store, packed. Raises InputError."""
    job = source.job
    return Model(bind(scenario, job.book, job.market, job.chain), job.seed).pack()
