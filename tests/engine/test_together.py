"""Episodes of several names: one run, a card for each; a name fitted beside another."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from powderkeg.engine.calibrate import verdict
from powderkeg.engine.calibrate.beside import Beside
from powderkeg.engine.calibrate.closes import closes_of
from powderkeg.engine.calibrate.comovement import comovement
from powderkeg.engine.calibrate.inputs import read_episode, read_scored
from powderkeg.engine.calibrate.request import CalibrationRequest
from powderkeg.engine.calibrate.scorecard import Figure, Scorecard, score_all
from powderkeg.engine.calibrate.simulator import Simulator, all_watched, on_days
from powderkeg.engine.model import Model
from powderkeg.kernels import backend
from powderkeg.kernels.packing.scenario import pack
from powderkeg.scenarios import InputError, bind, load_book, load_chain, load_market, load_scenarios
from powderkeg.scenarios.example import example
from powderkeg.scenarios.overrides import members, with_values
from tests.engine.test_scorecard import EPISODE, STORY
from tests.helpers.cli_runs import command
from tests.helpers.small_run import work_on

ONE = EPISODE.removeprefix("episode:\n").replace("  symbol: GME\n", "")
CLOSES = ONE.split("  closes:\n")[1]
MARKET = """\
# as_of: 2021-01-12
symbol,price,float_shares,short_interest,borrow_fee,adv,volatility
GME,20,50000000,60000000,.28,10000000,.8
AMC,2.29,56570000,44670000,.08,20000000,1.4
"""
LED = (
    """\
steps_per_day: 4
names:
  GME: {crowd: {initial_attention: .1, attention_weight: 1}}
  AMC: {crowd: {initial_attention: 0, attention_weight: 0}}
ensemble:
  names.GME.crowd.infection: [0.3, 0.6, 0.9, 0.5]
"""
    + EPISODE
)
PRIORS = """\
parameters:
  crowd.shared: {law: uniform, low: 0, high: 1, source: a}
  crowd.infection: {law: lognormal, median: .5, sd: .7, source: a}
