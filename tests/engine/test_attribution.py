"""Attribution: ES with a channel off from full passes, its errors, and what they add up to."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

import powderkeg
from powderkeg.engine.errors import Incomplete
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.executors.protocol import Executor
from powderkeg.engine.run.execute import resume
from powderkeg.engine.run.plan import with_variants
from powderkeg.kernels.records import Channel
from powderkeg.results import StoreError, check_commit, create_store, open_results, store_digest
from powderkeg.results.measures import statistics as st
from powderkeg.results.measures.attribution import attribute
from powderkeg.results.measures.euler import Floats
from powderkeg.results.report.explained import INDENT, Explained
from powderkeg.results.report.summary import Summary
from powderkeg.results.store.records import chunk_key
from powderkeg.results.testing import made_up_spec
from powderkeg.scenarios import InputError, Scenario
from powderkeg.screen.plan import show_plan
from tests.engine.test_same_bytes import Failing, Heard, Shuffled
from tests.helpers.cli_runs import RUN, command
from tests.helpers.cli_runs import folder as folder
from tests.helpers.said import page_of, printed
from tests.helpers.small_run import CALM, CROWD, SQUEEZE, plan_of, run_at

ALONE = Scenario.model_validate(
    {
        "id": "crowd alone",
        "horizon_days": 2,
        "steps_per_day": 8,
        "names": {"GME": CROWD},
        "channels": {
            str(c.name).lower(): c in Channel.CROWD | Channel.CROWD_SHARES for c in Channel
        },
    }
)
"""One channel, the crowd that buys shares, does everything."""
N, PATHS = 2200, 3000


def make(path: Path, where: Executor | None = None, **changes: Any) -> Path:
    scenarios = with_variants([SQUEEZE, ALONE, CALM]) if changes.pop("vary", False) else None
    settings: dict[str, Any] = {"paths": PATHS, "seed": 7, "block": 1024, "attribution": N}
    settings |= {k: v for k, v in changes.items() if k in settings}
    rest = {k: v for k, v in changes.items() if k not in settings}
    return run_at(plan_of(*(scenarios or (SQUEEZE, ALONE)), **settings), path, where=where, **rest)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("attribution") / "o.zarr", workers=1)


# --- the statistics -------------------------------------------------------------------------------


def drawn(seed: int, n: int = 20_000) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Losses full, calm and with each of two forces off that act together on top of their own."""
    rng = np.random.default_rng(seed)
    calm, one, two = rng.normal(size=n), rng.exponential(0.5, n), rng.exponential(0.3, n)
    both = 0.5 * one * two
    return calm + one + two + both, calm, {"one": calm + two, "two": calm + one}


def test_changes_are_differences_over_the_same_paths() -> None:
    full, calm, without = drawn(1)
    found = attribute(full, calm, without, 0.99)

    def es(losses: Floats) -> float:
        return float(np.sort(losses)[-200:].mean())

    off = [es(losses) for losses in without.values()]
    np.testing.assert_allclose(found["es_off"][0], off)
    np.testing.assert_allclose(found["es_change"][0], es(full) - np.array(off))
    for number, losses in enumerate(without.values()):
        change = st.es_difference(full, losses, 0.99)
        assert found["es_change"][1, number] == change.standard_error
        assert found["var_off"][0, number] == np.sort(losses)[-201]
    assert found["endogenous"][0] == pytest.approx(es(full) - es(calm))
    assert found["endogenous_share"][0] == pytest.approx(1 - es(calm) / es(full))
    left = es(full) - es(calm) - (2 * es(full) - sum(off))
    assert found["interaction"][0] == pytest.approx(left)


@pytest.mark.parametrize("level", [0.975, 0.99])
def test_errors_are_those_of_repetition(level: float) -> None:
    names = ("es", "endogenous", "endogenous_share", "interaction")
    seen = []
    for seed in range(400):
        found = attribute(*drawn(seed, 10_000), level)
        seen.append([found[name][:2] for name in names])
    values, errors = np.moveaxis(np.array(seen), 2, 0)
    # 400 repetitions know a standard deviation to 3.5 %
    np.testing.assert_allclose(errors.mean(axis=0), values.std(axis=0), rtol=0.12)


def test_a_part_of_a_channel_is_not_counted_twice() -> None:
    full, calm, without = drawn(2)
    alone = attribute(full, calm, {"crowd": without["one"], "shorts": without["two"]}, 0.99)
    parts = {"crowd": without["one"], "crowd_calls": calm, "shorts": without["two"]}
    split = attribute(full, calm, parts, 0.99)
    np.testing.assert_array_equal(split["interaction"], alone["interaction"])
    only = attribute(full, calm, {"crowd_calls": without["one"], "shorts": without["two"]}, 0.99)
    np.testing.assert_array_equal(only["interaction"], alone["interaction"])


def test_there_is_no_share_of_a_gain() -> None:
    full, calm = -10.0 + np.arange(5000) / 5000, -9 * np.ones(5000)
    without: dict[str, npt.NDArray[np.float64]] = {}
    found = attribute(full, calm, without | {"one": calm}, 0.99)
    assert np.isnan(found["endogenous_share"]).all() and found["endogenous"][0] < 0


