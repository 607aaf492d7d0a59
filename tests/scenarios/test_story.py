"""Funds, timelines and variants as a person writes them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.scenarios import InputError, Scenario, describe_parameters
from powderkeg.scenarios.overrides import for_name, variants
from powderkeg.scenarios.timeline import EVENT_TYPES, labels
from powderkeg.scenarios.variation import Variation
from tests.helpers.small_market import load, load_one

DOCS = Path(__file__).parents[2] / "docs" / "scenarios.md"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- timeline -------------------------------------------------------------------------------------


def test_events_of_every_type_load() -> None:
    needs = {name: "size: .5, " for name in EVENT_TYPES}
    needs |= {"restriction": "on: true, ", "trading_halt": "", "trade_cancellation": ""}
    text = "\n".join(f"- {{type: {name}, {needs[name]}day: 2}}" for name in EVENT_TYPES)
    scenario = load_one("timeline:\n" + text)
    assert [event.type for event in scenario.timeline] == list(EVENT_TYPES)
    assert labels(scenario.timeline) == tuple(EVENT_TYPES)
    assert all(event.touches("NO", is_short=True) for event in scenario.timeline)


def test_whom_an_event_touches() -> None:
    scenario = load_one(
        "timeline:\n"
        "- {type: trading_halt, day: 1, names: shorts}\n"
        "- {type: trading_halt, day: 1, names: gme}\n"
        "- {type: trading_halt, day: 1, names: [gme, NO]}\n",
        GME="NO",
        NO="AAPL",
    )
    shorts, one, two = scenario.timeline
    assert shorts.touches("NO", True) and not shorts.touches("NO", False)
    assert one.names == ("NO",)
    assert two.names == ("NO", "AAPL")
    assert labels(scenario.timeline) == ("trading_halt", "trading_halt 2", "trading_halt 3")


def test_open_is_the_default_time() -> None:
    a, b, c = load_one(
        "timeline:\n- {type: trading_halt, day: 1, at: open}\n- {type: trading_halt, day: 1}\n"
        "- {type: trading_halt, day: 1, at: 0}\n"
    ).timeline
    assert (a.at, b.at, c.at) == (None, None, 0)


def test_stories_survive_the_trip_through_json() -> None:
    scenario = load_one(
        "timeline:\n- {type: lock_up, day: 1, at: .5, size: .2, names: [GME]}\n"
        "- {id: news, type: anchor_news, hazard: .1, from_day: 2, size: -.2}\n"
        "- {type: restriction, on: false, day: 3, duration: 2}\n"
        "funds: {m: {equity: 1.0e+9, positions: {GME: -.1}}}\n"
        "broker: {excess_net_capital: 5.0e+8}\n"
    )
    for unset in (True, False):
        text = scenario.model_dump_json(exclude_unset=unset)
        assert Scenario.model_validate_json(text).model_dump() == scenario.model_dump()


def test_a_grid_varies_an_event() -> None:
    text = (
        "id: g\ntimeline:\n"
        "- {type: lock_up, day: 1, size: .1}\n- {type: lock_up, day: 2, size: .2}\n"
        "grid:\n  timeline[1].size: [.3, .4]\n"
    )
    found = load(text)
    assert [s.id for s in found] == ["g,size=0.3", "g,size=0.4"]
    assert [[e.size for e in s.timeline] for s in found] == [[0.1, 0.3], [0.1, 0.4]]  # type: ignore[union-attr]
    assert load(text + "  timeline[0].size: [.5]\n")[0].id == (
        "g,timeline.1.size=0.3,timeline.0.size=0.5"
    )


def test_symbols_outside_the_book_are_notes() -> None:
    scenario = load_one(
        "timeline: [{type: trading_halt, day: 1, names: [AMC, GME]}]\n"
        "funds: {m: {equity: 1.0e+9, positions: {GME: -.1, AMC: -.1, ZZZ: .2}}}\n"
    )
    assert scenario.notes == (
        "f: the book does not hold AMC; timeline[0] does nothing there",
        "f: the book does not hold AMC, ZZZ; fund m is simulated without",
    )


def test_funds_merge_by_name() -> None:
    Path("base.yaml").write_text("funds: {m: {equity: 1.0e+9, copies: 1}}\n")
    scenario = load_one("base: base.yaml\nfunds: {m: {slope: 2}, n: {equity: 1.0e+8, copies: 2}}\n")
    assert (scenario.funds["m"].copies, scenario.funds["m"].slope) == (1, 2)
    assert list(scenario.funds) == ["m", "n"]


@given(st.floats(-1, 1), st.floats(0, 50))
def test_a_fund_keeps_something_or_is_refused(threshold: float, slope: float) -> None:
    fund = {"equity": 1e9, "copies": 1, "threshold": threshold, "slope": slope}
    try:
        scenario = Scenario.model_validate({"id": "s", "funds": {"m": fund}})
    except ValueError:
        assert threshold < 0 and slope * -threshold >= 1
    else:
        assert 0 < scenario.funds["m"].kept_at_start <= 1


def test_stories_are_described() -> None:
    rows = {row.key: row for row in describe_parameters()}
    assert rows["funds.NAME.equity"].default == "required"
    assert rows["timeline[].day"].range == "1 to 252"
    assert rows["timeline[lock_up].size"].unit == "floats"
    assert rows["timeline[lock_up].duration"].default == "1"
    assert rows["timeline[restriction].on"].default == "required"
    assert {f"timeline[{name}]" for name in EVENT_TYPES} <= set(rows)


# --- variants -------------------------------------------------------------------------------------


def test_variants_vary_one_thing_at_a_time() -> None:
    scenario = load_one("id: s\nnames: {GME: {dealers: {sign: -.5}, clearing: {max_multiple: 40}}}")
    found = {v.id: v for v in variants(scenario)}
    assert list(found) == [
        "s, impact x0.5",
        "s, impact x2",
        "s, max_multiple x0.5",
        "s, max_multiple x2",
        "s, dealer_sign -1",
        "s, dealer_sign 0",
        "s, dealer_sign 1",
    ]
    for variant in found.values():
        assert variant.variant_of == "s"
        assert variants(variant) == []
        assert variant.id == f"s, {variant.variation.label}"
        again = Scenario.model_validate(variant.model_dump(exclude_unset=True))
        assert for_name(again, "GME", True) == for_name(variant, "GME", True)
    p = for_name(found["s, impact x0.5"], "GME", True)
    assert (p.clearing.impact_factor, p.clearing.max_multiple, p.dealers.sign) == (0.5, 40, -0.5)
    p = for_name(found["s, max_multiple x2"], "GME", True)
    assert (p.clearing.impact_factor, p.clearing.max_multiple, p.dealers.sign) == (1, 80, -0.5)
    p = for_name(found["s, dealer_sign 1"], "GME", True)
    assert (p.clearing.impact_factor, p.clearing.max_multiple, p.dealers.sign) == (1, 40, 1)
    assert for_name(scenario, "GME", True).dealers.sign == -0.5


def test_what_changes_nothing_is_no_variant() -> None:
    ids = [v.id for v in variants(load_one("id: s"))]
    assert "s, dealer_sign 1" not in ids and len(ids) == 6
    text = "id: s\nsensitivity: {impact: [1, 3], max_multiple: [], dealer_sign: [1]}"
    assert [v.id for v in variants(load_one(text))] == ["s, impact x3"]
    text += "\nvariation: {dealer_sign: -1}"
    assert [v.id for v in variants(load_one(text))] == [
        "s, impact x3, dealer_sign -1",
        "s, dealer_sign 1",
    ]


def test_a_multiple_stays_above_one() -> None:
    scenario = load_one("clearing: {max_multiple: 1.2}\nvariation: {max_multiple: .5}")
    assert for_name(scenario, "GME", True).clearing.max_multiple == 1.1


def test_an_id_leaves_room_for_what_is_varied() -> None:
    assert variants(load_one("id: " + 150 * "x"))
    with pytest.raises(InputError, match="151 characters leave no room"):
        variants(load_one("id: " + 151 * "x"))


def test_labels_of_variations() -> None:
    assert Variation().label == ""
    assert Variation(impact=0.5, dealer_sign=0.0).label == "impact x0.5, dealer_sign 0"
    varied = Variation(crowd=1.25, lendable=0.8, dealer_shift=-0.25, tolerance=0.1)
    assert varied.label == "crowd x1.25, lendable x0.8, dealer_shift -0.25, tolerance +0.1"


# --- the page that says how to write one ----------------------------------------------------------


def test_examples_of_the_page_load() -> None:
    parts = DOCS.read_text().split("```yaml\n")[1:]
    assert parts
    for part in parts:
        scenario = load_one(part.partition("```")[0])
        assert scenario.notes == ()