"""


def indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


AMC = "  amc:\n" + indented(ONE.replace("price: 20", "price: 10"))
BOTH = STORY + EPISODE + "episodes:\n" + AMC


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("both.yaml").write_text(BOTH)


def cards(text: str, paths: int = 400) -> tuple[Scorecard, ...]:
    Path("both.yaml").write_text(text)
    story, chain = read_scored("both.yaml", None)
    with work_on() as work:
        return score_all(work, story, chain, paths=paths, seed=4, engine=backend("native"))


def test_names_that_share_nothing_have_the_cards_they_have_alone() -> None:
    gme, amc = cards(BOTH)
    assert (gme.episode.symbol, amc.episode.symbol) == ("GME", "AMC")
    (alone,) = cards(STORY + EPISODE)
    np.testing.assert_allclose(gme.closes, alone.closes, atol=2e-5)
    for one, other in zip(gme.figures, alone.figures, strict=True):
        np.testing.assert_allclose(one.quantiles, other.quantiles, rtol=1e-4)
    np.testing.assert_allclose(amc.actual, gme.actual + np.log(2))
    assert abs(np.corrcoef(gme.closes[:, -1], amc.closes[:, -1])[0, 1]) < 0.2


def test_a_common_factor_shows_in_what_names_have_in_common() -> None:
    factor = "attention_factors: {crowd: {share: .9}}\n"
    apart, close = (comovement(cards(text, 4000)) for text in (BOTH, factor + BOTH))
    assert apart is not None and close is not None
    closes = [float(line.split(": ")[1]) for line in CLOSES.splitlines()]
    moves = [np.diff(np.log([start, *closes])) for start in (20, 10)]  # of the same closes
    actual = pytest.approx(np.corrcoef(moves)[0, 1])
    assert apart.days == len(closes) == 8 and apart.figures[0].actual == actual
    assert abs(apart.figures[0].quantiles[2]) < 0.3 < close.figures[0].quantiles[2]
    (own, error), (without, other) = close.scores.values()
    assert own < without - 3 * np.hypot(error, other)
    (own, error), (without, other) = apart.scores.values()
    assert abs(own - without) < 4 * np.hypot(error, other)
    assert [line for line in verdict.apart(apart) if line.startswith("mean pairwise correlation")]
    assert comovement(cards(STORY + EPISODE)) is None


def test_attention_that_is_shared_moves_the_other_name() -> None:
    infected = BOTH.replace(
        "names:\n", "names:\n  AMC: {crowd: {shared: 1, infection: 2, attention_weight: 0}}\n"
    )
    with_, without = (cards(text)[1].closes[:, -1] for text in (infected, BOTH))
    assert np.median(with_) > np.median(without) + 0.25


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            BOTH.replace("  amc:", "  gme:"),
            r"both.yaml:\d+: episodes: GME has an episode already; keep one",
        ),
        (
            BOTH.replace("    as_of: 2021-01-12", "    as_of: 2021-01-11"),
            "episodes: as_of of AMC is 2021-01-11, of GME 2021-01-12; names of one scenario are",
        ),
        (
            BOTH.replace("    source: typed in", "    source: a\n    calendar: XETR"),
            "episodes: calendar of AMC is XETR, of GME XNYS",
        ),
        (
            BOTH.replace("    source: typed in", "    source: a\n    symbol: BB"),
            r"both.yaml:\d+: episodes.amc: symbol: BB stands under amc; remove it",
        ),
        (BOTH.replace("    adv: 10000000\n", ""), r"episodes.AMC.adv: is missing; add it"),
        (
            BOTH.replace("    adv:", "    adw:"),
            r"episodes.AMC.adw: unknown field, did you mean adv",
        ),
        (
            BOTH.replace("      2021-01-20: 39.1\n", ""),
            "scenario both: episode.closes: 2021-01-20 has no close of AMC",
        ),
        (STORY + "episodes:\n" + ONE, r"episodes.AS_OF: .* is not a section"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cards(text)


def test_the_command_prints_a_summary_and_a_card_for_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("scenarios", "score", "both.yaml", "--paths", "200")
    code, out, err = command(capsys, monkeypatch, *words, "-o", "both.svg")
    assert code == 0, err
    assert "names simulated together" in out and "independent names" in out
    assert "Closes of GME" in out and "Closes of AMC" in out
    picture = Path("both.svg").read_text()
    assert picture.count("inside 5-95 %") >= 2 or picture.startswith("<?xml")
    code, out, err = command(capsys, monkeypatch, *words, "--symbol", "amc")
    assert code == 0 and "Closes of AMC" in out and "Closes of GME" not in out
    assert "names simulated together" not in out and "Names together" not in out
    code, out, err = command(capsys, monkeypatch, *words, "--symbol", "BB")
    assert (code, out) == (1, "") and "--symbol: no episode of BB; it has GME, AMC" in err


def beside(**changes: object) -> Beside:
    Path("market.csv").write_text(MARKET)
    Path("led.yaml").write_text(LED)
    Path("priors.yaml").write_text(PRIORS)
    prices = "date,close\n2021-01-12,2.29\n" + "".join(
        line.strip().replace(": ", ",") + "\n" for line in CLOSES.splitlines()
    )
    Path("amc.csv").write_text("# splits: none\n" + prices)
    words: dict[str, Any] = {
        "symbol": "AMC",
        "base": "led.yaml",
        "priors": "priors.yaml",
        "beside": ["gme"],
    }
    episode = read_episode(
        CalibrationRequest("amc.csv", "market.csv", first=date(2021, 1, 12), **words | changes)
    )
    found = episode.simulator(96, 7, backend("native"))
    assert isinstance(found, Beside)
    return found


def test_without_shared_attention_a_name_is_what_it_is_alone() -> None:
    pair = beside()
    fields = {key: getattr(pair, key) for key in Simulator.__dataclass_fields__}
    for shared, same in ((0.0, True), (1.0, False)):
        one, other = pair((shared, 2.0)), Simulator(**fields)((shared, 2.0))
        assert np.allclose(one.closes, other.closes, atol=2e-5) is same
        assert np.array_equal(one.counts, other.counts) is same
    assert np.median(one.closes[:, -1]) > np.median(other.closes[:, -1]) + 0.5


def test_others_run_under_the_members_of_the_base() -> None:
    """As the scenario with its ensemble runs: four members, six times sixteen paths."""
    pair = beside()
    story = with_values(on_days(pair.base, ("AMC", "GME"), pair.days), {})
    columns = {**pair.base.ensemble, "names.AMC.crowd.shared": (1.0,) * 4}
    story = story.model_copy(update={"ensemble": columns})
    story = story.model_copy(
        update={"names": with_values(story, {"names.AMC.crowd.infection": 2.0}).names}
    )
    book = all_watched({"AMC": 2.29, "GME": 20.0})
    model = Model(bind(story, book, pair.market, pair.chain), 7)
    with work_on() as work:
        (closes,) = (each.logs for each in closes_of(work, "native", [model], 96))
    np.testing.assert_allclose(pair((1.0, 2.0)).closes, closes[:, :, 0], atol=2e-5)
    assert not np.allclose(replace(pair, seed=8)((1.0, 2.0)).closes, closes[:, :, 0], atol=0.01)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["AMC"], "beside: AMC is the name that is fitted; leave it out"),
        (["GMR"], 'beside: market.csv has no "GMR", did you mean GME'),
    ],
)
def test_a_name_beside_it_must_be_another_one(names: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        beside(beside=names)


@pytest.mark.slow
def test_members_are_as_many_as_those_of_the_base(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    beside()
    words = ("amc.csv", "--market", "market.csv", "--symbol", "AMC", "--base", "led.yaml")
    sizes = ("--draws", "256", "--paths", "16", "--priors", "priors.yaml", "-o", "out.yaml")
    start = ("calibrate", *words, *sizes, "--beside", "GME", "--from", "2021-01-12")
    code, out, err = command(capsys, monkeypatch, *start, "--members", "8")
    assert (code, out) == (1, "")
    assert "--members 8: led.yaml has an ensemble of 4, and every member has one value" in err
    code, out, err = command(capsys, monkeypatch, *start, "--members", "4")
    assert code == 0, err
    assert "closes of AMC (beside GME), 2021-01-12" in Path("out.yaml").read_text()
    story, _ = read_scored("out.yaml", None)
    assert [past.symbol for past in story.pasts] == ["GME", "AMC"]
    assert set(story.ensemble) == {
        "names.GME.crowd.infection",
        "names.AMC.crowd.infection",
        "names.AMC.crowd.shared",
    }


@pytest.fixture(scope="module")
def basket() -> dict[str, Scorecard]:
    story, chain = read_scored("meme-basket-2021", None)
    with work_on() as work:
        found = score_all(work, story, chain, paths=2048, seed=11, engine=backend("native"))
    return {card.episode.symbol: card for card in found}


def peak(card: Scorecard) -> Figure:
    return card.figures[0]


@pytest.mark.slow
def test_the_seven_names_find_what_happened_unsurprising(basket: dict[str, Scorecard]) -> None:
    assert list(basket) == ["GME", "AMC", "BB", "EXPR", "FUBO", "KOSS", "NOK"]
    for symbol, card in basket.items():
        assert (len(card.actual), card.members) == (26, 64)
        assert all(expected.usual for expected in card.expected), (symbol, card.expected)
        assert 0.05 < peak(card).rank < 0.95, symbol


@pytest.mark.slow
def test_the_seven_names_move_together(basket: dict[str, Scorecard]) -> None:
    """Not less usual than one path in thirty, where it was none in 8,192."""
    found = comovement(tuple(basket.values()))
    assert found is not None and found.figures[0].actual == pytest.approx(0.635, abs=0.001)
    assert found.figures[0].rank < 0.975
    (own, error), (independent, other) = found.scores.values()
    assert own < independent - 5 * np.hypot(error, other)


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["GME", "AMC", "BB", "EXPR", "KOSS"])
def test_it_foretells_better_than_both_baselines(basket: dict[str, Scorecard], symbol: str) -> None:
    own, *others = (crps for crps, _ in basket[symbol].scores.values())
    assert own < min(others)


@pytest.mark.slow
def test_koss_rises_with_hardly_a_short_and_fubo_does_not_with_many(
    basket: dict[str, Scorecard],
) -> None:
    short = {s: c.episode.short_interest / c.episode.float_shares for s, c in basket.items()}
    assert short["KOSS"] < 0.01 and short["FUBO"] > 0.7
    story, _ = read_scored("meme-basket-2021", None)
    drawn = [member.names["KOSS"].shorts.unreported for member in members(story)]
    assert set(drawn) == {0.0}  # the paths have no more shorts than were reported
    koss, fubo = peak(basket["KOSS"]), peak(basket["FUBO"])
    assert koss.actual == pytest.approx(19.75, abs=0.01) and koss.quantiles[0] > 2
    assert fubo.actual == pytest.approx(1.436, abs=0.001) and fubo.quantiles[2] < 2
    assert fubo.quantiles[4] < koss.quantiles[2]


@pytest.mark.slow
def test_without_what_comes_from_elsewhere_koss_does_not_rise(basket: dict[str, Scorecard]) -> None:
    """No shared attention and no news of GameStop: what is left is its own crowd."""
    story, chain = read_scored("meme-basket-2021", None)
    alone = {key: v for key, v in story.ensemble.items() if key != "names.KOSS.crowd.shared"}
    quiet = tuple(event for event in story.timeline if event.type != "attention")
    changes = {"ensemble": alone, "timeline": quiet}
    story = with_values(story, {"names.KOSS.crowd.shared": 0.0}).model_copy(update=changes)
    past = {"KOSS": story.episodes["KOSS"]}
    story = story.model_copy(update={"episodes": past})
    with work_on() as work:
        _, koss = score_all(work, story, chain, paths=1024, seed=11, engine=backend("native"))
    assert peak(koss).quantiles[2] < 0.5 * peak(basket["KOSS"]).quantiles[2]


@pytest.mark.slow
def test_a_name_with_the_past_of_the_base_is_fitted_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On fewer days: the past that is written is the fitted one, and there is one."""
    beside()
    Path("own.yaml").write_text(EPISODE)
    closes = "2021-01-12,20\n2021-01-13,31.4\n2021-01-14,39.91\n2021-01-15,35.5\n2021-01-19,39.36\n"
    Path("gme.csv").write_text(f"date,close\n{closes}")
    words = ("gme.csv", "--market", "market.csv", "--symbol", "GME", "--base", "own.yaml")
    sizes = ("--draws", "256", "--paths", "16", "--members", "8", "-o", "out.yaml")
    code, _, err = command(capsys, monkeypatch, "calibrate", *words, *sizes, "--beside", "AMC")
    assert code == 0, err
    story, _ = read_scored("out.yaml", None)
    (past,) = story.pasts
    assert past.symbol == "GME" and len(past.closes) == 4


def test_the_basket_stands_on_the_example_book() -> None:
    """Its book is short more of NOK, KOSS and EXPR than some members leave unreported."""
    market = load_market(example() / "market.csv")
    book = load_book(example() / "book.csv", market)
    (story,) = load_scenarios(["meme-basket-2021"], market, book)
    assert len(pack(bind(story, book, market, load_chain(None, market)), seed=1).members) == 64
