"""A GPU that fails, and workers that only fail: who is to blame."""

import os
import time
from pathlib import Path

import pytest

from powderkeg.engine.campaign import campaign
from powderkeg.engine.errors import Incomplete
from powderkeg.engine.executors import executor
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.executors.protocol import (
    DeviceFailed,
    Outcome,
    attempt,
    run_all,
)
from powderkeg.engine.executors.through_dask import Distributed, Streaks
from tests.helpers.workers import CLUSTER_WARNINGS

pytestmark = CLUSTER_WARNINGS


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
