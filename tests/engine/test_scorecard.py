"""Scorecards: figures of a path by hand, a scenario against its own path, mistakes named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.scorecard import Scorecard, _expected, _shape, past_model, score
from powderkeg.engine.calibrate.verdict import outside, shortfalls
from powderkeg.kernels import backend
from powderkeg.results.measures.baselines import scored_beside
from powderkeg.results.measures.scores import crps, ranks
from powderkeg.scenarios import InputError, Scenario
from powderkeg.screen import score as show_score
from tests.helpers.cli_runs import command

EPISODE = """\
episode:
  symbol: GME
  as_of: 2021-01-12
  source: typed in
  price: 20
  float_shares: 50000000
  short_interest: 60000000
  borrow_fee: 0.28
  adv: 10000000
  volatility: 0.8
  implied_vol: 1.4
  short_interest_reported: {2021-01-15: 60000000, 2021-01-27: 35000000}
  closes:
    2021-01-13: 31.4
    2021-01-14: 39.9
    2021-01-15: 35.5
    2021-01-19: 39.4
    2021-01-20: 39.1
    2021-01-21: 43.0
    2021-01-22: 65.0
    2021-01-25: 76.8
"""
STORY = """\
steps_per_day: 4
names:
  GME:
    crowd: {initial_attention: 0.02}
ensemble:
  names.GME.crowd.infection: [0.3, 0.6, 0.9, 0.5]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("past.yaml").write_text(STORY + EPISODE)


def card(text: str = STORY + EPISODE, paths: int = 1000) -> Scorecard:
    Path("past.yaml").write_text(text)
    return score("past.yaml", paths=paths, seed=4, backend="native")[0]


def test_figures_of_a_path_by_hand() -> None:
    up = np.log(np.array([1.0, 2, 8, 5, 2, 3, 3]))
    down = np.log(np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5]))
    found = {figure.name: figure for figure in _shape(np.array([up, down]), up, tuple(range(1, 8)))}
    actual = {name: figure.actual for name, figure in found.items()}
    returns = np.log([3 / 2, 1])
    assert actual == {
        "peak close, multiple": pytest.approx(8),
        "day of the peak": 3,
        "days above half the peak": 2,
        "last close over the peak": pytest.approx(3 / 8),
        "daily sd after day 5": pytest.approx(returns.std()),
    }
    # a path that only falls peaks at its start
    assert found["peak close, multiple"].quantiles[2] == pytest.approx((8 + 1) / 2)
    assert found["last close over the peak"].quantiles[2] == pytest.approx((3 / 8 + 0.5) / 2)


def test_a_scenario_finds_one_of_its_own_paths_unsurprising() -> None:
    first = card()
    assert first.members == 4 and first.closes.shape == (1000, 8)
    lines = [f"    {day}: {20 * np.exp(x):.6f}" for day, x in
             zip(first.episode.closes, first.closes[123], strict=True)]  # fmt: skip
    own = EPISODE.split("  closes:")[0] + "  closes:\n" + "\n".join(lines) + "\n"
    again = card(STORY + own)
    np.testing.assert_allclose(again.closes, first.closes)
    np.testing.assert_allclose(again.actual, first.closes[123], atol=1e-6)
    assert all(expected.usual for expected in again.expected)
    assert again.scores["scenario"][0] == pytest.approx(crps(again.closes, again.actual).mean())
    assert set(again.scores) == {
        "scenario",
        "random walk",
        "Merton, fitted to it",
        "GARCH, fitted to it",
    }


def test_a_past_out_of_reach_is_surprising_and_outside() -> None:
    days = [line.split(":")[0] for line in EPISODE.split("closes:\n")[1].splitlines()]
    risen = "".join(f"{day}: {4000 + k % 2}\n" for k, day in enumerate(days))
    wild = card(STORY + EPISODE.split("  closes:")[0] + "  closes:\n" + risen)
    assert not wild.expected[2].usual  # every rank is the highest
    assert wild.histogram.tolist() == [0, 0, 0, 0, 8] and wild.inside[(0.05, 0.95)] == 0
    marks = {row[0]: row[-1] for row in show_score.figure_rows(wild.figures)}
    assert marks["peak close, multiple"] == "5-95 %"
    assert any("SURPRISING" in sentence for sentence in show_score.sentences(wild))


def test_short_interest_is_that_of_the_day_of_trading() -> None:
    """Reported on 15 and 27 January: trades of the 13th (day 1) and the 25th (day 8)."""
    found = {f.name: f for f in card().figures if f.name.startswith("short interest")}
    assert list(found) == ["short interest, day 1"]
    start = found["short interest, day 1"]
    assert start.actual == pytest.approx(1.2)
    assert start.quantiles[-1] == pytest.approx(1.2, abs=0.02)  # shorts only cover on day 1


