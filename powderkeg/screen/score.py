"""A scorecard as tables, sentences and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..engine.calibrate.comovement import Comovement
from ..engine.calibrate.scorecard import Expected, Figure, Scorecard
from ..engine.calibrate.verdict import (
    LEAST_SKILL,
    apart,
    outside,
    shape,
    shortfalls,
    skill,
    unsurprising,
)
from ..results.measures.scores import BANDS, FAN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAY_COLUMNS = ("day", "date", "close", "5 %", "25 %", "50 %", "75 %", "95 %", "rank")
FIGURE_COLUMNS = ("figure", "actual", "5 %", "10 %", "50 %", "90 %", "95 %", "rank", "outside")
SCORE_COLUMNS = ("foretold by", "mean CRPS", "energy score")
JOINT_COLUMNS = ("foretold by", "variogram score", "error")
SUMMARY_COLUMNS = (
    "name", "closes in 5-95 %", "taken as a whole", "peak", "5 %", "50 %", "95 %", "mean CRPS",
    "random walk", "Merton", "GARCH",
)  # fmt: skip
ACROSS = 3  # panels of a picture
WIDE = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)  # marks of an axis
NARROW = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)


def day_rows(card: Scorecard) -> list[tuple[str, ...]]:
    """Every close, as a multiple of the first one, beside its simulated quantiles."""
    quantiles = np.exp(np.quantile(card.closes, FAN, axis=0))
    return [
        (str(card.days[k]), str(card.episode.dates[k + 1]), f"{np.exp(card.actual[k]):.2f}",
         *(f"{q:.2f}" for q in quantiles[:, k]), f"{card.pit[k]:.2f}")
        for k in range(len(card.actual))
    ]  # fmt: skip


def figure_rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """What the past looked like beside what simulated paths look like."""
    return [
        (f.name, f"{f.actual:.3g}", *(f"{q:.3g}" for q in f.quantiles), f"{f.rank:.2f}",
         outside(f))
        for f in figures
    ]  # fmt: skip


def score_rows(card: Scorecard) -> list[tuple[str, ...]]:
    """Scores of the scenario and of what it is compared with; less is better."""
    return [(name, f"{c:.3f}", f"{e:.3f}") for name, (c, e) in card.scores.items()]


def joint_rows(found: Comovement) -> list[tuple[str, ...]]:
    """Joint scores of the names and of the same names made independent; less is better."""
    return [(name, f"{score:.4f}", f"{se:.4f}") for name, (score, se) in found.scores.items()]


def joint_sentences(found: Comovement) -> Iterator[str]:
    """What the names had in common, in words."""
    correlation = found.figures[0]
    low, high = correlation.quantiles[0], correlation.quantiles[-1]
    yield (
        f"mean pairwise correlation of daily returns over {found.days} days: "
        f"{correlation.actual:.2f}, on simulated paths {correlation.quantiles[2]:.2f} "
        f"(5-95 %: {low:.2f} to {high:.2f}), rank {correlation.rank:.3f}"
    )
    yield from (f"falls short: {line}" for line in apart(found))


def sentences(card: Scorecard) -> Iterator[str]:
    """The verdict in words."""
    count = len(card.actual)
    known = "" if card.daily else f" known, of {card.days[-1]} days"
    sets = f", {card.members} parameter sets" if card.members > 1 else ""
    yield (
        f"{card.scenario.id}: {count} closes of {card.episode.symbol} from "
        f"{card.episode.dates[1]} to {card.episode.dates[-1]}{known}; "
        f"{len(card.closes):,} paths{sets}"
    )
    for expected in card.expected:
        yield _judged(expected)
    yield (
        "days by the rank of their close, in fifths from low to high: "
        + ", ".join(str(n) for n in card.histogram)
        + f" ({count / len(card.histogram):.1f} each if even)"
    )
    yield from shape(card)
    better, than = skill(card)
    word = "unsurprising" if better >= LEAST_SKILL else "SURPRISING"
    yield (
        f"mean CRPS {abs(better):.0%} {'less' if better >= 0 else 'more'} than that of a {than}; "
        f"{word}, a fan of the right width has at most {-LEAST_SKILL:.0%} more"
    )
    best = min(card.scores, key=lambda name: card.scores[name][0])
    yield f"least mean CRPS: {best}"
    short = [f"falls short: {line}" for line in shortfalls(card)]
    yield from short or ["falls short of nothing that is asked here"]


def _judged(expected: Expected) -> str:
    verdict = "unsurprising" if expected.usual else "SURPRISING"
    return (
        f"{expected.name}: {expected.actual:.2f}; {verdict}, 95 % of simulated paths taken as the "
        f"truth have {expected.low:.2f} to {expected.high:.2f}"
    )


def summary_rows(cards: Sequence[Scorecard]) -> list[tuple[str, ...]]:
    """A line for every name: coverage and its verdict, the peak, scores beside the baselines'."""
    rows = []
    for card in cards:
        peak = card.figures[0]
        low, middle, high = (f"{peak.quantiles[k]:.2f}" for k in (0, 2, 4))
        rows.append((
            card.episode.symbol, f"{card.inside[BANDS[0]]} of {len(card.actual)}",
            "unsurprising" if unsurprising(card) else "SURPRISING",
            f"{peak.actual:.2f}", low, middle, high,
            *(f"{crps:.3f}" for crps, _ in card.scores.values()),
        ))  # fmt: skip
    return rows


