"""A book that is dead on day 2 and well on day 3: whatever asks about its loss must see day 2."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from powderkeg.engine.check import check
from powderkeg.engine.whatif.book_change import Change
from powderkeg.engine.whatif.effects import whatif
from powderkeg.results import open_results
from powderkeg.results.measures import statistics as st
from powderkeg.results.report.headline import headline
from powderkeg.results.report.summary import Summary
from powderkeg.scenarios import Scenario
from powderkeg.scenarios.limits import Limit
from tests.helpers.said import page_of
from tests.helpers.small_run import plan_of, run_at

pytestmark = pytest.mark.slow

OFF = {name: False for name in ("shorts", "recall", "new_shorts", "dealers", "crowd",
                                "transient_impact", "restriction")}  # fmt: skip


def story(name: str, *news: tuple[int, float, str]) -> Scenario:
    """Dated news of single names, by day, size and symbol; nobody answers the price."""
    events = [
        {"id": f"e{i}", "type": "anchor_news", "names": [symbol], "day": day, "size": size}
        for i, (day, size, symbol) in enumerate(news)
    ]
    tree = {"id": name, "horizon_days": 3, "steps_per_day": 4, "channels": OFF, "timeline": events}
    return Scenario.model_validate(tree, strict=False)


SPIKE = story("spike", (2, 1.5, "GME"), (3, -0.6, "GME"), (3, 0.9, "NO"))
"""GME is at 2.5 times on day 2 and back on day 3, when NO is up for good."""
DRIFT = story("drift", (3, 1.3, "NO"))


@pytest.fixture(scope="module", params=["worst", "day_3"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(str(request.param)) / "s.zarr"
    plan = plan_of(DRIFT, SPIKE, paths=5500, seed=4, measure=request.param)
    return run_at(plan, path, workers=2)


def measure_of(store: Path) -> str:
    return str(open_results(store).attrs["measure"])


def test_ranking_and_headline(store: Path) -> None:
    summary, worst = Summary(open_results(store)), measure_of(store) == "worst"
    assert [summary.scenarios[s] for s in summary.order] == (
        ["spike", "drift"] if worst else ["drift", "spike"]
    )
    said = headline(summary)
    assert ("at the worst moment of 3 days" in said) == worst
    assert ("at the close of day 3" in said) == (not worst)


def test_the_worst_paths_are_those_of_the_measure(store: Path) -> None:
    tree = open_results(store)
    losses, tail = (tree[g].to_dataset().sel(scenario="spike").load() for g in ("losses", "tail"))
    if measure_of(store) == "worst":
        first = int(losses["worst_pnl"].values.argmin())
        assert set(tail["day"].values) <= {1.0, 1.25, 1.5, 1.75, 2.0}  # opens have the close's time
        assert name_that_costs_most(tail) == "GME"
    else:
        first = int(losses["pnl"].isel(horizon=-1).values.argmin())
        assert set(tail["day"].values) == {3.0}
        assert name_that_costs_most(tail) != "GME"
    assert int(tail["path"][0]) == first
    page = page_of(store)
    place = page.index("The ten worst paths", page.index('<h2 id="scenario-1">'))
    assert f"<tr><td>{first}</td>" in page[place : place + 1500]


def name_that_costs_most(tail: xr.Dataset) -> str:
    return str(tail["name"].values[int(tail["contribution"].values.argmax())])


def test_whatif_puts_the_name_that_ruins_the_book_first(store: Path) -> None:
    changes = [Change("NO", 0.0), Change("GME", 0.0)]
    (first, *_) = [
        effect
        for effect in sorted(
            whatif(store, changes, rate=0.01).effects["spike"], key=lambda e: -e.relief
        )
        if effect.change != "all together"
    ]
    assert first.change == ("close GME" if measure_of(store) == "worst" else "close NO")


def test_limits_hold_the_measure_that_they_name(store: Path) -> None:
    places = dict.fromkeys(("scenario", "measure", "below"), "f.yaml:1")
    limits = [
        Limit("spike", f"es_99_{name}", 0.7, False, places)  # type: ignore[arg-type]
        for name in ("worst", "worst_close", "day_3")
    ]
    assert [verdict.broken for verdict in check(store, limits)] == [True, True, False]


def test_the_curve_sees_the_day(store: Path) -> None:
    tree = open_results(store)
    data = tree["by_day"].to_dataset().sel(scenario="spike", level=0.99).load()
    assert int(data["day"][int(data["es"].values.argmax())]) == 2
    exact = (
        -tree["losses"].to_dataset()["pnl"].sel(scenario="spike", horizon=3).values.astype(float)
    )
    last = data.sel(day=3)
    assert float(last["es"]) == pytest.approx(st.var_es(exact, 0.99)[1].value, rel=0.01)
    odds = data["probability"].sel(event="redemption at -20 %").values
    assert (np.diff(odds) >= 0).all() and odds[1] > 0.9 > odds[0]
