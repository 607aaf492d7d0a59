"""Scenarios from YAML: defaults, overrides, bases, lists, grids, shifts, factors."""

import time
from pathlib import Path

import numpy as np
import pytest

from powderkeg.kernels import records as layout
from powderkeg.scenarios import (
    Market,
    MarketRow,
    Scenario,
    describe_parameters,
    load_book,
    load_market,
    load_scenarios,
    presets,
    shifted_market,
)
from powderkeg.scenarios.factors import loadings
from powderkeg.scenarios.overrides import for_name
from powderkeg.scenarios.scenario import Channels, NameParameters
from tests.helpers.small_market import BOOK, MARKET, load, load_one

WITHOUT_UNIT = (
    *("id", "description", "variant_of", "funds", "timeline", "market_shifts", "names"),
    *("ensemble", "no_crowd", "episode", "episodes", "attention_factors"),
)
EXAMPLE = Path(__file__).parents[2] / "examples" / "january-2021"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- presets and defaults -------------------------------------------------------------------------


def test_presets_load_and_fit_the_example() -> None:
    assert {"calm", "crowded-basket", "gme-2021"} <= set(presets())
    market = load_market(EXAMPLE / "market.csv")
    book = load_book(EXAMPLE / "book.csv", market)
    # stories of names that the example does not hold are told on GameStop
    elsewhere = {"kbio-2015": "KBIO", "leader-pump": "PUMP", "nickel-2022": "NICKEL",
                 "silver-1980": "SILVER", "vw-2008": "VOW"}  # fmt: skip
    for name in presets():
        mapped = {elsewhere[name]: "GME"} if name in elsewhere else {}
        (scenario,) = load_scenarios([name], market, book, mapped)
        assert scenario.text.startswith("# ")
        assert f"id: {scenario.id}\n" in scenario.text
        assert scenario.description
        assert scenario.notes == ()


def test_calm_has_every_channel_off() -> None:
    (calm,) = load_scenarios(["calm"], MARKET, BOOK)
    assert not any(calm.channels.model_dump().values())


def test_the_gamestop_preset_is_about_gamestop_alone() -> None:
    (story,) = load_scenarios(["gme-2021"], MARKET, BOOK)
    gme, other = for_name(story, "GME", True), for_name(story, "NO", True)
    assert gme.crowd.initial_attention > 0 == other.crowd.initial_attention
    assert gme.dealers.open_interest > 0 == other.dealers.open_interest
    assert (gme.locked.share, other.locked.share) == (0.286, 0.33)
    assert gme.restriction.duration == 6


def test_channels_are_the_kernels() -> None:
    assert set(Channels.model_fields) == {str(c.name).lower() for c in layout.Channel}


def test_every_parameter_is_described() -> None:
    rows = {row.key: row for row in describe_parameters()}
    assert rows["crowd.infection"].default == "0.379"
    assert rows["crowd.infection"].range == "0 to 50"
    assert rows["overnight_share"].range == "at least 0, below 1"
    assert rows["horizons"].default == "[1, 5, 10, 20]"
    for row_ in rows.values():
        assert row_.description, row_.key
        if row_.key not in WITHOUT_UNIT and not row_.key.endswith("]"):
            assert row_.unit, row_.key
            assert row_.source, row_.key


# --- overrides ------------------------------------------------------------------------------------


def test_symbol_wins_over_shorts_wins_over_top() -> None:
    scenario = load_one(
        "crowd: {infection: .1, momentum: 1}\n"
        "names:\n  shorts: {crowd: {infection: .2, shared: .5}}\n  gme: {crowd: {shared: .7}}\n"
    )
    gme, no, aapl = (for_name(scenario, s, s != "AAPL").crowd for s in ("GME", "NO", "AAPL"))
    assert (gme.infection, gme.shared, gme.momentum) == (0.2, 0.7, 1)
    assert (no.infection, no.shared, no.momentum) == (0.2, 0.5, 1)
    assert (aapl.infection, aapl.shared, aapl.momentum) == (0.1, 0, 1)


def test_an_override_back_to_the_default_counts() -> None:
    scenario = load_one("crowd: {shared: .5}\nnames: {GME: {crowd: {shared: 0}}}")
    assert for_name(scenario, "GME", True).crowd.shared == 0


