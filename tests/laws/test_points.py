"""Presets of which a few prices are known, and the leader's: each is about what it says."""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.engine.calibrate.fit import rounded
from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.scorecard import Scorecard, score
from powderkeg.engine.calibrate.simulator import on_days, watched
from powderkeg.kernels import backend
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import Channel, StepKind
from powderkeg.scenarios import bind, load_book, load_chain, load_market, load_scenarios
from powderkeg.scenarios.priors import load_priors

Array = npt.NDArray[np.float64]
EXAMPLE = Path(__file__).parents[2] / "examples" / "january-2021"
PRESETS = ("kbio-2015", "nickel-2022", "silver-1980")
PATHS = 512
NONE = Channel(0)


@cache
def card(preset: str) -> Scorecard:
    return score(preset, paths=2048, seed=11, backend="native")[0]


@cache
def packed(preset: str) -> Packed:
    """The preset's name alone on the days of its episode."""
    story, chain = read_scored(preset, None)
    past = story.episode
    assert past is not None
    days = tuple(range(1, past.days[-1] + 1))
    book = watched(past.symbol, past.price)
    return pack(bind(on_days(story, past.symbol, days), book, past.market(), chain), seed=5)


def traced(preset: str, off: Channel = NONE) -> npt.NDArray[np.void]:
    """Of the only name. Shape: (paths, rows)."""
    given = packed(preset)
    given = given.with_channels(Channel(int(given.run["channels"])) & ~off)
    ids = np.arange(PATHS, dtype=np.uint64)
    trace = backend("native").simulate(given, ids, trace=True).trace
    assert trace is not None
    return trace[:, :, 0]


def close_rows(preset: str) -> npt.NDArray[np.intp]:
    """Of a trace, whose first row is the start."""
    return np.flatnonzero(packed(preset).schedule["kind"] & StepKind.CLOSE) + 1


@cache
def at_closes(preset: str, off: Channel = NONE) -> npt.NDArray[np.void]:
    """Shape: (paths, days)."""
    return traced(preset, off)[:, close_rows(preset)]


def log_closes(preset: str, off: Channel = NONE) -> Array:
    """Shape: (paths, days)."""
    return at_closes(preset, off)["log_price"].astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_points_lie_in_the_bands_and_baselines_score_worse(preset: str) -> None:
    found = card(preset)
    assert not found.daily and found.members == 64
    assert all(expected.usual for expected in found.expected[:2]), found.expected
    own = found.scores["scenario"]
    for name, other in found.scores.items():
        assert name == "scenario" or (own[0] < other[0] and own[1] < other[1]), name
    figures = {figure.name: figure for figure in found.figures}
    assert 0.1 < figures["highest close, multiple"].rank < 0.9
    assert 0.05 < figures["last close over the highest"].rank < 0.95


def test_nickel_was_suspended_and_a_day_of_it_undone() -> None:
    """101,365 on 8 March over 27,080 is among that day's highs; the next price is of the 7th."""
    days = card("nickel-2022").days
    assert days[:2] == (2, 9)  # 7 and 16 March
    x = log_closes("nickel-2022")
    closes = close_rows("nickel-2022")
    during = slice(closes[1] + 1, closes[2])
    high = np.exp(traced("nickel-2022")["log_price"][:, during].max(axis=1))
    assert np.quantile(high, 0.5) < 101_365 / 27_080 < np.quantile(high, 0.95)
    for day in range(3, 9):
        np.testing.assert_array_equal(x[:, day - 1], x[:, 1])
    assert np.mean(x[:, 12] < x[:, 8]) > 0.9  # within five days of the reopening
    calm = log_closes("nickel-2022", Channel.SHORTS)
    assert np.median(x[:, 1] - calm[:, 1]) > 0.15  # shorts who are called make the rise


def test_silver_rises_with_its_crowd_and_falls_with_its_margin() -> None:
    x = log_closes("silver-1980")
    no_crowd = log_closes("silver-1980", Channel.CROWD)
    no_margin = log_closes("silver-1980", Channel.LEVERED_LONGS)
    assert np.median(x[:, 10] - no_crowd[:, 10]) > 0.03
    assert np.median(x[:, 13] - x[:, 11]) < -0.05  # 18 to 22 January: nobody may buy
    assert np.median(x[:, -1] - no_margin[:, -1]) < -0.2
    free = log_closes("silver-1980", Channel.PROGRAMMES)
    assert np.median(x[:, -1] - free[:, -1]) < 0  # scrap


def test_kalobios_is_bought_up_and_recalled() -> None:
    x = log_closes("kbio-2015")
    untouched = log_closes("kbio-2015", Channel.PROGRAMMES)
    assert np.median(x[:, 5] - untouched[:, 5]) > 1
    np.testing.assert_allclose(at_closes("kbio-2015")["programme"][:, 4:], 0.8, atol=0.05)
    unrecalled = log_closes("kbio-2015", Channel.RECALL)
    assert np.median(x[:, 8] - unrecalled[:, 8]) > 0.05
    used = at_closes("kbio-2015")["utilisation"]
    assert np.median(used[:, 7]) < 1 < np.median(used[:, 8])  # before and after 27 November


@pytest.mark.slow
def test_a_leader_sells_higher_than_he_bought_and_leaves_a_fall() -> None:
    """Aggarwal & Wu (2006): prices rise while he buys, are higher when he sells, fall after."""
    market = load_market(EXAMPLE / "market.csv")
    book = load_book(EXAMPLE / "book.csv", market)
    (story,) = load_scenarios(["leader-pump"], market, book, {"PUMP": "KOSS"})
    given = pack(bind(story, book, market, load_chain(None, market)), seed=3)
    trace = backend("native").simulate(given, np.arange(PATHS, dtype=np.uint64), trace=True).trace
    assert trace is not None
    koss = trace[:, :, given.symbols.index("KOSS")]
    x, traded = koss["log_price"].astype(float), np.diff(koss["leader"].astype(float), axis=1)
    bought, sold = np.clip(traded, 0, None), np.clip(-traded, 0, None)
    seller = sold.sum(axis=1) > 0.01
    assert seller.mean() > 0.7
    price = np.exp(x[seller, 1:])
    paid = (bought[seller] * price).sum(axis=1) / bought[seller].sum(axis=1)
    got = (sold[seller] * price).sum(axis=1) / sold[seller].sum(axis=1)
    assert np.mean(got > paid) > 0.8
    assert np.median(x.max(axis=1)) > np.log(1.8)
    assert np.median(x[:, -1] - x.max(axis=1)) < np.log(0.7)
    assert np.all(koss["new_shorts"] == 0) and np.all(koss["calls"] == 0)
    assert np.ptp(koss["cohort"][:, -1]) == 0  # no shorts cover


def test_the_leaders_ensemble_is_drawn_from_its_priors() -> None:
    market = load_market(EXAMPLE / "market.csv")
    book = load_book(EXAMPLE / "book.csv", market)
    (story,) = load_scenarios(["leader-pump"], market, book, {"PUMP": "KOSS"})
    priors = load_priors("leader")
    z = np.random.default_rng(1).standard_normal((64, len(priors.parameters)))
    for key, column in zip(priors.parameters, rounded(priors.values(z)).T, strict=True):
        np.testing.assert_array_equal(story.ensemble[f"names.KOSS.{key}"], column)
