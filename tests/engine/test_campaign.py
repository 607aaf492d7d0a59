"""Every question has one answer on threads and in processes, and opens no threads of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from powderkeg.engine import campaign as campaigns
from powderkeg.engine.calibrate.decompose import decompose
from powderkeg.engine.calibrate.fit import Size, fit
from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.loss import Observed
from powderkeg.engine.calibrate.scorecard import score
from powderkeg.engine.calibrate.simulator import Simulator
from powderkeg.engine.compare.compare import compare
from powderkeg.engine.errors import Incomplete, Interrupted
from powderkeg.engine.executors import WAYS, executor
from powderkeg.engine.executors.embedded import Embedded
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.executors.protocol import Executor
from powderkeg.engine.model import KEPT, Model, _packed
from powderkeg.engine.reverse.answer import reverse
from powderkeg.engine.run.execute import resume
from powderkeg.engine.whatif.book_change import Change
from powderkeg.engine.whatif.effects import whatif
from powderkeg.kernels import backend
from powderkeg.results import open_results, store_digest
from powderkeg.scenarios import Chain
from powderkeg.scenarios.bound import bind
from powderkeg.scenarios.priors import load_priors
from tests.engine.test_same_bytes import Heard
from tests.helpers.small_run import (
    BOOK,
    CALM,
    CHAIN,
    MARKET,
    SQUEEZE,
    plan_of,
    run_at,
    small_plan,
    work_on,
)

# A cluster leaves sockets and loops to the garbage collector, which warns at any later moment.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PRIORS = """\
parameters:
  crowd.infection: {law: lognormal, median: 0.4, sd: 0.8, source: a}
  clearing.impact_factor: {law: lognormal, median: 1, sd: 0.5, source: b}
"""
PAST = """\
horizon_days: 4
steps_per_day: 4
names:
  GME:
    crowd: {initial_attention: 0.02}
episode:
  symbol: GME
  as_of: 2021-01-12
  source: a test
  price: 20
  float_shares: 50000000
  short_interest: 60000000
  adv: 10000000
  volatility: .8
  borrow_fee: .28
  implied_vol: 1.4
  closes: {2021-01-13: 31.4, 2021-01-14: 39.9, 2021-01-15: 35.5}
"""


SLOW_TO_START = {"local"}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(way, marks=[pytest.mark.slow] if way in SLOW_TO_START else []) for way in WAYS
    ],
)
def started(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Every way of WAYS, once for all tests: processes take seconds to start."""
    with executor(Placement(request.param, 2)) as where:
        yield where


@pytest.fixture
def where(started: Executor, monkeypatch: pytest.MonkeyPatch) -> Executor:
    """Everything in the test runs there."""
    monkeypatch.setattr(campaigns, "executor", lambda *_, **__: nullcontext(started))
    return started


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores")
    for name, seed in (("one", 7), ("two", 8)):
        run_at(plan_of(SQUEEZE, CALM, paths=6000, block=1024, seed=seed), folder / f"{name}.zarr",
               workers=1)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def answers(stores: Path) -> dict[str, Any]:
    """On one thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(campaigns, "executor", lambda *_, **__: executor(Placement(workers=1)))
        return {name: question(stores) for name, question in QUESTIONS.items()}


@pytest.fixture(scope="module")
def one_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of a run on one thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(campaigns, "executor", lambda *_, **__: executor(Placement(workers=1)))
        return with_all_phases(tmp_path_factory.mktemp("run") / "o.zarr")


def ask_whatif(stores: Path) -> Any:
    return whatif(stores / "one.zarr", [Change("GME", 0.0), Change("NO", 0.5)]).as_json()


def ask_reverse(stores: Path) -> Any:
    asked: dict[str, Any] = {
        "axes": ["crowd", "impact"],
        "scenario": "squeeze",
        "paths": 2000,
        "measure": "var95",
    }
    return reverse(stores / "one.zarr", "20%", **asked).as_json()


def ask_compare(stores: Path) -> Any:
    return compare(stores / "one.zarr", stores / "two.zarr").as_json()


def ask_calibrate(stores: Path) -> Any:
    (stores / "p.yaml").write_text(PRIORS)
    simulator = Simulator(
        "GME", MARKET, Chain(), CALM, load_priors(str(stores / "p.yaml")), (1, 2), 16, 1,
        backend("native"),
    )  # fmt: skip
    with campaigns.campaign(Placement(), "native") as work:
        fitted = fit(work, simulator, Observed(np.array([0.3, 0.6])), Size(256, 16, 16))
    return fitted.members.tolist(), fitted.closes.tolist()


def past(stores: Path) -> Any:
    (stores / "past.yaml").write_text(PAST)
    return read_scored(str(stores / "past.yaml"), None)


def ask_score(stores: Path) -> Any:
    story, chain = past(stores)
    (card,) = score(story, chain=chain, paths=5000, seed=4, backend="native")
    return card.closes.tolist(), card.pit.tolist(), card.scores


def ask_decompose(stores: Path) -> Any:
    with campaigns.campaign(Placement(), "native") as work:
        return decompose(work, *past(stores), paths=6000, seed=4, engine=backend("native"))


QUESTIONS = {
    "whatif": ask_whatif,
    "reverse": ask_reverse,
    "compare": ask_compare,
    "calibrate": ask_calibrate,
    "score": ask_score,
    "decompose": ask_decompose,
}


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_one_answer(
    question: str, where: Executor, stores: Path, answers: dict[str, Any]
) -> None:
    assert QUESTIONS[question](stores) == answers[question]


def with_all_phases(output: Path) -> str:
    """Pilot, blocks, weighted paths, tail."""
    return store_digest(run_at(plan_of(SQUEEZE, paths=5000, block=1024, importance=5000), output))


def test_a_run_with_all_its_phases_is_one_store(
    where: Executor, one_run: str, tmp_path: Path
) -> None:
    assert with_all_phases(tmp_path / "o.zarr") == one_run


def test_one_worker_is_one_thread(stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pool within a pool: every simulation of a decomposition is on the same thread."""
    native, threads = backend("native"), set[int]()

    def simulate(*arguments: Any, **options: Any) -> Any:
        threads.add(threading.get_ident())
        return native.simulate(*arguments, **options)

    class Watched:
        name, device = native.name, native.device

    Watched.simulate = staticmethod(simulate)  # type: ignore[attr-defined]
    monkeypatch.setattr("powderkeg.engine.calibrate.closes.backend", lambda _: Watched)
    before = threading.active_count()
    most: list[int] = []

    class Counting(Heard):
        def block_done(self, paths: int) -> None:
            most.append(threading.active_count() - before)

    with work_on(1, Counting()) as work:
        work.start(1, 1)
        decompose(work, *past(stores), paths=6000, seed=4, engine=native)
    assert len(threads) == 1 and max(most) == 1


