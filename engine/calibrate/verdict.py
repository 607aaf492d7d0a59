"""What a scorecard says for and against its scenario, in words."""

from __future__ import annotations

from collections.abc import Iterator

from ...results.measures.baselines import GARCH, WALK
from .comovement import INDEPENDENT, SCENARIO, Comovement
from .scorecard import Figure, Scorecard

NEAR_DAYS = 2.0  # of the median path's peak
NEAR_SD = 2.0  # times the actual sd, or by this number
FAR, WIDE = 0.05, "5-95 %"
TAIL, NARROW = 0.1, "10-90 %"
LEAST_SKILL = -0.25
"""Too wide a fan over many parameter sets holds every close, and so do its own paths: coverage has
no power against it, the CRPS has. Of 60 GARCH paths of 26 days a fan of the right width is below
this in 8 % (the GARCH that it is held against has seen the path), sets whose volatility is twice
and three times too large in the median, sd .8 in its log, in 70 and 83 %; coverage and ranks find
none of those surprising."""


def skill(card: Scorecard) -> tuple[float, str]:
    """1 - CRPS over the least of a random walk's and a GARCH's, and whose that is."""
    least, name = min((card.scores[law][0], law) for law in (WALK, GARCH) if law in card.scores)
    return 1 - card.scores["scenario"][0] / least, name


def unsurprising(card: Scorecard) -> bool:
    """Taken as a whole: coverage and ranks as the scenario's own paths have them, and skill."""
    return all(expected.usual for expected in card.expected) and skill(card)[0] >= LEAST_SKILL


def outside(figure: Figure) -> str:
    """The widest range of simulated ones that a figure lies outside of, "" for none."""
    side = min(figure.rank, 1 - figure.rank)
    return WIDE if side < FAR else NARROW if side < TAIL else ""


def shape(card: Scorecard) -> Iterator[str]:
    """How high it went, and when, beside the simulated ones."""
    peak, day = card.figures[:2]
    for figure in (peak, *(f for f in card.figures if f.name.startswith("highest price"))):
        where = f"outside {outside(figure)}" if outside(figure) else f"inside {NARROW}"
        low, high = figure.quantiles[1], figure.quantiles[3]
        yield (
            f"{figure.name}: {figure.actual:.3g}, {where} of simulated ones ({NARROW}: {low:.3g} "
            f"to {high:.3g})"
        )
    yield f"{day.name}: {day.actual:.0f}, on the median path {day.quantiles[2]:.0f}"


def shortfalls(card: Scorecard) -> Iterator[str]:
    """Everything that the scenario is asked and does not do, a line each."""
    for expected in card.expected:
        if not expected.usual:
            own = f"{expected.low:.2f} to {expected.high:.2f}"
            yield f"{expected.name}: {expected.actual:.2f}, its own paths have {own}"
    for figure in card.figures:
        if outside(figure) == WIDE:
            own = f"{figure.quantiles[0]:.3g} to {figure.quantiles[-1]:.3g}"
            yield f"{figure.name}: {figure.actual:.3g}, {WIDE} of simulated ones are {own}"
    day = card.figures[1]
    if abs(day.actual - day.quantiles[2]) > NEAR_DAYS:
        yield f"{day.name}: {day.actual:.0f}, on the median path {day.quantiles[2]:.0f}"
    for figure in card.figures:
        ratio = figure.quantiles[2] / figure.actual if figure.actual else 0.0
        if figure.name.startswith("daily sd") and not 1 / NEAR_SD <= ratio <= NEAR_SD:
            yield f"{figure.name}: {ratio:.2f} times the actual one on the median path"
    own_crps = card.scores["scenario"][0]
    for name, (crps, _) in card.scores.items():
        if crps < own_crps:
            yield f"mean CRPS: {own_crps:.3f}, {name} has {crps:.3f}"


def apart(found: Comovement) -> Iterator[str]:
    """Where names of the past moved together as those of the scenario do not, a line each."""
    for figure in found.figures:
        if outside(figure) == WIDE:
            own = f"{figure.quantiles[0]:.3g} to {figure.quantiles[-1]:.3g}"
            yield f"{figure.name}: {figure.actual:.3g}, {WIDE} of simulated ones are {own}"
    (score, _), (independent, _) = found.scores[SCENARIO], found.scores[INDEPENDENT]
    if independent < score:
        yield f"variogram score: {score:.4f}, independent names have {independent:.4f}"
