"""Where blocks run: threads of this process, processes of this machine, or a cluster.

Every executor does one thing, `map`: run a task on every item and report each outcome once, in
whatever order they come. Failures are outcomes, not exceptions. Retries are counted here
(`run_all`), never by Dask, which would let a task that kills its worker take healthy ones along.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from ...kernels.backends import kind

ATTEMPTS = 3
"""How often a block is tried before it is put aside."""

CONNECT_SECONDS = 10
"""How long a scheduler has to answer."""

Task = Callable[[Any, int], Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one item: its result, or in one line why there is none."""

    item: int
    result: Any = None
    error: str | None = None


OnOutcome = Callable[[Outcome], None]


class Executor(Protocol):
    """Runs `task(job, item)` for every item; `window` bounds how many are under way at once."""

    description: str

    @property
    def workers(self) -> int: ...

    def map(
        self,
        task: Task,
        job: Any,
        items: Sequence[int],
        on_outcome: OnOutcome,
        *,
        window: int | None = None,
    ) -> None: ...


def attempt(task: Task, job: Any, item: int) -> Outcome:
    """Run one item; an exception becomes an outcome of one line."""
    try:
        return Outcome(item, task(job, item))
    except Exception as error:
        text = " ".join(str(error).split()) or "no message"
        return Outcome(item, error=f"{type(error).__name__}: {text}")


def run_all(
    executor: Executor,
    task: Task,
    job: Any,
    items: Iterable[int],
    on_outcome: OnOutcome,
    attempts: int = ATTEMPTS,
) -> dict[int, str]:
    """Run every item until it succeeds or has failed `attempts` times.

    Returns the errors of the items put aside (empty: all is done). `on_outcome` hears of every
    attempt. The last attempt runs one item at a time: one that kills its worker then fails alone.
    """
    left = list(items)
    errors: dict[int, str] = {}
    for number in range(1, attempts + 1):
        errors = {}

        def note(outcome: Outcome, failed: dict[int, str] = errors) -> None:
            if outcome.error is not None:
                failed[outcome.item] = outcome.error
            on_outcome(outcome)

        executor.map(task, job, left, note, window=1 if 1 < number == attempts else None)
        left = sorted(errors)
        if not left:
            break
    return errors


class Embedded:
    """Dask's threaded scheduler in this process: no server, no socket, one block per thread."""

    workers: int

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.description = f"{workers} thread{'s' * (workers > 1)} of this process"

    def map(
        self,
        task: Task,
        job: Any,
        items: Sequence[int],
        on_outcome: OnOutcome,
        *,
        window: int | None = None,
    ) -> None:
        from dask._task_spec import Task as Node
        from dask.callbacks import Callback
        from dask.threaded import get

        def report(key: Any, outcome: Any, *_: Any) -> None:
            if isinstance(outcome, Outcome):
                on_outcome(outcome)

        graph = {f"block-{i}": Node(f"block-{i}", attempt, task, job, i) for i in items}
        pool = ThreadPoolExecutor(min(self.workers, window or self.workers))
        try:
            with Callback(posttask=report):
                get(graph, list(graph), pool=pool)
        finally:
            # After Ctrl-C the blocks under way end by themselves and nobody hears of them.
            pool.shutdown(wait=True, cancel_futures=True)


class Distributed:
    """A Dask cluster, found by its client; blocks go out a few at a time, never all at once."""

    def __init__(self, client: Any, description: str) -> None:
        self.client = client
        self.description = description

    @property
    def workers(self) -> int:
        """Threads of all workers at this moment, at least 1."""
        return max(1, int(sum(self.client.nthreads().values())))

    def map(
        self,
        task: Task,
        job: Any,
        items: Sequence[int],
        on_outcome: OnOutcome,
        *,
        window: int | None = None,
    ) -> None:
        from distributed import as_completed

        # The job is a specification of a few kilobytes; workers build what they need and keep it.
        queue = iter(items)
        sent: dict[str, int] = {}

        def submit(item: int) -> Any:
            future = self.client.submit(attempt, task, job, item, pure=False, retries=0)
            sent[future.key] = item
            return future

        first = [submit(i) for i in islice(queue, window or 2 * self.workers)]
        pending = as_completed(first, loop=self.client.loop)
        for future in pending:
            item = sent.pop(future.key)
            if future.status == "finished":
                outcome = future.result()
            else:  # the worker died or the result was lost; the task itself never raises
                outcome = Outcome(item, error=_lost(future))
            future.release()
            on_outcome(outcome)
            for item in islice(queue, 1):
                pending.add(submit(item))


def _lost(future: Any) -> str:
    error = future.exception()
    name = type(error).__name__
    return "KilledWorker: its worker process died" if name == "KilledWorker" else f"{name}: {error}"