def double(job: int, item: int) -> int:
    return job * item


def fails(job: int, item: Any) -> Any:
    if item in (3, (3, 4)):
        raise OSError("no luck")
    return item


def test_results_are_in_the_order_of_the_items_and_progress_hears_of_all() -> None:
    heard = Heard()
    with work_on(3, heard) as work:
        work.start(5, 50)
        assert work.map(double, 2, [5, 3, 4, 1], lambda item, _: item) == [10, 6, 8, 2]
    assert heard.events[0] == ("started", 5, 50) and heard.events[-1] == ("finished", True)
    assert sorted(event[1] for event in heard.events[1:-1]) == [1, 3, 4, 5]


def test_what_is_lost_is_said() -> None:
    heard = Heard()
    words = "1 of 6 pieces failed three times, first: OSError: no luck; nothing is written"
    with pytest.raises(Incomplete, match=words), work_on(2, heard) as work:
        work.start(6, 6)
        work.map(fails, 0, range(6))
    assert heard.events.count(("failed", 3, "OSError: no luck")) == 3
    assert heard.events[-1] == ("finished", False)


def test_an_item_that_is_no_number_is_told_by_its_place() -> None:
    heard = Heard()
    with pytest.raises(Incomplete), work_on(1, heard) as work:
        work.map(fails, 0, [(1, 2), (3, 4), (5, 6)])
    assert heard.events == [("failed", 1, "OSError: no luck")] * 3


def test_an_interruption_is_said() -> None:
    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="stopped, nothing is written"), work_on() as work:
        work.map(double, 2, range(6), stop)


def stopped_at_the_start(*_: object) -> NoReturn:
    """As by Ctrl-C while workers start."""
    raise KeyboardInterrupt


@contextmanager
def stopped_at_the_end(*_: object) -> Iterator[Executor]:
    """As by Ctrl-C while workers end."""
    yield Embedded(1)
    raise KeyboardInterrupt


Start = Callable[..., AbstractContextManager[Executor]]


@pytest.mark.parametrize("start", [stopped_at_the_start, stopped_at_the_end])
def test_an_interruption_while_an_executor_starts_or_ends_is_said(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "executor", start)
    with pytest.raises(Interrupted, match="stopped, nothing is written"), work_on():
        pass


def test_a_run_says_what_an_interruption_left_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(start: Start | None = None) -> str:
        """Of a run, or of going on with its store where there is one."""
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Interrupted) as caught:
            if start is not None:
                patch.setattr(campaigns, "executor", start)
            resume(store) if store.exists() else run_at(small_plan(paths=300), store)
        return str(caught.value)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    store = tmp_path / "o.zarr"
    assert said(stopped_at_the_start) == "stopped before anything was simulated"
    assert not store.exists()
    again = f"stopped, what is done is kept; to go on: powderkeg resume {store}"
    with monkeypatch.context() as patch:
        patch.setattr("powderkeg.engine.run.execute.missing_blocks", stop)  # just created
        assert said() == again
    assert store.exists()
    assert said(stopped_at_the_start) == again
    assert said(stopped_at_the_end) == f"stopped when {store} was finished; nothing is missing"
    open_results(store)


def test_a_model_travels_without_its_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written is sent, and packs to the same bytes; a process keeps only the last few."""
    import pickle

    models = [
        Model(bind(SQUEEZE, BOOK, MARKET, CHAIN), seed=seed).pack() for seed in range(KEPT + 2)
    ]
    assert len(pickle.dumps(models[0])) < 50_000 < models[0].packed().chain.nbytes
    for model in models:
        there = pickle.loads(pickle.dumps(model))
        assert there == model and not there._here
        for name, values in vars(model.packed()).items():
            other = getattr(there.packed(), name)
            assert other.tobytes() == values.tobytes() if hasattr(values, "tobytes") else True
    assert len(_packed) <= KEPT
