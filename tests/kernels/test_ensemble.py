"""An ensemble: path id runs under member id // 16 modulo their number, wherever it runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from powderkeg.engine.replay.path import replay
from powderkeg.engine.run.blocks import packed_scenario
from powderkeg.engine.run.execute import run
from powderkeg.engine.run.plan import make_plan
from powderkeg.kernels import backend
from powderkeg.kernels.members import member_of
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.packing.tilt import PLACES, component_of, tilted
from powderkeg.kernels.probes.loop_gain import gains_along, loop_gain
from powderkeg.kernels.records import CALM, Channel
from powderkeg.results import open_results
from powderkeg.scenarios import InputError, Scenario, bind
from powderkeg.scenarios.overrides import for_name, members, variants
from tests.helpers.small_market import load_one
from tests.helpers.small_run import BOOK, CHAIN, CROWD, MARKET

INFECTION = (0.2, 1.0, 3.0)
NEWS = (0.0, 0.3, -0.2)
TREE = {
    "id": "several",
    "horizon_days": 2,
    "horizons": (1, 2),
    "steps_per_day": 8,
    "names": {"GME": CROWD},
    "timeline": [{"id": "the 2.5 news", "type": "anchor_news", "day": 2, "size": 0.1}],
    "ensemble": {
        "names.GME.crowd.infection": INFECTION,
        "names.GME.crowd.share_budget": (0.5, 2.0, 1.0),
        "shorts.participation": (0.1, 0.5, 0.0),
        "timeline.the 2.5 news.size": NEWS,
    },
}
SEVERAL = Scenario.model_validate(TREE)


def alone(member: int) -> Scenario:
    """What a member is, written out by hand."""
    crowd = CROWD["crowd"] | {
        "infection": INFECTION[member],
        "share_budget": (0.5, 2.0, 1.0)[member],
    }
    shorts = {"participation": (0.1, 0.5, 0.0)[member]}
    tree = {k: v for k, v in TREE.items() if k != "ensemble"}
    tree["timeline"] = [{"type": "anchor_news", "day": 2, "size": NEWS[member]}]
    return Scenario.model_validate(tree | {"names": {"GME": {"crowd": crowd}}, "shorts": shorts})


@pytest.mark.parametrize("name", ["native", "reference"])
def test_every_path_is_that_of_its_member_alone(name: str) -> None:
    engine = backend(name)
    packed = pack(bind(SEVERAL, BOOK, MARKET, CHAIN), seed=5)
    ids = np.array([7, 18, 0, 33, 50, 31, 47], np.uint64)
    together = engine.simulate(packed, ids, trace=True)
    assert together.trace is not None
    parts = []
    for k in range(3):
        mine = np.flatnonzero(ids // 16 % 3 == k)
        part = engine.simulate(
            pack(bind(alone(k), BOOK, MARKET, CHAIN), seed=5), ids[mine], trace=True
        )
        assert part.trace is not None
        np.testing.assert_array_equal(together.pnl[:, mine], part.pnl)
        assert together.paths[mine].tobytes() == part.paths.tobytes()
        np.testing.assert_array_equal(together.trace[mine], part.trace)
        parts.append(part)
    np.testing.assert_array_equal(together.closes, sum(part.closes for part in parts))
    np.testing.assert_array_equal(together.peaks, sum(part.peaks for part in parts))
    assert not np.array_equal(parts[0].pnl[:, 0], parts[1].pnl[:, 0])


def test_channels_are_on_where_any_member_has_them_and_calm_is_calm() -> None:
    packed = pack(bind(SEVERAL, BOOK, MARKET, CHAIN), seed=5)
    on = [Channel.SHORTS in Channel(int(m.run["channels"])) for m in packed.members]
    assert on == [True, True, False]
    assert Channel.SHORTS in Channel(int(packed.run["channels"]))
    ids = np.arange(41, dtype=np.uint64)
    engine = backend("native")
    calm = engine.simulate(packed.with_channels(CALM), ids).pnl
    for k in range(3):  # news is no channel: every member keeps its own
        one = pack(bind(alone(k), BOOK, MARKET, CHAIN), seed=5).with_channels(CALM)
        mine = ids // 16 == k
        np.testing.assert_array_equal(calm[:, mine], engine.simulate(one, ids[mine]).pnl)


def test_loop_gains_are_those_of_each_paths_member() -> None:
    packed = pack(bind(SEVERAL, BOOK, MARKET, CHAIN), seed=5)
    ids = np.array([20, 0, 37, 50], np.uint64)
    trace = backend("native").simulate(packed, ids, trace=True).trace
    assert trace is not None
    found = gains_along(packed, trace, ids=ids)
    for row, path in enumerate(ids):
        one = pack(bind(alone(int(path) // 16 % 3), BOOK, MARKET, CHAIN), seed=5)
        own = gains_along(one, trace[[row]], ids=ids[[row]])
        np.testing.assert_array_equal(found["total"][row], own["total"][0])
    central = pack(bind(SEVERAL.model_copy(update={"ensemble": {}}), BOOK, MARKET, CHAIN), seed=5)
    np.testing.assert_array_equal(loop_gain(packed)["total"], loop_gain(central)["total"])


@pytest.mark.slow
def test_a_run_and_its_replay_keep_members(tmp_path: Path) -> None:
    """Neither block size nor replay changes which member a path has."""
    stores = []
    for block in (256, 512):
        store = tmp_path / f"{block}.zarr"
        run(BOOK, MARKET, SEVERAL, store, chain=CHAIN, paths=600, seed=3, block=block, workers=2)
        stores.append(open_results(store)["losses"]["pnl"].values)
    np.testing.assert_array_equal(stores[0], stores[1])
    for path in (300, 319, 340):
        again = replay(tmp_path / "256.zarr", path)
        assert again.same
        own = backend("native").simulate(
            pack(bind(alone(path // 16 % 3), BOOK, MARKET, CHAIN), seed=3),
            np.array([path], np.uint64),
        )
        np.testing.assert_array_equal(again.pnl, own.pnl[:, 0])


def test_workers_read_the_ensemble_from_the_job() -> None:
    plan = make_plan(BOOK, MARKET, CHAIN, [SEVERAL], paths=300, seed=3)
    job = type(plan.job).from_json(plan.job.to_json())
    again = packed_scenario(job, 0)
    for one, other in zip(plan.packed[0].members, again.members, strict=True):
        assert one.names.tobytes() == other.names.tobytes()


def test_variants_keep_the_ensemble_and_a_sampled_sign_is_varied() -> None:
    assert [s.ensemble for s in variants(SEVERAL)] == [SEVERAL.ensemble] * len(variants(SEVERAL))
    tree = {**TREE, "ensemble": {"names.GME.dealers.sign": (1.0, -1.0)}}
    signs = [s.variation.dealer_sign for s in variants(Scenario.model_validate(tree))]
    assert 1.0 in signs  # without an ensemble, a sign that holds already changes nothing
    assert 1.0 not in [s.variation.dealer_sign for s in variants(SEVERAL)]
    flat = [s for s in variants(Scenario.model_validate(tree)) if s.variation.dealer_sign == 0]
    assert [for_name(m, "GME", True).dealers.sign for m in members(flat[0])] == [0.0, 0.0]


def test_a_member_that_cannot_be_is_told_by_its_number() -> None:
    tree = {**TREE, "ensemble": {"names.GME.crowd.initial_removed": (0.3, 1.0)}}
    with pytest.raises(InputError, match=r"member 1 of the ensemble: GME: crowd.initial_att"):
        pack(bind(Scenario.model_validate(tree), BOOK, MARKET, CHAIN), seed=5)


EVENTS = """\
timeline:
  - {id: news, type: anchor_news, day: 1, size: 0.1}
  - {id: halt, type: trading_halt, day: 1}
