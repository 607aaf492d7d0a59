"""An ensemble's table: a column a parameter by its dotted name, a row a member.

    names.GME.crowd.infection,names.GME.shorts.tolerance
    0.31,0.70
    0.52,0.95

A scenario names it, `ensemble: fitted.members.csv`, instead of writing the columns itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import InputError, shown
from .table import MAX_BYTES, Row, lines, split
from .textfile import read_text
from .yamlfile import Mapping, Place, Sequence

ENDING = ".csv"
LONGEST_LINE = 200_000  # characters: dotted names of many columns stand side by side


@dataclass(frozen=True)
class Cell(Place):
    """Where a value of a table stands; `str()` opens an error message."""

    column: str

    def __str__(self) -> str:
        return f"{self.file}: row {self.line}, {self.column}"


def with_tables(tree: Mapping, folder: Path, beside: Path) -> tuple[str, ...]:
    """Put columns where a tree's `ensemble` names a table, in place; returns the table's text.

    The name is relative to `folder`, where the tree's file lies; one that is not there is looked
    for in `beside`, among those of the presets, so that a preset copied elsewhere still loads.
    Raises InputError with file, row and column.
    """
    name = tree.get("ensemble")
    if not isinstance(name, str):
        return ()
    place = tree.places["ensemble"]
    if not name.endswith(ENDING):
        raise InputError(
            f"{place}: ensemble: {shown(name)} is no table; name a {ENDING} file, or write "
            "`parameter: [values]` lines under it"
        )
    path = folder / name
    if not path.is_file() and (beside / name).is_file():
        path = beside / name
    label = name if path.parent == beside else str(path)
    if not path.exists():
        raise InputError(
            f"{place}: ensemble: {label}: no such file; put it beside the scenario's, or correct "
            "the name"
        )
    columns, text = read_members(path, label)
    tree.put("ensemble", columns, place)
    return (text,)


def read_members(path: Path, label: str | None = None) -> tuple[Mapping, str]:
    """Columns of a table, every value with its place, and the text exactly as read.

    Accepts a byte-order mark, CRLF, blank lines, and `#` lines above the header. Raises InputError
    with row and column.
    """
    file, text = label or str(path), read_text(path, MAX_BYTES)
    columns: Mapping | None = None
    for number, line in lines(text):
        if columns is None and line.lstrip(' "').startswith("#"):
            continue
        where = f"{file}: row {number}"
        cells = split(line, where, LONGEST_LINE)
        if columns is None:
            columns = _header(cells, file, number)
        elif len(cells) != len(columns):
            raise InputError(
                f"{where}: {len(cells)} cells under {len(columns)} columns; look for a missing "
                "comma, or a comma inside a number"
            )
        else:
            row = Row(file, number, dict(zip(columns, cells, strict=True)))
            for name, values in columns.items():
                values.append(row.number_in(name, "give the member's value"))
                values.places.append(Cell(file, number, name))
    if columns is None:
        raise InputError(f"{file}: the file is empty; first row: names of parameters")
    return columns, text


def _header(cells: list[str], file: str, number: int) -> Mapping:
    """An empty column for every name."""
    where = f"{file}: row {number}"
    if len(cells) == 1 and (";" in cells[0] or "\t" in cells[0]):
        raise InputError(f"{where}: columns are not separated by commas; save as comma-separated")
    columns = Mapping(Place(file, number))
    for count, name in enumerate(cells, start=1):
        place = Cell(file, number, name)
        if not name:
            raise InputError(
                f"{where}: column {count} of {len(cells)} has no name; name it or remove its commas"
            )
        if name in columns:
            raise InputError(f"{place}: the column is there twice; keep one")
        columns.put(name, Sequence(place), place)
    return columns
