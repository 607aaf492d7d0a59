"""The same bytes wherever and in whatever order blocks run; failures counted and told."""

import threading
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from powderkeg.engine.errors import Incomplete, Interrupted
from powderkeg.engine.executors.embedded import Embedded
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.executors.protocol import (
    Executor,
    OnOutcome,
    Task,
    attempt,
)
from powderkeg.engine.run.execute import resume
from powderkeg.results import StoreError, open_results, store_digest
from tests.helpers.small_run import run_at, small_plan
from tests.helpers.workers import CLUSTER_WARNINGS

pytestmark = CLUSTER_WARNINGS


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
