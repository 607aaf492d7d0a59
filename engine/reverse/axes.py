"""What a reverse stress test may move: axes of a scenario, each with a unit of distance.

A point is a number of units per axis; at 0 everything is as given. Units are conventions: a factor
of 1.25 on a quantity, a gap of 5 % of a factor. They decide what "nearest" means when several axes
move at once, so they stand in every result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...scenarios import InputError, Scenario
from ...scenarios.book import Book
from ...scenarios.capacity import MAX_EVENTS
from ...scenarios.errors import did_you_mean
from ...scenarios.overrides import for_name
from ...scenarios.scenario import SHORTS, MarketShift
from ...scenarios.timeline import AnchorNews, MarketShock
from ...scenarios.whom import ALL

FACTOR = 1.25
"""One unit of an axis that is a factor."""
SIGN_UNIT, TOLERANCE_UNIT = 0.25, 0.1
GAP, OWN_GAP = 1.05, 1.10
"""One unit of a gap of a factor, and of the shorts' own news."""
EVENT = "reverse"

Move = Callable[[Scenario, float], Scenario]


@dataclass(frozen=True)
class Axis:
    """One way to make a scenario worse, or better.

    `move` gives the scenario at a number of units; `low` and `high` bound them where the model
    does; `say` tells the move in its own terms.
    """

    name: str
    what: str
    unit: str
    move: Move
    say: Callable[[float], str]
    low: float = -math.inf
    high: float = math.inf


def _varied(scenario: Scenario, **update: float) -> Scenario:
    return scenario.model_copy(update={"variation": scenario.variation.model_copy(update=update)})


def _factor(name: str, field: str, what: str) -> Axis:
    """A factor of `variation`."""

    def move(scenario: Scenario, units: float) -> Scenario:
        return _varied(scenario, **{field: getattr(scenario.variation, field) * FACTOR**units})

    return Axis(name, what, f"x{FACTOR:g}", move, _times)


def _times(units: float) -> str:
    return f"x{FACTOR**units:.3g}"


def _percent(part: float) -> str:
    return f"{100 * part:+.3g} %"


def _shift(scenario: Scenario, units: float, symbol: str, *fields: str) -> Scenario:
    """The market's columns times FACTOR^units."""
    size = FACTOR**units - 1
    shifts = tuple(
        MarketShift.model_validate(
            {"symbol": symbol, "field": field, "type": "relative", "size": size}
        )
        for field in fields
    )
    return scenario.model_copy(update={"market_shifts": (*scenario.market_shifts, *shifts)})


def _short_interest(scenario: Scenario, units: float) -> Scenario:
    return _shift(scenario, units, SHORTS, "short_interest")


def _lendable(scenario: Scenario, units: float) -> Scenario:
    """Where the market file gives lendable shares they count, elsewhere the weights."""
    factor = scenario.variation.lendable * FACTOR**units
    return _varied(_shift(scenario, units, ALL, "lendable"), lendable=factor)


def _volatility(scenario: Scenario, units: float) -> Scenario:
    return _shift(scenario, units, ALL, "volatility", "implied_vol")


def _tolerance(scenario: Scenario, units: float) -> Scenario:
    return _varied(scenario, tolerance=scenario.variation.tolerance + TOLERANCE_UNIT * units)


def _dealers(scenario: Scenario, units: float) -> Scenario:
    shift = scenario.variation.dealer_shift + SIGN_UNIT * units
    return _varied(scenario, dealer_shift=min(max(shift, -2.0), 2.0))


def _with_event(scenario: Scenario, event: Any) -> Scenario:
    if len(scenario.timeline) >= MAX_EVENTS:
        raise InputError(f"{scenario.id} has {MAX_EVENTS} events already")
    return scenario.model_copy(update={"timeline": (*scenario.timeline, event)})


def _gap(factor: str) -> Axis:
    def move(scenario: Scenario, units: float) -> Scenario:
        event = MarketShock(
            type="market_shock",
            id=f"{EVENT} {len(scenario.timeline)}",
            day=1,
            size=GAP**units - 1,
            factor=factor,
        )
        return _with_event(scenario, event)

    what = "on the first morning"
    return Axis(f"{factor}_gap", what, _percent(GAP - 1), move, lambda u: _percent(GAP**u - 1))


def _news(scenario: Scenario, units: float) -> Scenario:
    event = AnchorNews(
        type="anchor_news",
        id=f"{EVENT} {len(scenario.timeline)}",
        names=(SHORTS,),
        day=1,
        size=OWN_GAP**units - 1,
    )
    return _with_event(scenario, event)


def axes_of(scenario: Scenario, book: Book) -> list[Axis]:
    """Every axis of a scenario, one per factor among them."""
    held = [for_name(scenario, s, s in book.shorts) for s in book.symbols]
    signs = [p.dealers.sign for p in held]
    return [
        _factor("crowd", "crowd", "infection and budgets"),
        Axis(
            "short_interest",
            "of the book's shorts",
            f"x{FACTOR:g}",
            _short_interest,
            _times,
        ),
        Axis("lendable", "shares to borrow", f"x{FACTOR:g}", _lendable, _times),
        _factor("participation", "participation", "of volume, by shorts"),
        Axis(
            "tolerance",
            "of shorts, run-up",
            f"{TOLERANCE_UNIT:+g} log",
            _tolerance,
            lambda u: f"{TOLERANCE_UNIT * u:+.2g}",
        ),
        Axis(
            "dealers",
            "sign, within -1 and 1",
            f"{SIGN_UNIT:+g}",
            _dealers,
            lambda u: f"{SIGN_UNIT * u:+.2g}",
            low=(-1 - max(signs)) / SIGN_UNIT + 0.0,
            high=(1 - min(signs)) / SIGN_UNIT + 0.0,
        ),
        _factor("impact", "impact", "log price per float"),
        _factor("max_multiple", "max_multiple", "where sellers run out"),
        Axis(
            "volatility",
            "realised and implied",
            f"x{FACTOR:g}",
            _volatility,
            _times,
        ),
        *(_gap(factor) for factor in scenario.factors),
        Axis(
            "shorts_news",
            "on the first morning",
            _percent(OWN_GAP - 1),
            _news,
            lambda u: _percent(OWN_GAP**u - 1),
        ),
    ]


def chosen_axes(axes: Sequence[Axis], names: Sequence[str]) -> list[Axis]:
    """Those of the names, all where none is given. Raises InputError for another name."""
    known = {axis.name: axis for axis in axes}
    for name in names:
        if name not in known:
            near = did_you_mean(name, known, f"; the axes are {', '.join(known)}")
            raise InputError(f'axes: "{name}" is not an axis{near}')
    return [axis for axis in axes if not names or axis.name in names]


def moved(scenario: Scenario, axes: Sequence[Axis], point: Mapping[str, float]) -> Scenario:
    """The scenario at a point, axes that do not move left alone. Raises InputError."""
    for axis in axes:
        if point.get(axis.name, 0.0):
            scenario = axis.move(scenario, point[axis.name])
    return scenario
