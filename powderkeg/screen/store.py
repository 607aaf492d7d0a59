"""`powderkeg show`: a store as tables in the terminal, at home in 100 columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..results.formats import count, money, number, percent, percent_range
from ..results.measures.levels import percent as level_text
from ..results.measures.target import error_text
from ..results.report.days import day_rows
from ..results.report.exit import exit_rows
from ..results.report.explained import Explained, Rows
from ..results.report.headline import headline
from ..results.report.summary import FLOOR_WARNING, Line, Summary
from ..results.report.unconditional import unconditional_rows
from ..results.store.commit import open_results
from .console import fit

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
    """Print a finished store: headline, scenarios, sensitivity, and of the worst scenarios the
    measures, the tail explained, squeeze odds, loop gains and overlaps; then warnings.

    Errors: StoreError if the store is unfinished or damaged.
    """
    console = console or Console()
    summary = Summary(open_results(path, verify=verify))
    console.print()
    console.print(Text(headline(summary), style="bold"))
    console.print()
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
        line = summary.headline_line(s)
        level = "99" if summary.level is None else level_text(summary.level)
        names = (f"es_{level}_day_{day}", "p_margin_call", "p_call_unmet", "p_ruin")
        odds = [summary.line(s, name) for name in names]
        head = ("", "", "") if line is None else _loss_cells(line)
        cells = [percent(line.on.value) for line in odds]
        table.add_row(escape(summary.scenarios[s]), *head, *cells)
    rest = len(summary.order) - LISTED
    more = f"; and {count(rest)} more with smaller losses" if rest > 0 else ""
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
    for place, row in enumerate(summary.sensitivity):
        given = row.change is None
        if given and place:
            table.add_section()
        interval = percent_range(row.es.low, row.es.high, row.es.value)
        table.add_row(
            escape(summary.scenarios[row.scenario]) if given else "",
            escape(row.parameter),
            row.value,
            percent(row.es.value),
            interval,
            *row.change_texts,
            style="bold" if given else "",
        )
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
            number(gains.start[i].sum()),
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


def _loss_cells(line: Line) -> tuple[str, str, str]:
    interval = percent_range(line.on.low, line.on.high, line.on.value)
    return percent(line.on.value), interval, percent(line.off.value)


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
        value, interval, off = _loss_cells(line)
        cash = money(line.on.value, summary.equity, "").strip() if line.is_money else ""
        floor = "" if np.isnan(line.floor_share) else percent(line.floor_share)
        style = "yellow" if line.floor_share > FLOOR_WARNING else ""
        label = line.label if line.is_money else f"P({line.label})"
        bold = "bold" if line == summary.headline_line(scenario) else ""
        table.add_row(escape(label), value, interval, cash, off, Text(floor, style), style=bold)
    return table


def _squeeze(summary: Summary, scenario: int, with_position: bool) -> Table:
    squeeze = summary.tree["squeeze"].to_dataset().isel(scenario=scenario).load()
    odds, low, high = (squeeze[v].values for v in ("probability", "low", "high"))
    multiples = squeeze["multiple"].values
    inputs = summary.tree["inputs"].to_dataset()
    weights = inputs["weight"].values if "weight" in inputs else None
    table = _table(f"{summary.scenarios[scenario]}: odds in % that the price peaks at or above")
    table.add_column("name", no_wrap=True, overflow="ellipsis", max_width=16)
    if with_position:
        table.add_column("position %", justify="right", no_wrap=True)
    for multiple in multiples:
        table.add_column(f"{multiple:g}x", justify="right", no_wrap=True)
        table.add_column("95 % interval", justify="right", no_wrap=True, style="dim")
    order = np.argsort(-odds[:, 0], kind="stable")
    for i in order[:NAMES]:
        cells = []
        for j in range(len(multiples)):
            cells += [
                percent(odds[i, j]).removesuffix(" %"),
                percent_range(low[i, j], high[i, j], odds[i, j]).removesuffix(" %"),
            ]
        if with_position:
            position = "" if weights is None else percent(float(weights[i]))
            cells.insert(0, position.removesuffix(" %"))
        table.add_row(escape(summary.symbols[i]), *cells)
    if len(order) > NAMES:
        table.caption = f"and {len(order) - NAMES} names with smaller odds"
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
