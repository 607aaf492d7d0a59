"""The book at a glance, and what the rules of plausibility found, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..results.report.glance import finding_lines, glance_rows
from .console import table

STYLES = {"note": "", "warning": "yellow", "refusal": "bold red"}


def glance_table(said: Mapping[str, Any]) -> Table:
    """The book at a glance."""
    made = table("The book at a glance", ("", ""), glance_rows(said), left=2)
    made.show_header = False
    return made


def print_findings(to: Console, found: Sequence[Mapping[str, Any]]) -> None:
    """One line a finding, the gravest first, with the id of its rule."""
    for each, line in zip(found, finding_lines(found), strict=True):
        word, text = str(each["severity"]), Text(line)
        text.stylize(STYLES.get(word, ""), 0, len(word))
        to.print(text)
