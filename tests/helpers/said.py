"""What a store says to people: the page, and the tables of the terminal."""

import io
from pathlib import Path

from rich.console import Console

from powderkeg.results import open_results
from powderkeg.results.report.page import report_html
from powderkeg.results.report.summary import Summary
from powderkeg.screen.store import show


def page_of(store: Path) -> str:
    """The page of a store."""
    return report_html(Summary(open_results(store)), store.name)


def printed(store: Path, width: int = 100) -> str:
    """What `show` prints where a terminal has so many columns."""
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    show(store, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