def draw(cards: Sequence[Scorecard], path: Path, dpi: int = 150) -> None:
    """The actual closes over the fan of simulated ones, a panel for every name; of one name ranks
    beside them. Format by suffix.
    """
    from matplotlib.figure import Figure

    if len(cards) == 1:
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        fan, bars = figure.subplots(1, 2, width_ratios=(3, 1))
        _fan(fan, cards[0])
        fan.legend(frameon=False)
        _ranks(bars, cards[0])
    else:
        rows = -(-len(cards) // ACROSS)
        figure = Figure(figsize=(11, 3.2 * rows), layout="constrained")
        panels = figure.subplots(rows, ACROSS, squeeze=False).ravel()
        figure.suptitle(cards[0].scenario.id)
        for panel, card in zip(panels, cards, strict=False):
            _fan(panel, card)
        for panel in panels[len(cards) :]:
            panel.set_axis_off()
    figure.savefig(path, dpi=dpi)


def _fan(fan: Axes, card: Scorecard) -> None:
    days = np.append(0, card.days)
    started = np.concatenate([np.zeros((len(card.closes), 1)), card.closes], axis=1)
    low, lower, middle, upper, high = np.exp(np.quantile(started, FAN, axis=0))
    fan.fill_between(days, low, high, color="#c9d3dc", label="5-95 %")
    fan.fill_between(days, lower, upper, color="#8fa1b3", label="25-75 %")
    fan.plot(days, middle, color="#5f7d8c", lw=1.2, label="median")
    style = "o-" if card.daily else "o"
    fan.plot(days, np.exp(np.append(0.0, card.actual)), style, color="#b5451b", ms=3.5, lw=1.4,
             label=f"{card.episode.symbol}, closes")  # fmt: skip
    fan.set(yscale="log", xlabel=f"trading days after {card.episode.as_of}",
            ylabel="price, multiple of the start")  # fmt: skip
    steps = WIDE if high.max() > 10 * low.min() else NARROW
    ticks = [tick for tick in steps if low.min() <= tick <= high.max()]
    fan.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    fan.minorticks_off()
    inside = card.inside[BANDS[0]]
    fan.set_title(f"{card.episode.symbol}: {inside} of {len(card.actual)} closes inside 5-95 %")


def _ranks(bars: Axes, card: Scorecard) -> None:
    edges = np.linspace(0, 1, len(card.histogram) + 1)
    bars.bar(edges[:-1], card.histogram, np.diff(edges), align="edge", color="#8fa1b3",
             edgecolor="white")  # fmt: skip
    bars.axhline(len(card.actual) / len(card.histogram), color="#26292e", lw=0.8, ls="--")
    bars.set(xlabel="rank of the close among paths", title="days by rank")
