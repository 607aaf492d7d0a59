"""Measures by day from counts against those of the losses, and what happens by plain loops."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.results.measures import by_day, closes
from powderkeg.results.measures import statistics as st

Floats = npt.NDArray[np.float32]
WIDTH = 1 / closes.PER_OCTAVE
"""The width of a bin over the size of what is in it, at most."""
SMALL = 2.0**closes.SMALLEST
"""What is smaller is counted as nothing."""


def sample(law: str, seed: int, n: int = 20_000) -> Floats:
    """Losses as a book has them: most of them gains, the largest many times its equity."""
    random = np.random.default_rng(seed)
    draws: dict[str, Callable[[], npt.NDArray[np.float64]]] = {
        "lognormal": lambda: np.expm1(0.3 * random.standard_normal(n)),
        "wild lognormal": lambda: np.expm1(1.2 * random.standard_normal(n)) / 4,
        "t": lambda: 0.1 * random.standard_t(4, n),
        "gains": lambda: -0.5 - np.abs(0.1 * random.standard_t(4, n)),
        "calls": lambda: np.maximum(0.2 * random.standard_t(5, n) - 0.3, 0),
        "nearly nothing": lambda: 1e-4 * random.standard_normal(n),
    }
    return np.asarray(draws[law](), np.float32)


LAWS = ("lognormal", "wild lognormal", "t", "gains", "calls", "nearly nothing")
each_law = pytest.mark.parametrize("law", LAWS)
each_seed = pytest.mark.parametrize("seed", range(6))


# --- counts ---------------------------------------------------------------------------------------


@each_law
@each_seed
@pytest.mark.parametrize("level", [0.95, 0.99, 0.995])
def test_var_and_es_from_counts_are_those_of_the_losses(law: str, seed: int, level: float) -> None:
    """Within a bin, for its ranks and for the errors as well."""
    losses = sample(law, seed)
    counts = closes.counts_of(np.stack([losses, losses[::-1]])).astype(np.int64)
    np.testing.assert_array_equal(counts[0], counts[1])
    assert counts[0].sum() == len(losses)
    var, es = by_day.var_es(counts[0], level)
    exact_var, exact_es = st.var_es(losses, level)
    for mine, exact in ((var, exact_var), (es, exact_es)):
        bound = WIDTH * abs(exact.value) + SMALL
        assert abs(mine.value - exact.value) <= bound
        assert abs(mine.low - exact.low) <= 1.5 * (WIDTH * abs(exact.low) + SMALL)
        assert abs(mine.high - exact.high) <= 1.5 * (WIDTH * abs(exact.high) + SMALL)
        assert mine.standard_error == pytest.approx(exact.standard_error, rel=0.1, abs=bound)


@each_seed
@pytest.mark.parametrize("law", ["lognormal", "wild lognormal", "t", "calls"])
def test_what_bins_round_cancels_in_a_mean(law: str, seed: int) -> None:
    """ES over a thousand paths is within an eighth of a bin: no bin counts at an edge of it."""
    losses = sample(law, seed)
    found = by_day.var_es(closes.counts_of(losses[None])[0].astype(np.int64), 0.95)[1]
    assert found.value == pytest.approx(st.var_es(losses, 0.95)[1].value, rel=WIDTH / 8)


@each_law
@each_seed
@pytest.mark.parametrize("level", [0.001, 0.05, 0.5, 0.9, 0.999, 1.0])
def test_a_quantile_is_in_the_bin_of_the_loss_of_its_rank(
    law: str, seed: int, level: float
) -> None:
    losses = sample(law, seed)
    ordered = np.sort(losses)
    exact = float(ordered[max(math.ceil(len(losses) * level - 1e-9), 1) - 1])
    found = by_day.quantile(closes.counts_of(losses[None])[0].astype(np.int64), level)
    assert abs(found - exact) <= WIDTH * abs(exact) + SMALL
    mine, its = closes.bins_of(np.array([found, exact], np.float32))
    assert mine == its


def test_every_loss_is_between_the_edges_of_its_bin() -> None:
    """Those beyond the last edges are in the last bins, as the largest known."""
    random = np.random.default_rng(5)
    signs = random.choice([-1.0, 1.0], 50_000)
    losses = np.asarray(signs * 2.0 ** random.uniform(-14, 12, 50_000), np.float32)
    at, edges = closes.bins_of(losses), closes.edges()
    inside = np.abs(losses) < 2.0 ** (closes.SMALLEST + closes.OCTAVES)
    low, high = edges[at], edges[at + 1]
    assert ((low <= losses) & (losses <= high))[inside].all()
    assert set(at[~inside]) == {0, closes.BINS - 1}
    large = inside & (np.abs(losses) >= SMALL)
    assert (high - low <= WIDTH * np.minimum(np.abs(low), np.abs(high)) * (1 + 1e-12))[large].all()
    assert (at[np.abs(losses) < SMALL] == closes.SIDE).all()


# --- what happens ---------------------------------------------------------------------------------


def paths_of(seed: int) -> tuple[Floats, Floats]:
    """P&L by day and margin excess from the start of a few dozen paths of a book, some of them with
    nothing left."""
    random = np.random.default_rng(seed)
    days, paths = int(random.integers(1, 31)), 60
    pnl = np.cumsum(0.15 * random.standard_t(3, (days, paths)), axis=0)
    pnl[:, ::7] = 0.0
    pnl[random.integers(days), ::5] = -1.0  # not a cent is left
    margin = 0.5 * np.exp(np.cumsum(0.1 * random.standard_normal((days + 1, paths)), axis=0))
    excess = 1 + np.vstack([np.zeros(paths), pnl]) - margin
    return pnl.astype(np.float32), excess.astype(np.float32)


def worst_share(navs: Sequence[float], values: Sequence[float], sign: int) -> float:
    """The largest change of `values` within ten days of a day, over the value of the book on it."""
    found = 0.0
    for start in range(len(navs)):
        for end in range(start + 1, min(start + closes.WINDOW, len(navs) - 1) + 1):
            if navs[start] > 0:
                found = max(found, sign * (values[end] - values[start]) / navs[start])
    return found


@pytest.mark.parametrize("seed", range(25))
def test_falls_of_value_and_rises_of_margin_by_loops(seed: int) -> None:
    pnl, excess = paths_of(seed)
    falls, rises = closes.largest_nav_loss(pnl), closes.largest_margin_rise(pnl, excess)
    for path in range(pnl.shape[1]):
        navs = [1.0, *(1 + float(p) for p in pnl[:, path])]
        margins = [nav - float(e) for nav, e in zip(navs, excess[:, path], strict=True)]
        assert falls[path] == pytest.approx(worst_share(navs, navs, -1), rel=1e-5, abs=1e-7)
        assert rises[path] == pytest.approx(worst_share(navs, margins, 1), rel=1e-5, abs=1e-7)


def first_unmet(excess: Sequence[float], patience: int) -> float:
    """`excess` at the closes of days 1, 2, ..."""
    in_a_row = 0
    for day, each in enumerate(excess, 1):
        in_a_row = in_a_row + 1 if each < 0 else 0
        if in_a_row == patience + 1:
            return day
    return math.nan


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("patience", [1, 2, 4])
def test_calls_that_are_not_met_by_loops(seed: int, patience: int) -> None:
    _, excess = paths_of(seed)
    expected = [first_unmet(path[1:].tolist(), patience) for path in excess.T]
    np.testing.assert_array_equal(closes.unmet_day(excess, patience), expected)


@pytest.mark.parametrize("seed", range(25))
def test_events_by_day_by_loops(seed: int) -> None:
    pnl, excess = paths_of(seed)
    days, paths = pnl.shape
    random = np.random.default_rng([seed, 1])
    known = {
        event: np.where(
            random.random(paths) < 0.3, np.nan, random.integers(1, days + 1, paths)
        ).astype(np.float32)
        for event in closes.EVENTS[:3]
    }
    counts = closes.event_counts(pnl, excess, known)
    assert counts.shape == (len(closes.EVENTS), days)
    seen: dict[str, Counter[int]] = {event: Counter() for event in closes.EVENTS}
    for event, first in known.items():
        seen[event].update(int(day) for day in first if not math.isnan(day))
    for path in range(paths):
        for size, event in ((0.1, "redemption at -10 %"), (0.2, "redemption at -20 %")):
            for day in range(1, days + 1):
                if -float(pnl[day - 1, path]) > size:
                    seen[event][day] += 1
                    break
        for day in range(1, days + 1):
            if excess[day, path] < 0:
                seen["below the requirement at the close"][day] += 1
    expected = [[seen[event][day] for day in range(1, days + 1)] for event in closes.EVENTS]
    np.testing.assert_array_equal(counts, expected)
