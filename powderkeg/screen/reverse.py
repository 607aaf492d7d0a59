"""A reverse stress test as tables of the terminal, at home in 100 columns."""

from __future__ import annotations

import math
import shlex

from rich.table import Table

from ..engine.reverse.breach import Breach, Compared
from ..engine.reverse.nearest import REACH
from ..engine.reverse.result import Alone, Reverse
from ..results.formats import DASH, clean, decimals, money, percent, percent_range
from .console import plural, table

NONE = "-"
NOTHING = 1e-5
"""Of equity: an effect below this is rounding."""
SHOWN = 12
"""Drivers and outcomes in the table, those that are furthest apart; JSON has all."""
NOTE = (
    "units are conventions and decide what nearest means. error: of units, that of the measure "
    "over its slope. Where nothing reaches the loss the measure nearest to it is given."
)
BREACH_NOTE = (
    "numbers are quartiles (25, 50, 75 %). more: the chance that a failing path has more of it "
    "than any path; 50 % tells nothing. news: standard deviations. restriction clock: the hazard "
    "that brokers bear before they restrict."
)


def headline(result: Reverse) -> list[str]:
    """What was asked and where things stand, one sentence a line.

    A loss that is nearer than the measure is said first: moves then lead back to it, and would read
    as ways into it.
    """
    lost = money(result.loss, result.equity, result.currency)
    odds = result.probability
    share = f"{percent(odds.value)} of" if result.breaching else "none of"
    ends = percent_range(odds.low, odds.high, odds.high)
    base, measure = result.base, str(result.measure)
    places = decimals(100 * base.value)
    error = _bare(base.standard_error, places)
    already = (
        f"a loss of {percent(result.loss)} happens on {percent(odds.value)} of paths already; what "
        f"would have to improve for {measure} to come down to it:"
    )
    return [
        *([already] if result.beyond else []),
        f"{clean(result.scenario)}: a loss of {percent(result.loss)} of equity ({lost}) "
        f"{result.measure.loss.words}",
        f"{share} {result.paths:,} paths lose so much, 95 % interval {ends}",
        f"{measure} is {percent(base.value, places)}, error {error} "
        f"({plural(result.points, 'point')} of {plural(result.search_paths, 'path')})",
    ]


def _bare(fraction: float, places: int) -> str:
    return percent(fraction, places).removesuffix(" %")


def alone_table(result: Reverse) -> Table:
    """The smallest move along each axis, nearest first."""
    columns = ("axis", "what", "unit", "move", "units", "error", str(result.measure), "error")
    rows = [_alone(result, each) for each in result.alone]
    title = f"Smallest move along each axis at which {result.measure} is {percent(result.loss)}"
    return table(title, columns, rows, left=3)


def _alone(result: Reverse, each: Alone) -> tuple[str, ...]:
    places = decimals(100 * result.loss)
    value, error = _bare(each.value.value, places), _bare(each.value.standard_error, places)
    first = (each.axis, each.what, each.unit)
    if each.move is None:
        low, high = each.tried
        text = f"none, {low:+.3g} to {high:+.3g}" if each.effect > NOTHING else "does nothing"
        return (*first, text, NONE, NONE, value, error)
    return (*first, each.move.words, *_units(each.move.units, each.error), value, error)


def _units(units: float, error: float) -> tuple[str, str]:
    return f"{units:+.2f}", f"{error:.2f}" if math.isfinite(error) else NONE


def joint_table(result: Reverse) -> Table | None:
    """The nearest point over all axes."""
    joint = result.joint
    if joint is None:
        return None
    rows = [
        (move.axis, move.what, move.unit, move.words, f"{move.units:+.2f}", f"{share:.0%}")
        for move, share in zip(joint.moves, joint.shares, strict=True)
        if share >= 0.005
    ]
    places = decimals(100 * result.loss)
    value, error = (_bare(x, places) for x in (joint.value.value, joint.value.standard_error))
    title = (
        f"Nearest point over all axes: {joint.distance:.2f} units (error {joint.error:.2f}), "
        f"{result.measure} {value} % (error {error})"
    )
    columns = ("axis", "what", "unit", "move", "units", "of distance\N{SUPERSCRIPT TWO}")
    return table(title, columns, rows, left=3)


def breach_tables(found: Breach) -> list[Table]:
    """Drivers, then outcomes, those that set breaching paths apart first; the nearest paths."""
    made = []
    count = f"{plural(found.looked_at, 'failing path')} against {found.compared_with:,} of all"
    if found.drivers:
        windows = tuple(
            f"day {last}" if first == last else f"{first}{DASH}{last}"
            for first, last in found.windows
        )
        columns = ("driver", "failing", "all", "more", "error", *windows)
        rows = [_row(each, len(windows)) for each in found.drivers[:SHOWN]]
        made.append(table(f"What drives it: {count}; failing means by days", columns, rows))
    if found.outcomes:
        columns = ("on the way", "failing", "all", "more", "error")
        rows = [_row(each, 0) for each in found.outcomes[:SHOWN]]
        made.append(table(f"What happens: {count}", columns, rows))
    rows = [
        (
            str(near.path),
            f"{near.distance:.2f}",
            percent(near.loss),
            clean(near.name),
            f"{near.peak:.2f}x",
        )
        for near in found.nearest
    ]
    columns = ("path", "sd of news", "loss", "worst name", "its peak")
    made.append(table("Most likely failing paths: the least news", columns, rows))
    return made


def _row(each: Compared, windows: int) -> tuple[str, ...]:
    means = [f"{w.value:+.2f}" for w in each.windows] or [""] * windows
    apart = each.apart
    more = (percent(apart.value, 0), _bare(apart.standard_error, 1))
    quartiles = (_quartiles(each.breach), _quartiles(each.every))
    unit = f", {each.unit}" if each.unit else ""
    subject = f"{clean(each.subject)} {each.quantity}{unit}"
    return (subject, *quartiles, *more, *means[:windows])


def _quartiles(values: tuple[float, float, float]) -> str:
    if any(math.isnan(v) for v in values):
        return NONE
    return " ".join(f"{v:.2f}" for v in values)


def tables(result: Reverse) -> list[Table]:
    """All tables in the order of reading."""
    found = [] if result.breach is None else breach_tables(result.breach)
    joint = joint_table(result)
    return [*found, alone_table(result), *([] if joint is None else [joint])]


def notes(result: Reverse) -> list[str]:
    """What could not be told and what to do, then what the tables mean."""
    said = list(result.notes)
    if not any(each.move for each in result.alone):
        far = f"within {REACH[-1]:g} units along any axis"
        verb = "come down to" if result.beyond else "reach"
        said.append(f"{result.measure} does not {verb} {percent(result.loss)} {far}")
    if result.breach is not None and result.breach.drivers:
        said.append(BREACH_NOTE)
    return [*said, NOTE]


def to_replay(result: Reverse) -> str | None:
    """The command that shows the nearest failing path."""
    if result.breach is None or not result.breach.nearest:
        return None
    store, scenario = (shlex.quote(clean(text)) for text in (result.store, result.scenario))
    path = result.breach.nearest[0].path
    return f"powderkeg replay {store} --scenario {scenario} --path {path}"
