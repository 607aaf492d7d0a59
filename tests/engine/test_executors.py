"""The same bytes wherever and in whatever order blocks run; failures counted and told."""

import asyncio
import json
import os
import re
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from powderkeg.engine.campaign import campaign
from powderkeg.engine.errors import Incomplete, Interrupted
from powderkeg.engine.executors import executor
from powderkeg.engine.executors.embedded import Embedded
from powderkeg.engine.executors.local import specifications
from powderkeg.engine.executors.placement import Placement, Tls
from powderkeg.engine.executors.protocol import (
    DeviceFailed,
    Executor,
    OnOutcome,
    Outcome,
    Task,
    attempt,
    run_all,
)
from powderkeg.engine.executors.through_dask import INLINE, KEPT_JOBS, Distributed, Streaks, _jobs
from powderkeg.engine.run.execute import resume
from powderkeg.results import StoreError, open_results, store_digest
from powderkeg.scenarios import InputError
from tests.helpers.small_run import run_at, small_plan

# A cluster leaves sockets and loops to the garbage collector, which warns at any later moment.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Shuffled:
    """Runs blocks one after the other in a random order, some of them twice."""

    workers, here, processes = 1, True, 0
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
    return run_at(small_plan(), path, where=where, **arguments)


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
    assert store_digest(resume(store, placement=Placement(workers=1), progress=again)) == digest
    assert again.events[0] == ("started", 1, 256)
    resume(store, placement=Placement(workers=1))  # nothing left to do


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
    assert store_digest(resume(store, placement=Placement(workers=2))) == digest


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
    with executor(Placement("local", 2)) as where:
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
            with executor(Placement(cluster.scheduler_address, plain_tcp=True)) as where:
                assert where.workers == 2
                seen: list[Outcome] = []
                assert run_all(where, square, "fine", range(8), seen.append) == {}
                assert len(seen) == 8


def length(job: str, item: int) -> int:
    return len(job) + item


@pytest.mark.slow
def test_a_running_cluster_keeps_nothing_of_ours() -> None:
    from distributed import LocalCluster

    def kept() -> int:
        names = {name for name in cluster.scheduler.worker_plugins if name.startswith("powderkeg")}
        assert names == set(_jobs)
        return len(names)

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, host="127.0.0.1",
        protocol="tcp", dashboard_address=None,
    ) as cluster:  # fmt: skip
        seen: list[Outcome] = []
        place = Placement(cluster.scheduler_address, plain_tcp=True)
        with executor(place) as one, executor(place) as other:
            for number in range(KEPT_JOBS + 2):
                job = f"{number}" * (INLINE + 1)
                assert run_all(one, length, job, [0], seen.append) == {}
            with executor(place) as another:  # the same job, and gone before it is asked again
                assert run_all(another, length, job, [1], seen.append) == {}
            assert run_all(one, length, job, [2], seen.append) == {}
            assert kept() == KEPT_JOBS
            with pytest.raises(KeyboardInterrupt):
                run_all(other, length, job, [3], interrupt)
        assert kept() == 0
        assert [outcome.result - INLINE for outcome in seen] == [1] * (KEPT_JOBS + 2) + [2, 3]


def interrupt(outcome: Outcome) -> None:
    raise KeyboardInterrupt


class Bystander:
    """A client that notes who is sent away."""

    def __init__(self) -> None:
        self.retired: list[Any] = []

    def subscribe_topic(self, topic: str, handler: Any) -> None: ...

    def nthreads(self) -> dict[str, int]:
        return {"one": 1, "two": 1}

    def retire_workers(self, names: list[Any], close_workers: bool) -> None:
        self.retired += names


