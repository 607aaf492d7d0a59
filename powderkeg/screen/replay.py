"""A replayed path for people: tables for the terminal and files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from ..engine.replay.path import HOLDERS, Replay
from ..results.formats import money, percent

DRAWN = 6
"""Names told in detail: those that move the book's P&L most."""


def headline(replay: Replay) -> str:
    """What happened to the book on this path, in one or two sentences."""
    pnl, book = float(replay.pnl[-1]), replay.job.book
    does = "loses" if pnl < 0 else "gains"
    text = (
        f"Path {replay.path} of {replay.scenario}: the book {does} {percent(abs(pnl))} of its "
        f"equity ({money(abs(pnl), book.equity, book.currency)}) by day {replay.horizons[-1]}"
    )
    on_the_way = replay.data["pnl"].values
    worst = int(np.argmin(on_the_way))
    if on_the_way[worst] < min(pnl, 0) - 5e-4:  # what a rounded per cent shows
        day = float(replay.data["time"][worst])
        text += f", {percent(-float(on_the_way[worst]))} at worst, on day {day:.2f}"
    text += "."
    if np.isnan(replay.margin_call_day):
        return f"{text} No margin call."
    return f"{text} Margin call on day {replay.margin_call_day:.2f}."


NUMBERS: tuple[tuple[str, Callable[[xr.Dataset], str]], ...] = (
    ("P&L at end", lambda of: f"{float(of['pnl_by_name'][-1]):+.1%}"),
    ("peak price", lambda of: f"{float(of['price'].max()):.2f}x"),
    ("on day", lambda of: f"{float(of['time'].values[of['price'].values.argmax()]):.2f}"),
    ("end price", lambda of: f"{float(of['price'][-1]):.2f}x"),
    ("shorts", lambda of: f"{float(of['short_interest'][0]):.2f}"),
    ("at end", lambda of: f"{float(of['short_interest'][-1]):.2f}"),
    ("peak fee", lambda of: f"{float(of['fee'].max()):.1%}"),
    ("peak vol", lambda of: f"{float(of['implied_vol'].max()):.0%}"),
    ("loop gain", lambda of: f"{float(of['total_loop_gain'][0]):.2f}"),
    ("at most", lambda of: f"{float(of['total_loop_gain'][:-1].max()):.2f}"),
)
COLUMNS = ("name", *(name for name, _ in NUMBERS))
STOP_COLUMNS = ("name", "restricted", "paused")


def rows(replay: Replay) -> list[list[str]]:
    """One row a name, largest effect on the book first; shorts in floats, the rest as said."""
    data = replay.data
    return [[name, *(say(data.sel(name=name)) for _, say in NUMBERS)] for name in by_effect(data)]


def stop_rows(replay: Replay) -> list[list[str]]:
    """Days in which the crowd might not buy and in which nobody traded, where there were any."""
    data = replay.data
    length = np.diff(data["time"].values)
    days = {
        name: [float(length @ (data[f].sel(name=name).values[:-1] > 0)) for f in STOP_COLUMNS[1:]]
        for name in by_effect(data)
    }
    return [[name, *(f"{d:.2f}" for d in both)] for name, both in days.items() if any(both)]


HOLDER_COLUMNS = ("name", "holder", "start", "least", "most", "end")
NOTABLE = 0.002
"""Floats a holding must move by to be listed."""


def holder_rows(replay: Replay) -> list[list[str]]:
    """Holdings in floats that moved, of the names that moved the book most."""
    data, out = replay.data, []
    for name in by_effect(data)[:DRAWN]:
        of = data.sel(name=name)
        held = [(words, of[field].values) for field, words in HOLDERS]
        if "fund" in data.dims:
            held += [
                (f"fund {fund}", of["fund_holding"].sel(fund=fund).values)
                for fund in data["fund"].values
            ]
        first = name
        for words, values in held:
            if np.ptp(values) >= NOTABLE:
                numbers = (values[0], values.min(), values.max(), values[-1])
                out.append([first, words, *(f"{round(float(x), 3) + 0.0:.3f}" for x in numbers)])
                first = ""
    return out


def by_effect(data: xr.Dataset) -> list[str]:
    """Names by how far they moved the book's P&L at most, furthest first."""
    effect = np.abs(data["pnl_by_name"].values).max(axis=0)
    order = np.argsort(-effect, kind="stable")
    return [str(data["name"].values[i]) for i in order]