@pytest.mark.slow
def test_a_few_points_are_scored_on_their_own_days() -> None:
    """Without the closes of 14 and 21 January: the same paths, seen on six of the eight days."""
    every = card()
    points = EPISODE.replace("    2021-01-14: 39.9\n", "").replace("    2021-01-21: 43.0\n", "")
    some = card(STORY + points.replace("  source", "  sessions: some\n  source"))
    kept = [0, 2, 3, 4, 6, 7]
    assert some.days == (1, 3, 4, 5, 7, 8) and every.daily and not some.daily
    np.testing.assert_array_equal(some.closes, every.closes[:, kept])
    np.testing.assert_array_equal(some.pit, every.pit[kept])
    found = {figure.name: figure for figure in some.figures}
    assert list(found) == [
        "highest close, multiple", "day of the highest", "last close over the highest",
        "short interest, day 1",
    ]  # fmt: skip
    assert found["day of the highest"].actual == 8
    drawn = np.array(some.days)[some.closes.argmax(axis=1)]
    assert found["day of the highest"].quantiles[2] == np.median(drawn)
    assert [row[0] for row in show_score.day_rows(some)] == ["1", "3", "4", "5", "7", "8"]
    said = next(show_score.sentences(some))
    assert "6 closes of GME from 2021-01-13 to 2021-01-25 known, of 8 days" in said


@pytest.mark.slow
def test_the_highest_price_is_of_all_steps() -> None:
    """Beside it the highest close of every path, which it is never below."""
    high = EPISODE.replace("  price: 20\n", "  price: 20\n  high: 96.8\n")
    found = {figure.name: figure for figure in card(STORY + high).figures}
    top, peak = found["highest price, multiple"], found["peak close, multiple"]
    assert top.actual == pytest.approx(4.84)
    assert (top.quantiles > peak.quantiles).all() and top.quantiles[2] < 2 * peak.quantiles[2]
    # four steps a day: the law of the highest price from a trace of every step
    story, chain = read_scored("past.yaml", None)
    ids = np.arange(1000, dtype=np.uint64)
    traced = backend("native").simulate(past_model(story, chain, 4).packed(), ids, trace=True).trace
    assert traced is not None
    highest = np.exp(np.maximum(traced["log_price"][:, :, 0].max(axis=1), 0))
    exact = np.quantile(highest, (0.05, 0.1, 0.5, 0.9, 0.95))
    np.testing.assert_allclose(top.quantiles, exact, rtol=2 / 32)  # bins are a 32nd of an octave
    assert top.rank == pytest.approx(np.mean(highest < 4.84), abs=0.01)
    assert "highest price, multiple: 4.84" in "\n".join(show_score.sentences(card(STORY + high)))


def test_a_fan_that_is_too_wide_is_surprising_though_it_holds_every_close() -> None:
    """26 closes of a walk of 4 % a day, in a fan of that and in one of sets whose volatility is
    three times as much in the median: coverage and ranks pass, the CRPS does not."""
    days, rng = 26, np.random.default_rng(9)
    z, sets = rng.standard_normal((1000, days)), rng.standard_normal((1000, 1))
    right, wide = 0.04 * z.cumsum(axis=1), 0.12 * np.exp(1.2 * sets) * z.cumsum(axis=1)
    words = []
    for seed in range(8):
        actual = np.cumsum(0.04 * np.random.default_rng(seed).standard_normal(days))
        for fan in (right, wide):
            found = replace(
                card(),
                closes=fan,
                actual=actual,
                pit=ranks(fan, actual),
                expected=_expected(fan, actual),
                scores=scored_beside(fan, actual, 0.04, 1),
            )
            usual = all(e.usual for e in found.expected)
            words.append((usual, show_score.summary_rows([found])[0][2]))
    assert sum(word == "SURPRISING" for _, word in words[::2]) <= 2
    assert sum(usual for usual, _ in words[1::2]) == 8
    assert sum(word == "SURPRISING" for _, word in words[1::2]) >= 6


