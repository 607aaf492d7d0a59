"""What a Dask cluster does for an executor, whoever started it: blocks go out a few at a time.

A job is sent once to every worker, where it stays for the tasks that name it by its digest. A
worker whose GPU fails ends its process, since every later launch would fail there, too; its nanny
starts another one. A worker that only fails while others do not is sent away, if the cluster is
ours: on somebody else's it is named and goes on, since others may have a use for it. What was sent
to workers that are not ours is taken back at the end.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .protocol import DeviceFailed, Executor, OnOutcome, Outcome, Task, attempt, one_line

INLINE = 1 << 14
"""Bytes of a job that may go out with every task."""
KEPT_JOBS = 4
"""Jobs that workers keep."""
TOPIC = "powderkeg-device"
GOODBYE_SECONDS = 0.3
"""How long the line about a failed GPU has to leave its process."""
STREAK = 3
"""Failures in a row after which a worker of ours is sent away."""

_jobs: dict[str, Any] = {}


class KeepJob:
    """A worker's plugin that holds a job. It reaches workers that start later, too."""

    def __init__(self, digest: str, text: bytes) -> None:
        self.name, self.text = digest, text

    def setup(self, worker: Any) -> None:
        """On every worker, before its first task."""
        _jobs[self.name] = pickle.loads(self.text)

    def teardown(self, worker: Any) -> None:
        """When the job is old."""
        _jobs.pop(self.name, None)


@dataclass(frozen=True)
class Sent:
    """Stands in a task for the job that its worker keeps."""

    digest: str


def work(task: Task, job: Any, item: Any) -> tuple[str, Outcome]:
    """Run one item in a worker process; its name, too."""
    from distributed import get_worker

    name = str(get_worker().name)
    try:
        return name, attempt(task, _jobs[job.digest] if isinstance(job, Sent) else job, item)
    except DeviceFailed as error:
        end_process(error)
        raise


def end_process(error: DeviceFailed) -> None:
    """Leave at once, with one line: nothing that this process launches can succeed any more."""
    from distributed import get_worker

    worker, gpu = get_worker(), os.environ.get("CUDA_VISIBLE_DEVICES", "unnamed")
    line = f"{socket.gethostname()}, GPU {gpu}: {error}"
    print(f"powderkeg: {line}; this worker ends", file=sys.stderr, flush=True)
    worker.log_event(TOPIC, {"worker": worker.address, "line": line})
    time.sleep(GOODBYE_SECONDS)
    os._exit(1)