"""


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("names.GME.crowd.infection: [1]", r"f.yaml:4: ensemble: names.GME.crowd.infection: 1 val"),
        (
            "names.GME.crowd.infection: [1, 2]\n  names.GME.crowd.momentum: [1, 2, 3]",
            r"ensemble: names.GME.crowd.momentum: 3 values, but 2 of names.GME.crowd.infection",
        ),
        ("names.GME.crowd.infection: [1, -2]", r"-2 of member 1: give a number greater than or"),
        ("names.GME.crowd.infektion: [1, 2]", r"unknown field, did you mean infection"),
        ("names.GME.crowd: [1, 2]", r"write section.field, names.SYMBOL.section.field or"),
        ("horizon_days: [1, 2]", r"write section.field, names"),
        ("timeline.new.size: [1, 2]", r"no event new stands under timeline, did you mean news"),
        ("timeline.news.day: [1, 2]", r"of an event write timeline.ID.size"),
        ("timeline.halt.size: [1, 2]", r"ensemble: timeline.halt.size: halt has no size"),
        ("timeline.news.size: [1, -2]", r"-2 of member 1: give a number greater than -1"),
        ("names.AMC.crowd.infection: [1, 2]", r"AMC does not stand under names; add it there"),
        ("names.GME.crowd.infection: 1", r'"1" is not a list'),
        ("names.GME.crowd.infection: [1, x]", r'"x" is not a number'),
        (
            "names.GME.crowd.infection: [1, 2]\n  names.gme.crowd.infection: [1, 2]",
            r"f.yaml:6: ensemble: names.GME.crowd.infection is there twice",
        ),
    ],
)
def test_mistakes_are_named(
    lines: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        load_one(f"names:\n  GME:\n    crowd: {{infection: 1.0}}\nensemble:\n  {lines}\n{EVENTS}")


BASE = """\
names:
  GME:
    crowd: {initial_attention: 0.1, infection: 1.0}
