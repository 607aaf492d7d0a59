"""Consoles and tables in one style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

WIDTH = 100


def console(*, stderr: bool = False) -> Console:
    """A console of the terminal's width, 100 columns where there is no terminal."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=WIDTH)


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1
) -> Table:
    """A table in the style of `show`: the first `left` columns are text, the rest numbers."""
    made = Table(
        title=Text(title, "bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
    )
    for number, name in enumerate(columns):
        made.add_column(name, justify="left" if number < left else "right")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def plural(count: int, word: str) -> str:
    """`1 process`, `2,000 processes`."""
    ending = "" if count == 1 else "es" if word.endswith("s") else "s"
    return f"{count:,} {word}{ending}"


def fit(table: Table, console: Console) -> Table:
    """The table; on a narrow console headers and text break into lines, numbers never do."""
    wide = console.options.update(max_width=10_000)
    if Measurement.get(console, wide, table).maximum > console.width:
        for column in table.columns:
            if column.justify == "right":
                cells = [console.measure(cell, options=wide).maximum for cell in column.cells]
                column.width = max((len(w) for w in str(column.header).split()), default=1)
                column.width = max(column.width, *cells, 1)
                column.no_wrap = False
            elif column is table.columns[0] and column.max_width is None:
                column.no_wrap = False
    return table
