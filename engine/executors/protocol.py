"""What an executor is: something that runs a task on every item and reports each outcome once.

Failures are outcomes, not exceptions. Retries are counted here (`run_all`), never by Dask, which
would let a task that kills its worker take healthy ones along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ATTEMPTS = 3
"""How often a block is tried before it is put aside."""

Task = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one item: its result, or in one line why there is none.

    `device` says that its worker's GPU failed, which is no fault of the item.
    """

    item: Any
    result: Any = None
    error: str | None = None
    device: bool = False


OnOutcome = Callable[[Outcome], None]


class DeviceFailed(RuntimeError):
    """A GPU whose every later launch in this process would fail; one line."""


class Executor(Protocol):
    """Runs `task(job, item)` for every item; `window` bounds how many are under way at once.

    A task is a function of a module, job and items can be pickled, and items can be hashed: they
    may go to another machine. `here` says that it is this machine, in `processes` besides this one.
    """

    description: str
    here: bool
    processes: int

    @property
    def workers(self) -> int: ...

    def map(
        self,
        task: Task,
        job: Any,
        items: Sequence[Any],
        on_outcome: OnOutcome,
        *,
        window: int | None = None,
    ) -> None: ...


def one_line(error: BaseException) -> str:
    """`ValueError: three is bad`."""
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"


def is_device_failure(error: BaseException) -> bool:
    """Whether it is an error of the CUDA runtime after which the process cannot go on.

    All of them stay, but running out of memory: every later call returns the same error.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if not kinds & {"CUDARuntimeError", "CUDADriverError"}:
        return False
    text = str(error).replace("_", "").lower()
    return not ("memoryallocation" in text or "outofmemory" in text)


def attempt(task: Task, job: Any, item: Any) -> Outcome:
    """Run one item; an exception becomes an outcome of one line. Raises DeviceFailed."""
    try:
        return Outcome(item, task(job, item))
    except Exception as error:
        if is_device_failure(error):
            raise DeviceFailed(one_line(error)) from error
        return Outcome(item, error=one_line(error))


def run_all(
    executor: Executor,
    task: Task,
    job: Any,
    items: Iterable[Any],
    on_outcome: OnOutcome,
    attempts: int = ATTEMPTS,
) -> dict[Any, str]:
    """Run every item until it succeeds or has failed `attempts` times.

    Returns the errors of the items put aside (empty: all is done). `on_outcome` hears of every
    attempt. The last attempt runs one item at a time: one that kills its worker then fails alone.
    What fails with its GPU is run again and not counted, unless nothing succeeds any more.
    """
    left = list(items)
    errors: dict[Any, str] = {}
    for number in range(1, attempts + 1):
        errors = {}
        window = 1 if 1 < number == attempts else None
        barren = 0
        while left:
            round_ = _Round(on_outcome, errors)
            executor.map(task, job, left, round_, window=window)
            left = sorted(round_.with_device)
            barren = 0 if round_.successes else barren + 1
            if barren == attempts:
                errors |= round_.with_device
                break
        left = sorted(errors)
        if not left:
            break
    return errors


class _Round:
    """Sorts the outcomes of one pass over the items."""

    def __init__(self, on_outcome: OnOutcome, errors: dict[Any, str]) -> None:
        self.on_outcome, self.errors = on_outcome, errors
        self.with_device: dict[Any, str] = {}
        self.successes = 0

    def __call__(self, outcome: Outcome) -> None:
        if outcome.error is None:
            self.successes += 1
        else:
            (self.with_device if outcome.device else self.errors)[outcome.item] = outcome.error
        self.on_outcome(outcome)
