"""The tail replayed: the worst paths to the bit, who lost what on them, and what is said of it."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import powderkeg
from powderkeg.commands.exits import UNVERIFIED, explain
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.replay.path import replay
from powderkeg.engine.run import tail as replaying
from powderkeg.engine.run.execute import resume
from powderkeg.kernels import BackendUnavailable, backend, reference
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.probes.loop_gain import largest
from powderkeg.kernels.records import ALL_CHANNELS, Channel
from powderkeg.results import StoreError, open_results, store_digest
from powderkeg.results.measures.path_loss import PathLoss
from powderkeg.results.measures.tail import NAME_FIELDS, Replayed
from powderkeg.results.report.explained import Explained
from powderkeg.results.report.summary import Summary
from powderkeg.scenarios import Scenario
from tests.engine.test_same_bytes import Failing, Shuffled
from tests.helpers.builders import gme_like
from tests.helpers.everything import everything
from tests.helpers.said import page_of
from tests.helpers.small_run import BOOK, CALM, CHAIN, CROWD, MARKET, plan_of

SHORT = Scenario.model_validate(
    {"id": "squeeze", "horizon_days": 2, "steps_per_day": 6, "names": {"GME": CROWD}}
)
PATHS = 5040


def make(path: Path, **changes: Any) -> Path:
    settings: dict[str, Any] = {
        "chain": CHAIN,
        "paths": PATHS,
        "block": 2048,
        "workers": 1,
        **changes,
    }
    written: Path = powderkeg.run(BOOK, MARKET, [SHORT], path, **settings | changes)
    return written


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("tail") / "o.zarr")


@pytest.fixture(scope="module")
def tail(store: Path) -> xr.Dataset:
    return open_results(store)["tail"].to_dataset().isel(scenario=0).load()


@pytest.fixture(scope="module")
def losses(store: Path) -> xr.Dataset:
    return open_results(store)["losses"].to_dataset().isel(scenario=0).load()


@pytest.mark.slow
def test_it_is_the_worst_paths_worst_first(tail: xr.Dataset, losses: xr.Dataset) -> None:
    loss = -losses["worst_pnl"].values.astype(float)
    assert tail.attrs["level"] == 0.99 and tail.attrs["complete"]
    assert tail.attrs["measure"] == "worst"
    worst = np.sort(loss)[::-1]
    assert tail.attrs["tail_paths"] == 50 and tail.sizes["tail"] == 51  # 50.4 paths
    np.testing.assert_array_equal(loss[tail["path"].values], worst[:51])


def test_names_add_up_to_the_book(tail: xr.Dataset, losses: xr.Dataset) -> None:
    here = losses.isel(path=tail["path"].values)
    book = here["worst_pnl"].values.astype(float)
    np.testing.assert_allclose(tail["pnl"].values.sum(axis=1), book, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("measure", ["worst", "worst_close", "day_2"])
def test_a_book_that_trades_adds_up_in_the_tail(tmp_path: Path, measure: str) -> None:
    """Price, fees, slippage and financing by name make the loss of the path; so does a replay."""
    rules = {"policy": "margin", "participation": 0.5, "grace": 0.5, "financing_rate": 0.5}
    tree = SHORT.model_dump(exclude_unset=True) | {"id": "forced", "book": rules}
    forced = Scenario.model_validate(tree, strict=False)
    book = replace(BOOK, cash=BOOK.cash - 0.75 * BOOK.equity)  # a quarter of the equity
    store = powderkeg.run(
        book, MARKET, [forced], tmp_path / "o.zarr", chain=CHAIN, paths=5040, workers=1,
        measure=measure,
    )  # fmt: skip
    tree_ = open_results(store)
    tail, losses = (tree_[g].to_dataset().isel(scenario=0).load() for g in ("tail", "losses"))
    here = losses.isel(path=tail["path"].values)
    assert (here["forced_day"] > 0).any() and (here["financing_cost"] > 0).any()
    variable = PathLoss(measure).variable
    lost = here[variable] if measure != "day_2" else here["pnl"][-1]
    np.testing.assert_allclose(tail["pnl"].sum("name"), lost, rtol=1e-4, atol=1e-6)
    parts = {"slippage": "slippage", "financing": "financing_cost", "borrow_paid": "borrow_cost"}
    for mine, whole in parts.items():
        np.testing.assert_allclose(tail[mine].sum("name"), here[whole], rtol=1e-4, atol=1e-6)
    table = tree_["measures"].to_dataset()["estimate"]
    es = float(table.sel(measure=f"es_99_{measure}", feedback="on").values[0])
    for part in ("contribution", "component_contribution"):
        assert float(tail[part].sum()) == pytest.approx(es, rel=1e-5)
    gave_up = tail["covered"].values > 0
    assert gave_up.any() and (tail["covered"].values <= 1).all()
    assert (np.isnan(tail["covered_price"].values) == ~gave_up).all()
    data = replay(store, int(tail["path"][0])).data
    pnl, at = data["pnl"].values, int(tail["step"][0])
    closes = np.arange(7, 15, 7)  # 6 steps a day and the open
    assert at == {"worst": pnl.argmin(), "worst_close": closes[pnl[closes].argmin()]}.get(
        measure, 14
    )
    assert float(pnl[at]) == pytest.approx(float(lost[0]), abs=1e-5)


def test_contributions_add_up_to_the_es_of_the_measures(store: Path, tail: xr.Dataset) -> None:
    table = open_results(store)["measures"].to_dataset()
    es = float(table["estimate"].sel(measure="es_99_worst", feedback="on").values[0])
    assert float(tail["contribution"].sum()) == pytest.approx(es, rel=1e-6)  # floats of the kernel
    by_hand = -tail["weight"].values @ tail["pnl"].values
    np.testing.assert_allclose(tail["contribution"].values, by_hand, rtol=1e-12)
    assert str(tail["name"].values[tail["contribution"].values.argmax()]) == "GME"
    assert (tail["contribution_low"] < tail["contribution"]).all()


def test_a_path_is_told_as_replay_tells_it(store: Path, tail: xr.Dataset) -> None:
    for place in (0, 17, 50):
        here = tail.isel(tail=place)
        whole = replay(store, int(here["path"]))
        assert whole.same
        data = whole.data
        at = int(here["step"])
        so_far = data.isel(step=slice(at + 1))
        told = {
            "pnl": data["pnl_by_name"].values[at],
            "borrow_paid": data["borrow_paid"].values[at],
            "peak": so_far["price"].values.max(axis=0),
            "peak_day": data["time"].values[so_far["price"].values.argmax(axis=0)],
            "loop_gain": data["total_loop_gain"].values[:at].max(axis=0),
        }
        for name, values in told.items():
            np.testing.assert_allclose(here[name].values, values, rtol=1e-6, err_msg=name)
        attention = so_far["attention"].values
        days = data["time"].values[attention.argmax(axis=0)]
        days = np.where(attention.max(axis=0) > 0, days, np.nan)
        np.testing.assert_allclose(here["attention_day"].values, days, rtol=1e-6)


def test_what_comes_after_the_last_horizon_does_not_count() -> None:
    packed = gme_like(2, days=3, steps_per_day=4, horizons=[1, 2], book_weight=-0.2)
    ids = np.arange(6, dtype=np.uint64)
    result = reference.simulate(packed, ids, trace=True)
    assert result.trace is not None
    cut = result.trace.copy()
    cut[:, 1 + 2 * 5 :] = np.zeros((), cut.dtype)
    rows = np.full(6, packed.row_of_close(2))
    whole, some = (replaying.of_names(packed, t, ids, rows) for t in (result.trace, cut))
    for field in whole:
        np.testing.assert_array_equal(whole[field], some[field], err_msg=field)
    assert whole["peak_day"].max() <= 2
    np.testing.assert_allclose(whole["pnl"].sum(axis=1), result.pnl[1], rtol=1e-5, atol=1e-7)


def test_tail_effects_are_those_of_the_same_paths(tail: xr.Dataset, losses: xr.Dataset) -> None:
    """E[L - L_off | tail]: the paths of the whole scenario's tail, each channel off in turn."""
    plan = plan_of(SHORT, paths=PATHS, seed=1)
    packed, engine = plan.packed[0], plan.back_end
    ids = tail["path"].values.astype(np.uint64)
    loss = -losses["worst_pnl"].values[tail["path"].values].astype(float)
    on = Channel(int(packed.run["channels"]))
    for c, name in enumerate(tail["channel"].values):
        without = packed.with_channels(on & ~Channel[str(name).upper()])
        off = -engine.simulate(without, ids).paths["worst_pnl"].astype(float)
        effect = float(tail["weight"].values @ (loss - off))
        assert float(tail["tail_effect"][c]) == pytest.approx(effect, rel=1e-9, abs=1e-12)
    assert float(tail["tail_effect"].sel(channel="crowd")) > 0


