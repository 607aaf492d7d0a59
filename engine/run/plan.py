"""What a run will do, worked out and checked before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...kernels import Backend, backend
from ...kernels.backends import kind
from ...kernels.packed import Packed
from ...kernels.packing.name import Impact
from ...kernels.packing.scenario import Prepared, prepare
from ...kernels.records import PATH, Channel, channel_names
from ...results.measures.euler import choose
from ...results.measures.limits import KeptLimit
from ...results.measures.tail import NAME_FIELDS
from ...scenarios.bound import bind
from ...scenarios.errors import InputError
from ...scenarios.overrides import no_crowds, survivals, variants
from ...scenarios.scenario import Scenario
from ..campaign import Campaign
from ..checks import check_paths, check_seed
from ..executors import check_placement
from ..job import Job
from ..memory import SEALING_DOUBLES, Projection, of_block, resident
from ..model import Model
from ..path_loss import path_loss
from .blocks import traced_bytes
from .checks import (
    LARGEST_BLOCK,
    check_attribution,
    check_block,
    check_bounds,
    check_grid,
    check_importance,
)
from .conventions import PILOT, Pilots, pilots
from .importance import choose_tilt, pilot_paths
from .inputs import Inputs, check_output, read_inputs
from .request import RunRequest

TASK_SECONDS = 1.5
"""How long a block should take: long against what a task costs, short against a run."""

SMALLEST_BLOCK = 1 << 8

# What encoding a block takes on top of its arrays.
ENCODING = 3

# Loop gains are worked out from traces: the trace and the fields and gains made of it.
GAINS_OVER_TRACE = 3

# Sealing a store: the losses of one scenario, the doubles made of them, and the libraries that are
# loaded only then.
SEALING_LIBRARIES = 56 << 20
# Replayed tails: as the workers gave them, joined, and encoded.
SEALING_TAILS = 3


def block_size(names: int, steps: int, back_end: str) -> int:
    """Paths per block, a power of two: from the model's size and the back end, never the workers.

    Every block runs twice, with feedback and calm.
    """
    paths = kind(back_end).rate * TASK_SECONDS / (2 * names * steps)
    power = 1 << max(0, round(np.log2(paths)))
    return int(min(max(power, SMALLEST_BLOCK), LARGEST_BLOCK))


@dataclass(frozen=True)
class Plan:
    """A checked job with its packed scenarios and what to tell the person before it runs."""

    request: RunRequest
    inputs: Inputs
    job: Job
    models: tuple[Model, ...]
    impacts: tuple[tuple[Impact, ...], ...]
    back_end: Backend
    limits: tuple[KeptLimit, ...] = ()

    @property
    def packed(self) -> tuple[Packed, ...]:
        """The arrays of every scenario."""
        return tuple(model.packed() for model in self.models)

    def with_tilts(self, work: Campaign) -> Plan:
        """The plan with the tilts of its weighted paths, for which pilots run now."""
        if not self.job.importance:
            return self
        tilts = tuple(
            choose_tilt(work, self.back_end, model, self.job.importance, self.job.loss)
            for model in self.models
            if model.bound.scenario.variant_of is None
        )
        return replace(self, job=replace(self.job, tilts=tilts))

    @property
    def tasks(self) -> int:
        """Blocks over all scenarios."""
        return len(self.job.scenarios) * self.job.blocks

    @property
    def name_steps(self) -> float:
        """Name-steps of the whole run, all runs of every block counted."""
        given = zip(self.job.scenarios, self.packed, strict=True)
        return sum(self._passes(*each) * self._steps(each[1]) for each in given)

    @property
    def pilots(self) -> tuple[Pilots, ...]:
        """What is tried of the conventions of every scenario when its paths are there."""
        pairs = zip(self.job.scenarios, self.packed, strict=True)
        return tuple(pilots(scenario, packed, self.job.most) for scenario, packed in pairs)

    @property
    def pilots_share(self) -> float:
        """Part of the run's name-steps that they take if all run."""
        steps = sum(
            each.most * PILOT * self._steps(p)
            for each, p in zip(self.pilots, self.packed, strict=True)
        )
        return steps / self.name_steps

    @staticmethod
    def _steps(packed: Packed) -> int:
        """Name-steps of a path."""
        return int(packed.run["names"] * packed.run["steps"])

    def _passes(self, scenario: Scenario, packed: Packed) -> float:
        """Paths of a scenario over all its runs: with feedback, calm, with one channel off, and
        the most that pilots may take.
        """
        given = scenario.variant_of is None
        off = int(packed.run["channels"]).bit_count() if given else 0
        weighted = self.job.importance + pilot_paths(self.job.importance) if given else 0
        tried = pilots(scenario, packed, self.job.most).most * PILOT
        return 2.0 * self.job.most + off * self.job.attribution + weighted + tried

    def projection(self, workers: int, processes: int) -> Projection:
        """Memory the run takes with so many workers in so many processes."""
        run = self.packed[0].run
        paths = min(self.job.block, self.job.most)
        output, scratch = of_block(self.packed[0], paths, self.back_end.name)
        sets = [each for p in self.packed for each in (p, *p.members)]
        tables = {id(each.chain): each.chain.nbytes for each in sets}
        return Projection(
            baseline=resident() - sum(tables.values()),
            inputs=sum(tables.values()) + sum(each.names.nbytes for each in sets),
            scratch=scratch,
            results=(2 + ENCODING + (self.job.attribution > 0) + (self.job.importance > 0))
            * output,
            sealing=SEALING_LIBRARIES
            + self.job.most * (self._bytes_per_path(run) + 8 * SEALING_DOUBLES)
            + SEALING_TAILS * self._tail_bytes(),
            workers=min(workers, self.tasks),
            processes=min(processes, self.tasks) + (processes > 1),
            tracing=max(GAINS_OVER_TRACE * traced_bytes(p, self.job.most) for p in self.packed),
        )

    def _tail_bytes(self) -> int:
        """Of what is kept of the replayed paths of all scenarios that vary none."""
        tail = choose(self.job.most)
        given = sum(scenario.variant_of is None for scenario in self.job.scenarios)
        names = int(self.packed[0].run["names"])
        return 0 if tail is None else given * len(tail.ranks) * names * len(NAME_FIELDS) * 4

    @staticmethod
    def _bytes_per_path(run: npt.NDArray[np.void]) -> int:
        """Of the losses of one scenario, with feedback and calm."""
        return 2 * (PATH.itemsize + 8 * int(run["days"]))


