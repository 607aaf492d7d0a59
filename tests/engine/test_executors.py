"""Every item is reported once, by threads, processes and a cluster; which places make sense."""

import re
from typing import Any

import pytest

from powderkeg.engine.executors import executor
from powderkeg.engine.executors.embedded import Embedded
from powderkeg.engine.executors.local import specifications
from powderkeg.engine.executors.placement import Placement, Tls
from powderkeg.engine.executors.protocol import (
    Outcome,
    run_all,
)
from powderkeg.engine.executors.through_dask import INLINE, KEPT_JOBS, Distributed, _jobs
from powderkeg.scenarios import InputError
from tests.helpers.workers import CLUSTER_WARNINGS, square

pytestmark = CLUSTER_WARNINGS


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
