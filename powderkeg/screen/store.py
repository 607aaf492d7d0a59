"""`powderkeg show`: a store as tables in the terminal, at home in 100 columns."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..results.formats import count, money, number, percent
from ..results.measures.levels import percent as level_text
from ..results.measures.target import error_text
from ..results.report.cells import line_cells, name_odds, scenario_cells, varied_rows
from ..results.report.days import day_rows
from ..results.report.exit import exit_rows
from ..results.report.explained import Explained, Rows
from ..results.report.glance import findings
from ..results.report.headline import headline
from ..results.report.limits import verdicts
from ..results.report.summary import Summary
from ..results.report.unconditional import unconditional_rows
from ..results.store.commit import open_results
from .book import print_findings
from .console import fit
from .limits import limits_table

DETAILED = 3
LISTED = 40
AT_HOME = 96
"""Columns from which the squeeze table shows positions, too."""

NAMES = 20
POSITIONS = 8
"""Names whose contributions to ES are shown."""

GAINS = 5
"""Names whose loop gains are shown."""


def show(path: str | Path, console: Console | None = None, *, verify: bool = True) -> None:
    """Print a finished store: headline, limits, scenarios, sensitivity, and of the worst scenarios
    the measures, the tail explained, squeeze odds, loop gains and overlaps; then warnings.

    Errors: StoreError if the store is unfinished or damaged.
    """
    console = console or Console()
    summary = Summary(open_results(path, verify=verify))
    console.print()
    console.print(Text(headline(summary), style="bold"))
    console.print()
    if (limits := limits_table(verdicts(summary))) is not None:
        console.print(fit(limits, console))
    if len(summary.given) > 1:
        console.print(fit(_scenarios(summary), console))
    if summary.sensitivity:
        console.print(fit(sensitivity_table(summary), console))
    for scenario in summary.order[:DETAILED]:
        console.print(fit(_measures(summary, scenario), console))
        _explain(summary, scenario, console)
        console.print(fit(_squeeze(summary, scenario, console.width >= AT_HOME), console))
        console.print(fit(_gains(summary, scenario), console))
        if summary.overlap(scenario)[0]:
            console.print(fit(_overlap(summary, scenario), console))
    hidden = len(summary.given) - DETAILED
    if hidden > 0:
        console.print(Text(f"{count(hidden)} more scenarios in detail: powderkeg report", "dim"))
    for warning in summary.warnings():
        console.print(Text.assemble(("Warning  ", "bold yellow"), warning))
    print_findings(console, findings(summary.tree.attrs))
    console.print(Text(_footer(summary), style="dim"))


def _explain(summary: Summary, scenario: int, console: Console) -> None:
    """Whose losses the tail is made of and which feedback it is due to, where a store says it."""
    explained, worst = Explained(summary, scenario), scenario == summary.order[0]
    for sentence, rows in (
        ("", unconditional_rows(summary, scenario)),
        day_rows(summary, scenario) if worst else ("", None),
        (explained.story(), explained.contributions(POSITIONS)),
        ("", explained.components()),
        (explained.endogenous(), explained.channels()),
        exit_rows(summary, scenario, POSITIONS) if worst else ("", None),
        (explained.sharper(), explained.weighted()),
    ):
        if rows is not None:
            if sentence:
                console.print(Text(sentence))
                console.print()
            console.print(
                fit(_plain(f"{summary.scenarios[scenario]}: {rows.title}", rows), console)
            )


def _plain(title: str, rows: Rows) -> Table:
    table = _table(title)
    first, *others = rows.columns
    table.add_column(first, no_wrap=True, overflow="ellipsis", max_width=24)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows.rows:
        table.add_row(*map(escape, row))
    table.caption = f"{rows.note}\n"
    return table


def _table(title: str) -> Table:
    return Table(
        title=Text(title, "bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
    )


def _scenarios(summary: Summary) -> Table:
    title, day = "Scenarios", summary.horizons[-1]
    if summary.level is not None:
        title += f", worst first: ES {level_text(summary.level)} % {summary.when}"
    table = _table(title)
    table.add_column("scenario", overflow="ellipsis", no_wrap=True, max_width=30)
    for name in ("ES", "95 % interval", "no feedback", f"day {day}", "called", "unmet", "ruin"):
        table.add_column(name, justify="right", no_wrap=True)
    for s in summary.order[:LISTED]:
        row = scenario_cells(summary, s)
        rest = (row.value, row.interval, row.off, row.end, row.called, row.unmet, row.ruin)
        table.add_row(escape(row.scenario), *rest)
    left = len(summary.order) - LISTED
    more = f"; and {count(left)} more with smaller losses" if left > 0 else ""
    table.caption = f"day {day}: ES at its close; unmet: a margin call is not met{more}"
    return table


def sensitivity_table(summary: Summary) -> Table:
    """ES of every varied scenario and of its variants, with the paired change."""
    level = "" if summary.level is None else level_text(summary.level)
    title = f"What nobody knows, varied: ES {level} % {summary.when}"
    table = _table(title)
    table.add_column("scenario", overflow="ellipsis", no_wrap=True, max_width=30)
    table.add_column("parameter", no_wrap=True)
    for name in ("value", "ES", "95 % interval", "change", "error"):
        table.add_column(name, justify="right", no_wrap=True)
    for place, (scenario, *cells) in enumerate(varied_rows(summary)):
        if scenario and place:
            table.add_section()
        table.add_row(escape(scenario), *map(escape, cells), style="bold" if scenario else "")
    table.caption = "error: standard error of the change, same random numbers on both sides\n"
    return table


def _gains(summary: Summary, scenario: int) -> Table:
    gains = summary.gains(scenario)
    table = _table(f"{summary.scenarios[scenario]}: loop gain; from 1 on a move feeds itself")
    table.add_column("name", no_wrap=True, overflow="ellipsis", max_width=16)
    for name in ("start", "largest", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("at its largest from", overflow="fold")
    for i in gains.order[:GAINS]:
        typical, high = gains.total[i]
        table.add_row(
            escape(summary.symbols[i]),
            number(gains.at_start(i)),
            Text(number(typical), "yellow" if typical >= 1 else ""),
            Text(number(high), "yellow" if high >= 1 else ""),
            escape(gains.main(i)),
        )
    rest = len(gains.order) - GAINS
    more = f"; {rest} names with less" if rest > 0 else ""
    table.caption = f"largest: of a path, median and 95 % over paths{more}\n"
    return table


def _overlap(summary: Summary, scenario: int) -> Table:
    holders, losses = summary.overlap(scenario)
    title = f"{summary.scenarios[scenario]}: overlap, loss in % of the holder's equity when"
    table = _table(title)
    table.add_column("holder", no_wrap=True, overflow="ellipsis", max_width=24)
    for name in holders:
        table.add_column(escape(f"{name} unwinds"), justify="right")
    for name, row in zip(holders, losses, strict=True):
        table.add_row(escape(name), *(percent(x).removesuffix(" %") for x in row))
    table.caption = "all at once, at linear impact; negative: a gain\n"
    return table


def _measures(summary: Summary, scenario: int) -> Table:
    table = _table(f"{summary.scenarios[scenario]}: losses in % of equity, and odds")
    table.add_column("measure", no_wrap=True)
    for name in ("estimate", "95 % interval", summary.currency, "no feedback", "at floor"):
        table.add_column(name, justify="right", no_wrap=True)
    before = None
    for line in summary.main_lines(scenario):
        block = (line.horizon in (0, summary.horizons[-1]), line.horizon == 0, line.is_money)
        if before is not None and block != before:
            table.add_section()
        before = block
        row = line_cells(summary, line)
        floor = Text(row.floor, "yellow" if row.floor_bad else "")
        bold = "bold" if line == summary.headline_line(scenario) else ""
        cells = (row.value, row.interval, row.money, row.off)
        table.add_row(escape(row.name), *cells, floor, style=bold)
    return table


def _squeeze(summary: Summary, scenario: int, with_position: bool) -> Table:
    multiples, names = name_odds(summary, scenario)
    table = _table(f"{summary.scenarios[scenario]}: odds in % that the price peaks at or above")
    table.add_column("name", no_wrap=True, overflow="ellipsis", max_width=16)
    if with_position:
        table.add_column("position %", justify="right", no_wrap=True)
    for multiple in multiples:
        table.add_column(multiple, justify="right", no_wrap=True)
        table.add_column("95 % interval", justify="right", no_wrap=True, style="dim")
    for each in names[:NAMES]:
        cells = [cell for pair in each.odds for cell in pair]
        if with_position:
            cells.insert(0, each.weight)
        bare = (cell.removesuffix(" %") for cell in cells)
        table.add_row(escape(summary.symbols[each.name]), *bare)
    if len(names) > NAMES:
        table.caption = f"and {len(names) - NAMES} names with smaller odds"
    return table


def until_text(summary: Summary) -> str:
    """What the number of paths follows from, where an error was asked for."""
    if summary.until is None:
        return ""
    wanted, reached = map(error_text, (summary.until.error, summary.reached))
    return f" for {summary.until} to {wanted}, reached {reached}"


def _footer(summary: Summary) -> str:
    attrs = summary.tree.attrs
    provenance = dict(attrs["provenance"])
    parts = [
        f"{count(summary.paths)} paths" + until_text(summary),
        f"{count(len(summary.given))} scenarios",
        f"equity {money(1.0, summary.equity, summary.currency)}",
        *(
            f"{key.replace('_', ' ')} {provenance[key]}"
            for key in ("back_end", "seed")
            if key in provenance
        ),
        f"inputs {attrs['grid']['fingerprint'][:12]}",
    ]
    return " · ".join(parts)