# --- the store ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_passes_are_the_paths_with_the_channel_off(store: Path) -> None:
    off = open_results(store)["channel_off"].to_dataset()
    plan = plan_of(SQUEEZE, ALONE, paths=10, seed=7)
    assert off["pnl_off"].shape == (2, len(off["channel"]), N)
    ids = np.arange(N, dtype=np.uint64)
    for s, packed in enumerate(plan.packed):
        on = Channel(int(packed.run["channels"]))
        for c, name in enumerate(off["channel"].values):
            without = packed.with_channels(on & ~Channel[str(name).upper()])
            pnl = plan.back_end.simulate(without, ids).paths["worst_pnl"]
            assert off["pnl_off"].values[s, c].tobytes() == pnl.tobytes()
    names = {str(c.name).lower() for p in plan.packed for c in Channel(int(p.run["channels"]))}
    assert set(off["channel"].values) == names


def test_the_table_is_made_of_them(store: Path) -> None:
    tree = open_results(store)
    table, off = tree["attribution"].to_dataset(), tree["channel_off"].to_dataset()
    losses = tree["losses"].to_dataset()
    pnl, calm = (losses[v].values[0, :N] for v in ("worst_pnl", "worst_pnl_calm"))
    for level in (0.95, 0.975):
        here = table.isel(scenario=0).sel(level=level)
        assert float(here["es"]) == st.var_es(-pnl, level)[1].value
        assert float(here["es_all_off"]) == st.var_es(-calm, level)[1].value
        for c in range(len(off["channel"])):
            without = -off["pnl_off"].values[0, c].astype(float)
            change = st.es_difference(-pnl.astype(float), without, level)
            assert float(here["es_off"][c]) == st.var_es(without, level)[1].value
            assert float(here["es_change"][c]) == change.value
            assert float(here["es_change_low"][c]) == change.low
    assert np.isnan(table.sel(level=0.99)["es_change"]).all()  # 22 paths beyond


def test_one_channel_that_does_everything(store: Path) -> None:
    """It explains all that is endogenous; nothing is left, and the other channels do nothing."""
    table = open_results(store)["attribution"].to_dataset().sel(level=0.975).isel(scenario=1)
    change = dict(zip(table["channel"].values, table["es_change"].values, strict=True))
    assert float(table["endogenous"]) > 5 * float(table["endogenous_standard_error"]) > 0
    assert change["crowd"] == pytest.approx(float(table["endogenous"]), rel=1e-12)
    assert (
        0.5 * change["crowd"] < change["crowd_shares"] < change["crowd"]
    )  # talk moves prices, too
    assert not any(change[c] for c in change if c not in ("crowd", "crowd_shares"))
    assert float(table["interaction"]) == pytest.approx(0, abs=1e-12)
    assert float(table["interaction_standard_error"]) == pytest.approx(0, abs=1e-9)
    assert dict(zip(table["channel"].values, table["part_of"].values, strict=True)) == {
        **dict.fromkeys(change, ""),
        "crowd_shares": "crowd",
        "crowd_calls": "crowd",
    }


@pytest.mark.slow
def test_neither_workers_nor_order_nor_failures_change_a_byte(store: Path, tmp_path: Path) -> None:
    digest = store_digest(store)
    rooms: list[Executor] = [Shuffled(1), Failing({1: 2, 4: 1})]
    for number, where in enumerate(rooms):
        assert store_digest(make(tmp_path / f"{number}.zarr", where)) == digest
    assert store_digest(make(tmp_path / "threads.zarr", workers=3)) == digest


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_processes_change_nothing(store: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "o.zarr", workers=2, cluster="local")
    assert store_digest(other) == store_digest(store)


@pytest.mark.slow
def test_the_cut_into_blocks_changes_no_number(store: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "o.zarr", block=256)
    for group in ("attribution", "tail", "channel_off"):
        one, two = (open_results(path)[group].to_dataset() for path in (store, other))
        for name in one.data_vars:
            np.testing.assert_array_equal(one[name].values, two[name].values)


def test_an_unfinished_run_is_finished_by_resume(store: Path, tmp_path: Path) -> None:
    unfinished = tmp_path / "o.zarr"
    with pytest.raises(Incomplete):
        make(unfinished, Failing({0: 99, 5: 99}))
    with pytest.raises(StoreError, match="powderkeg resume"):
        open_results(unfinished)
    heard = Heard()
    assert store_digest(
        resume(unfinished, placement=Placement(workers=2), progress=heard)
    ) == store_digest(store)
    channels = len(open_results(store)["channel_off"].to_dataset()["channel"])
    # block 0 runs again without each channel; block 2 of the second scenario only in part
    paths = 1024 * (1 + channels) + (PATHS - 2048) + (N - 2048) * channels
    assert heard.events[0] == ("started", 2, paths)
    replay = next(k for k, event in enumerate(heard.events) if event[0] == "phase")
    assert sum(event[1] for event in heard.events[1:replay] if event[0] == "done") == paths