def test_every_variable_says_what_it_is(tail: xr.Dataset) -> None:
    for name, variable in tail.variables.items():
        assert variable.attrs["units"] and variable.attrs["long_name"], name
    assert {f.name for f in NAME_FIELDS} < set(map(str, tail.data_vars))
    assert "No attribution" in tail["tail_effect"].attrs["description"]


# --- to the bit -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["native", "reference"])
def test_a_replayed_path_is_the_same_in_any_company(name: str) -> None:
    """With a trace, in other batches, in another order: the same bits."""
    try:
        engine = backend(name)
    except BackendUnavailable as error:
        pytest.skip(str(error))
    packed = everything(3, days=2)
    ids = np.arange(200, dtype=np.uint64)
    whole = engine.simulate(packed, ids)
    some = ids[[150, 3, 77, 199, 4]]
    again = replaying.replay_paths(engine, packed, some, PathLoss("day_2"))
    days = packed.horizons - 1
    assert again.pnl.tobytes() == whole.pnl[np.ix_(days, some.astype(int))].tobytes()
    np.testing.assert_array_equal(again.paths, some)
    for channel, pnl in again.off.items():
        without = packed.with_channels(ALL_CHANNELS & ~Channel[channel.upper()])
        full = engine.simulate(without, ids).pnl[-1]
        assert pnl.tobytes() == full[some.astype(int)].tobytes(), channel


