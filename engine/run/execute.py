"""Run a plan: lay out the store, run its blocks wherever there is room, seal it."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ... import __version__
from ...kernels import backend
from ...results import StoreError, check_commit, create_store, finish_store, missing_blocks
from ...results.measures.target import error_text
from ...results.store.growth import errors_so_far, grow_store
from ...results.store.records import read_grid
from ...scenarios import Book, Chain, Market, Scenario
from .. import memory
from ..errors import Incomplete, Interrupted
from ..executors import Executor, Outcome, executor, gpus, run_all
from ..job import Job, read_job
from ..progress import SIMULATING, Progress, Silent
from .blocks import BlockDone, run_block, simulated_paths
from .inputs import Inputs, read_inputs, refuse_existing
from .plan import PATHS, Plan, make_plan, parse_until, with_variants
from .tail import replay_tails


def run(
    book: str | Path | Book,
    market: str | Path | Market,
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    output: str | Path,
    *,
    chain: str | Path | Chain | None = None,
    mapping: dict[str, str] | None = None,
    paths: int | None = None,
    seed: int = 1,
    backend: str = "auto",
    workers: int | None = None,
    cluster: str = "embedded",
    block: int | None = None,
    sensitivity: bool = False,
    attribution: int = 0,
    until: str | None = None,
    importance: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Simulate `paths` paths of every scenario and write a results store; returns its path.

    With `until`, such as "es99=1%", it runs as many paths as it takes until the relative standard
    error of that measure at the last horizon is met in every scenario, at most `paths`; None takes
    100,000 without and 5,000,000 with it.

    With `sensitivity` every scenario is also run at the other values of the parameters that nobody
    knows (its `sensitivity`), on the same random numbers. With `attribution` its first so many
    paths also run with each channel off that it has in use, which says how much of ES is due to it.
    With `importance` so many weighted paths run besides, drawn where losses are large.
    Results depend on inputs, seed, paths, block and back end alone, never on workers, cluster or
    order. Raises InputError (nothing written), StoreError if the output exists or cannot be
    written, and Incomplete if blocks failed for good.
    """
    refuse_existing(output)
    goal = parse_until(until, paths)
    inputs = read_inputs(book, market, scenarios, chain, mapping)
    plan = make_plan(
        inputs.book,
        inputs.market,
        inputs.chain,
        with_variants(inputs.scenarios) if sensitivity else inputs.scenarios,
        paths=goal.most if goal else PATHS if paths is None else paths,
        seed=seed,
        back_end=backend,
        block=block,
        attribution=attribution,
        until=goal,
        importance=importance,
    )
    return run_plan(
        plan, output, inputs=inputs, workers=workers, cluster=cluster, progress=progress
    )


def run_plan(
    plan: Plan,
    output: str | Path,
    *,
    inputs: Inputs,
    workers: int | None = None,
    cluster: str = "embedded",
    progress: Progress | None = None,
) -> Path:
    """Run a checked plan into a new store at `output`. Raises as `run`."""
    output = Path(output).absolute()
    with executor(cluster, workers, gpus=gpus(plan.back_end.name)) as where:
        check_memory(plan, where.workers, 1 if cluster == "embedded" else where.workers)
        plan = plan.with_tilts()
        try:
            create_store(output, plan.store_spec(inputs.files, {"started": _now()}))
        except OSError as error:
            raise StoreError(f"{output} cannot be created: {error.strerror}") from error
        return _fill(output, plan.job, where, progress or Silent())


def resume(
    store: str | Path,
    *,
    workers: int | None = None,
    cluster: str = "embedded",
    progress: Progress | None = None,
) -> Path:
    """Run what a store lacks and seal it; a finished store is left alone.

    Raises StoreError and Incomplete as `run`.
    """
    if _is_finished(store):
        return Path(store).absolute()
    job = read_job(store)
    store = Path(store).absolute()
    with executor(cluster, workers, gpus=gpus(job.backend)) as where:
        return _fill(store, job, where, progress or Silent())


def _is_finished(store: str | Path) -> bool:
    """Whether there is nothing to do, whatever build made the store."""
    try:
        check_commit(store)
    except StoreError:
        return False
    return True


def check_memory(plan: Plan, workers: int, processes: int) -> None:
    """Raises InputError if the run would take more memory than there is."""
    needed = plan.projection(workers, processes)
    # The measures at the end take what they take, however the paths are cut up.
    too_many = needed.sealing > memory.available()
    way_out = "--paths" if too_many else "--workers or a smaller --block"
    memory.check(needed.total - needed.baseline, way_out)


def _fill(output: Path, job: Job, where: Executor, progress: Progress) -> Path:
    """Run the blocks that are not on the disk, as many as it takes, then seal the store."""
    start = time.monotonic()
    todo = [scenario * job.blocks + block for scenario, block in missing_blocks(output)]
    progress.started(len(todo), _paths(output, job, todo), where.description)
    done = asked = 0

    def heard(outcome: Outcome) -> None:
        nonlocal done
        if isinstance(outcome.result, BlockDone):
            done += 1
            progress.block_done(outcome.result.paths)
        else:
            progress.block_failed(outcome.item, outcome.error or "no result")

    finished = False
    try:
        while True:
            asked += len(todo)
            failed = run_all(where, run_block, str(output), todo, heard)
            if failed:
                block, error = next(iter(failed.items()))
                raise Incomplete(
                    f"{len(failed)} of {len(todo)} blocks failed three times, first block {block}: "
                    f"{error}; the others are kept: powderkeg resume {output}"
                )
            job, todo, why = _next_stage(output, job)
            if not todo:
                break
            progress.phase(f"{SIMULATING}, {why}", _paths(output, job, todo))
        chosen = backend(job.backend)
        provenance = {
            "version": __version__,
            "finished": _now(),
            "wall_seconds": round(time.monotonic() - start, 3),
            "seed": job.seed,
            "paths": len(job.scenarios) * job.paths,
            "back_end": chosen.name,
            "device": chosen.device,
            "workers": where.description,
            "python": platform.python_version(),
            "platform": platform.platform(),
        }
        tails = replay_tails(output, job, where, progress)
        progress.phase("working out the measures", 0)
        finish_store(output, provenance, tails)
        finished = True
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped with {done} of {asked} blocks done, which are kept; "
            f"to go on: powderkeg resume {output}"
        ) from None
    finally:
        progress.finished(finished)
    return output


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