def test_damage_is_found_and_made_again(store: Path, tmp_path: Path) -> None:
    copy = make(tmp_path / "o.zarr")
    place = copy / chunk_key("pnl_off", 1, 2)
    raw = bytearray(place.read_bytes())
    raw[9] ^= 1
    place.write_bytes(raw)
    with pytest.raises(StoreError, match="pnl_off of scenario 1, block 2"):
        check_commit(copy)
    assert store_digest(resume(copy, placement=Placement(workers=1))) == store_digest(store)


@pytest.mark.slow
def test_losses_are_those_without_attribution(store: Path, tmp_path: Path) -> None:
    plain = make(tmp_path / "o.zarr", attribution=0)
    tree = open_results(plain)
    assert "attribution" not in tree and "channel_off" not in tree
    for group in ("losses", "measures", "tail"):
        one, two = (open_results(path)[group].to_dataset() for path in (store, plain))
        for name in one.data_vars:
            np.testing.assert_array_equal(one[name].values, two[name].values)
    assert "due to" not in printed(plain)


@pytest.mark.slow
def test_variants_are_left_out(tmp_path: Path) -> None:
    tree = open_results(make(tmp_path / "o.zarr", vary=True, paths=1100, attribution=1000))
    given = ["squeeze", "crowd alone", "calm"]
    assert len(tree["losses"].to_dataset()["scenario"]) > 3
    for group in ("attribution", "channel_off", "tail"):
        assert tree[group].to_dataset()["scenario"].values.tolist() == given


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_show_and_report_say_what_es_is_due_to(store: Path) -> None:
    summary = Summary(open_results(store))
    explained = Explained(summary, 0)
    table = explained.channels()
    assert table is not None
    names = [row[0] for row in table.rows]
    assert names[-2:] == ["all channels", "interaction"]
    crowd = names.index("crowd")
    assert {names[crowd + 1], names[crowd + 2]} == {f"{INDENT}crowd calls", f"{INDENT}crowd shares"}
    assert "of it is endogenous (95 % interval" in explained.endogenous()
    only = Explained(summary, 1).channels()
    assert only is not None
    assert [row[0].strip() for row in only.rows] == [
        "crowd", "crowd shares", "all channels", "interaction",
    ]  # fmt: skip
    page, text = page_of(store), printed(store)
    title = "What ES 97.5 % is due to, at the worst moment of 2 days"
    assert title in page and f"squeeze: {title}" in text
    assert explained.endogenous() in page
    assert explained.endogenous()[:60] in text


def test_the_plan_says_what_it_costs() -> None:
    plan = plan_of(ALONE, paths=2000, seed=1, attribution=1000)
    console = Console(width=120, file=io.StringIO(), force_terminal=False)
    show_plan(console, plan, [], 1, "embedded")
    assert isinstance(console.file, io.StringIO)
    words = "--attribution runs 1,000 paths again without each of 2 channels"
    assert words in console.file.getvalue()
    assert plan.name_steps == (2 * 2000 + 2 * 1000) * 3 * 2 * 9  # passes, names, days, steps


@pytest.mark.parametrize(
    ("attribution", "words"),
    [
        (999, "999 is not between 1,000, the fewest that say anything about a tail, and the 2,000"),
        (2001, "2,001 is not between 1,000"),
        (-1, "-1 is not between"),
        (math.nan, "nan is not a whole number"),
    ],
)
def test_a_number_that_cannot_be_is_refused(attribution: float, words: str) -> None:
    with pytest.raises(InputError, match=f"attribution: {words}"):
        plan_of(CALM, paths=2000, seed=1, attribution=attribution)


def test_a_run_where_nothing_can_be_switched_off_is_refused() -> None:
    none = {str(c.name).lower(): False for c in Channel}
    quiet = Scenario.model_validate({**CALM.model_dump(exclude_unset=True), "channels": none})
    with pytest.raises(InputError, match="no scenario has a channel in use"):
        plan_of(quiet, paths=2000, seed=1, attribution=1000)


@pytest.mark.usefixtures("folder")
def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    few = ("--paths", "1200", "--attribution", "1e5")
    code, _, err = command(capsys, monkeypatch, *RUN, *few)
    assert (code, err.count("\n")) == (1, 1) and "the 1,200 paths of the run" in err
    code, out, _ = command(capsys, monkeypatch, *RUN, *few[:3], "1e3")
    assert code == 0 and "--attribution runs 1,000 paths again" in out
    assert powderkeg.open("out.zarr")["attribution"].attrs["paths"] == 1000


def test_a_specification_that_cannot_be_is_refused(tmp_path: Path) -> None:
    for attribution, channels in ((4001, ("crowd",)), (1000, ()), (0, ("crowd",))):
        spec = made_up_spec(attribution=attribution, channels_off=channels)
        with pytest.raises(StoreError, match="attribution"):
            create_store(tmp_path / "x.zarr", spec)