class Distributed:
    """A Dask cluster, found by its client; ours where it has `processes`, which end with it."""

    def __init__(self, client: Any, description: str, processes: int) -> None:
        self.client, self.description = client, description
        self.here, self.processes = processes > 0, processes
        self.streaks = Streaks()
        self.named: set[str] = set()
        self.failed_devices: dict[str, str] = {}
        self.sent: list[str] = []
        client.subscribe_topic(TOPIC, self._device_failed)

    def _device_failed(self, event: tuple[float, dict[str, str]]) -> None:
        self.failed_devices[event[1]["worker"]] = event[1]["line"]

    @property
    def workers(self) -> int:
        """Threads of all workers at this moment, at least 1."""
        return max(1, int(sum(self.client.nthreads().values())))

    def map(
        self,
        task: Task,
        job: Any,
        items: Sequence[Any],
        on_outcome: OnOutcome,
        *,
        window: int | None = None,
    ) -> None:
        from distributed import as_completed

        job, queue = self._send(job), iter(items)
        under_way: dict[str, Any] = {}

        def submit(item: Any) -> Any:
            future = self.client.submit(work, task, job, item, pure=False, retries=0)
            under_way[future.key] = item
            return future

        first = [submit(i) for i in islice(queue, window or 2 * self.workers)]
        pending = as_completed(first, loop=self.client.loop)
        for future in pending:
            item = under_way.pop(future.key)
            outcome = self._outcome(future, item)
            future.release()
            on_outcome(outcome)
            for item in islice(queue, 1):
                pending.add(submit(item))

    def _send(self, job: Any) -> Any:
        """The job, or what stands for it once every worker has it."""
        text = pickle.dumps(job, protocol=5)
        if len(text) <= INLINE:
            return job
        # With the client's name: whoever else sends the same job may take back only his own.
        name = hashlib.sha256(str(self.client.id).encode() + text).hexdigest()
        digest = f"powderkeg-{name[:32]}"
        if digest not in self.sent:
            self.sent.append(digest)
            self.client.register_plugin(worker_plugin(digest, text), name=digest)
            if len(self.sent) > KEPT_JOBS:
                self.client.unregister_worker_plugin(self.sent.pop(0))
        return Sent(digest)

    def forget(self) -> None:
        """Take back from workers what they keep of us; a scheduler that is gone keeps nothing."""
        with suppress(Exception):
            while self.sent and self.client.status == "running":
                self.client.unregister_worker_plugin(self.sent.pop())

    def _outcome(self, future: Any, item: Any) -> Outcome:
        """What a finished, failed or lost future says of its item."""
        if future.status == "finished":
            name, outcome = future.result()
            self._note(name, outcome.error is None)
            return Outcome(**outcome.__dict__)
        # The worker died or the result was lost; the task itself never raises.
        error = lost(future)
        worker = getattr(error, "last_worker", None)
        if worker is None:
            return Outcome(item, error=one_line(error))
        if line := self.failed_devices.get(worker.address):
            self._note(str(worker.name), False, worker.address)
            return Outcome(item, error=line, device=True)
        self._note(str(worker.name), False, worker.address)
        return Outcome(item, error="KilledWorker: its worker process died")

    def _note(self, name: str, success: bool, died: str = "") -> None:
        if not self.streaks.note(name, success, died) or len(self.client.nthreads()) == 1:
            return
        if name not in self.named:
            self.named.add(name)
            what = "it is sent away" if self.here else "its owner may want to end it"
            print(
                f"powderkeg: worker {name} failed {STREAK} times in a row while others did not; "
                f"{what}",
                file=sys.stderr,
            )
        if self.here:
            names = [int(name) if name.isdecimal() else name]
            self.client.retire_workers(names=names, close_workers=True)


def worker_plugin(digest: str, text: bytes) -> Any:
    """KeepJob as Dask wants it; Dask loads only now."""
    from distributed import WorkerPlugin

    kind = type("KeepJobPlugin", (KeepJob, WorkerPlugin), {})
    return kind(digest, text)


def lost(future: Any) -> BaseException:
    """Why a future has no result."""
    from concurrent.futures import CancelledError

    try:
        error = future.exception()
    except (CancelledError, Exception) as other:
        error = other
    return error if isinstance(error, BaseException) else RuntimeError(str(future.status))


class Streaks:
    """Who fails while others succeed. The death of a process is one failure, whatever it ran."""

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}
        self.successes: dict[str, int] = {}
        self.others_at_start: dict[str, int] = {}
        self.died: set[str] = set()

    def note(self, name: str, success: bool, died: str = "") -> bool:
        """Take note of an outcome; whether the worker should go."""
        if success:
            self.successes[name] = self.successes.get(name, 0) + 1
            self.failures[name] = 0
            return False
        if died in self.died:
            return False
        self.died |= {died} - {""}
        others = sum(self.successes.values()) - self.successes.get(name, 0)
        if self.failures.get(name, 0) == 0:
            self.others_at_start[name] = others
        self.failures[name] = self.failures.get(name, 0) + 1
        return self.failures[name] >= STREAK and others > self.others_at_start[name]


@contextmanager
def connected(client: Any, description: str, processes: int) -> Iterator[Executor]:
    """An executor on a client, which ends with it."""
    with closing(client):
        executor = Distributed(client, description, processes)
        try:
            yield executor
        finally:
            if not executor.here:
                executor.forget()