def test_overrides_survive_the_trip_through_json() -> None:
    scenario = load_one("crowd: {shared: .5}\nnames: {GME: {crowd: {shared: 0}}}")
    text = scenario.model_dump_json(exclude_unset=True)
    again = Scenario.model_validate_json(text)
    assert for_name(again, "GME", True) == for_name(scenario, "GME", True)
    assert for_name(again, "NO", True) == for_name(scenario, "NO", True)


def test_tickers_are_words_in_yaml() -> None:
    assert set(load_one("names: {NO: {crowd: {shared: .1}}}").names) == {"NO"}


def test_empty_sections_are_absent() -> None:
    scenario = load_one("crowd:\nnames:\n  GME:\n    crowd:\n  NO:\n")
    assert for_name(scenario, "GME", True) == NameParameters()


@pytest.mark.parametrize(
    ("text", "horizons"),
    [
        ("id: a", (1, 5, 10)),
        ("horizon_days: 3", (1, 3)),
        ("horizon_days: 20", (1, 5, 10, 20)),
        ("horizon_days: 26", (1, 5, 10, 20, 26)),
        ("horizons: [2, 30, 2]", (2, 10)),
        ("horizons: []", (10,)),
    ],
)
def test_horizons_always_hold_the_last_day(text: str, horizons: tuple[int, ...]) -> None:
    assert load_one(text).horizons == horizons


# --- bases, lists, grids, maps --------------------------------------------------------------------


def test_a_base_is_changed_only_where_said() -> None:
    scenario = load_one("base: gme-2021\nnames: {GME: {crowd: {infection: .5}}}")
    (preset,) = load_scenarios(["gme-2021"], MARKET, BOOK)
    assert scenario.id == "f"
    assert scenario.text == Path("f.yaml").read_text()
    assert scenario.base_texts == (preset.text,)
    changed, before = for_name(scenario, "GME", True), for_name(preset, "GME", True)
    assert changed.crowd == before.crowd.model_copy(update={"infection": 0.5})
    assert changed.shorts == before.shorts


def test_names_merge_whatever_their_case() -> None:
    moved = load_one("base: gme-2021\nnames: {gme: {crowd: {infection: .1}}}\n")
    (base,) = load_scenarios(["gme-2021"], MARKET, BOOK)
    one, other = for_name(moved, "GME", True).crowd, for_name(base, "GME", True).crowd
    assert one == other.model_copy(update={"infection": 0.1})
    grid = load("id: g\nbase: gme-2021\ngrid: {names.gme.crowd.infection: [.1, .2]}\n")
    assert [for_name(s, "GME", True).crowd.infection for s in grid] == [0.1, 0.2]
    listed = load("scenarios:\n- {id: l, base: gme-2021, names: {gme: {crowd: {infection: .1}}}}\n")
    assert for_name(listed[0], "GME", True).crowd == one


def test_a_base_of_a_base_by_path() -> None:
    Path("sub").mkdir()
    Path("sub/deep.yaml").write_text("base: calm\nsteps_per_day: 13\n")
    scenario = load_one("base: sub/deep.yaml\nhorizon_days: 2\n")
    assert (scenario.steps_per_day, scenario.horizon_days) == (13, 2)
    assert not scenario.channels.crowd
    assert len(scenario.base_texts) == 2


def test_a_list_shares_what_stands_above_it() -> None:
    a, b, c = load(
        "steps_per_day: 13\nscenarios:\n  - id: a\n  - {id: b, steps_per_day: 52}\n"
        "  - {id: c, base: calm}\n"
    )
    assert [s.id for s in (a, b, c)] == ["a", "b", "c"]
    assert [s.steps_per_day for s in (a, b, c)] == [13, 52, 13]
    assert [s.channels.crowd for s in (a, b, c)] == [True, True, False]
    assert a.text == c.text


def test_a_grid_is_a_product_with_readable_names() -> None:
    found = load(
        "id: g\nbase: gme-2021\ngrid:\n  names.GME.crowd.infection: [.3, .5]\n"
        "  clearing.max_multiple: [20, 60]\n"
    )
    assert [s.id for s in found] == [
        "g,infection=0.3,max_multiple=20",
        "g,infection=0.3,max_multiple=60",
        "g,infection=0.5,max_multiple=20",
        "g,infection=0.5,max_multiple=60",
    ]
    assert for_name(found[2], "GME", True).crowd.infection == 0.5
    assert for_name(found[2], "GME", True).crowd.momentum == 2.02
    assert found[3].clearing.max_multiple == 60