def test_loop_gains_know_the_events_of_their_paths() -> None:
    """Events at random depend on the path's id, whatever place it has among the traced."""
    packed = everything(2, days=2)
    ids = np.arange(40, dtype=np.uint64)
    trace = reference.simulate(packed, ids, trace=True).trace
    assert trace is not None
    whole = largest(packed, trace)["total"]
    some = np.array([31, 2, 17])
    last = np.full(3, trace.shape[1] - 1)
    told = replaying.of_names(packed, trace[some], ids[some], last)["loop_gain"]
    np.testing.assert_array_equal(told, whole[some].astype(np.float32))
    assert (largest(packed, trace[some])["total"] != whole[some]).any()


def test_a_path_that_is_not_the_stored_one_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = replaying.replay_paths

    def flipped(engine: object, packed: Packed, ids: np.ndarray, loss: PathLoss) -> Replayed:
        found = honest(engine, packed, ids, loss)  # type: ignore[arg-type]
        found.pnl.view(np.uint32)[0, 3] ^= 1
        return found

    monkeypatch.setattr(replaying, "replay_paths", flipped)
    with pytest.raises(StoreError, match="replayed, is not the stored one") as caught:
        make(tmp_path / "o.zarr")
    assert explain(caught.value)[1] == UNVERIFIED
    with pytest.raises(StoreError, match="not finished"):
        open_results(tmp_path / "o.zarr")


