"""The book day by day as a sentence, a table and a picture: terminal and page show the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..formats import decimals, percent, percent_range
from ..measures.levels import percent as level_text
from .explained import Rows
from .pictures import FAINT, INK, ON, figure_of, svg_of
from .summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = {
    "margin call": "called",
    "call not met": "unmet",
    "all equity lost": "ruin",
    "below the requirement at the close": "below",
}
"""Events and the heads of their columns."""
MOST_ROWS = 12


def by_day(summary: Summary, scenario: int) -> xr.Dataset:
    """/by_day of a scenario."""
    return summary.tree["by_day"].to_dataset().isel(scenario=scenario).load()


def day_rows(summary: Summary, scenario: int) -> tuple[str, Rows | None]:
    """ES, the call for cash and odds at every close, in % of equity."""
    level = summary.level
    if level is None:
        return "", None
    data = by_day(summary, scenario)
    tail, odds = data.sel(level=level), data["probability"].sel(event=list(SHOWN)).values
    places = decimals(100 * float(tail["es"].max()))
    columns = {name: tail[name].values for name in ("es", "es_low", "es_high", "cash_call")}
    days = data["day"].values
    shown = np.unique(np.linspace(0, days.size - 1, min(MOST_ROWS, days.size)).round().astype(int))
    rows = [
        (
            str(int(days[d])),
            percent(columns["es"][d], places),
            percent_range(columns["es_low"][d], columns["es_high"][d], columns["es"].max()),
            percent(columns["cash_call"][d], places),
            *(percent(float(p)) for p in odds[d]),
        )
        for d in shown
    ]
    p = level_text(level)
    heads = ("day", f"ES {p} %", "95 % interval", f"call {p} %", *SHOWN.values())
    worst = int(np.argmax(columns["es"]))
    at = percent(float(columns["es"][worst]), places)
    sentence = f"ES {p} % at a close is largest on day {int(days[worst])}: {at}."
    return sentence, Rows(
        "Day by day, at the close",
        heads,
        rows,
        "within about 1 % of their size; call: the cash that a margin call asks for, in the worst "
        f"{level_text(1 - level)} % of paths; called, unmet, ruin: by then, opens and intraday "
        "included; below: under the requirement at the close",
    )


def curve_svg(summary: Summary, scenario: int) -> str:
    """The book's P&L by day: quantiles of all paths at each close, VaR and ES below."""
    data = by_day(summary, scenario)
    days = np.r_[0, data["day"].values]
    fan = {float(q): 100 * np.r_[0.0, data["pnl"].sel(quantile=q).values]
           for q in data["quantile"].values}  # fmt: skip
    with figure_of(8.6, 3.2) as (figure, grid):
        axes: Axes = grid[0, 0]
        axes.fill_between(days, fan[0.05], fan[0.95], color=ON, alpha=0.15, lw=0, label="5–95 %")
        axes.fill_between(days, fan[0.25], fan[0.75], color=ON, alpha=0.30, lw=0, label="25–75 %")
        axes.plot(days, fan[0.5], color=ON, lw=1.5, label="median")
        if summary.level is not None:
            tail, p = data.sel(level=summary.level), level_text(summary.level)
            low, high = (-100 * tail[f"es_{end}"].values for end in ("high", "low"))
            axes.fill_between(days[1:], low, high, color=INK, alpha=0.15, lw=0)
            axes.plot(days[1:], -100 * tail["es"].values, color=INK, lw=1.2, label=f"ES {p} %")
            axes.plot(days[1:], -100 * tail["var"].values, color=INK, lw=1, ls="--",
                      label=f"VaR {p} %")  # fmt: skip
        axes.axhline(-100, color=FAINT, lw=0.8)
        axes.axhline(0, color=INK, lw=0.5, ls=":")
        axes.set_xlabel("trading day")
        axes.set_ylabel("P&L in % of equity")
        axes.set_xlim(0, int(days[-1]))
        figure.legend(loc="outside upper left", ncols=5)
        return svg_of(
            figure, f"P&L by day in scenario {summary.scenarios[scenario]}", f"curve{scenario}"
        )
