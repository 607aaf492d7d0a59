"""Conventions inside the interval: what nobody knows, tried on the first paths of a run.

Two conventions can decide a tail more than its Monte Carlo error does. The price of a name without
elastic float is a multiple that somebody chose: it is tried at half and twice where many tail paths
are there. And whether dealers are short or long what customers hold is disputed (SEC staff report,
October 2021; Mitts et al. 2022): their sign is tried at -1, 0 and +1 wherever open interest is
hedged. It scales nothing else: what the crowd buys, dealers are short whatever the sign. The same
random numbers run on both sides, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr

from ...kernels.kinds import NO_CHAIN
from ...kernels.packed import Packed
from ...results.measures import statistics as st
from ...results.measures.conventions import FLOOR, SHARE, SIGN, Convention
from ...results.measures.euler import supported
from ...results.measures.path_loss import stored_losses
from ...results.store.arrays import array_of
from ...scenarios.bound import bind
from ...scenarios.scenario import Scenario
from ..campaign import Campaign
from ..job import Job
from ..model import Model
from ..paired import simulate
from .blocks import ready

PILOT = 8192
"""Paths of a pilot, the first of the run; a run of fewer tries nothing."""
FACTORS, SIGNS = (0.5, 2.0), (-1.0, 0.0, 1.0)


@dataclass(frozen=True)
class Pilots:
    """Trials of a scenario: so many of the dealers' sign, at most so many of max_multiple."""

    signs: int
    floors: int

    @property
    def most(self) -> int:
        """Trials, at most."""
        return self.signs + self.floors


def pilots(scenario: Scenario, packed: Packed, paths: int) -> Pilots:
    """What is tried of a scenario in a run of so many paths; which names run out of elastic float
    is known only from the losses.
    """
    if scenario.variant_of is not None or paths < PILOT:
        return Pilots(0, 0)
    signs = len(SIGNS) if hedges_open_interest(scenario, packed) else 0
    return Pilots(signs, len(FACTORS) if int(packed.run["channels"]) else 0)


def hedges_open_interest(scenario: Scenario, packed: Packed) -> bool:
    """Whether dealers have something open that they would hedge, at any sign."""
    names = (each.names for each in packed.members or (packed,))
    hedged = any(((n["chain"] != NO_CHAIN) & (n["hedging_dt"] > 0)).any() for n in names)
    return scenario.channels.dealers and hedged


@dataclass(frozen=True)
class Trial:
    """A scenario with one convention at another value."""

    scenario: int
    parameter: str
    value: float
    model: Model


def try_conventions(work: Campaign, output: Path, job: Job) -> tuple[Convention, ...]:
    """What the conventions make of ES, for every scenario that varies none."""
    level = supported(min(PILOT, job.paths))
    if level is None:
        return ()
    losses = zarr.open_group(str(output), path="losses", mode="r")
    trials = [
        trial
        for s, scenario in enumerate(job.scenarios)
        for trial in _trials(output, job, losses, s, scenario)
    ]
    if not trials:
        return ()
    work.phase("trying conventions", len(trials) * PILOT)
    models = [trial.model for trial in trials]
    ran = simulate(work, job.backend, models, PILOT, min(job.block, PILOT), job.loss)
    found = []
    for trial, after in zip(trials, ran, strict=True):
        before = stored_losses(losses, trial.scenario, job.loss)[:PILOT]
        found.append(
            Convention(
                job.scenarios[trial.scenario].id,
                trial.parameter,
                trial.value,
                level,
                PILOT,
                st.var_es(before, level)[1],
                st.var_es(after.loss, level)[1],
                st.es_difference(after.loss, before, level),
            )
        )
    return tuple(found)


def _trials(
    output: Path, job: Job, losses: zarr.Group, index: int, scenario: Scenario
) -> Sequence[Trial]:
    """Conventions that may matter to a scenario."""
    planned = pilots(scenario, ready(str(output))[1](index), job.paths)
    tried: list[tuple[str, float, dict[str, float]]] = []
    if planned.floors and _floor_share(job, losses, index) > SHARE:
        now = scenario.variation.max_multiple
        tried += [(FLOOR, x, {"max_multiple": now * x}) for x in FACTORS]
    if planned.signs:
        tried += [(SIGN, x, {"dealer_sign": x}) for x in SIGNS]
    trials = []
    for parameter, value, change in tried:
        variation = scenario.variation.model_copy(update=change)
        varied = scenario.model_copy(update={"variation": variation})
        model = Model(bind(varied, job.book, job.market, job.chain), job.seed)
        trials.append(Trial(index, parameter, value, model))
    return trials


def _floor_share(job: Job, losses: zarr.Group, index: int) -> float:
    """Share of the tail's paths in which a name ran out of elastic float."""
    lost = stored_losses(losses, index, job.loss)
    level = supported(lost.size)
    assert level is not None
    tail = lost >= st.var_es(lost, level)[0].value
    return float((np.asarray(array_of(losses, "floor_names")[index])[tail] > 0).mean())