@pytest.mark.slow
def test_workers_order_failures_and_resume_change_nothing(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = store_digest(store)
    monkeypatch.setattr(replaying, "PIECE", 16)
    assert store_digest(make(tmp_path / "pieces.zarr", workers=3)) == digest
    for number, where in enumerate((Shuffled(3), Failing({1: 2, 2: 1}))):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("powderkeg.engine.campaign.executor", context(where))
            assert store_digest(make(tmp_path / f"{number}.zarr")) == digest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("powderkeg.engine.campaign.executor", context(Failing({3: 99})))  # no block
        with pytest.raises(StoreError, match="the tail could not be replayed: OSError") as caught:
            make(tmp_path / "stopped.zarr")
        assert explain(caught.value)[1] == 2
    assert store_digest(resume(tmp_path / "stopped.zarr", placement=Placement(workers=2))) == digest


def context(where: object) -> Callable[..., object]:
    return lambda *_, **__: nullcontext(where)


# --- edges ----------------------------------------------------------------------------------------


def test_too_few_paths_have_no_tail(tmp_path: Path) -> None:
    tree = open_results(make(tmp_path / "o.zarr", paths=999))
    summary = Summary(tree)
    assert "tail" not in tree
    explained = Explained(summary, 0)
    assert explained.story() == "" and explained.contributions(5) is None


def test_a_scenario_without_channels_has_a_tail(tmp_path: Path) -> None:
    none = {str(c.name).lower(): False for c in Channel}
    quiet = Scenario.model_validate({**CALM.model_dump(exclude_unset=True), "channels": none})
    store = powderkeg.run(BOOK, MARKET, [quiet], tmp_path / "o.zarr", chain=CHAIN, paths=1500)
    tail = open_results(store)["tail"].to_dataset()
    assert tail.sizes["channel"] == 0 and tail.attrs["level"] == 0.95
    assert float(tail["contribution"].sum()) > 0
    assert "attention" not in Explained(Summary(open_results(store)), 0).story()


def test_nobody_pays_attention_to_a_name_without_a_crowd() -> None:
    packed = gme_like(1, days=1, steps_per_day=4, attention0=0.0)
    ids = np.arange(3, dtype=np.uint64)
    trace = reference.simulate(packed, ids, trace=True).trace
    assert trace is not None
    assert np.isnan(replaying.of_names(packed, trace, ids, np.full(3, 5))["attention_day"]).all()


# --- people ---------------------------------------------------------------------------------------


def test_the_story_is_the_median_path(store: Path, tail: xr.Dataset, losses: xr.Dataset) -> None:
    gme = tail.sel(name="GME")
    called = losses["margin_call_day"].values[tail["path"].values]
    days = called[~np.isnan(called)]
    explained = Explained(Summary(open_results(store)), 0)
    story = explained.story()
    assert f"GME, which costs most, peaks at {np.median(gme['peak']):.1f}x" in story
    assert f"on day {np.median(gme['peak_day']):.1f}" in story
    assert f"attention on day {np.median(gme['attention_day']):.1f}" in story
    assert f"{100 * len(days) / 51:.0f}" in story.split("; ")[1]
    assert f"the median one on day {np.median(days):.1f}" in story


def test_the_table_of_positions(store: Path, tail: xr.Dataset) -> None:
    rows = Explained(Summary(open_results(store)), 0).contributions(2)
    assert rows is not None and rows.rows[0][0] == "GME" and rows.rows[-1][0] == "1 others"
    shares = [float(row[-1].replace("\N{MINUS SIGN}", "-").removesuffix(" %")) for row in rows.rows]
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert "contributions add up to ES" in rows.note
    page = page_of(store)
    assert rows.title in page and Explained(Summary(open_results(store)), 0).story() in page


def test_a_part_of_the_tail_is_called_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tail: xr.Dataset
) -> None:
    monkeypatch.setattr("powderkeg.results.measures.euler.MOST_TAIL", 20)
    store = make(tmp_path / "o.zarr")
    some = open_results(store)["tail"].to_dataset().isel(scenario=0)
    assert not some.attrs["complete"] and some.sizes["tail"] == 21
    rows = Explained(Summary(open_results(store)), 0).contributions(2)
    assert rows is not None and rows.note.startswith("from 21 of 50 tail paths")
    error = some["contribution_standard_error"].values
    assert (np.abs(some["contribution"] - tail["contribution"].values) < 4 * error).all()
