"""Conventions that decide a tail stand beside its interval, and survival beside standing still."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from powderkeg.engine.run import conventions as trying
from powderkeg.engine.run.execute import run_plan
from powderkeg.engine.run.plan import make_plan, with_variants
from powderkeg.engine.run.request import RunRequest
from powderkeg.kernels import backend
from powderkeg.kernels.backends import native
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import ALL_CHANNELS
from powderkeg.results import open_results
from powderkeg.results.measures import statistics as st
from powderkeg.results.report.headline import headline
from powderkeg.results.report.summary import Summary
from powderkeg.scenarios import Chain, Scenario, bind
from powderkeg.screen.plan import pilots_text
from tests.helpers.small_run import BOOK, CHAIN, CROWD, MARKET, plan_of, run_at

pytestmark = pytest.mark.slow

GAMMA = Scenario.model_validate(
    {"id": "gamma", "horizon_days": 3, "steps_per_day": 6,
     "names": {"GME": {**CROWD, "dealers": {"sign": 1.0}}}}
)  # fmt: skip
PATHS = 6000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("conventions") / "s.zarr"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trying, "PILOT", 5200)
        run_at(plan_of(GAMMA, paths=PATHS, seed=3), path, workers=2)
    return path


def test_signs_are_tried_on_the_first_paths(store: Path) -> None:
    """By hand: the scenario with another sign, packed and run on the same ids."""
    data = open_results(store)["conventions"].to_dataset().load()
    assert data.attrs["paths"] == 5200 and data.attrs["level"] == 0.99
    signs = data.isel(trial=data["parameter"].values == "dealer_sign")
    assert signs["value"].values.tolist() == [-1, 0, 1]
    ids = np.arange(5200, dtype=np.uint64)
    for i, sign in enumerate((-1.0, 0.0, 1.0)):
        tree = GAMMA.model_dump(exclude_unset=True) | {"variation": {"dealer_sign": sign}}
        varied = Scenario.model_validate(tree, strict=False)
        packed = pack(bind(varied, BOOK, MARKET, CHAIN), seed=3)
        losses = -native.simulate(packed, ids).paths["worst_pnl"].astype(float)
        assert float(signs["after"][i]) == st.var_es(losses, 0.99)[1].value
    here = -open_results(store)["losses"].to_dataset()["worst_pnl"].values[0, :5200].astype(float)
    assert float(signs["before"][0]) == st.var_es(here, 0.99)[1].value
    assert float(signs["change"][2]) == pytest.approx(0, abs=1e-12)  # that is how it is


def test_the_headline_names_what_moves_it(store: Path) -> None:
    summary = Summary(open_results(store))
    said = headline(summary)
    data = open_results(store)["conventions"].to_dataset()
    signs = data["after"].values[data["parameter"].values == "dealer_sign"]
    moved = signs.max() - signs.min() > 0.1 * float(data["before"][0])
    assert ("With dealers' sign at" in said) == moved
    assert "Policy of the book: hold (nobody trades, whatever it costs)." in said
    assert "is not met in" in said and "all equity is gone at some time in" in said


def test_where_the_floor_decides_a_range_stands_for_the_number(store: Path) -> None:
    summary = Summary(open_results(store))
    data = summary.tree["conventions"].to_dataset().load()
    trial = data.isel(trial=[0, 0]).copy(deep=True)
    trial["parameter"].values[:] = "max_multiple"
    trial["after"].values[:] = [0.4, 2.5]
    summary.tree["conventions"] = trial
    summary.measures["floor_share"].values[:] = 0.8
    said = headline(summary)
    assert "the book loses between 40.0 % and 250 % of its equity, as max_multiple" in said
    assert "of Monte Carlo error alone" in said
    summary.measures["floor_share"].values[:] = 0.2
    said = headline(summary)
    assert "With max_multiple at half and twice its value it is " in said


def scenario_of(name: str, **more: Any) -> Scenario:
    tree = {"id": name, "horizon_days": 2, "steps_per_day": 4, **more}
    return Scenario.model_validate(tree)


PLANNED: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "open interest": ({"names": {"GME": {"dealers": {"open_interest": 0.2}}}}, (3, 2)),
    "a flat sign": (
        {"names": {"GME": {"dealers": {"open_interest": 0.2, "sign": 0.0}}}},
        (3, 2),
    ),
    "calls of the crowd": ({"names": {"GME": {"crowd": {"initial_calls": 0.1}}}}, (0, 2)),
    "nothing open": ({}, (0, 2)),
    "dealers off": (
        {"channels": {"dealers": False}, "names": {"GME": {"dealers": {"open_interest": 0.2}}}},
        (0, 2),
    ),
    "nobody trades": ({"channels": {str(c.name).lower(): False for c in ALL_CHANNELS}}, (0, 0)),
}


@pytest.mark.parametrize("name", PLANNED)
@pytest.mark.parametrize("floor", [0.0, 1.0])
def test_the_plan_counts_the_pilots_that_run(
    name: str, floor: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of signs all that run; of max_multiple what runs where it decides the tail, and none else."""
    more, (signs, floors) = PLANNED[name]
    monkeypatch.setattr(trying, "PILOT", 1000)
    monkeypatch.setattr("powderkeg.engine.run.plan.PILOT", 1000)
    monkeypatch.setattr(trying, "_floor_share", lambda *_: floor)
    scenario = scenario_of("s", **more)
    request = RunRequest(BOOK, MARKET, [scenario], tmp_path / "s.zarr", paths=1000, seed=3)
    plan = make_plan(request)
    assert plan.pilots == (trying.Pilots(signs, floors),)
    a_path = 3 * 2 * 5  # names, days, steps
    assert plan.name_steps == (2 * 1000 + (signs + floors) * 1000) * a_path
    assert plan.pilots_share == pytest.approx((signs + floors) / (2 + signs + floors))
    tree = open_results(run_plan(plan))
    tried: list[str] = []
    if "conventions" in tree:
        tried = tree["conventions"].to_dataset()["parameter"].values.tolist()
    assert tried.count("dealer_sign") == signs
    assert tried.count("max_multiple") == (floors if floor else 0)