def with_variants(
    scenarios: Sequence[Scenario], *, sensitivity: bool = True, survival: bool = False
) -> tuple[Scenario, ...]:
    """The scenarios, then each without its crowd where it says how likely that is, then each with
    its book sold out on a margin call, then what each makes of the ranges of its `sensitivity`, as
    far as they are asked for. Raises InputError.
    """
    more = [each for scenario in scenarios for each in no_crowds(scenario)]
    if survival:
        more += (each for scenario in scenarios for each in survivals(scenario))
    if sensitivity:
        more += (each for scenario in scenarios for each in variants(scenario))
    return (*scenarios, *more)


def make_plan(request: RunRequest) -> Plan:
    """Check everything that can be checked before a run, and pack it.

    With an error as its goal the job begins with the paths of its first stage. Raises InputError,
    one line, for inputs that do not fit together, StoreExists, and BackendUnavailable.
    """
    check_output(request.output)
    check_placement(request.placement, request.backend)
    paths, until = check_paths(request.most), request.goal
    seed, block = check_seed(request.seed), check_block(request.block)
    attribution = check_attribution(request.attribution, paths)
    importance = check_importance(request.importance, paths)
    inputs = read_inputs(request)
    asked = {"sensitivity": request.sensitivity, "survival": request.survival}
    scenarios = with_variants(inputs.scenarios, **asked)
    check_grid(scenarios)
    engine = backend(request.backend)

    prepared, models = _prepared(inputs, scenarios, seed)
    run = prepared[0].packed.run
    largest = max(int(p.packed.run["steps"]) for p in prepared)
    size = block or block_size(int(run["names"]), largest, engine.name)
    packed = tuple(p.packed for p in prepared)
    off = channels_on(scenarios, packed) if attribution else ()
    if attribution and not off:
        raise InputError("attribution: no scenario has a channel in use; leave it out")
    limits = check_bounds(request.limits, scenarios, inputs.book)
    given = {"seed": seed, "attribution": attribution, "importance": importance}
    path_loss(request.measure, scenarios[0].horizons)
    job = Job(
        inputs.book,
        inputs.market,
        inputs.chain,
        scenarios,
        paths if until is None else until.first(size, max(attribution, importance)),
        size,
        engine.name,
        off,
        until,
        **request.settings() | given,
    )
    return Plan(request, inputs, job, models, tuple(p.impacts for p in prepared), engine, limits)


def _prepared(
    inputs: Inputs, scenarios: Sequence[Scenario], seed: int
) -> tuple[list[Prepared], tuple[Model, ...]]:
    """Every scenario packed, and what it was packed of. Raises InputError."""
    book, market, chain = inputs.book, inputs.market, inputs.chain
    prepared: list[Prepared] = []
    models = []
    for scenario in scenarios:
        bound = bind(scenario, book, market, chain)
        try:
            ready = prepare(bound, seed=seed)
        except InputError as error:
            raise InputError(f"scenario {scenario.id}: {error}") from None
        prepared.append(ready)
        models.append(Model(bound, seed).keep(ready.packed))
    return prepared, tuple(models)


def channels_on(scenarios: Sequence[Scenario], packed: Sequence[Packed]) -> tuple[str, ...]:
    """Names of the channels that any scenario that varies none has in use, in their order."""
    on = Channel(0)
    for scenario, arrays in zip(scenarios, packed, strict=True):
        if scenario.variant_of is None:
            on |= Channel(int(arrays.run["channels"]))
    return tuple(name for name, flag in zip(channel_names(), Channel, strict=True) if flag in on)
