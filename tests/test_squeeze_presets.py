"""Volkswagen 2008 and Tesla 2020: each preset finds its past usual, for the reason that it names."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.scorecard import Scorecard, score
from powderkeg.engine.calibrate.simulator import log_closes, on_days, watched
from powderkeg.engine.catalogue import example
from powderkeg.kernels import native
from powderkeg.kernels.layout import ALL_CHANNELS, Channel
from powderkeg.kernels.pack import pack
from powderkeg.scenarios import load_book, load_chain, load_market, load_scenarios, presets
from powderkeg.scenarios.priors import load_priors

Array = npt.NDArray[np.float64]
pytestmark = pytest.mark.skipif(not native.available(), reason="no native library was built")

PRESETS = {"vw-2008": "corner", "tsla-2020": "large-cap", "softbank-2020": "large-cap"}
PATHS = 4096


@cache
def card(preset: str) -> Scorecard:
    story, chain = read_scored(preset, None)
    return score(story, chain, paths=PATHS, seed=11, engine=native)


def peaks(preset: str, off: Channel = Channel(0), without: str = "") -> Array:
    """Highest close of every path as a multiple, with channels or one event left out."""
    story, chain = read_scored(preset, None)
    past = story.episode
    assert past is not None
    kept = tuple(event for event in story.timeline if event.id != without)
    assert len(kept) == len(story.timeline) - bool(without)
    told = on_days(story.model_copy(update={"timeline": kept}), past.symbol, len(past.closes))
    packed = pack(watched(past.symbol, past.price), past.market(), chain, told, seed=11)
    packed = packed.with_channels(ALL_CHANNELS & ~off)
    found = native.simulate(packed, np.arange(PATHS, dtype=np.uint64))
    return np.asarray(np.exp(log_closes(packed, found).max(axis=1)))


def falls(preset: str, **left_out: object) -> float:
    """Mean fall of the peak's log over its standard error, path by path."""
    gap = np.log(peaks(preset)) - np.log(peaks(preset, **left_out))  # type: ignore[arg-type]
    return float(gap.mean() / (gap.std() / np.sqrt(len(gap))))


@pytest.mark.parametrize("preset", PRESETS)
def test_its_past_is_usual(preset: str) -> None:
    found = card(preset)
    assert all(each.usual for each in found.expected)
    peak = next(figure for figure in found.figures if figure.name == "peak close, multiple")
    assert 0.05 < peak.rank < 0.95
    assert found.scores["scenario"][0] < found.scores["random walk"][0]


@pytest.mark.parametrize("preset", PRESETS)
def test_it_holds_what_its_priors_name(preset: str) -> None:
    """64 sets of every parameter that was fitted, and sources for what was typed in."""
    story, symbol = card(preset).scenario, card(preset).episode.symbol
    named = {f"names.{symbol}.{key}" for key in load_priors(PRESETS[preset]).parameters}
    assert named <= set(story.ensemble)
    assert {len(column) for column in story.ensemble.values()} == {64}
    assert len(card(preset).episode.source) > 50


def test_volkswagen_beats_a_walk_and_jumps_that_have_seen_it() -> None:
    scores = {name: crps for name, (crps, _) in card("vw-2008").scores.items()}
    assert scores["scenario"] < min(scores["random walk"], scores["Merton, fitted to it"])


def test_without_the_announcement_volkswagen_does_not_move() -> None:
    assert np.median(peaks("vw-2008", without="announced")) < 1.5
    assert np.median(peaks("vw-2008")) > 3


def test_shorts_who_cover_lift_volkswagen_and_tesla() -> None:
    assert falls("vw-2008", off=Channel.SHORTS) > 10
    assert falls("tsla-2020", off=Channel.SHORTS) > 10


def test_the_calls_that_were_bought_lift_the_peak() -> None:
    assert falls("softbank-2020", without="calls") > 10
    assert falls("softbank-2020", off=Channel.DEALERS) > 10


def test_each_stands_on_the_example_book() -> None:
    """On any name of a book, and Tesla is in it."""
    market = load_market(example() / "market.csv")
    book = load_book(example() / "book.csv", market)
    told = load_scenarios(list(PRESETS), market, book, {"VOW": "GME"})
    assert {story.id for story in told} == set(PRESETS) <= set(presets())
    for story in told:
        pack(book, market, load_chain(None, market), story, seed=1)