@pytest.mark.parametrize("processes", [0, 2])
def test_only_our_own_workers_are_sent_away(
    processes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Bystander()
    where = Distributed(client, "a cluster", processes)
    for _ in range(5):
        where._note("1", True)
        where._note("0", False)
    assert set(client.retired) == ({0} if processes else set())
    words = "it is sent away" if processes else "its owner may want to end it"
    assert capsys.readouterr().err == (
        f"powderkeg: worker 0 failed 3 times in a row while others did not; {words}\n"
    )


def processes() -> set[int]:
    """Worker processes of this one."""
    me = psutil.Process()  # type: ignore[no-untyped-call]
    return {
        process.pid
        for process in me.children(recursive=True)  # type: ignore[no-untyped-call]
        if "--multiprocessing-fork" in process.cmdline()
    }


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
    with executor(Placement("local", 1)):
        opened = listening() - before
    assert {address for _, address, _ in opened} == {"127.0.0.1"}
    assert 8787 not in {port for *_, port in opened}


def test_threads_listen_nowhere(tmp_path: Path) -> None:
    seen: list[set[tuple[int, str, int]]] = []
    before = listening()
    run_all(Embedded(2), square, "fine", range(4), lambda _: seen.append(listening() - before))
    assert seen == [set()] * 4


def visible(workers: int, gpus: int) -> list[str]:
    specs = specifications(workers, gpus, None)
    assert {s["options"]["nthreads"] for s in specs.values()} == {1}
    assert {s["options"]["host"] for s in specs.values()} == {"127.0.0.1"}
    environments = [spec["options"]["env"] for spec in specs.values()]
    assert {e["CUDA_DEVICE_ORDER"] for e in environments} == {"PCI_BUS_ID"}
    return [e["CUDA_VISIBLE_DEVICES"] for e in environments]


@pytest.mark.parametrize(
    ("parent", "names"),
    [
        (None, ["0", "1"]),
        ("6,7", ["6", "7"]),
        ("GPU-8ec1,GPU-77aa", ["GPU-8ec1", "GPU-77aa"]),
        ("MIG-1f, MIG-2e", ["MIG-1f", "MIG-2e"]),
    ],
)
def test_one_process_per_gpu_that_the_parent_sees(
    parent: str | None, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if parent is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", parent)
    assert visible(2, 2) == names
    assert visible(1, 2) == names[:1]


@pytest.mark.parametrize(
    ("placement", "words"),
    [
        (Placement("slurm"), 'cluster: "slurm" is not embedded, local or an address tls://'),
        (Placement("tcp://10.0.0.1:8786"), "or take the risk with `plain_tcp`"),
        (Placement("tls://10.0.0.1:8786", 2), "workers: a running cluster has its own workers"),
        (Placement(workers=0), "workers: 0 is not between 1 and 4096"),
        (Placement(workers=2.5), "workers: 2.5 is not a whole number"),  # type: ignore[arg-type]
        (Placement(workers=True), "workers: True is not a whole number"),
        (Placement(workers="2"), "workers: '2' is not a whole number"),  # type: ignore[arg-type]
        (Placement(plain_tcp=True), "plain_tcp: goes with a cluster at tcp://HOST:PORT, not with"),
        (Placement("local", plain_tcp=True), "not with local; leave it out"),
        (Placement("tls://10.0.0.1:8786", plain_tcp=True), "not with tls://10.0.0.1:8786; leave"),
        (Placement(tls=Tls(ca_file="ca.pem")), "go with a cluster at tls://HOST:PORT"),
    ],
)
def test_places_that_make_no_sense_are_refused(placement: Placement, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        executor(placement)


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powderkeg.engine.executors.cluster.CONNECT_SECONDS", 1)
    with (
        pytest.raises(InputError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9$"),
        executor(Placement("tcp://127.0.0.1:9", plain_tcp=True)),
    ):
        pass


# --- strangers ------------------------------------------------------------------------------------


def knock(address: str, security: Any = None) -> None:
    """Talk to a Dask port as a client does. Raises OSError where it is refused, or no answer."""
    from distributed.comm.core import connect

    async def talk() -> None:
        arguments = security.get_connection_args("client") if security else {}
        comm = await connect(address, timeout=1, **arguments)
        await comm.close()

    asyncio.run(asyncio.wait_for(talk(), 1.5))


@pytest.mark.slow
def test_a_stranger_is_refused() -> None:
    """Any user of the machine reaches the loopback interface; only this run has the certificate."""
    from distributed import LocalCluster
    from distributed.security import Security

    before, other = listening(), Security.temporary()
    with executor(Placement("local", 1)) as where:
        ports = {port for *_, port in listening() - before}
        assert len(ports) >= 3  # scheduler, nanny and worker; their HTTP pages speak no Dask
        for port in ports:
            for address, security in ((f"tcp://127.0.0.1:{port}", None),
                                      (f"tls://127.0.0.1:{port}", other)):  # fmt: skip
                with pytest.raises(OSError):
                    knock(address, security)
        assert run_all(where, square, "fine", range(3), lambda _: None) == {}
    with LocalCluster(
        n_workers=0, processes=False, host="127.0.0.1", protocol="tcp", dashboard_address=None
    ) as cluster:
        knock(cluster.scheduler_address)  # as it was, and as anybody would be let in


def page(port: int, path: str) -> int:
    """The status of a page over plain HTTP. Raises OSError where nothing answers in HTTP."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


@pytest.mark.slow
def test_a_stranger_reads_nothing() -> None:
    """Dask serves pages over HTTP to whoever reaches a port, without a certificate."""
    pages = ["json/identity.json", "json/index.html", "info/main/workers.html",
             "info/main/logs.html", "info/logs.html", "info/main/call-stacks.html",
             "metrics", "proxy/80/127.0.0.1/", "status", "statics/css/base.css"]  # fmt: skip
    before = listening()
    maps: list[set[str]] = []
    with executor(Placement("local", 1)):
        for port in {port for *_, port in listening() - before}:
            for path in pages:
                with suppress(OSError):  # speaks TLS
                    assert page(port, path) == 404, path
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/sitemap.json") as answer:
                maps.append(set(json.load(answer)["paths"]))
    assert maps == [{"/health", "/sitemap.json"}] * 2  # of scheduler and worker


# --- Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["instantiate", "close"])
def test_an_interruption_while_workers_start_or_end_leaves_none(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Nanny

    sent: list[Nanny] = []
    real = getattr(Nanny, moment)

    async def interrupted(self: Nanny, *arguments: Any, **options: Any) -> Any:
        if not sent:
            sent.append(self)
            os.kill(os.getpid(), signal.SIGINT)
        return await real(self, *arguments, **options)

    monkeypatch.setattr(Nanny, moment, interrupted)
    before = processes()
    with (
        pytest.raises(Interrupted, match="stopped, nothing is written"),
        campaign(Placement("local", 2), "native"),
    ):
        assert moment == "close" and len(processes() - before) == 2
    assert sent and processes() == before


@pytest.mark.slow
@pytest.mark.parametrize("what", ["Client", "Client.close"])
def test_a_client_that_fails_leaves_no_process(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("no client")

    monkeypatch.setattr(f"distributed.{what}", fails)
    before = processes()
    with pytest.raises(RuntimeError, match="no client"), executor(Placement("local", 1)):
        assert what == "Client.close"
    assert processes() == before


def deaf(job: str, item: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    return os.getpid()


@pytest.mark.slow
def test_workers_are_deaf_to_interruptions() -> None:
    """In a terminal Ctrl-C reaches them, too; also the one that a nanny started."""
    seen: list[Outcome] = []
    with executor(Placement("local", 1)) as where:
        assert isinstance(where, Distributed)
        assert run_all(where, deaf, "", [0], seen.append, attempts=1) == {}
        assert run_all(where, square, "kill", [3], lambda _: None, attempts=1)
        assert run_all(where, deaf, "", [0], seen.append, attempts=1) == {}
    first, second = (outcome.result for outcome in seen)
    assert first != second


# --- a GPU that fails -----------------------------------------------------------------------------


class CUDARuntimeError(RuntimeError):
    """As `cupy_backends.cuda.api.runtime` has it."""


def broken(job: str, item: int) -> int:
    """In the first process of the job to come here, the GPU fails for good."""
    mark = Path(job)
    if item >= 2 and not mark.exists():
        mark.write_text(str(os.getpid()))
    if mark.exists() and mark.read_text() == str(os.getpid()):
        raise CUDARuntimeError("cudaErrorIllegalAddress: an illegal memory access was encountered")
    return item * item


def spoilt(job: str, item: int) -> int:
    """The first process to come here fails whatever it runs, and lives on."""
    try:
        with Path(job).open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        pass
    time.sleep(0.05)
    if Path(job).read_text() in ("", str(os.getpid())):
        raise ValueError("everything fails here")
    return item * item


@pytest.mark.slow
def test_a_worker_that_only_fails_is_sent_away(tmp_path: Path) -> None:
    with executor(Placement("local", 2)) as where:
        assert run_all(where, spoilt, str(tmp_path / "m"), range(40), lambda _: None) == {}
        assert where.workers == 1  # and no nanny brings it back


def out_of_memory(job: str, item: int) -> int:
    raise CUDARuntimeError("cudaErrorMemoryAllocation: out of memory")


@pytest.mark.slow
def test_a_process_whose_gpu_failed_ends_and_the_block_is_not_to_blame(tmp_path: Path) -> None:
    seen: list[Outcome] = []
    with executor(Placement("local", 2)) as where:
        # one attempt: a failure that counted would put the block aside
        assert run_all(where, broken, str(tmp_path / "m"), range(12), seen.append, attempts=1) == {}
        assert isinstance(where, Distributed)
        where.client.wait_for_workers(2, timeout=30)  # the nanny starts another process
    failures = [outcome for outcome in seen if outcome.error is not None]
    assert failures and all(outcome.device for outcome in failures)
    assert "GPU" in str(failures[0].error) and "cudaErrorIllegalAddress" in str(failures[0].error)
    assert {o.item: o.result for o in seen if o.error is None} == {i: i * i for i in range(12)}


def test_this_process_stops_at_once_where_its_gpu_fails(tmp_path: Path) -> None:
    with (
        pytest.raises(Incomplete, match=r"the GPU failed .CUDARuntimeError: cudaErrorIllegal"),
        campaign(Placement(workers=2), "native") as work,
    ):
        work.map(broken, str(tmp_path / "m"), range(12))
    with pytest.raises(DeviceFailed):
        attempt(broken, str(tmp_path / "m"), 5)


def test_a_gpu_out_of_memory_is_an_error_like_another() -> None:
    outcome = attempt(out_of_memory, "", 1)
    assert outcome.error is not None and not outcome.device


def test_who_fails_while_others_succeed_is_sent_away() -> None:
    streaks = Streaks()
    assert not any(streaks.note("0", False) for _ in range(5))  # nobody succeeds: not its fault
    assert not streaks.note("1", True)
    assert streaks.note("0", False)
    assert not streaks.note("0", True) and not streaks.note("0", False)
    # a death is one failure, however many blocks went with it
    assert not any(streaks.note("2", False, "tls://127.0.0.1:1") for _ in range(9))
    streaks.note("1", True)
    assert not streaks.note("2", False, "tls://127.0.0.1:2")
    assert streaks.note("2", False, "tls://127.0.0.1:3")
