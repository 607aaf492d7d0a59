"""What a store says to people, the page and the tables of the terminal, taken apart."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from powderkeg.results import open_results
from powderkeg.results.measures.limits import LimitLike
from powderkeg.results.report.page import report_html
from powderkeg.results.report.summary import Summary
from powderkeg.screen.store import show


def page_of(store: Path, limits: Sequence[LimitLike] | None = None) -> str:
    """The page of a store."""
    return report_html(Summary(open_results(store), limits), store.name)


def printed(store: Path, width: int = 100) -> str:
    """What `show` prints where a terminal has so many columns."""
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    show(store, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@dataclass
class Grid:
    """A table: where it stands, its head, its rows. `section` is the scenario's on the page."""

    section: str
    title: str
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Words:
    """A text outside tables; `where` is its element, or `axis` of a picture."""

    section: str
    title: str
    where: str
    text: str


Piece = Grid | Words


def words(text: str) -> str:
    """The text with single spaces."""
    return re.sub(r"[ \n]+", " ", text).strip()


class Page(HTMLParser):
    """A page as pieces in their order: every text that a reader sees is in one."""

    TEXTS = ("title", "h1", "h2", "h3", "p", "li", "summary", "text", "th", "td")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pieces: list[Piece] = []
        self.section = self.title = self.text = ""
        self.open: list[str] = []
        self.axes: list[bool] = []  # of every <g> that is open
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "g":
            self.axes.append("matplotlib.axis" in (dict(attrs).get("id") or ""))
        elif tag == "table":
            self.pieces.append(Grid(self.section, self.title))
        elif tag == "tr" and self.open[-1:] != ["thead"]:
            self._grid().rows.append([])
        if tag in (*self.TEXTS, "thead", "style"):
            self.open.append(tag)
            self.text = ""

    def handle_data(self, data: str) -> None:
        assert self.open or not data.strip(), data
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "g":
            self.axes.pop()
        if not self.open or self.open[-1] != tag:
            return
        self.open.pop()
        text = words(self.text)
        if tag == "th":
            self._grid().head.append(text)
        elif tag == "td":
            self._grid().rows[-1].append(text)
        elif tag in self.TEXTS:
            if tag == "h2":
                self.section = self.title = text
            elif tag in ("h3", "summary"):
                self.title = text
            where = "axis" if tag == "text" and any(self.axes) else tag
            self.pieces.append(Words(self.section, self.title, where, text))

    def _grid(self) -> Grid:
        grid = self.pieces[-1]
        assert isinstance(grid, Grid)
        return grid


class Recorder(Console):
    """A console that keeps what it is given to print as pieces."""

    def __init__(self) -> None:
        super().__init__(width=400, file=io.StringIO(), force_terminal=False)
        self.pieces: list[Piece] = []

    def print(self, *objects: Any, **_: Any) -> None:
        for each in objects:
            if isinstance(each, Table):
                self._table(each)
            else:
                self.pieces.append(Words("", "", "text", plain(each)))

    def _table(self, table: Table) -> None:
        title, columns = plain(table.title), table.columns
        cells = [[plain(cell) for cell in column.cells] for column in columns]
        rows = [list(row) for row in zip(*cells, strict=True)]
        self.pieces.append(Grid("", title, [plain(each.header) for each in columns], rows))
        self.pieces.append(Words("", title, "caption", plain(table.caption)))


def plain(renderable: Any) -> str:
    """The text of what rich is given: markup as it is shown, lines of a cell as the page's."""
    text = renderable if isinstance(renderable, Text) else Text.from_markup(str(renderable or ""))
    return words(text.plain.strip("\n").replace("\n", ", "))


def shown(store: Path) -> list[Piece]:
    """What `show` prints, as pieces."""
    console = Recorder()
    show(store, console)
    return console.pieces
