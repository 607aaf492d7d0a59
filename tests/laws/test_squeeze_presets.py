"""Volkswagen 2008 and Tesla 2020: each preset finds its past usual, for reasons that it names."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.scorecard import Scorecard, score
from powderkeg.kernels.backends import native
from powderkeg.kernels.packing.scenario import pack
from powderkeg.scenarios import bind, load_book, load_chain, load_market, load_scenarios
from powderkeg.scenarios.example import example
from powderkeg.scenarios.priors import load_priors

Array = npt.NDArray[np.float64]
pytestmark = pytest.mark.skipif(not native.available(), reason="no native library was built")

PRESETS = {"vw-2008": "corner", "tsla-2020": "large-cap", "softbank-2020": "large-cap"}
PATHS = 4096


@cache
def card(preset: str, channel: str = "", event: str = "") -> Scorecard:
    """Of a preset, with a channel switched off or an event left out."""
    story, chain = read_scored(preset, None)
    kept = tuple(each for each in story.timeline if each.id != event)
    assert len(kept) == len(story.timeline) - bool(event)
    sets = {key: column for key, column in story.ensemble.items() if f".{event}." not in key}
    switches = story.channels.model_copy(update={channel: False} if channel else {})
    told = story.model_copy(update={"timeline": kept, "ensemble": sets, "channels": switches})
    return score(told, chain=chain, paths=PATHS, seed=11, backend="native")[0]


def peaks(preset: str, **left_out: str) -> Array:
    """Highest log close of every path."""
    return np.asarray(card(preset, **left_out).closes.max(axis=1))


def rises(preset: str, **left_out: str) -> float:
    """Mean of what it adds to the peak, path by path, over its standard error."""
    gap = peaks(preset) - peaks(preset, **left_out)
    return float(gap.mean() / (gap.std() / np.sqrt(len(gap))))


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_its_past_is_usual(preset: str) -> None:
    found = card(preset)
    assert all(each.usual for each in found.expected)
    peak = next(figure for figure in found.figures if figure.name == "peak close, multiple")
    assert 0.05 < peak.rank < 0.95
    assert found.scores["scenario"][0] < found.scores["random walk"][0]


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_it_holds_sets_of_what_its_priors_name(preset: str) -> None:
    past, story = card(preset).episode, card(preset).scenario
    # fitted before the priors had these: calls without a limit, the crowd's budget in floats
    since = {"dealers.call_capacity", "crowd.wealth"}
    named = {key for key in load_priors(PRESETS[preset]).parameters if key not in since}
    assert {f"names.{past.symbol}.{key}" for key in named} <= set(story.ensemble)
    assert {len(column) for column in story.ensemble.values()} == {64}
    assert len(past.source) > 100


def test_volkswagen_is_foretold_better_than_by_jumps_that_have_seen_it() -> None:
    scores = {name: crps for name, (crps, _) in card("vw-2008").scores.items()}
    assert scores["scenario"] < min(scores["random walk"], scores["Merton, fitted to it"])


def test_without_the_announcement_volkswagen_hardly_moves() -> None:
    assert np.median(peaks("vw-2008", event="announced")) < np.log(1.5)
    assert np.median(peaks("vw-2008")) > np.log(3)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["vw-2008", "tsla-2020"])
def test_shorts_who_cover_lift_the_peak(preset: str) -> None:
    assert rises(preset, channel="shorts") > 10


@pytest.mark.slow
def test_calls_and_their_hedges_lift_the_peak() -> None:
    assert rises("softbank-2020", event="calls") > 10
    assert rises("softbank-2020", channel="dealers") > 10


@pytest.mark.slow
def test_they_stand_on_the_example_book() -> None:
    """Tesla is in it, Volkswagen's story comes over GameStop."""
    market = load_market(example() / "market.csv")
    book = load_book(example() / "book.csv", market)
    for story in load_scenarios(list(PRESETS), market, book, {"VOW": "GME"}):
        packed = pack(bind(story, book, market, load_chain(None, market)), seed=1)
        assert len(packed.members) == 64
        assert story.horizon_days > 20
