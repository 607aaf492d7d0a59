"""Limits on risk measures, from YAML:

    - {scenario: gme-2021, measure: es_99_day_10, below: 0.4}
    - {scenario: gme-2021, measure: var_99_worst, below: 25e6, currency: USD}
    - {scenario: all, measure: p_margin_call, below: 0.05, confident: true}

Every limit is a known measure with a unit: ids that begin with p_ are probabilities, all others
losses, positive, in fractions of equity or in the book's currency. `confident` holds the upper end
of the 95 % interval against the limit instead of the estimate. A limit that can never break is a
slip of the pen, 40 for 40 %, and is refused: whoever reads "kept" must be able to rely on it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from .errors import InputError, did_you_mean, shown
from .whom import ALL
from .yamlfile import Mapping, Place, load_tree
from .yamlfile import Sequence as Listed

FIELDS = ("scenario", "measure", "below", "confident", "currency")
REQUIRED = FIELDS[:3]
MOST = 10.0
"""Times its equity: a book that loses more is not what anybody limits; the number is in per cent
or money."""
PER_CENT = 1000.0
"""Up to here a bare number is read as one in per cent, for the way out that a message names."""


class Account(Protocol):
    """What amounts of money are fractions of: a book, or the summary of its store."""

    @property
    def equity(self) -> float: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True)
class Limit:
    """`measure` of `scenario` (or of all) must be below `below`; `places` are where each stands.

    `below` is a fraction of equity or a probability. A limit of an `amount` of money in `currency`
    has NaN there, which nothing is below, until `of` knows the equity.
    """

    scenario: str
    measure: str
    below: float
    confident: bool
    places: dict[str, Place] = field(default_factory=dict)
    amount: float | None = None
    currency: str = ""

    def error(self, key: str, problem: str) -> InputError:
        """`limits.yaml:3: measure: <problem>`"""
        place = self.places.get(key)
        return InputError(f"{place}: {key}: {problem}" if place else f"limits: {key}: {problem}")

    @property
    def is_probability(self) -> bool:
        """Whether it is about how often something happens and not about a loss."""
        return self.measure.startswith("p_")

    def of(self, account: Account) -> Limit:
        """The limit as a fraction of an equity. Raises InputError, with file and line, where it
        can never break, or is in another currency."""
        if self.is_probability:
            return self._probability()
        if self.amount is None:
            return self._share(account)
        if not self.currency:
            raise self.error("currency", f"is missing; add it, `currency: {account.currency}`")
        if self.currency != account.currency:
            raise self.error(
                "currency",
                f"{shown(self.currency)} but the book is in {account.currency}; give the amount "
                "in that",
            )
        self._above_0(self.amount, f"give an amount of {self.currency}")
        below = self.amount / account.equity
        if below > MOST:
            raise self.error(
                "below",
                f"{self.amount:,.0f} is {below:,.0f} times the equity of {account.equity:,.0f}, "
                "a limit that never breaks; give less",
            )
        return replace(self, below=below)

    def _probability(self) -> Limit:
        if self.amount is not None:
            raise self.error("currency", f"{self.measure} is a probability; leave it out")
        if not 0 < self.below <= 1:
            problem = f"{self.below:g} is no probability"
            raise self.error("below", f"{problem}; give a fraction, .05 for 5 %")
        return self

    def _share(self, account: Account) -> Limit:
        self._above_0(self.below, "give a fraction of equity, .4 for 40 %")
        if not self.below <= MOST:
            percent = self.below if self.below <= PER_CENT else 40
            raise self.error(
                "below",
                f"{self.below:,.10g} times the equity is a limit that never breaks; write "
                f"{f'{percent / 100:g}'.lstrip('0')} for {percent:g} %, or add "
                f"`currency: {account.currency}` to an amount of money",
            )
        return self

    def _above_0(self, value: float, way_out: str) -> None:
        if not value > 0:
            raise self.error("below", f"{value:,.10g} is not above 0; {way_out}")


def load_limits(path: str | Path) -> tuple[Limit, ...]:
    """The limits of a file, in its order. Raises InputError with file and line."""
    tree, file = load_tree(Path(path)), str(path)
    if isinstance(tree, Mapping) and set(tree) == {"limits"}:
        tree = tree["limits"]
    if not isinstance(tree, Listed) or not tree:
        raise InputError(
            f"{file}: no list of limits; write lines such as "
            "`- {scenario: all, measure: es_99_day_10, below: 0.4}`"
        )
    return tuple(_limit(item, place) for item, place in zip(tree, tree.places, strict=True))


def _limit(item: Any, place: Place) -> Limit:
    if not isinstance(item, Mapping):
        raise InputError(f"{place}: {shown(item)} is not a limit; give scenario, measure and below")
    for key in item:
        if key not in FIELDS:
            help_ = did_you_mean(key, FIELDS, f"; give {', '.join(FIELDS)}")
            raise InputError(f"{item.places[key]}: {key}: unknown field{help_}")
    for key in REQUIRED:
        if item.get(key) is None:
            raise InputError(f"{item.places.get(key, place)}: {key}: is missing; add it")
    below, confident = item["below"], item.get("confident", False)
    if isinstance(below, bool) or not isinstance(below, int | float) or not math.isfinite(below):
        raise InputError(
            f"{item.places['below']}: below: {shown(below)} is not a number; "
            "give a fraction, .4 for 40 %, or an amount such as 25e6 and its currency"
        )
    if not isinstance(confident, bool):
        raise InputError(
            f"{item.places['confident']}: confident: {shown(confident)} is not true or false"
        )
    words = str(item["scenario"]), str(item["measure"])
    if "currency" not in item:
        return Limit(*words, float(below), confident, item.places)
    currency = str(item["currency"] or "").strip().upper()
    return Limit(*words, math.nan, confident, item.places, float(below), currency)


def check_limits(
    limits: Collection[Limit],
    scenarios: Collection[str],
    measures: Collection[str],
    account: Account,
) -> tuple[Limit, ...]:
    """The limits as fractions of the equity of what they are held against.

    Raises InputError, with file and line, for a scenario or measure that a run does not have, one
    that is given twice, and a limit that can never break.
    """
    found: dict[tuple[str, str, bool], Limit] = {}
    for limit in limits:
        scenario, measure = limit.scenario, limit.measure
        if scenario != ALL and scenario not in scenarios:
            help_ = did_you_mean(scenario, scenarios, f"; it has {', '.join(scenarios)}")
            raise limit.error("scenario", f"the run has no {shown(scenario)}{help_}")
        if measure not in measures:
            help_ = did_you_mean(measure, measures)
            raise limit.error(
                "measure", f"the run has no {shown(measure)}{help_}; see /measures of the store"
            )
        key = scenario, measure, limit.confident
        if key in found:
            first = found[key].places.get("measure")
            where = f" (first in line {first.line})" if first else ""
            raise limit.error("measure", f"{measure} of {scenario} is there twice{where}; keep one")
        found[key] = limit.of(account)
    return tuple(found.values())


def read_limits(limits: str | Path | Sequence[Limit]) -> Sequence[Limit]:
    """The limits of a file, or what was read of one. Raises InputError."""
    return load_limits(limits) if isinstance(limits, str | Path) else limits
