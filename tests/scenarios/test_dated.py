"""Events by date: a CSV of what is known, sizes that are left open are fitted."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from powderkeg.engine.calibrate import document
from powderkeg.engine.calibrate.fit import Size, fit
from powderkeg.engine.calibrate.inputs import Episode, read_episode
from powderkeg.engine.calibrate.request import CalibrationRequest
from powderkeg.kernels import backend
from powderkeg.scenarios import Book, InputError, load_scenarios
from powderkeg.scenarios.calendar import sessions
from powderkeg.scenarios.dated import SIZES, load_dated
from powderkeg.scenarios.timeline import EVENT_TYPES
from tests.helpers.small_market import MARKET
from tests.helpers.small_run import work_on

DAYS = sessions(date(2021, 1, 12), date(2021, 1, 22))
MARKET_FILE = """\
symbol,price,float_shares,short_interest,borrow_fee,adv,volatility,implied_vol
GME,20,50000000,1000000,.01,10000000,.3,.5
"""
PRIORS = """\
parameters:
  clearing.impact_factor: {law: lognormal, median: 1, sd: 0.3, source: a}
"""
QUIET = "horizon_days: 3\nsteps_per_day: 4\nnames:\n  GME:\n    crowd: {initial_attention: 0}\n"
EVENTS = """\
date,event,size,low,high,duration,at,source
2021-01-14,anchor_news,,-.5,1.5,,,a board
2021-01-19,restriction,on,,,2,.5,brokers
2021-01-20,attention,.01,,,,,
2021-01-20,attention,,,,,open,
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    closes = [20 * (1.01 if k < 2 else 1.6) + 0.1 * k for k in range(len(DAYS))]
    lines = [f"{day},{close:.2f}" for day, close in zip(DAYS, closes, strict=True)]
    lines[0] = f"{DAYS[0]},20"
    Path("prices.csv").write_text("\n".join(["# splits: none", "date,close", *lines]) + "\n")
    for name, text in (("market.csv", MARKET_FILE), ("p.yaml", PRIORS), ("base.yaml", QUIET)):
        Path(name).write_text(text)


def episode(events: str = EVENTS, **given: object) -> Episode:
    Path("events.csv").write_text(events)
    options = {"base": "base.yaml", "priors": "p.yaml", "events": "events.csv"} | given
    return read_episode(CalibrationRequest("prices.csv", "market.csv", **options))  # type: ignore[arg-type]


def test_dates_are_days_and_open_sizes_are_parameters() -> None:
    found = episode()
    told = [(e.id, e.day, e.at, getattr(e, "duration", None)) for e in found.base.timeline]
    assert told == [
        ("anchor_news 2021-01-14", 2, None, None),
        ("restriction 2021-01-19", 4, 0.5, 2),
        ("attention 2021-01-20", 5, None, None),
        ("attention 2021-01-20 2", 5, None, None),
    ]
    assert all(event.names == ("GME",) for event in found.base.timeline)
    news, seed = "timeline.anchor_news 2021-01-14.size", "timeline.attention 2021-01-20 2.size"
    assert found.priors.parameters == ("clearing.impact_factor", news, seed)
    ends = np.stack([found.priors.values(np.full(3, z)) for z in (-1.6448536, 1.6448536)])
    np.testing.assert_allclose(ends[:, 1], (-0.5, 1.5), rtol=1e-6)
    np.testing.assert_allclose(ends[:, 2], SIZES["attention"], rtol=1e-6)
    np.testing.assert_allclose(found.priors.values(np.full(3, 9.0))[2], 1.0)  # all of the crowd
    assert found.priors.laws[news].source == "a board"


@pytest.mark.slow
def test_a_fit_finds_the_news_and_its_file_holds_what_was_fitted() -> None:
    """Nobody trades much and prices jump by .58 on 14 January: news of that size, in the file.

    It reaches beyond the base's horizon, and keeps the base's event and what is unknown of it.
    """
    deep = tuple(round(0.51234567 + k / 100, 8) for k in range(16))
    Path("base.yaml").write_text(
        QUIET + 'timeline:\n  - {id: "7", type: depth, day: 1, size: 0.5, duration: 1}\n'
        f"ensemble:\n  timeline.7.size: {list(deep)}\n"
    )
    found = episode()
    found.check_members(16)
    size = Size(draws=512, paths=32, members=16)
    with work_on() as work:
        fitted = fit(work, found.simulator(32, 1, backend("native")), found.observed, size)
    news = fitted.members[:, 1]
    assert np.median(news) == pytest.approx(1.6 / 1.01 - 1, abs=0.08)
    assert fitted.sd_ratio[1] < 0.3
    text = document.yaml(fitted, found, Path("fitted.yaml"))
    Path("fitted.yaml").write_text(text)
    (story,) = load_scenarios(["fitted.yaml"], found.market, _short())
    assert story.ensemble["timeline.anchor_news 2021-01-14.size"] == tuple(news)
    assert [event.id for event in story.timeline] == [event.id for event in found.base.timeline]
    assert story.timeline[1].size == pytest.approx(np.median(news), rel=1e-3)  # type: ignore[union-attr]
    assert story.timeline[0] == found.base.timeline[0]
    assert story.timeline[2] == found.base.timeline[2]
    assert story.ensemble["timeline.7.size"] == deep
    assert story.horizon_days == len(DAYS) - 1
    assert "  # a board\n" in text