LOOPBACK = "127.0.0.1"


def visible_devices(count: int) -> list[str]:
    """The GPUs that this process sees, as it was told of them: `6`, `GPU-8ec1...`, `MIG-...`.

    Numbers of its own would name other devices in a process that is told them.
    """
    entries = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(i) for i in range(count)] if entries is None else entries.split(",")
    return [name.strip() for name in names][:count]


def worker_specifications(
    workers: int | None, gpus: int = 0, security: Any = None
) -> dict[int, dict[str, Any]]:
    """Single-threaded worker processes for SpecCluster, each with a GPU of its own if there are."""
    from distributed import Nanny

    order = os.environ.get("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    environments = [
        {"CUDA_VISIBLE_DEVICES": name, "CUDA_DEVICE_ORDER": order}
        for name in visible_devices(gpus)[:workers]
    ]
    return {
        i: {
            "cls": Nanny,
            "options": {
                "nthreads": 1,
                "host": LOOPBACK,
                "protocol": "tls",
                "security": security,
                "memory_limit": 0,  # blocks are sized beforehand; pausing would only stall the run
                "env": environment,
                "dashboard": False,
                # Dask opens an HTTP port whatever is asked; it is a free one, and bare.
                "dashboard_address": f"{LOOPBACK}:0",
                "silence_logs": 50,
            },
        }
        for i, environment in enumerate(environments or [{}] * (workers or 1))
    }


def local_cluster(workers: int, gpus: int = 0, dashboard: bool = False) -> Any:
    """A cluster of processes on this machine that nobody else can join or talk to.

    Its ports are on the loopback interface, which every user of a machine reaches, and a Dask port
    runs whatever it is sent. So scheduler, workers and client speak TLS with a certificate of this
    run that exists in their memory alone, and hang up on whoever does not have it.
    """
    from distributed import Scheduler, SpecCluster
    from distributed.security import Security

    security = Security.temporary()
    options = {
        "host": LOOPBACK,
        "protocol": "tls",
        "security": security,
        "dashboard": dashboard,
        "dashboard_address": f"{LOOPBACK}:8787" if dashboard else f"{LOOPBACK}:0",
    }
    return SpecCluster(
        workers=worker_specifications(workers, gpus, security),
        scheduler={"cls": Scheduler, "options": options},
        security=security,
        silence_logs=50,
    )


@contextmanager
def _workers_deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C in a terminal reaches every process of the group; only this one should answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited by what is started now
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def executor(
    cluster: str = "embedded",
    workers: int | None = None,
    gpus: int = 0,
    dashboard: bool = False,
) -> AbstractContextManager[Executor]:
    """The executor named `cluster`: `embedded`, `local`, or the address of a running scheduler.

    `workers` are threads (embedded) or processes (local), one per core or GPU by default.
    Raises ValueError for another word and ConnectionError when nothing answers at an address.
    """
    if cluster == "embedded":
        return nullcontext(Embedded(workers or (1 if gpus else cores())))
    if cluster == "local":
        return _Connected(workers or (gpus or cores()), gpus, dashboard)
    if cluster.startswith(("tcp://", "tls://")):
        return _Connected(0, 0, False, cluster)
    raise ValueError(f"cluster {cluster!r} is not embedded, local or an address tcp://HOST:PORT")


@dataclass
class _Connected(AbstractContextManager["Executor"]):
    """Owns a client, and the cluster when it started one, for the length of a run."""

    workers: int
    gpus: int
    dashboard: bool
    address: str | None = None

    def __enter__(self) -> Executor:
        import dask
        from distributed import Client

        # A killed worker fails what it ran at once; how often a block is tried is counted here.
        self._config = dask.config.set({"distributed.scheduler.allowed-failures": 0})
        self._config.__enter__()
        if self.address:
            self._cluster = None
            try:
                self._client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
            except OSError:
                self._config.__exit__(None, None, None)
                raise ConnectionError(
                    f"--cluster: no scheduler answers at {self.address}"
                ) from None
            words = f"the cluster at {self.address}"
        else:
            with _workers_deaf_to_interrupts():
                self._cluster = local_cluster(self.workers, self.gpus, self.dashboard)
            security = self._cluster.security
            self._client = Client(self._cluster, security=security, set_as_default=False)
            kind = "GPU process" if self.gpus else "process"
            words = f"{self.workers} {kind}{'es' * (self.workers > 1)} of this machine"
        return Distributed(self._client, words)

    def __exit__(self, *_: object) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
        self._config.__exit__(None, None, None)


def gpus(back_end: str) -> int:
    """How many GPUs a run on this back end spreads over."""
    return kind(back_end).devices()


def default_workers(back_end: str) -> int:
    """Workers where none are asked for: one per GPU or core."""
    return gpus(back_end) or cores()