def test_where_a_scenario_falls_short_it_says_so() -> None:
    """Everything that is asked, broken one at a time from a card that falls short of nothing."""
    found = card()
    calm = found.figures[0]
    fine = [replace(f, actual=f.quantiles[2], rank=0.5) for f in found.figures]
    good = replace(
        found,
        figures=tuple(fine),
        expected=tuple(replace(e, actual=e.low) for e in found.expected),
        scores={"scenario": (0.3, 0.3), "random walk": (0.4, 0.4)},
    )
    assert list(shortfalls(good)) == []
    assert list(show_score.sentences(good))[-1] == "falls short of nothing that is asked here"

    def lines(**changed: object) -> list[str]:
        return list(shortfalls(replace(good, **changed)))  # type: ignore[arg-type]

    def with_figure(k: int, **changed: object) -> list[str]:
        some = [replace(f, **changed) if i == k else f for i, f in enumerate(fine)]  # type: ignore[arg-type]
        return lines(figures=tuple(some))

    (line,) = lines(expected=(replace(good.expected[0], actual=-1.0), *good.expected[1:]))
    assert line.startswith("closes inside 5%-95%: -1.00, its own paths have")
    (line,) = with_figure(0, actual=90.0, rank=0.96)
    assert line.startswith("peak close, multiple: 90, 5-95 % of simulated ones are")
    assert with_figure(0, rank=0.94) == []  # outside 10-90 % is said in the table alone
    assert outside(replace(calm, rank=0.94)) == "10-90 %" and outside(fine[0]) == ""
    (line,) = with_figure(1, actual=fine[1].quantiles[2] + 3)
    assert line.startswith("day of the peak: ")
    daily = replace(calm, name="daily sd after day 3", actual=2.1 * calm.quantiles[2], rank=0.5)
    assert lines(figures=(*fine, daily)) == [
        "daily sd after day 3: 0.48 times the actual one on the median path"
    ]
    (line,) = lines(scores={"scenario": (0.3, 0.3), "random walk": (0.2, 0.4)})
    assert line == "mean CRPS: 0.300, random walk has 0.200"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2021-01-14: 39.9\n    ", ""), r"scenario past: episode.closes: 2021-01-14 has no close"),
        (("as_of", "sessions: few\n  as_of"), r'episode.sessions: "few" is not known'),
        (
            ("2021-01-14: 39.9", "2021-01-16: 39.9\n    2021-01-18: 1"),
            r"episode.closes: 2021-01-15 comes after 2021-01-18",
        ),
        (
            ("as_of: 2021-01-12\n", "as_of: 2021-01-11\n  sessions: some\n  calendar: XTKS\n"),
            r"2021-01-11 is no session of XTKS",
        ),
        (("2021-01-20", "2021-01-18"), r"episode.closes: 2021-01-18 comes after 2021-01-19"),
        (("price: 20", "price: 20\n  high: 70"), r"high: 70 is below the close 76.8"),
        (("2021-01-13: 31.4", "2021-01-13: 0"), r"past.yaml:\d+: episode.closes"),
        (("as_of: 2021-01-12", "as_of: 12 January"), r'episode: "12 January" is not a date'),
        (("  adv: 10000000\n", ""), r"episode.adv: is missing; add it"),
        (("  source: typed in\n", "  sorce: a\n"), r"episode.sorce: unknown field"),
        (("symbol: GME", "symbol: GME\n  calendar: MOON"), r'calendar "MOON" is not a code'),
    ],
)
def test_mistakes_are_named(change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        card(STORY + EPISODE.replace(*change))


@pytest.mark.slow
def test_the_command_prints_and_draws(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("scenarios", "score", "past.yaml", "--paths", "400", "-o", "past.png")
    code, out, err = command(capsys, monkeypatch, *words)
    assert code == 0, err
    assert "2021-01-25" in out and "foretold by" in out and "4 parameter sets" in out
    assert Path("past.png").read_bytes().startswith(b"\x89PNG")
    for wrong, message in (
        (("score",), "scenarios score: which one? give a preset or a YAML file"),
        (("score", "calm"), "calm.yaml: no episode to hold it against"),
        (("calm", "gme-2021"), "scenarios calm gme-2021: give one word"),
        (("score", "past.yaml", "-o", "past.png"), "past.png: give a new .png or .svg file"),
        (("score", "past.yaml", "--paths", "9"), "--paths: 9 say little about a band"),
        (("score", "past.yaml", "--seed", "-1"), "--seed: -1 is not between 0 and 2^64 - 1"),
    ):
        code, out, err = command(capsys, monkeypatch, "scenarios", *wrong)
        assert (code, out) == (1, "") and message in err


def test_a_past_has_a_market_of_its_own() -> None:
    """A scenario's shifts are of the market it is run on, not of what happened."""
    story, chain = read_scored("past.yaml", None)
    shift = {"field": "adv", "type": "relative", "size": 1.0}
    shifted = Scenario.model_validate({**story.model_dump(), "market_shifts": [shift]})
    one, other = (past_model(each, chain, 4).packed().names["adv"] for each in (story, shifted))
    assert one.tobytes() == other.tobytes()