def test_nobody_knows_what_comes_later() -> None:
    found = episode(as_of=date(2021, 1, 19))
    assert [event.type for event in found.base.timeline] == ["anchor_news", "restriction"]
    assert "events: 2 after 2021-01-19 are left out" in found.notes


def test_the_base_keeps_its_events() -> None:
    Path("base.yaml").write_text(
        QUIET + "timeline:\n  - {id: attention 2021-01-20, type: depth, day: 1, size: 0.5}\n"
    )
    names = [event.id for event in episode().base.timeline]
    assert names[0] == "attention 2021-01-20" and len(set(names)) == 5


def test_what_the_base_has_does_not_strike_twice() -> None:
    event = "timeline:\n  - {id: stop, type: restriction, names: %s, day: 4, on: true}\n"
    Path("base.yaml").write_text(QUIET.replace("3", "9", 1) + event % "AMC")
    Path("market.csv").write_text(MARKET_FILE + "AMC,2,100000000,9000000,.1,10000000,.8,1.0\n")
    assert len(episode(symbol="GME").base.timeline) == 5
    Path("base.yaml").write_text(QUIET.replace("3", "9", 1) + event % "[AMC, GME]")
    with pytest.raises(InputError, match=r'row 3, event: the base has it already as "stop"'):
        episode(symbol="GME")


def test_every_size_that_is_left_open_is_one_that_the_model_allows() -> None:
    for kind in SIZES:
        assert "size" in EVENT_TYPES[kind].model_fields
        dated, _ = load_dated(_file(f"2021-01-14,{kind},"), "GME", DAYS, (), date.max)
        assert len(dated.laws) == 1


def _file(row: str) -> Path:
    path = Path("one.csv")
    path.write_text(f"date,event,size\n{row}\n")
    return path


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2021-01-12,attention,.1,,,,,", "row 2, date: 2021-01-12 is not after the first close"),
        ("2021-01-18,attention,.1,,,,,", "date: 2021-01-18 is no session; give the next one"),
        ("2021-02-18,attention,.1,,,,,", "date: 2021-02-18 is after the last close, 2021-01-22"),
        ("14 January,attention,.1,,,,,", 'date: "14 January" is not a date'),
        ("2021-01-14,atention,.1,,,,,", 'event: "atention" is not known; did you mean attention?'),
        ("2021-01-14,market_shock,.1,,,,,", "event: market_shock moves names by their betas; put"),
        ("2021-01-14,margin_rate,.9,,,,,", "event: margin_rate is the book's margin and moves no"),
        ("2021-01-14,attention,many,,,,,", 'size: "many" is not a number'),
        ("2021-01-14,attention,2,,,,,", 'size: "2": give a number less than or equal to 1'),
        ("2021-01-14,attention,.1,.05,.2,,,", 'low: "0.05" in a row of a size that is not fitted'),
        ("2021-01-14,attention,,.05,,,,", "high: is empty; give both ends of the size, or none"),
        ("2021-01-14,attention,,.2,.1,,,", "low: 0.2 is not below high 0.1"),
        (
            "2021-01-14,attention,,.2,3,,,",
            "high: 3 is out of range for attention; give above 0, up to 1",
        ),
        ("2021-01-14,buying_programme,,,,,,", "size: is empty; give a number, or low and high"),
        ("2021-01-14,restriction,,,,,,", "size: is empty; give on or off"),
        ("2021-01-14,trading_halt,1,,,,,", 'size: "1" in a row of trading_halt; leave it empty'),
        ("2021-01-14,anchor_news,.1,,,2,,", 'duration: "2" in a row of anchor_news; leave it'),
        ("2021-01-14,attention,.1,,,,noon,", 'at: "noon" is not a number; give open, or the part'),
        ("2021-01-14,attention,.1,,,,3,", 'at: "3": give a number less than or equal to 1'),
    ],
)
def test_mistakes_are_named(row: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        episode(EVENTS.splitlines()[0] + f"\n{row.replace(',.05,', ',0.05,')}\n")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def _short() -> Book:
    from powderkeg.engine.calibrate.simulator import watched

    return watched("GME", MARKET["GME"].price)
