"""The presets tell the stories they are named after (the native back end: many paths)."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from scipy.special import ndtr

from powderkeg.kernels.backends import native
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import ALL_CHANNELS, Channel, StepKind
from powderkeg.scenarios import bind, load_book, load_chain, load_market, load_scenarios
from powderkeg.scenarios.scenario import Scenario
from tests.helpers.builders import path_ids

Array = npt.NDArray[np.float64]
pytestmark = pytest.mark.skipif(not native.available(), reason="no native library was built")

EXAMPLE = Path(__file__).parents[2] / "examples" / "january-2021"

# Closes of GameStop, 19 January - 19 February 2021, before the split of 2022; 15 January: 35.50.
CLOSES = np.array(
    "39.36 39.12 43.03 65.01 76.79 147.98 347.51 193.60 325.00 225.00 90.00 92.41 53.50 63.77 "
    "60.00 50.31 51.20 51.10 52.40 49.51 45.94 40.69 40.59".split(),
    float,
)


@cache
def prepared(preset: str, days: int, steps: int = 26, together: int = 1) -> Packed:
    """A preset on a book of one short: 1.5 million GameStop of a fund of one billion."""
    folder = Path(__file__).parents[1] / "data"
    market = load_market(EXAMPLE / "market.csv")
    book = load_book(folder / "gme_short.csv", market)
    (story,) = load_scenarios([preset], market, book)
    changes = {"horizon_days": days, "steps_per_day": steps, "normals_per_step": together}
    tree = story.model_dump(exclude_unset=True) | changes
    tree["horizons"] = [days]
    scenario = Scenario.model_validate(tree)
    return pack(bind(scenario, book, market, load_chain(None, market)), seed=20210115)


def traced(channels: Channel, paths: int) -> tuple[npt.NDArray[np.void], Packed]:
    packed = prepared("gme-2021", len(CLOSES)).with_channels(channels)
    trace = native.simulate(packed, path_ids(paths), trace=True).trace
    assert trace is not None
    return trace[:, :, 0], packed


def at_closes(packed: Packed, values: npt.NDArray[np.float32]) -> Array:
    closes = np.flatnonzero(packed.schedule["kind"] & StepKind.CLOSE) + 1
    return np.asarray(values[:, closes], float)


@pytest.mark.slow
def test_gamestop_lies_in_the_band_of_its_own_preset() -> None:
    trace, packed = traced(ALL_CHANNELS, 10_000)
    price = 35.50 * np.exp(at_closes(packed, trace["log_price"]))
    low, high = np.quantile(price, [0.05, 0.95], axis=0)
    assert np.mean((low <= CLOSES) & (high >= CLOSES)) > 0.8
    peak = price.max(axis=1)
    assert np.quantile(peak, 0.1) < CLOSES.max() < np.quantile(peak, 0.9)
    assert abs(np.median(price.argmax(axis=1)) - CLOSES.argmax()) <= 2
    assert np.mean(trace["floor"][:, -1]) < 0.15
    short = at_closes(packed, trace["cohort"] + trace["new_shorts"])
    short -= float(packed.names["book0"][0])  # the preset's book holds
    # exchange-reported, settled 29 January and 12 February: two days earlier by trade date
    for day, reported in ((6, 21.4), (16, 16.47)):
        least, most = np.quantile(short[:, day], [0.05, 0.95])
        assert least < reported / 51.44 < most


@pytest.mark.slow
def test_each_channel_carries_the_squeeze() -> None:
    """Median peak: all on > no dealers > no crowd shares > no covering > no crowd."""
    peaks = []
    none = Channel(0)
    for off in (none, Channel.DEALERS, Channel.CROWD_SHARES, Channel.SHORTS, Channel.CROWD):
        trace, _ = traced(ALL_CHANNELS & ~off, 4000)
        peaks.append(float(np.median(trace["log_price_max"][:, -1])))
    assert all(a > b + 0.05 for a, b in pairwise(peaks)), np.exp(peaks)


def tail(losses: Array, level: float) -> tuple[float, Array]:
    """Expected shortfall and the influence of every path on it."""
    q = np.quantile(losses, level, method="inverted_cdf")
    excess = np.maximum(losses - q, 0) / (1 - level)
    es = float(q + excess.mean())
    return es, excess + q - es


@pytest.mark.slow
@pytest.mark.parametrize("days", [5, 10])
def test_halving_the_step_hardly_moves_the_tail(days: int) -> None:
    """26 -> 52 steps a day, coarse normals the sums of the fine ones, 262,144 paths."""
    ids = path_ids(262_144)
    (coarse, a), (fine, b) = (
        tail(-native.simulate(prepared("gme-2021", days, *grid), ids).pnl[-1].astype(float), 0.99)
        for grid in ((26, 2), (52, 1))
    )
    error = (b - a).std() / np.sqrt(len(ids))
    assert abs(fine - coarse) <= 0.02 * coarse + 2 * error


def test_calm_has_the_tail_of_a_lognormal() -> None:
    days, level = 10, 0.99
    packed = prepared("calm", days).at_moment(days)
    name = packed.names[0]
    out = native.simulate(packed, path_ids(200_000))
    size = -float(name["book_weight"])
    # short: pnl + fees = -size (P - 1)
    price = 1 - (out.pnl[-1].astype(float) + out.paths["borrow_cost"]) / size
    sd = float(name["sigma"]) * np.sqrt(days)
    assert stats.kstest(np.log(price), stats.norm(-(sd**2) / 2, sd).cdf).pvalue > 1e-3
    es, influence = tail(price - 1, level)
    exact = ndtr(sd - stats.norm.ppf(level)) / (1 - level) - 1
    assert abs(es - exact) < 3 * influence.std() / np.sqrt(len(price))


def closes_of(preset: str, folder: Path, off: Channel, paths: int) -> tuple[Array, Packed]:
    """Log prices at the closes of a preset on an example's book, (paths, days, names)."""
    market = load_market(folder / "market.csv")
    book = load_book(folder / "book.csv", market)
    (story,) = load_scenarios([preset], market, book)
    packed = pack(bind(story, book, market, load_chain(None, market)), seed=20210127)
    packed = packed.with_channels(Channel(int(packed.run["channels"])) & ~off)
    parts = []
    for first in range(0, paths, 500):
        trace = native.simulate(packed, path_ids(500, first), trace=True).trace
        assert trace is not None
        parts.append(at_closes(packed, trace["log_price"]))
    return np.concatenate(parts), packed


