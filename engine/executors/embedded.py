"""Threads of this process: Dask's threaded scheduler, no server, no socket, one block a thread."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from .placement import Placement, cores
from .protocol import Executor, OnOutcome, Outcome, Task, attempt


class Embedded:
    """Runs items on `workers` threads, which end with every map."""

    workers: int
    here, processes = True, 0

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.description = f"{workers} thread{'s' * (workers > 1)} of this process"

    def map(
        self,
        task: Task,
        job: Any,
        items: Sequence[Any],
        on_outcome: OnOutcome,
        *,
        window: int | None = None,
    ) -> None:
        from dask._task_spec import DataNode
        from dask._task_spec import Task as Node
        from dask.callbacks import Callback
        from dask.threaded import get

        def report(key: Any, outcome: Any, *_: Any) -> None:
            if isinstance(outcome, Outcome):
                on_outcome(outcome)

        def numbered(number: int) -> Outcome:  # Dask looks into arguments for the names of tasks
            return attempt(task, job, items[number])

        graph: dict[str, Any] = {
            f"block-{i}": Node(f"block-{i}", numbered, DataNode(None, i)) for i in range(len(items))
        }
        pool = ThreadPoolExecutor(min(self.workers, window or self.workers))
        try:
            with Callback(posttask=report):
                get(graph, list(graph), pool=pool)
        finally:
            # After Ctrl-C the blocks under way end by themselves and nobody hears of them.
            pool.shutdown(wait=True, cancel_futures=True)


def start(placement: Placement, gpus: int) -> AbstractContextManager[Executor]:
    """One thread per core, or one for a GPU."""
    return nullcontext(Embedded(placement.workers or (1 if gpus else cores())))
