"""One line, with file and line number, for every mistake in a scenario."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.scenarios import InputError, load_scenarios
from tests.helpers.small_market import BOOK, MARKET, load


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


ON_MONDAY = "timeline:\n- {type: lock_up, size: .1, day: 1}\n- "
A_FUND = "funds:\n  m:\n    "
NEITHER = "is neither a preset nor a .yaml file"
BAD = [
    ("", "f.yaml: the file is empty; see `powderkeg scenarios` for parameters"),
    ("# only a remark\n", "f.yaml: the file is empty; see `powderkeg scenarios` for parameters"),
    ("- calm\n", "f.yaml:1: not a scenario; put the list under `scenarios:`"),
    ("calm\n", "f.yaml:1: not a scenario; write `parameter: value` lines"),
    ("crowd:\n  infecton: 1\n", "f.yaml:2: crowd.infecton: unknown field, did you mean infection?"),
    ("infecton: 1\n", "f.yaml:1: infecton: unknown field, did you mean crowd.infection?"),
    ("zzzzzzz: 1\n", "f.yaml:1: zzzzzzz: unknown field; `powderkeg scenarios` lists all"),
    (
        "\nnames:\n  GME:\n    crwd: {}\n",
        "f.yaml:4: names.GME.crwd: unknown field, did you mean crowd?",
    ),
    (
        "overnight_share: 1.5\n",
        "f.yaml:1: overnight_share: 1.5 is not below 1; give at least 0, below 1",
    ),
    (
        "locked: {share: -1}\n",
        "f.yaml:1: locked.share: -1 is below 0; give 0 to 2 floats",
    ),
    (
        "names:\n  GME:\n    crowd:\n      infection: 51\n",
        "f.yaml:4: names.GME.crowd.infection: 51 is above 50; give 0 to 50 per day",
    ),
    ("crowd: {infection: .nan}\n", 'f.yaml:1: crowd.infection: "nan" is not finite'),
    ('crowd: {infection: "1"}\n', 'f.yaml:1: crowd.infection: "1" is not a number'),
    ("crowd: {infection: yes}\n", 'f.yaml:1: crowd.infection: "yes" is not a number'),
    (
        "crowd: {infection: 1,5}\n",
        "f.yaml:1: crowd.5: unknown field; `powderkeg scenarios` lists all",
    ),
    ("crowd: {infection: }\n", "f.yaml:1: crowd.infection: an empty value is not a number"),
    ("crowd: 3\n", 'f.yaml:1: crowd: "3" is not a section; indent its fields under it'),
    ("horizon_days: 2.5\n", 'f.yaml:1: horizon_days: "2.5" is not a whole number'),
    ("horizon_days: [5]\n", "f.yaml:1: horizon_days: a list is not a whole number"),
    ("horizons: 5\n", 'f.yaml:1: horizons: "5" is not a list; write it like [1, 5, 10]'),
    ("horizons:\n- 1\n- x\n", 'f.yaml:3: horizons[1]: "x" is not a whole number'),
    ("channels: {crowd: on}\n", 'f.yaml:1: channels.crowd: "on" is not true or false'),
    ("id: 5\n", 'f.yaml:1: id: "5" is not a word; put it in quotes'),
    (
        "id: ../../x\n",
        'f.yaml:1: id: "../../x" is no id; start with a letter or digit, go on with those, blanks '
        "and ._=,+-, 200 characters at most",
    ),
    ("id: a\nid: b\n", 'f.yaml:2: "id" is there twice (first in line 1); keep one'),
    ("names: {GME: {}, gme: {}}\n", "f.yaml:1: names.GME is there twice; keep one"),
    ("names: {=HYPERLINK: {}}\n", 'f.yaml:1: "=HYPERLINK" is not a ticker'),
    (
        "names:\n  GMEE: {}\n",
        "f.yaml:2: names.GMEE: the market file has no GMEE, did you mean GME?; add its row, or "
        "put the story on another name with `mapping` GMEE=XYZ",
    ),
    (
        "names:\n  AMC: {}\n",
        "f.yaml:2: names.AMC: the book does not hold AMC, so its overrides would do nothing; put "
        "the story on a name it holds with `mapping` AMC=XYZ",
    ),
    ("base: gmee\n", f'f.yaml:1: base: "gmee" {NEITHER}, did you mean gme-2021?'),
    ("base: no.yaml\n", "no.yaml: no such file; check the name and the folder"),
    ("base: f.yaml\n", 'f.yaml:1: base: "f.yaml" stands on itself; remove one base'),
    ("base: [calm]\n", "f.yaml:1: base: \"['calm']\" is not a preset or a path"),
    ("scenarios: {}\n", "f.yaml:1: scenarios: write a list of `- id: ...` items"),
    ("scenarios:\n  - base: calm\n", "f.yaml:2: scenarios: every item needs an id"),
    (
        "scenarios:\n  - id: a\n  - id: a\n",
        'f.yaml:3: id: two scenarios are "a"; rename one or leave it out',
    ),
    ("id: x\nscenarios: [{id: a}]\n", "f.yaml:1: id: give one to each of the scenarios instead"),
    ("grid: [1]\n", "f.yaml:1: grid: write `parameter: [values]` lines under it"),
    ("grid: {steps_per_day: 13}\n", "f.yaml:1: grid: steps_per_day: give a list of values"),
    (
        "grid:\n  crowd.infecton: [1]\n",
        "f.yaml:2: crowd.infecton: unknown field, did you mean infection?",
    ),
    (
        "horizon_days: 3\ngrid:\n  horizon_days.x: [1]\n",
        "f.yaml:3: grid: horizon_days.x: horizon_days is not a section",
    ),
    (
        "grid: {steps_per_day: [" + "1," * 150 + "], normals_per_step: [" + "1," * 150 + "]}\n",
        "f.yaml:1: grid: more than 20,000 scenarios; thin it out",
    ),
    (
        "factors: {market: .2, meme: .3}\n",
        "f.yaml:1: factors.meme: no name of the book loads on it; add a column beta_meme to the "
        "market file, or betas under names",
    ),
    (
        "factors: {a: .1, b: .1, c: .1}\nfactor_correlation:\n  a: {b: .9, c: .9}\n  b: {c: -.9}\n",
        "f.yaml:2: factor_correlation: the matrix is not positive definite; bring the "
        "correlations nearer to 0",
    ),
    (
        "factors: {a: .1, b: .1}\nfactor_correlation: {a: {b: .5}, b: {a: .4}}\n",
        "f.yaml:2: factor_correlation: b with a is given twice, 0.5 and 0.4; keep one",
    ),
    (
        "factor_correlation: {market: {market: .5}}\n",
        "f.yaml:1: factor_correlation: market with itself is 1; remove it",
    ),
    (
        "factor_correlation: {market: {mem: .3}}\n",
        "f.yaml:1: factor_correlation: mem is not one of the factors",
    ),
    (
        "betas: {markt: 1}\n",
        "f.yaml:1: betas.markt: no such factor, did you mean market?; give its volatility under "
        "factors",
    ),
    (
        "factors: {a: 1,b: 1,c: 1,d: 1,e: 1,f: 1,g: 1,h: 1,i: 1}\n",
        "f.yaml:1: factors: 9 factors; at most 8",
    ),
    (
        "market_shifts:\n  - {symbol: GME, field: price, type: relative, size: 1}\n",
        'f.yaml:2: market_shifts[0].field: "price" is not known; give float_shares or '
        "short_interest or lendable or borrow_fee or adv or volatility or implied_vol",
    ),
    (
        "market_shifts:\n  - {symbol: GME, field: adv, type: relative}\n",
        "f.yaml:2: market_shifts[0].size: is missing; add it",
    ),
    (
        "market_shifts:\n  - {symbol: GME, field: adv, type: relative, size: -1}\n",
        "f.yaml:2: market_shifts[0]: adv of GME would become 0; shift it less",
    ),
    (
        "market_shifts:\n  - {symbol: GME, field: lendable, type: relative, size: 1}\n",
        "f.yaml:2: market_shifts[0]: the market file gives no lendable for GME",
    ),
    (
        "market_shifts:\n  - {symbol: shorts, field: short_interest, type: relative, size: -.9}\n",
        "f.yaml:2: market_shifts[0]: short interest of GME would become 30,000, less than the "
        "book's short of 100,000; shift it less",
    ),
    (
        "market_shifts: 5\n",
        'f.yaml:1: market_shifts: "5" is not a list; start every item with `- `',
    ),
    (
        "timeline: {a: 1}\n",
        "f.yaml:1: timeline: a section is not a list; start every item with `- `",
    ),
    ("timeline: [3]\n", 'f.yaml:1: timeline[0]: "3" is not a section; indent its fields under it'),
    (
        ON_MONDAY + "{size: .1, day: 1}\n",
        "f.yaml:3: timeline[1].type: is missing; give anchor_news or market_shock or lock_up or "
        "buying_programme or call_programme or lendable_recall or attention or elasticity or depth "
        "or implied_vol or issuance or restriction or margin_rate or trading_halt or "
        "trade_cancellation",
    ),
    (
        ON_MONDAY + "{type: lockup, size: .1, day: 1}\n",
        'f.yaml:3: timeline[1].type: "lockup" is not known, did you mean lock_up?',
    ),
    (ON_MONDAY + "{type: lock_up, day: 1}\n", "f.yaml:3: timeline[1].size: is missing; add it"),
    (
        ON_MONDAY + "{type: lock_up, sise: .1, day: 1}\n",
        "f.yaml:3: timeline[1].sise: unknown field, did you mean size?",
    ),
    (
        ON_MONDAY + "\n  type: lock_up\n  day: 1\n  size: 4\n",
        "f.yaml:6: timeline[1].size: 4 is above 3; give above 0, up to 3 floats",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1}\n",
        "f.yaml:3: timeline[1].day: is missing; give the day it starts, or a hazard per day",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1.5}\n",
        'f.yaml:3: timeline[1].day: "1.5" is not a whole number',
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 0}\n",
        "f.yaml:3: timeline[1].day: 0 is below 1; give 1 to 252 days",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 11}\n",
        "f.yaml:3: timeline[1].day: day 11 is after the last, 10; bring it forward or raise "
        "horizon_days",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1, hazard: .1}\n",
        "f.yaml:3: timeline[1].hazard: it starts on a day already; give one of the two",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1, at: noon}\n",
        'f.yaml:3: timeline[1].at: "noon" is no time; give open, or a fraction of the session, '
        "0 to 1",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, hazard: 1, at: .5}\n",
        "f.yaml:3: timeline[1].at: goes with a day; a hazard strikes at any time, remove it",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1, from_day: 1}\n",
        "f.yaml:3: timeline[1].from_day: goes with a hazard; remove it",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1, names: []}\n",
        "f.yaml:3: timeline[1].names: give all, shorts, or a list of symbols",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1, names: [GME, true]}\n",
        'f.yaml:3: timeline[1].names[1]: "True" is not a word; put it in quotes',
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1, names: GMEE}\n",
        "f.yaml:3: timeline[1].names: the market file has no GMEE, did you mean GME?; add its row, "
        "or put the story on another name with `mapping` GMEE=XYZ",
    ),
    (
        ON_MONDAY + "{type: anchor_news, size: .1, day: 1, duration: 2}\n",
        "f.yaml:3: timeline[1].duration: an event of type anchor_news has none; remove it",
    ),
    (
        ON_MONDAY + "{type: anchor_news, size: -1, day: 1}\n",
        "f.yaml:3: timeline[1].size: -1 is not above -1; give above -1, up to 100",
    ),
    (
        ON_MONDAY + "{type: restriction, on: yes, day: 1}\n",
        'f.yaml:3: timeline[1].on: "yes" is not true or false',
    ),
    (
        ON_MONDAY + "{type: market_shock, size: -.1, day: 1, factor: markt}\n",
        "f.yaml:3: timeline[1].factor: markt is not one of the factors; give its volatility under "
        "factors",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1, id: lock_up}\n",
        'f.yaml:3: timeline[1].id: "lock_up" is also timeline[0]; rename one',
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1, id: a/b}\n",
        'f.yaml:3: timeline[1].id: "a/b" is no name; start with a letter or digit, go on with '
        "those, blanks and ._-, 60 characters at most",
    ),
    (
        "timeline:\n" + 17 * "- {type: trading_halt, day: 1}\n",
        "f.yaml:1: timeline: 17 events; at most 16",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1}\ngrid:\n  timeline[2].size: [.1]\n",
        "f.yaml:5: grid: timeline[2].size: the list has 2 items",
    ),
    (
        ON_MONDAY + "{type: lock_up, size: .1, day: 1}\ngrid:\n  timeline[1]: [.1]\n",
        "f.yaml:5: grid: timeline[1]: name a field of the item, as timeline[0].size",
    ),
    ("funds: {m: 3}\n", 'f.yaml:1: funds.m: "3" is not a section; indent its fields under it'),
    (A_FUND + "copies: 1\n", "f.yaml:2: funds.m.equity: is missing; add it"),
    (
        A_FUND + "equity: 1.0e+9\n",
        "f.yaml:2: funds.m.copies: the fund holds nothing; give copies or positions",
    ),
    (
        A_FUND + "{equity: 1.0e+9, copies: 1, threshold: -.5, slope: 4}\n",
        "f.yaml:3: funds.m.slope: at a threshold of -0.5 a slope of 4 leaves nothing at the start; "
        "give less than 2",
    ),
    (
        A_FUND + "{equity: 1.0e+9, positions: {GME: -30}}\n",
        "f.yaml:3: funds.m.positions.GME: -30 is below -20",
    ),
    (
        A_FUND + "{equity: 1.0e+9, positions: {GME: -.1, gme: .2}}\n",
        "f.yaml:3: funds.m.positions.GME is there twice; keep one",
    ),
    (
        A_FUND + "{equity: 1.0e+9, copies: 1, slop: 2}\n",
        "f.yaml:3: funds.m.slop: unknown field, did you mean slope?",
    ),
    (
        "funds:\n" + "".join(f"  f{i}: {{equity: 1.0e+9, copies: 1}}\n" for i in range(5)),
        "f.yaml:1: funds: 5 funds; at most 4",
    ),
    (
        "sensitivity: {impact: .5}\n",
        'f.yaml:1: sensitivity.impact: "0.5" is not a list; write it like [1, 5, 10]',
    ),
    ("sensitivity: {dealer_sign: [0, 2]}\n", "f.yaml:1: sensitivity.dealer_sign[1]: 2 is above 1"),
    ("pauses: {tier: 3}\n", "f.yaml:1: pauses.tier: 3 is above 2; give 0 to 2"),
    ("anchor: {dof: 2}\n", "f.yaml:1: anchor.dof: 2 is not above 2; give above 2, up to 1000"),
    ("a: &x 1\nb: *x\n", "f.yaml:1: anchors and aliases are not read; use `base` instead"),
    ("a: !!int 1\n", 'f.yaml:1: the tag "tag:yaml.org,2002:int" is not read; remove it'),
    ("[" * 40, "f.yaml:1: nested deeper than 12 levels"),
    ("id: a\n---\nid: b\n", "f.yaml:2: a second document; put both into one list"),
    ("a: [1,\nb: 2", "f.yaml:2: not valid YAML, expected ',' or ']', but got '<stream end>'"),
    ("id: a\n\tb: 1\n", None),
    ("a: b: c\n", "f.yaml:1: not valid YAML, mapping values are not allowed here"),
    ("? [a]\n: 1\n", "f.yaml:1: a key must be a word"),
    ("id: a\x07\n", None),
    ("#" * 1_000_001, "f.yaml: larger than 1 MB; is this the right file?"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=range(len(BAD)))
def test_every_bad_scenario_is_one_line(text: str, message: str | None) -> None:
    with pytest.raises(InputError) as error:
        load(text)
    if message is None:  # the YAML library's words differ between versions
        assert str(error.value).startswith("f.yaml:")
    else:
        assert str(error.value) == message


def test_bad_names_of_scenarios_and_maps() -> None:
    for specs, symbol_map, message in (
        (["gme2021"], {}, f'scenario "gme2021" {NEITHER}, did you mean gme-2021?'),
        (["no.yaml"], {}, "no.yaml: no such file; check the name and the folder"),
        (
            ["calm", "calm"],
            {},
            'calm.yaml:2: id: two scenarios are "calm"; rename one or leave it out',
        ),
        (["calm"], {"GME": "NO"}, "`mapping` GME=NO: no scenario of this run names GME"),
        (
            ["gme-2021"],
            {"GME": "APPL"},
            "`mapping` GME=APPL: the market file has no APPL, did you mean AAPL?",
        ),
    ):
        with pytest.raises(InputError) as error:
            load_scenarios(specs, MARKET, BOOK, symbol_map)
        assert str(error.value) == message


LINES = [
    *("id: a", "crowd:", "  infection: 1", "grid:", "  - x", "names:", "  GME:", "}", "["),
    *("timeline:", "  - {type: lock_up, day: 1, size: .1}", "funds: {m: {equity: 1}}"),
    *("    crowd: {shared: .5}", "  horizon_days: [1, 2]", "base: calm", "? a", "&a", "%"),
]


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(LINES),
            max_size=8,
        ).map("\n".join),
    )
)
def test_any_text_loads_or_says_one_line(text: str) -> None:
    Path("f.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = load_scenarios(["f.yaml"], MARKET, BOOK)
    except InputError as error:
        assert str(error).startswith("f.yaml:")
        assert "\n" not in str(error)
    else:
        assert found