def test_what_starts_at_the_top_falls_by_itself() -> None:
    """GameStop after 27 January 2021 stood at .15 of its close of that day ten sessions later."""
    peak = EXAMPLE.parent / "after-the-peak"
    medians = {
        off: np.exp(np.median(closes_of("after-the-peak", peak, off, 1000)[0][:, :, 0], axis=0))
        for off in (Channel(0), Channel.CROWD, Channel.DEALERS, Channel.NEW_SHORTS, ALL_CHANNELS)
    }
    assert 0.1 < medians[Channel(0)][9] < 0.3
    assert medians[ALL_CHANNELS][9] > 0.7  # nothing but volatility and attention's
    # each of them pulls it down: without it the fall is slower
    for off in (Channel.CROWD, Channel.DEALERS, Channel.NEW_SHORTS):
        assert medians[off][:5].mean() > medians[Channel(0)][:5].mean() + 0.03, off


@pytest.mark.slow
def test_funds_that_cut_push_shorts_up_and_longs_down_on_the_same_days() -> None:
    """January 2021: most shorted +52.1 %, funds' favourites -3.0 % by the 27th (day 7)."""
    paths = 1000
    x, packed = closes_of("degross-2021", EXAMPLE, Channel(0), paths)
    y, _ = closes_of("degross-2021", EXAMPLE, Channel.FUNDS, paths)
    names = packed.symbols
    shorts = [names.index(s) for s in ("AMC", "BB", "EXPR", "FUBO", "GME", "KOSS", "NOK")]
    longs = [names.index(s) for s in ("AAPL", "AMZN", "MSFT")]
    push = x - y  # of the funds, on the same random numbers
    day = 6
    assert 0.3 < np.expm1(x[:, day, shorts]).mean() < 1.2
    assert -0.05 < push[:, day, longs].mean() < -0.01
    assert push[:, day, shorts].mean() > 0
    moves = np.diff(x[:, :, shorts].mean(axis=2), axis=1)
    pushes = np.diff(push[:, :, longs].mean(axis=2), axis=1)
    surge = moves > 0.1
    assert np.mean(pushes[surge] < 0) > 2 * np.mean(pushes[surge] > 0)
    assert pushes[surge].mean() < -0.002
