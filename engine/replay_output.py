"""A replayed path for people: tables for the terminal, files, a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from ..results.formats import money, percent
from .replay import Replay

PANELS = (
    ("price", "price, start = 1 (dashed: anchor)"),
    ("pnl", "book P&L, % of equity"),
    ("short_interest", "short interest, floats"),
    ("hedge", "dealers' hedge, floats"),
    ("attention", "attention, % of the crowd"),
    ("implied_vol", "implied volatility, % a year"),
    ("fee", "borrow fee, % a year"),
    ("utilisation", "utilisation, %"),
)
PERCENT = ("pnl", "attention", "implied_vol", "fee", "utilisation")
DRAWN = 6
"""Names drawn: those that move the book's P&L most."""


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
    if on_the_way[worst] < min(pnl, 0):
        day = float(replay.data["time"][worst])
        text += f", {percent(-float(on_the_way[worst]))} at worst, on day {day:.2f}"
    text += "."
    if np.isnan(replay.margin_call_day):
        return f"{text} No margin call."
    return f"{text} Margin call on day {replay.margin_call_day:.2f}."


def rows(replay: Replay) -> list[list[str]]:
    """One row a name, largest loss first: symbol, P&L, prices, short interest, fee,
    highest hedge of the dealers and implied volatility; holdings in floats.
    """
    data = replay.data
    last = data.isel(step=-1)
    out = []
    for name in _by_effect(data):
        of, end = data.sel(name=name), last.sel(name=name)
        peak = int(np.argmax(of["price"].values))
        out.append(
            [
                str(name),
                f"{float(end['pnl_by_name']):+.1%}",
                f"{float(of['price'][peak]):.2f}x",
                f"{float(of['time'][peak]):.2f}",
                f"{float(end['price']):.2f}x",
                f"{float(of['short_interest'][0]):.2f}",
                f"{float(end['short_interest']):.2f}",
                f"{float(of['fee'].max()):.1%}",
                f"{float(of['hedge'].max()):.2f}",
                f"{float(of['implied_vol'].max()):.0%}",
            ]
        )
    return out


COLUMNS = (
    "name",
    "P&L at end",
    "peak price",
    "on day",
    "end price",
    "shorts",
    "at end",
    "peak fee",
    "hedge",
    "peak vol",
)


def _by_effect(data: xr.Dataset) -> list[str]:
    """Names by how far they moved the book's P&L at most, furthest first."""
    effect = np.abs(data["pnl_by_name"].values).max(axis=0)
    order = np.argsort(-effect, kind="stable")
    return [str(data["name"].values[i]) for i in order]


def write(replay: Replay, folder: Path) -> list[Path]:
    """Write path.csv, path.zarr and path.png into a new folder; returns their paths.

    Raises FileExistsError if the folder exists.
    """
    folder.mkdir(parents=True, mode=0o700)
    csv, store, picture = folder / "path.csv", folder / "path.zarr", folder / "path.png"
    write_csv(replay.data, csv)
    replay.data.to_zarr(store, zarr_format=3, consolidated=False)
    draw(replay, picture)
    return [csv, store, picture]


def write_csv(data: xr.Dataset, path: Path) -> None:
    """One row a step and name; columns in the units of the dataset's attributes."""
    table = data.drop_vars("pnl").to_dataframe().reset_index()
    # A spreadsheet would run a cell that starts with one of these.
    table["name"] = [f"'{s}" if s[0] in "=+-@" else s for s in table["name"]]
    first = ["step", "time", "name", "price", "pnl_by_name"]
    table[[*first, *(c for c in table.columns if c not in first)]].to_csv(path, index=False)


def draw(replay: Replay, path: Path) -> None:
    """The path as a picture: eight panels over time, the margin call marked."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    data, days = replay.data, replay.data["time"].values
    figure = Figure(figsize=(12, 12), layout="constrained")
    axes = figure.subplots(4, 2, sharex=True)
    drawn = _by_effect(data)[:DRAWN]
    for axis, (field, title) in zip(axes.flat, PANELS, strict=True):
        axis.set_title(title, loc="left", fontsize=10)
        axis.grid(alpha=0.25)
        scale = 100.0 if field in PERCENT else 1.0
        if field == "pnl":
            axis.plot(days, scale * data["pnl"], color="black", lw=1.4)
            axis.axhline(0, color="grey", lw=0.8)
        else:
            for number, name in enumerate(drawn):
                values, colour = scale * data[field].sel(name=name), f"C{number}"
                axis.plot(days, values, color=colour, lw=1.2, label=name)
                if field == "price":
                    anchor = np.exp(data["anchor"].sel(name=name))
                    axis.plot(days, anchor, color=colour, lw=0.9, ls="--", alpha=0.7)
        if field == "price":
            axis.set_yscale("log")
            axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.yaxis.set_major_formatter("{x:g}")
            axis.yaxis.set_minor_formatter("")
            axis.legend(fontsize=8, ncols=2, frameon=False)
        if not np.isnan(replay.margin_call_day):
            axis.axvline(replay.margin_call_day, color="crimson", lw=1, ls=":")
    if not np.isnan(replay.margin_call_day):
        axes.flat[1].text(
            replay.margin_call_day,
            axes.flat[1].get_ylim()[0],
            " margin call ",
            color="crimson",
            fontsize=9,
            va="bottom",
            ha="right" if replay.margin_call_day > days[-1] / 2 else "left",
        )
    for axis in axes[-1]:
        axis.set_xlabel("trading days since the as-of close")
    figure.suptitle(headline(replay), fontsize=12, x=0.01, ha="left")
    figure.savefig(path, dpi=110)