def test_calls_of_the_crowd_are_hedged_whatever_the_sign() -> None:
    """So nothing is tried where nothing else is open: it would be the same to the bit."""
    ids = np.arange(200, dtype=np.uint64)
    for bought, equal in ((0.1, True), (0.0, False)):
        dealers = {} if equal else {"dealers": {"open_interest": 0.2}}
        names = {"GME": {"crowd": {"initial_calls": bought}, **dealers}}
        short, long = (
            backend("auto").simulate(
                pack(
                    bind(
                        scenario_of("s", names=names, variation={"dealer_sign": sign}),
                        BOOK,
                        MARKET,
                        Chain(),
                    ),
                    seed=3,
                ),
                ids,
            )
            for sign in (1.0, -1.0)
        )
        assert np.array_equal(short.pnl, long.pnl) is equal


def test_the_plan_says_what_pilots_take() -> None:
    def said(*scenarios: Scenario, **options: int) -> str:
        return pilots_text(plan_of(*scenarios, seed=3, **options))

    assert said(GAMMA, paths=8191) == ""
    # 3 + 2 pilots beside two passes over as many paths
    assert said(GAMMA, paths=8192) == (
        "conventions: 3 pilots at other signs of the dealers, up to 2 pilots at other max_multiple "
        "where it decides a tail, of 8,192 paths each: 71.4% of the run's time if all run"
    )
    off = scenario_of("off", channels={"dealers": False})
    assert said(off, paths=81920).startswith("conventions: up to 2 pilots at other max_multiple")


def test_a_small_run_tries_nothing(tmp_path: Path) -> None:
    run_at(plan_of(GAMMA, paths=2000, seed=3), tmp_path / "s.zarr", workers=1)
    assert "conventions" not in open_results(tmp_path / "s.zarr")


def test_survival_stands_beside_standing_still(tmp_path: Path) -> None:
    """Under house margin the broker sells the book out: paired with the book that holds."""
    (given, sold) = with_variants([GAMMA], sensitivity=False, survival=True)
    assert (given.book.policy, sold.book.policy, sold.book.regime) == ((), ("margin",), "house")
    assert sold.variant_of == "gamma" and with_variants([sold], survival=True) == (sold,)
    plan = plan_of(GAMMA, paths=2000, seed=3, survival=True)
    assert [s.id for s in plan.job.scenarios] == ["gamma", "gamma, margin, house"]
    run_at(plan, tmp_path / "s.zarr", workers=1)
    (held, row) = Summary(open_results(tmp_path / "s.zarr")).sensitivity
    assert (row.parameter, row.value) == ("policy", "margin, house")
    assert row.change is not None and row.es.value == pytest.approx(
        held.es.value + row.change.value, abs=1e-9
    )
