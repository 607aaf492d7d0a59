"""CSV tables read cell by cell as text: nothing is guessed, every error names row and column."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .errors import InputError, did_you_mean, nearest, shown
from .textfile import read_text

MAX_BYTES = 32_000_000
MAX_LINE = 4_000  # characters
TYPO = 0.8  # from here on an unknown column is taken for a known one misspelt
MAX_NUMBER = 1e15  # beyond it float64 no longer counts single shares

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9._/-]{0,23}", re.ASCII)
_NOT_A_VALUE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def is_symbol(text: str) -> bool:
    """Whether an upper-case text can be a ticker."""
    return _SYMBOL.fullmatch(text) is not None


@dataclass(frozen=True)
class Row:
    """One row; `number` is its line in the file, the header's included, as a spreadsheet shows, and
    0 for what stands in no row: a comment line, a word of the command line."""

    file: str
    number: int
    cells: Mapping[str, str]

    def error(self, column: str, problem: str) -> InputError:
        """`book.csv: row 7, quantity: <problem>`"""
        row = f"row {self.number}, " if self.number else ""
        return InputError(f"{self.file}: {row}{column}: {problem}")

    def text(self, column: str) -> str:
        """The cell without surrounding blanks, "" where empty or where there is no such column."""
        return self.cells.get(column, "")

    def number_or_none(self, column: str, hint: str) -> float | None:
        """The number in a cell, None where empty. `hint` says what to give instead of nonsense."""
        text = self.text(column)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            if _NOT_A_VALUE.fullmatch(text):
                raise self.error(column, f"{shown(text)} is not a finite number; {hint}")
            if "," in text:
                hint = "use a decimal point and no thousands separators"
            raise self.error(column, f"{shown(text)} is not a number; {hint}")
        value = float(text)
        if not math.isfinite(value) or abs(value) > MAX_NUMBER:
            raise self.error(column, f"{shown(text)} is too large; {hint}")
        return value

    def number_in(self, column: str, hint: str) -> float:
        """The number in a cell that may not be empty."""
        value = self.number_or_none(column, hint)
        if value is None:
            raise self.error(column, f"is empty; {hint}")
        return value

    def positive(self, column: str, hint: str) -> float:
        """A number above 0."""
        value = self.number_in(column, hint)
        if value <= 0:
            raise self.error(column, f"{shown(self.text(column))} is not above 0; {hint}")
        return value

    def not_negative(self, column: str, hint: str) -> float | None:
        """A number of at least 0, None where empty."""
        value = self.number_or_none(column, hint)
        if value is not None and value < 0:
            raise self.error(column, f"{shown(self.text(column))} is negative; {hint}")
        return value

    def symbol(self, known: Collection[str] | None = None) -> str:
        """The symbol, upper case; one of `known` (the market's) where given."""
        text = self.text("symbol")
        if not text:
            raise self.error("symbol", "is empty; give a ticker")
        if not text.isascii():
            raise self.error("symbol", f"{shown(text)} has a non-ASCII letter; retype the ticker")
        symbol = text.upper()
        if not is_symbol(symbol):
            raise self.error(
                "symbol", f"{shown(text)} is not a ticker; use letters, digits and . - / _"
            )
        if known is not None and symbol not in known:
            help_ = did_you_mean(symbol, known, "; add its row there")
            raise self.error("symbol", f"{symbol} is not in the market file{help_}")
        return symbol

    def iso_date(self, column: str) -> date:
        """A date like 2021-01-15."""
        text = self.text(column)
        if not text:
            raise self.error(column, "is empty; write a date like 2021-01-15")
        if (day := _date(text)) is None:
            raise self.error(column, f"{shown(text)} is not a date; write 2021-01-15")
        return day

    def expect_empty(self, columns: Collection[str], what: str) -> None:
        """Refuses what stands in columns that mean nothing in a row of this kind."""
        for column in columns:
            if text := self.text(column):
                raise self.error(column, f"{shown(text)} in a row of {what}; leave it empty")


def parse_date(text: str, where: str) -> date:
    """An ISO date; `where` opens the error."""
    if (day := _date(text)) is None:
        raise InputError(f"{where}: {shown(text)} is not a date; write 2021-01-15")
    return day


def _date(text: str) -> date | None:
    try:
        is_iso = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII)
        return date.fromisoformat(text) if is_iso else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Table:
    """A CSV file as read: `# key: value` comment lines above the header, rows, exact text; the
    names of `ignored` columns as the file writes them."""

    file: str
    text: str
    comments: Mapping[str, str]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    ignored: tuple[str, ...] = ()

    @property
    def ignored_note(self) -> tuple[str, ...]:
        """One note where columns were not read."""
        if not self.ignored:
            return ()
        several = "columns are" if len(self.ignored) > 1 else "column is"
        names = ", ".join(shown(name) for name in self.ignored)
        return (f"{self.file}: {several} not read: {names}",)