ensemble:
  names.GME.crowd.infection: [1, 2]
  names.GME.crowd.momentum: [3, 4]
"""


def test_what_stands_nearer_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(BASE)
    kept = load_one("base: base.yaml\nnames: {gme: {crowd: {share_budget: 0.2}}}\n")
    assert list(kept.ensemble) == ["names.GME.crowd.infection", "names.GME.crowd.momentum"]
    own = load_one("base: base.yaml\nnames: {gme: {crowd: {infection: 7.0}}}\n")
    assert own.ensemble == {"names.GME.crowd.momentum": (3, 4)}
    assert [m.names["GME"].crowd.infection for m in members(own)] == [7.0, 7.0]
    grid = load_one("base: base.yaml\ngrid: {names.gme.crowd.momentum: [9.0]}\n")
    assert grid.ensemble == {"names.GME.crowd.infection": (1, 2)}
    replaced = load_one("base: base.yaml\nensemble:\n  names.GME.crowd.infection: [5, 6]\n")
    assert replaced.ensemble["names.GME.crowd.infection"] == (5.0, 6.0)
    news = f"{BASE}  timeline.news.size: [5, 6]\n{EVENTS}"
    Path("news.yaml").write_text(news)
    assert "timeline.news.size" in load_one("base: news.yaml\n").ensemble
    other = load_one("base: news.yaml\ntimeline: [{type: trading_halt, day: 2}]\n")
    assert list(other.ensemble) == list(kept.ensemble)
    for dotted in ("timeline[0].size", "timeline.0.size"):
        kept_out = load_one(news + f"grid: {{'{dotted}': [0.3]}}\n")
        assert list(kept_out.ensemble) == list(kept.ensemble)
        assert kept_out.timeline[0].size == 0.3  # type: ignore[union-attr]
    mapped = load_one(BASE, GME="NO")
    assert list(mapped.ensemble) == ["names.NO.crowd.infection", "names.NO.crowd.momentum"]


def test_an_id_with_dots_is_one_step() -> None:
    for name in ("2021.news", "7", "a. b.size"):
        event = {"id": name, "type": "anchor_news", "day": 1, "size": 0.1}
        tree = {"id": "a", "timeline": [event], "ensemble": {f"timeline.{name}.size": (0.2, 0.3)}}
        both = members(Scenario.model_validate(tree))
        assert [m.timeline[0].size for m in both] == [0.2, 0.3]  # type: ignore[union-attr]


def test_no_ensemble_costs_nothing() -> None:
    packed = pack(bind(alone(0), BOOK, MARKET, CHAIN), seed=5)
    assert packed.members == () and replace(packed).members == ()


def test_members_and_components_of_the_importance_mixture_take_turns() -> None:
    """Every member meets every component in its share, and members are tilted as the whole is."""
    packed = pack(bind(SEVERAL, BOOK, MARKET, CHAIN), seed=5)
    ids = np.arange(3 * 16 * 5, dtype=np.uint64)
    pairs = np.zeros((3, len(PLACES)), int)
    np.add.at(pairs, (member_of(packed, ids), component_of(ids)), 1)
    np.testing.assert_array_equal(pairs, np.outer([5, 5, 5], PLACES))
    run = packed.run
    tilts = np.full((len(PLACES) - 1, int(run["names"] + run["factors"]), 1 + 2), 0.1)
    tilts[:, int(run["names"]) :, 0] = 0
    found = backend("native").simulate(tilted(packed, tilts), ids)
    alone_ = backend("native").simulate(
        tilted(pack(bind(alone(1), BOOK, MARKET, CHAIN), seed=5), tilts), ids
    )
    mine = member_of(packed, ids) == 1
    np.testing.assert_array_equal(found.pnl[:, mine], alone_.pnl[:, mine])
    np.testing.assert_array_equal(found.paths["weight"][mine], alone_.paths["weight"][mine])
    assert len(np.unique(found.paths["weight"])) > 100
