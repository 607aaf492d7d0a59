"""Every computation on many paths: its pieces on one executor, progress, memory, interruption.

    with campaign(Placement(workers=2), "native", progress) as work:
        work.start(pieces, paths)
        results = work.map(task, job, items)

A task is a function of a module, `task(job, item)`; jobs and items are small and can be pickled,
since they may go to other processes and machines. Results come in the order of the items, so they
depend on neither workers nor order. Every phase of a computation uses the same executor, and no
task opens threads of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any, TypeVar

from . import memory
from .errors import Incomplete, Interrupted
from .executors import executor
from .executors.placement import Placement
from .executors.protocol import DeviceFailed, Executor, Outcome, run_all
from .progress import Progress, Silent

Result = TypeVar("Result")
NOTHING_KEPT = "nothing is written"
STOPPED = f"stopped, {NOTHING_KEPT}; fewer `paths` take less"


class Campaign:
    """Work under way.

    `stopped` says, when it is needed, what an interruption leaves; `kept` what a failure does.
    """

    def __init__(
        self, where: Executor, progress: Progress | None, stopped: Callable[[], str]
    ) -> None:
        self.where = where
        self.progress = progress or Silent()
        self.started = False
        self.stopped = stopped
        self.kept = NOTHING_KEPT

    @property
    def description(self) -> str:
        """Where they run, in words."""
        return self.where.description

    def start(self, pieces: int, paths: int) -> None:
        """Say how much there is to do; once, later ones are part of it."""
        if not self.started:
            self.started = True
            self.progress.started(pieces, paths, self.where.description)

    @contextmanager
    def part(self, pieces: int, paths: int) -> Iterator[None]:
        """A part with a bar of its own, which begins here and ends with the block."""
        self.start(pieces, paths)
        complete = False
        try:
            yield
            complete = True
        finally:
            self.end(complete)

    def end(self, complete: bool) -> None:
        """Say that it is over, if it has begun."""
        if self.started:
            self.started = False
            self.progress.finished(complete)

    def phase(self, what: str, paths: int) -> None:
        """Say that something else begins; 0 paths do not count."""
        self.progress.phase(what, paths)

    def check_memory(self, needed: int, of_worker: int, way_out: str) -> None:
        """Raises InputError where this machine lacks memory for `needed` bytes and the workers'.

        A process of its own takes what this one did before, besides; another machine is not ours.
        """
        workers = self.where.workers if self.where.here else 0
        program = self.where.processes * memory.resident()
        memory.check(needed + workers * of_worker + program, way_out)

    def attempt_all(
        self,
        task: Callable[[Any, Any], Result],
        job: Any,
        items: Sequence[Any],
        take: Callable[[Any, Result], int],
    ) -> dict[Any, str]:
        """Run the task on every item; in one line why some have no result.

        `take` gets every result as it comes and says how many paths it stands for.
        """

        # A number is the block's own; anything else is told by its place among the items.
        numbers = {
            item: int(item) if isinstance(item, Integral) else place
            for place, item in enumerate(items)
        }

        def note(outcome: Outcome) -> None:
            if outcome.error is not None:
                self.progress.block_failed(numbers[outcome.item], outcome.error)
                return
            paths = take(outcome.item, outcome.result)
            if self.started:
                self.progress.block_done(paths)

        return run_all(self.where, task, job, items, note)

    def map(
        self,
        task: Callable[[Any, Any], Result],
        job: Any,
        items: Sequence[Any],
        paths: Callable[[Any, Result], int] = lambda *_: 0,
    ) -> list[Result]:
        """Results in the order of the items. Raises Incomplete if a piece failed for good.

        `paths` says how many paths a finished piece stands for.
        """
        results: dict[Any, Result] = {}

        def take(item: Any, result: Result) -> int:
            results[item] = result
            return paths(item, result)

        self.check(self.attempt_all(task, job, items, take), len(items))
        return [results[item] for item in items]

    def check(self, failures: dict[Any, str], pieces: int) -> None:
        """Raises Incomplete if any piece failed for good."""
        if failures:
            raise Incomplete(
                f"{len(failures)} of {pieces} pieces failed three times, first: "
                f"{min(failures.items())[1]}; {self.kept}"
            )


@contextmanager
def campaign(
    placement: Placement,
    back_end: str,
    progress: Progress | None = None,
    stopped: Callable[[], str] = lambda: STOPPED,
) -> Iterator[Campaign]:
    """A computation from its first piece to its last.

    Ctrl-C raises Interrupted, a GPU that failed in this process Incomplete, each with what is left;
    progress hears of the end however it comes. `stopped` says what Ctrl-C leaves as long as the
    computation says nothing else, also while workers start. Raises InputError for a placement that
    is none.
    """
    work: Campaign | None = None
    try:
        with executor(placement, back_end) as where:
            work = Campaign(where, progress, stopped)
            complete = False
            try:
                yield work
                complete = True
            except DeviceFailed as error:
                raise Incomplete(
                    f"the GPU failed ({error}); nothing else can run in this process, so the run "
                    f"stops; {work.kept}"
                ) from None
            finally:
                work.end(complete)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise Interrupted(stopped() if work is None else work.stopped()) from None