def split(line: str, where: str, longest: int = MAX_LINE, separator: str = ",") -> list[str]:
    """The cells of one line, without blanks around them. `where` opens the error."""
    if len(line) > longest:
        raise InputError(f"{where}: longer than {longest} characters; is this a CSV file?")
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True, delimiter=separator))]
    except csv.Error:
        raise InputError(
            f"{where}: an unfinished quotation; close it or remove the quote"
        ) from None


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is not blank (a line of bare commas is blank)."""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.strip(" \t,"):
            yield number, line


def _check_separator(cells: list[str], where: str) -> None:
    if len(cells) == 1 and (";" in cells[0] or "\t" in cells[0]):
        raise InputError(f"{where}: columns are not separated by commas; save as comma-separated")
    if len(cells) == 1 and "|" in cells[0]:
        raise InputError(
            f"{where}: columns are separated by |, as in vendors' files; `powderkeg market build` "
            "reads those, or save as comma-separated"
        )


def _header(
    cells: list[str], where: str, columns: Collection[str], prefix: str | None, strict: bool
) -> tuple[str, ...]:
    _check_separator(cells, where)
    header = tuple(cell.lower() for cell in cells)
    for number, (name, given) in enumerate(zip(header, cells, strict=True), start=1):
        if name and name not in columns and not strict and not nearest(name, columns, TYPO):
            continue
        if not name:
            raise InputError(
                f"{where}: column {number} of {len(header)} has no name; "
                "name it or remove its commas"
            )
        is_beta = prefix is not None and re.fullmatch(prefix + r"[a-z0-9_]+", name, re.ASCII)
        if name not in columns and not is_beta:
            known = ", ".join(columns)
            help_ = did_you_mean(name, columns, f"; columns are {known}")
            raise InputError(f"{where}: unknown column {shown(given)}{help_}")
        if header.count(name) > 1:
            raise InputError(f"{where}: column {name} is there twice; keep one")
    return header


def read_table(
    path: Path,
    columns: Collection[str],
    required: Collection[str],
    prefix: str | None = None,
    *,
    strict: bool = True,
) -> Table:
    """Read a CSV table with known columns (and any starting with `prefix`). Raises InputError.

    Accepts a byte-order mark, CRLF, blank lines, and `# key: value` lines above the header. Where
    it is not `strict`, an unknown column is ignored unless it looks like a known one misspelt.
    """
    text = read_text(path, MAX_BYTES)
    return parse_table(str(path), text, columns, required, prefix, strict=strict)


def parse_table(
    file: str,
    text: str,
    columns: Collection[str],
    required: Collection[str],
    prefix: str | None = None,
    *,
    strict: bool = True,
) -> Table:
    """The table of a text that was read already; `file` opens its errors. As `read_table`."""
    comments: dict[str, str] = {}
    header: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    rows: list[Row] = []
    for number, line in lines(text):
        where = f"{file}: row {number}"
        if not header and line.lstrip(' "').startswith("#"):
            key, _, value = line.strip(' ",').lstrip("# ").partition(":")
            comments[key.strip().lower()] = value.strip(' \t,"')
            continue
        cells = split(line, where)
        if not header:
            header, given = _header(cells, where, columns, prefix, strict), tuple(cells)
            missing = [name for name in required if name not in header]
            if missing:
                raise InputError(f"{where}: column {missing[0]} is missing; add it to the header")
            continue
        if len(cells) != len(header):
            raise InputError(
                f"{where}: {len(cells)} cells under {len(header)} columns; "
                "look for a missing comma, or a comma inside a number"
            )
        rows.append(Row(file, number, dict(zip(header, cells, strict=True))))
    if not header:
        raise InputError(f"{file}: the file is empty; first row: {','.join(required)}")
    unread = () if strict else _unread(header, given, columns)
    return Table(file, text, comments, header, tuple(rows), unread)


def _unread(
    header: tuple[str, ...], given: tuple[str, ...], known: Collection[str]
) -> tuple[str, ...]:
    """Names of the columns that are not known, as given."""
    return tuple(cell for name, cell in zip(header, given, strict=True) if name not in known)


def choice(row: Row, column: str, known: Mapping[str, str]) -> str:
    """What one of a few words in a cell stands for, whatever its case."""
    text = row.text(column)
    if text.lower() not in known:
        near = nearest(text, known)
        help_ = f"did you mean {near}?" if near else "give " + " or ".join(known)
        problem = f"{shown(text)} is not known" if text else "is empty"
        raise row.error(column, f"{problem}; {help_}")
    return known[text.lower()]