def test_names_of_a_grid_stay_apart() -> None:
    found = load("grid:\n  names.GME.crowd.shared: [0]\n  names.shorts.crowd.shared: [1]\n")
    assert found[0].id == "f,GME.crowd.shared=0,shorts.crowd.shared=1"


@pytest.mark.slow
def test_thousands_load_in_seconds() -> None:
    values = ",".join(str(i) for i in range(10, 110))
    start = time.perf_counter()
    found = load(
        f"base: gme-2021\ngrid:\n  clearing.max_multiple: [{values}]\n"
        f"  names.GME.crowd.exit_rate: [{','.join(f'.{i}' for i in range(10, 40))}]\n"
    )
    assert len(found) == len({s.id for s in found}) == 3000
    assert time.perf_counter() - start < 20  # 1 s on an idle core


def test_a_story_moves_to_another_name() -> None:
    shift = "market_shifts: [{symbol: gme, field: adv, type: relative, size: .1}]"
    scenario = load_one(f"base: gme-2021\n{shift}", GME="no")
    assert set(scenario.names) == {"NO"}
    assert scenario.market_shifts[0].symbol == "NO"


def test_two_stories_trade_places() -> None:
    scenario = load_one(
        "names: {GME: {crowd: {shared: .1}}, NO: {crowd: {shared: .2}}}", GME="NO", NO="GME"
    )
    assert scenario.names["NO"].crowd.shared == 0.1
    assert scenario.names["GME"].crowd.shared == 0.2


def test_some_names_missing_from_the_book_is_a_note() -> None:
    scenario = load_one("names: {GME: {crowd: {shared: .1}}, AMC: {crowd: {shared: .2}}}")
    assert scenario.notes == ("f: the book does not hold AMC; its overrides do nothing",)


# --- market shifts --------------------------------------------------------------------------------


def shift(symbol: str, field: str, kind: str, size: float) -> Market:
    text = f"{{symbol: {symbol}, field: {field}, type: {kind}, size: {size}}}"
    return shifted_market(load_one(f"market_shifts: [{text}]"), MARKET, BOOK)


def test_shifts_in_the_words_of_ore() -> None:
    assert shift("gme", "short_interest", "relative", 0.2)["GME"].short_interest == 3.6e5
    assert shift("all", "borrow_fee", "absolute", 0.05)["AAPL"].borrow_fee == pytest.approx(0.06)
    shorts = shift("shorts", "adv", "relative", -0.5)
    assert (shorts["GME"].adv, shorts["NO"].adv, shorts["AAPL"].adv) == (5e4, 5e4, 1e5)
    assert shift("all", "lendable", "relative", 1).rows == MARKET.rows  # known of no name


# --- factors --------------------------------------------------------------------------------------


def test_loadings_have_the_covariance_of_betas_and_factors() -> None:
    scenario = load_one(
        "factors: {market: .2, meme: .4}\nfactor_correlation: {meme: {market: -.5}}\n"
        "names: {shorts: {betas: {meme: .5}}, GME: {betas: {market: 0}}}"
    )
    symbols = ("AAPL", "GME", "NO")
    found = loadings(scenario, MARKET, BOOK, symbols)
    beta = np.array([[1, 0], [0, 0.5], [1, 0.5]]) * [0.2, 0.4]
    wanted = beta @ np.array([[1, -0.5], [-0.5, 1]]) @ beta.T / 252
    np.testing.assert_allclose(found @ found.T, wanted, rtol=1e-12, atol=1e-16)


def test_factors_never_explain_more_than_a_name_moves() -> None:
    scenario = load_one("factors: {market: 2.0}")
    found = loadings(scenario, MARKET, BOOK, BOOK.symbols)
    np.testing.assert_allclose((found**2).sum(axis=1), 0.9999 * 0.8**2 / 252)
    assert scenario.notes[0] == ("f: betas of AAPL explain 625% of its variance; scaled down to it")


def test_an_unused_default_factor_is_a_note() -> None:
    market = Market({s: MarketRow(s, 10, 1e6, 3e5, 1e5, 0.8, 0.9, 0.01) for s in BOOK.symbols})
    (calm,) = load_scenarios(["calm"], market, BOOK)
    assert calm.notes == ("calm: the market file has no beta_market, so names do not move with it",)
