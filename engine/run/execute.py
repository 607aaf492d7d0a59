"""Run a plan: lay out the store, run its blocks wherever there is room, seal it."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ... import __version__
from ...kernels import backend
from ...results import StoreError, check_commit, create_store, finish_store, missing_blocks
from ...results.measures.limits import attribute
from ...results.measures.target import error_text
from ...results.store.errors import StoreUnwritable
from ...results.store.growth import errors_so_far, grow_store
from ...results.store.records import read_grid, read_root, write_root
from ...results.store.schema import StoreSpec
from ...scenarios.limits import Limit, read_limits
from .. import memory
from ..campaign import Campaign, campaign
from ..checks import asked
from ..errors import Incomplete
from ..executors.placement import EMBEDDED, Placement
from ..executors.protocol import Executor
from ..job import Job, read_job
from ..progress import SIMULATING, Progress
from .blocks import BlockDone, run_block, simulated_paths
from .checks import check_bounds
from .conventions import try_conventions
from .plan import Plan, make_plan
from .request import RunRequest
from .store_spec import store_spec
from .tail import replay_tails

NOTHING_DONE = "stopped before anything was simulated"


def run(*inputs: Any, progress: Progress | None = None, **options: Any) -> Path:
    """Simulate paths of scenarios and write a results store.

    Source: docs/model.md, the equations as built; docs/results.md, what the store holds.

    Parameters
    ----------
    inputs
        A `RunRequest`, or the first of its fields: book, market, scenarios, output.
    progress
        What hears how far it is; None: nobody.
    options
        Any other field by name, such as `paths=1_000_000`; `cluster` and `workers` for its
        placement.

    Returns
    -------
    The path of the store.

    Raises
    ------
    InputError, BackendUnavailable
        Before anything is written.
    StoreError
        The output exists or cannot be written.
    Incomplete
        Blocks failed for good; `resume` runs them.
    Interrupted
        Ctrl-C; a KeyboardInterrupt that says what is kept.

    Example
    -------
    >>> import powderkeg
    >>> powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=1000).name
    'out.zarr'
    """
    request = asked(RunRequest, RunRequest.of, inputs, options)
    return run_plan(make_plan(request), progress)


def run_plan(plan: Plan, progress: Progress | None = None) -> Path:
    """Run a checked plan into a new store. Raises as `run`."""
    output = Path(plan.request.output).absolute()
    placement, engine = plan.request.placement, plan.back_end.name
    with campaign(placement, engine, progress, lambda: NOTHING_DONE) as work:
        check_memory(plan, work.where)
        plan = plan.with_tilts(work)
        try:
            create_store(output, _spec(plan))
        except OSError as error:
            raise StoreUnwritable(f"{output} cannot be created: {error.strerror}") from error
        work.stopped = lambda: _to_go_on(output)
        return _fill(work, output, plan.job)


def _spec(plan: Plan) -> StoreSpec:
    """What the store knows before the first path."""
    begun = {"started": _now()}
    given = plan.inputs
    said = {
        "findings": tuple(each.as_json() for each in given.findings),
        "glance": None if given.glance is None else given.glance.as_json(),
    }
    return store_spec(plan.job, plan.packed, given.files, begun, plan.limits, **said)


def resume(
    store: str | Path,
    *,
    limits: str | Path | Sequence[Limit] = (),
    placement: Placement = EMBEDDED,
    progress: Progress | None = None,
) -> Path:
    """Run what a store lacks and seal it; a finished store is left alone.

    Parameters
    ----------
    store
        A results store that a run began.
    limits
        A YAML file or what was read of one, which must be able to hold for what is run: an
        unfinished store keeps them instead of its own, `powderkeg.check` holds the store to them.
    placement
        Where the rest runs; the numbers do not depend on it.
    progress
        What hears how far it is; None: nobody.

    Returns
    -------
    The absolute path of the store.

    Raises
    ------
    InputError
        A limit is none or can never break; before anything is simulated.
    StoreError
        There is no store, it is damaged, or another build of the model began it.
    Incomplete
        Blocks failed for good; what is done is kept.
    Interrupted
        Ctrl-C; a KeyboardInterrupt that says what is kept.

    Example
    -------
    >>> import powderkeg
    >>> store = powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=1000)
    >>> powderkeg.resume(store, placement=powderkeg.Placement(workers=1)).name
    'out.zarr'
    """
    bounds = read_limits(limits)
    if _is_finished(store):
        return Path(store).absolute()
    job = read_job(store)
    if given := check_bounds(bounds, job.scenarios, job.book):
        write_root(store, read_root(store) | attribute(given))
    store = Path(store).absolute()
    with campaign(placement, job.backend, progress, lambda: _to_go_on(store)) as work:
        return _fill(work, store, job)


def _to_go_on(store: str | Path) -> str:
    """What Ctrl-C leaves where a store is begun and nobody counts its blocks."""
    return f"stopped, what is done is kept; to go on: powderkeg resume {store}"


def _is_finished(store: str | Path) -> bool:
    """Whether there is nothing to do, whatever build made the store."""
    try:
        check_commit(store)
    except StoreError:
        return False
    return True


def check_memory(plan: Plan, where: Executor) -> None:
    """Raises InputError if the run would take more memory than this machine has.

    Workers of another machine are its own business.
    """
    needed = plan.projection(where.workers if where.here else 1, max(where.processes, 1))
    # The measures at the end take what they take, however the paths are cut up.
    too_many = needed.sealing > memory.available()
    way_out = "`paths`" if too_many else "`workers` or a smaller `block`"
    memory.check(needed.total - needed.baseline, way_out)


def _fill(work: Campaign, output: Path, job: Job) -> Path:
    """Run the blocks that are not on the disk, as many as it takes, then seal the store."""
    start = time.monotonic()
    again = f"powderkeg resume {output}"
    todo = [scenario * job.blocks + block for scenario, block in missing_blocks(output)]
    done, asked = 0, 0

    def take(_: int, block: BlockDone) -> int:
        nonlocal done
        done += 1
        return block.paths

    work.kept = f"what is done is kept: {again}"
    work.stopped = lambda: (
        f"stopped with {done} of {asked} blocks done, which are kept; to go on: {again}"
    )
    work.start(len(todo), _paths(output, job, todo))
    while True:
        asked += len(todo)
        failures = work.attempt_all(run_block, str(output), todo, take)
        if failures:
            block, error = next(iter(failures.items()))
            raise Incomplete(
                f"{len(failures)} of {len(todo)} blocks failed three times, first block {block}: "
                f"{error}; the others are kept: {again}"
            )
        job, todo, why = _next_stage(output, job)
        if not todo:
            break
        work.phase(f"{SIMULATING}, {why}", _paths(output, job, todo))
    provenance = _provenance(job, work.description, time.monotonic() - start)
    tails = replay_tails(work, output, job)
    conventions = try_conventions(work, output, job)
    work.phase("working out the measures", 0)
    finish_store(output, provenance, tails, conventions)
    work.stopped = lambda: f"stopped when {output} was finished; nothing is missing"
    return output


def _provenance(job: Job, where: str, seconds: float) -> dict[str, Any]:
    """Who made the store, when and of what."""
    engine = backend(job.backend)
    return {
        "version": __version__,
        "finished": _now(),
        "wall_seconds": round(seconds, 3),
        "seed": job.seed,
        "paths": len(job.scenarios) * job.paths,
        "back_end": engine.name,
        "device": engine.device,
        "workers": where,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _paths(output: Path, job: Job, blocks: Sequence[int]) -> int:
    grid = read_grid(output)
    return sum(simulated_paths(grid, job, block) for block in blocks)


def _next_stage(output: Path, job: Job) -> tuple[Job, list[int], str]:
    """The job with the paths it goes on to, the blocks of these, and in words why.

    No blocks: the error that was asked for is reached, or no more paths may be run.
    """
    until = job.until
    if until is None or job.paths >= job.most:
        return job, [], ""
    given = sum(scenario.variant_of is None for scenario in job.scenarios)
    error = max(errors_so_far(output, until, given))
    paths = until.following(job.paths, error, job.block)
    if paths == job.paths:
        return job, [], ""
    grow_store(output, paths)
    before, after = (-(-n // job.block) for n in (job.paths, paths))
    blocks = range(before, after)
    todo = [s * job.blocks + block for s in range(len(job.scenarios)) for block in blocks]
    return replace(job, paths=paths), todo, f"error {error_text(error)}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
