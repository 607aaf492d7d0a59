"""A replayed path as one wide picture: only what moved is drawn, the margin call is marked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..engine.replay.path import Replay
from .replay import DRAWN, by_effect, headline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = (
    ("total_loop_gain", "loop gain, all channels (1: ignites)", 1),
    ("short_interest", "short interest, floats", 1),
    ("hedge", "dealers' hedge, floats", 1),
    ("attention", "attention, % of the crowd", 100),
    ("crowd_shares", "crowd's shares, floats", 1),
    ("crowd_calls", "crowd's calls, floats", 1),
    ("fund_net", "funds' shares, floats, negative: short", 1),
    ("implied_vol", "implied volatility, % a year", 100),
    ("fee", "borrow fee, % a year (dashed: existing loans)", 100),
    ("utilisation", "utilisation, %", 100),
    ("levered", "levered longs, floats", 1),
    ("leader", "leader's block, floats", 1),
    ("locked", "locked holders, floats", 1),
    ("programme", "programmes, floats", 1),
    ("issued", "new stock issued, floats", 1),
    ("waiting", "crowd's orders that wait for a pause to end, floats", 1),
)
MOVED = 5e-3
"""What moves by less, in its own units, is not drawn."""
COLUMNS = 4
STACK = (
    ("elastic", "elastic", "#c9d3dc"),
    ("locked", "locked", "#8fa1b3"),
    ("levered", "levered longs", "#5f7d8c"),
    ("fund_longs", "funds", "#7a6a9a"),
    ("programme", "programmes", "#3f6f5f"),
    ("leader", "leader", "#e0b040"),
    ("crowd_shares", "crowd", "#d98a3d"),
    ("dealer_longs", "dealers", "#b5451b"),
    ("book_longs", "book", "#26292e"),
)
CHANNEL_COLOURS = ("#b5451b", "#26292e", "#d98a3d", "#e0b040", "#3f6f5f", "#7a6a9a")
GAINS_SHOWN = (-2.0, 4.0)
WIDE = 4.0
"""Prices that span more get ticks at 1, 2 and 5."""


def draw(replay: Replay, path: Path) -> None:
    """Price, P&L, who holds the name that matters most, and every quantity that moved."""
    from matplotlib.figure import Figure

    data = _derived(replay.data)
    names = by_effect(data)[:DRAWN]
    panels = [panel for panel in PANELS if _moves(data[panel[0]].sel(name=names))]
    stopped = bool((data["restricted"] + data["paused"]).sel(name=names).any())
    gains = _moves(data["loop_gain"].sel(name=names[0]))
    below = len(panels) + gains + ("fund_equity" in data) + stopped
    lines = 1 + -(-below // COLUMNS)
    figure = Figure(figsize=(21, 1 + 3.1 * lines), layout="constrained")
    grid = figure.add_gridspec(lines, COLUMNS)
    price = figure.add_subplot(grid[0, :2])
    pnl, holders = (figure.add_subplot(grid[0, c], sharex=price) for c in (2, 3))
    _draw_price(price, data, names)
    _draw_pnl(pnl, data)
    _draw_holders(holders, data, names[0])

    places = [figure.add_subplot(grid[1 + i // COLUMNS, i % COLUMNS], sharex=price)
              for i in range(below)]  # fmt: skip
    rest = iter(places)
    if gains:
        _draw_channels(next(rest), data, names[0])
    if "fund_equity" in data:
        _draw_funds(next(rest), data)
    if stopped:
        _draw_stops(next(rest), data, names)
    for panel in panels:
        _draw_panel(next(rest), data, names, panel)

    for axis in figure.axes:
        axis.set_title(axis.get_title(), loc="left", fontsize=11, fontweight="bold")
        axis.set_title("")
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        if not np.isnan(replay.margin_call_day):
            axis.axvline(replay.margin_call_day, color="crimson", lw=1.2, ls=":")
    if not np.isnan(replay.margin_call_day):
        _name_margin_call(pnl, replay.margin_call_day, float(data["time"][-1]))
    for axis in [*places[-COLUMNS:], *([] if places else (price, pnl, holders))]:
        axis.set_xlabel("trading days since the as-of close")
    price.set_xlim(0, float(data["time"][-1]))
    figure.suptitle(headline(replay), fontsize=14, x=0.01, ha="left", fontweight="bold")
    figure.savefig(path, dpi=90)


def _draw_pnl(axis: Axes, data: xr.Dataset) -> None:
    axis.set_title("book P&L, % of equity")
    axis.plot(data["time"], 100 * data["pnl"], color="black", lw=1.6)
    axis.axhline(0, color="grey", lw=0.8)


def _draw_funds(axis: Axes, data: xr.Dataset) -> None:
    axis.set_title("funds' equity, % of the start")
    for fund in data["fund"].values:
        axis.plot(data["time"], 100 * data["fund_equity"].sel(fund=fund), lw=1.4, label=fund)
    axis.legend(fontsize=9, frameon=False)


def _draw_panel(
    axis: Axes, data: xr.Dataset, names: list[str], panel: tuple[str, str, float]
) -> None:
    """One quantity of every name."""
    field, title, scale = panel
    axis.set_title(title)
    for colour, name in enumerate(names):
        of = data.sel(name=name)
        axis.plot(of["time"], scale * of[field], color=f"C{colour}", lw=1.3)
        if field == "fee" and _moves(of["fee"] - of["fee_existing"]):
            existing = scale * of["fee_existing"]
            axis.plot(of["time"], existing, color=f"C{colour}", lw=1, ls="--")
    if field == "total_loop_gain":
        _limit_gains(axis)


def _derived(data: xr.Dataset) -> xr.Dataset:
    """With what is drawn as one: all calls of the crowd, long holdings of who can be short."""
    nobody = xr.zeros_like(data["elastic"])
    held = data["fund_holding"] if "fund_holding" in data else nobody.expand_dims("fund")
    return data.assign(
        crowd_calls=data["calls"] + data["monthly_calls"],
        fund_net=held.sum("fund"),
        fund_longs=held.clip(min=0).sum("fund"),
        dealer_longs=data["hedge"].clip(min=0),
        book_longs=data["book"].clip(min=0),
    )


def _moves(values: xr.DataArray) -> bool:
    """Whether anything happens to a quantity after the start."""
    return bool(np.ptp(values.values, axis=0).max(initial=0) > MOVED)


def _draw_price(axis: Axes, data: xr.Dataset, names: list[str]) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator

    axis.set_title("price, start = 1 (dashed: anchor)")
    for colour, name in enumerate(names):
        of = data.sel(name=name)
        axis.plot(of["time"], of["price"], color=f"C{colour}", lw=1.6, label=name)
        axis.plot(of["time"], np.exp(of["anchor"]), color=f"C{colour}", lw=1, ls="--", alpha=0.6)
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    wide = high > WIDE * low
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)) if wide else MaxNLocator(6))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("")
    axis.legend(fontsize=10, ncols=len(names), frameon=False, loc="best")


def _draw_holders(axis: Axes, data: xr.Dataset, name: str) -> None:
    of = data.sel(name=name)
    shown = [part for part in STACK if float(of[part[0]].max()) > MOVED]
    axis.set_title(f"who holds {name}, floats")
    axis.stackplot(
        of["time"].values,
        [of[field].values for field, _, _ in shown],
        labels=[words for _, words, _ in shown],
        colors=[colour for _, _, colour in shown],
    )
    axis.legend(fontsize=9, ncols=2, loc="lower left", labelspacing=0.2, framealpha=0.7)


def _draw_channels(axis: Axes, data: xr.Dataset, name: str) -> None:
    axis.set_title(f"loop gain of {name} by channel")
    of = data["loop_gain"].sel(name=name)
    for channel, colour in zip(of["channel"].values, CHANNEL_COLOURS, strict=True):
        values = of.sel(channel=channel)
        if float(np.abs(values).max()) > 0.01:
            words = str(channel).replace("_", " ")
            axis.plot(of["time"], values, color=colour, lw=1.3, label=words)
    _limit_gains(axis)
    axis.legend(fontsize=9, frameon=False)


def _limit_gains(axis: Axes) -> None:
    """The line at 1, and room that a strike about to expire does not take up."""
    axis.axhline(1, color="grey", lw=0.8)
    low, high = axis.get_ylim()
    axis.set_ylim(max(low, GAINS_SHOWN[0]), min(max(high, 1.1), GAINS_SHOWN[1]))


def _draw_stops(axis: Axes, data: xr.Dataset, names: list[str]) -> None:
    """A bar where the crowd may not buy, and a mark where a pause stops all trading."""
    axis.set_title("amber: crowd may not buy; red: trading paused")
    times = data["time"].values
    for row, name in enumerate(names):
        for field, colour, height in (("restricted", "#e0b040", 0.7), ("paused", "#b5451b", 0.7)):
            on = np.flatnonzero(data[field].sel(name=name).values[:-1] > 0)
            spans = [(times[r], times[r + 1] - times[r]) for r in on]
            axis.broken_barh(spans, (row - height / 2, height), color=colour, lw=1)
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)


def _name_margin_call(axis: Axes, day: float, last: float) -> None:
    side = "right" if day > last / 2 else "left"
    words, low = " margin call ", axis.get_ylim()[0]
    axis.text(day, low, words, color="crimson", fontsize=10, va="bottom", ha=side)
