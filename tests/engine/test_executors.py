"""The same bytes wherever and in whatever order blocks run; failures counted and told."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from powderkeg.engine.errors import Incomplete, Interrupted
from powderkeg.engine.executors import (
    Embedded,
    Executor,
    OnOutcome,
    Outcome,
    Task,
    attempt,
    executor,
    run_all,
    worker_specifications,
)
from powderkeg.engine.run import execute as running
from powderkeg.engine.run.execute import resume, run_plan
from powderkeg.engine.run.inputs import Inputs
from powderkeg.results import StoreError, open_results, store_digest
from tests.helpers.small_run import BOOK, CHAIN, MARKET, small_plan

# A cluster leaves sockets and loops to the garbage collector, which warns at any later moment.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Shuffled:
    """Runs blocks one after the other in a random order, some of them twice."""

    workers = 1
    description = "a shuffled order"

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def map(
        self,
        task: Task,
        job: Any,
        items: Sequence[int],
        on_outcome: OnOutcome,
        *,
        window: int | None = None,
    ) -> None:
        order = list(items)
        self.random.shuffle(order)
        for item in order:
            if self.random.random() < 0.5:
                attempt(task, job, item)
            on_outcome(attempt(task, job, item))


class Failing(Embedded):
    """Fails chosen blocks a number of times, before or after they have written."""

    def __init__(self, failures: dict[int, int]) -> None:
        super().__init__(2)
        self.failures = failures
        self.lock = threading.Lock()

    def map(
        self,
        task: Task,
        job: Any,
        items: Sequence[int],
        on_outcome: OnOutcome,
        *,
        window: int | None = None,
    ) -> None:
        def unlucky(job: Any, item: int) -> Any:
            with self.lock:
                left = self.failures.get(item, 0)
                self.failures[item] = left - 1
            if left == 2:
                task(job, item)  # lost acknowledgement: written, then reported as failed
            if left > 0:
                raise OSError(28, "No space left on device")
            return task(job, item)

        super().map(unlucky, job, items, on_outcome, window=window)


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def started(self, blocks: int, paths: int, where: str) -> None:
        self.events.append(("started", blocks, paths))

    def block_done(self, paths: int) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.events.append(("done", paths))

    def block_failed(self, block: int, error: str) -> None:
        self.events.append(("failed", block, error))

    def phase(self, what: str, paths: int) -> None:
        self.events.append(("phase", what, paths))

    def finished(self, complete: bool) -> None:
        self.events.append(("finished", complete))


def make(path: Path, where: Executor | None = None, **arguments: Any) -> Path:
    plan = small_plan()
    inputs = Inputs(BOOK, MARKET, CHAIN, plan.job.scenarios)
    if where is None:
        return run_plan(plan, path, inputs=inputs, **arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "executor", lambda *_, **__: nullcontext(where))
        return run_plan(plan, path, inputs=inputs, **arguments)


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    return store_digest(make(tmp_path_factory.mktemp("one") / "o.zarr", workers=1))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 3])
def test_threads_change_nothing(workers: int, digest: str, tmp_path: Path) -> None:
    assert store_digest(make(tmp_path / "o.zarr", workers=workers)) == digest


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_order_and_repetition_change_nothing(seed: int, digest: str, tmp_path: Path) -> None:
    assert store_digest(make(tmp_path / "o.zarr", Shuffled(seed))) == digest


@pytest.mark.slow
def test_processes_change_nothing(digest: str, tmp_path: Path) -> None:
    assert store_digest(make(tmp_path / "o.zarr", workers=2, cluster="local")) == digest


@pytest.mark.slow
def test_a_block_that_fails_twice_succeeds(digest: str, tmp_path: Path) -> None:
    heard = Heard()
    done = make(tmp_path / "o.zarr", Failing({1: 2, 4: 1}), progress=heard)
    assert store_digest(done) == digest
    open_results(done)
    failed = [event[1:] for event in heard.events if event[0] == "failed"]
    assert sorted(failed) == [
        (1, "OSError: [Errno 28] No space left on device"),
        (1, "OSError: [Errno 28] No space left on device"),
        (4, "OSError: [Errno 28] No space left on device"),
    ]
    assert heard.events[0] == ("started", 6, 1200)
    assert heard.events[-1] == ("finished", True)
    assert sum(event[1] for event in heard.events if event[0] == "done") == 1200


@pytest.mark.slow
def test_a_block_that_fails_for_good_leaves_an_unfinished_store(
    digest: str, tmp_path: Path
) -> None:
    heard, store = Heard(), tmp_path / "o.zarr"
    with pytest.raises(Incomplete) as caught:
        make(store, Failing({1: 99}), progress=heard)
    assert str(caught.value) == (
        "1 of 6 blocks failed three times, first block 1: OSError: [Errno 28] No space left on "
        f"device; the others are kept: powderkeg resume {store}"
    )
    assert heard.events[-1] == ("finished", False)
    with pytest.raises(StoreError, match="powderkeg resume"):
        open_results(store)
    again = Heard()
    assert store_digest(resume(store, workers=1, progress=again)) == digest
    assert again.events[0] == ("started", 1, 256)
    resume(store, workers=1)  # nothing left to do


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_go_on(digest: str, tmp_path: Path) -> None:
    class Stopped(Heard):
        def block_done(self, paths: int) -> None:
            super().block_done(paths)
            if len(self.events) > 2:
                raise KeyboardInterrupt

    store = tmp_path / "o.zarr"
    with pytest.raises(Interrupted) as caught:
        make(store, workers=1, progress=Stopped())
    assert str(caught.value) == (
        f"stopped with 2 of 6 blocks done, which are kept; to go on: powderkeg resume {store}"
    )
    assert store_digest(resume(store, workers=2)) == digest


def test_another_store_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "o.zarr").mkdir()
    with pytest.raises(StoreError, match="exists"):
        make(tmp_path / "o.zarr", workers=1)


@pytest.mark.slow
def test_resume_refuses_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make(tmp_path / "o.zarr", workers=1)
    monkeypatch.setattr("powderkeg.engine.job.model_digest", lambda: "another")
    assert resume(store) == store.absolute()  # finished: nothing to do
    next(p for p in (store / "losses" / "pnl" / "c").rglob("*") if p.is_file()).unlink()
    with pytest.raises(StoreError, match="made by another build of the model"):
        resume(store)


def square(job: str, item: int) -> int:
    if job == "slow":
        time.sleep(0.01)
    if job == "kill" and item == 3:
        os._exit(1)
    if job == "raise" and item == 3:
        raise ValueError("three\nis bad")
    return item * item


@pytest.mark.parametrize("job", ["fine", "raise"])
def test_embedded_reports_every_item_once(job: str) -> None:
    seen: list[Outcome] = []
    errors = run_all(Embedded(2), square, job, range(20), seen.append)
    good = {o.item: o.result for o in seen if o.error is None}
    assert good == {i: i * i for i in range(20) if job == "fine" or i != 3}
    assert errors == ({} if job == "fine" else {3: "ValueError: three is bad"})
    assert len(seen) == (20 if job == "fine" else 22)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["raise", "kill"])
def test_processes_report_every_item(job: str) -> None:
    """A block that kills its worker is put aside; the others are done all the same."""
    seen: list[Outcome] = []
    with executor("local", 2) as where:
        assert where.description == "2 processes of this machine"
        errors = run_all(where, square, job, range(12), seen.append)
    words = {"raise": "ValueError: three is bad", "kill": "KilledWorker: its worker process died"}
    assert errors == {3: words[job]}
    assert {o.item: o.result for o in seen if o.error is None} == {
        i: i * i for i in range(12) if i != 3
    }


@pytest.mark.slow
def test_a_running_scheduler_is_used_and_left_alone() -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, host="127.0.0.1",
        protocol="tcp", dashboard_address=None,
    ) as cluster:  # fmt: skip
        for _ in range(2):
            with executor(cluster.scheduler_address) as where:
                assert where.workers == 2
                seen: list[Outcome] = []
                assert run_all(where, square, "fine", range(8), seen.append) == {}
                assert len(seen) == 8


def listening() -> set[tuple[int, str, int]]:
    """Every listening socket of this process and its children."""
    me = psutil.Process()  # type: ignore[no-untyped-call]
    return {
        (process.pid, *connection.laddr)
        for process in (me, *me.children(recursive=True))  # type: ignore[no-untyped-call]
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.slow
def test_a_cluster_listens_on_this_machine_alone() -> None:
    before = listening()
    with executor("local", 1):
        opened = listening() - before
    assert {address for _, address, _ in opened} == {"127.0.0.1"}
    assert 8787 not in {port for *_, port in opened}


def test_threads_listen_nowhere(tmp_path: Path) -> None:
    seen: list[set[tuple[int, str, int]]] = []
    before = listening()
    run_all(Embedded(2), square, "fine", range(4), lambda _: seen.append(listening() - before))
    assert seen == [set()] * 4


def devices(specs: dict[int, dict[str, Any]]) -> list[str]:
    return [spec["options"]["env"]["CUDA_VISIBLE_DEVICES"] for spec in specs.values()]


def test_one_process_per_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    specs = worker_specifications(None, 4)
    assert devices(specs) == ["0", "1", "2", "3"]
    assert {s["options"]["nthreads"] for s in specs.values()} == {1}
    assert {s["options"]["host"] for s in specs.values()} == {"127.0.0.1"}
    assert list(worker_specifications(2, 4)) == [0, 1]


@pytest.mark.parametrize("given", ["6,7", "GPU-8ec1,GPU-77aa", "MIG-1c, MIG-2d"])
def test_gpus_are_named_as_the_parent_was_told_of_them(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Workers of a parent with 6 and 7 take 6 and 7, not 0 and 1, which are others' there."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert devices(worker_specifications(None, 2)) == given.replace(" ", "").split(",")
    environment = worker_specifications(None, 2)[0]["options"]["env"]
    assert environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_a_stranger_on_the_machine_is_refused() -> None:
    """Whoever reaches a Dask port runs code as its owner; without the certificate nobody does."""
    from distributed import Client
    from distributed.security import Security

    with executor("local", 1) as where:
        address = where.client.scheduler.address  # type: ignore[attr-defined]
        assert address.startswith("tls://127.0.0.1:")
        for stranger in (address.replace("tls://", "tcp://"), address):
            security = Security.temporary() if stranger == address else None
            with pytest.raises(OSError):
                Client(stranger, security=security, timeout=2, set_as_default=False)


def test_unknown_places_are_refused() -> None:
    with pytest.raises(ValueError, match="slurm"):
        executor("slurm")


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powderkeg.engine.executors.CONNECT_SECONDS", 1)
    with (
        pytest.raises(ConnectionError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9$"),
        executor("tcp://127.0.0.1:9"),
    ):
        pass
