"""The pictures of a report, drawn by matplotlib as SVG that is the same for the same store.

Colours are few and mean one thing everywhere: rust for feedback on, slate for feedback off.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..formats import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .summary import Line, Summary

ON, OFF, INK, FAINT = "#b5451b", "#5b7083", "#26292e", "#d9dce0"
BINS = 80
COLUMNS = 4
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a $ in a name is a $
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's font
    "svg.hashsalt": "powderkeg",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same layout everywhere
    "font.size": 9.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
}

Floats = npt.NDArray[np.float64]


@contextmanager
def figure_of(width: float, height: float, **grid: Any) -> Iterator[tuple[Figure, Any]]:
    """A figure that touches neither pyplot nor a display."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **STYLE, "backend": "agg"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.subplots(squeeze=False, **grid)


def svg_of(figure: Figure, title: str, key: str) -> str:
    """The figure as an <svg> element without prologue, date or fixed size, named for readers.

    `key` keeps its ids apart from those of other pictures of a page.
    """
    from html import escape

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="', f'id="{key}-', text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{key}-", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)


def loss_axes(axes: Axes, on: Floats, off: Floats, line: Line | None, var: Line | None) -> None:
    """Histogram of losses, feedback on against off, with a log axis for the tail.

    Shape: on, off (paths,). Units: fractions of equity.
    """
    from matplotlib.ticker import FuncFormatter

    ordered = np.sort(on)
    low = float(min(ordered[0], np.min(off)))
    # A few paths must not squeeze all others into one bin: the last bin holds what lies beyond.
    high = float(max(ordered[min(int(0.9995 * on.size), on.size - 1)], np.max(off)))
    if line is not None:
        high = max(high, 1.15 * line.on.value)
    if high <= low:
        low, high = low - 0.01, low + 0.01
    edges = np.linspace(low, high, BINS + 1)
    for losses, colour, label, fill in (
        (on, ON, "feedback on", True),
        (off, OFF, "all feedback off, same paths", False),
    ):
        counts, _ = np.histogram(np.minimum(losses, high), edges)
        share = counts / losses.size
        if fill:
            axes.stairs(share, edges, color=colour, alpha=0.25, fill=True, lw=0)
        axes.stairs(share, edges, color=colour, lw=1.4, label=label)
    axes.set_yscale("log")
    bottom = 0.6 / on.size
    axes.set_ylim(bottom, 3.0)
    axes.set_xlim(low, high)
    for mark, style in ((var, (0, (4, 2))), (line, "-")):
        if mark is not None:
            axes.axvline(mark.on.value, color=INK, lw=1.1, ls=style)
    if line is not None and var is not None:
        kinds = ((var, "VaR", "right", -4), (line, "ES", "left", 4))
        for mark, word, side, offset in kinds:
            level = percent(mark.level, 1).replace(".0 ", " ")
            axes.annotate(
                f"{word} {level}\n{percent(mark.on.value)}",
                (mark.on.value, 1.0),
                xytext=(offset, -2),
                textcoords="offset points",
                xycoords=("data", "axes fraction"),
                ha=side,
                va="top",
                fontsize=8.5,
                linespacing=1.25,
            )
        axes.axvspan(line.on.low, line.on.high, color=INK, alpha=0.08, lw=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x, 0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g} %"))
    axes.set_ylabel("share of paths per bin (log)")
    beyond = int((on > high).sum())
    note = f"; the last bin holds {beyond:,} beyond" if beyond else ""
    axes.set_xlabel(f"loss in % of equity at the start, negative: gain{note}")
    axes.grid(axis="y", color=FAINT, lw=0.5)
    axes.set_axisbelow(True)


def _draw_losses(summary: Summary, scenario: int, axes: Axes) -> None:
    line = summary.headline_line(scenario)
    var = None if line is None else summary.line(scenario, line.measure.replace("es_", "var_", 1))
    loss_axes(axes, summary.losses(scenario), summary.losses(scenario, calm=True), line, var)


def loss_svg(summary: Summary, scenario: int) -> str:
    """The loss histogram of a scenario, by the run's measure, as an <svg> element."""
    with figure_of(8.6, 3.4) as (figure, axes):
        _draw_losses(summary, scenario, axes[0, 0])
        figure.legend(loc="outside upper left", ncols=2)
        return svg_of(
            figure, f"Losses of scenario {summary.scenarios[scenario]}", f"loss{scenario}"
        )


def loss_picture(path: str | Path, out: str | Path) -> None:
    """The loss histogram of the worst scenario of a store as a picture file (.png or .svg).

    Errors: StoreError if the store is unfinished or damaged.
    """
    from ..store.commit import open_results
    from .summary import Summary

    summary = Summary(open_results(path))
    scenario = summary.order[0]
    with figure_of(8.6, 3.8) as (figure, axes):
        _draw_losses(summary, scenario, axes[0, 0])
        figure.legend(loc="outside lower left", ncols=2)
        name, paths = summary.scenarios[scenario], f"{summary.paths:,} paths"
        title = f"{name}: losses {summary.when}, {paths}"
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        metadata = {"Date": None} if str(out).endswith(".svg") else {"Software": None}
        figure.savefig(out, dpi=160, facecolor="white", metadata=metadata)


def fan_svg(summary: Summary, scenario: int, names: list[int]) -> str:
    """Small multiples: quantiles of the price of each name by day, on one log scale.

    Shape: `names` are indices into summary.symbols, drawn in that order.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    table = summary.tree["prices"].to_dataset()["price"].isel(scenario=scenario)
    wanted = [0.05, 0.25, 0.5, 0.75, 0.95]
    price = table.sel(quantile=wanted).values.astype(np.float64)  # (name, day, quantile)
    days = np.r_[0, table["day"].values]
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    top, bottom = float(np.max(price[names])), float(np.min(price[names]))
    grid = {"nrows": rows, "ncols": columns, "sharex": True, "sharey": True}
    with figure_of(8.6, 1.55 * rows + 0.5, **grid) as (figure, axes):
        flat = axes.ravel()
        for place, i in zip(flat, names, strict=False):
            q = np.vstack([np.ones(5), price[i]])
            place.fill_between(days, q[:, 0], q[:, 4], color=ON, alpha=0.15, lw=0)
            place.fill_between(days, q[:, 1], q[:, 3], color=ON, alpha=0.30, lw=0)
            place.plot(days, q[:, 2], color=ON, lw=1.5)
            place.axhline(1.0, color=INK, lw=0.5, ls=":")
            place.set_title(summary.symbols[i])
        for place in flat[len(names) :]:
            place.set_visible(False)
        for place in flat[max(len(names) - columns, 0) : len(names)]:
            place.tick_params(labelbottom=True)
        first = flat[0]
        first.set_yscale("log", base=2)
        first.set_ylim(min(0.5, 0.9 * bottom), max(2.0, 1.1 * top))
        first.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}x"))
        first.yaxis.set_minor_formatter(NullFormatter())
        first.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        figure.supxlabel("trading day", fontsize=9)
        figure.supylabel("price over start", fontsize=9)
        return svg_of(
            figure, f"Prices by day in scenario {summary.scenarios[scenario]}", f"fan{scenario}"
        )
