"""The names of a book, and which files belong to which name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path

from ..book import COLUMNS, REQUIRED
from ..derivatives import underlying_of
from ..errors import InputError
from ..table import Row, read_table
from .vendor import canonical

_TOKENS = re.compile(r"[_ \-]|\.(?=[a-z]{2,3}(?:\.|$))", re.ASCII)


def names_of_book(path: str | Path) -> dict[str, float | None]:
    """Symbols of a book in file order with the price that it gives, underlyings of options among
    them. Raises InputError.
    """
    found: dict[str, float | None] = {}
    for row in read_table(Path(path), COLUMNS, REQUIRED, strict=False).rows:
        kind = row.text("instrument_type").lower()
        if kind == "cash":
            continue
        symbol = underlying_of(row.text("symbol")) or row.symbol()
        price = row.number_or_none("price", "give a number") if kind == "equity" else None
        found[symbol] = found.get(symbol) or price
    if not found:
        raise InputError(f"{path}: no names; a market file is for the names of a book")
    return found


def by_name(option: str, given: Iterable[str], names: Collection[str]) -> dict[str, list[Path]]:
    """Files of each name: `GME=file`, or a name as a word of the file's name. Raises InputError.

    Of a folder its .csv and .txt files; what belongs to no name there is left out.
    """
    found: dict[str, list[Path]] = {}
    for text in given:
        symbol, equals, file = text.partition("=")
        if equals and not Path(text).exists():
            if symbol.upper() not in names:
                raise InputError(f"{option}: {symbol} is not in the book; leave {text} out")
            found.setdefault(symbol.upper(), []).append(Path(file))
            continue
        path = Path(text)
        if not path.exists():
            raise InputError(f"{option}: {text}: no such file or folder")
        inside = sorted(f for f in path.iterdir() if f.suffix.lower() in (".csv", ".txt"))\
            if path.is_dir() else [path]  # fmt: skip
        for each in inside:
            mine = _name_of(each, names)
            if mine is not None:
                found.setdefault(mine, []).append(each)
            elif not path.is_dir():
                raise InputError(f"{option}: {text}: whose? write GME={text}")
    return found


def _name_of(path: Path, names: Collection[str]) -> str | None:
    words = {canonical(word) for word in _TOKENS.split(path.stem)} | {canonical(path.stem)}
    mine = [name for name in names if name in words or canonical(name) in words]
    return mine[0] if len(mine) == 1 else None


def read_splits(path: str | Path | None) -> Mapping[str, list[tuple[date, float]]]:
    """Splits that a person knows of: symbol, date, ratio of shares after to before. Raises
    InputError."""
    found: dict[str, list[tuple[date, float]]] = {}
    if path is None:
        return found
    columns = ("symbol", "date", "ratio")
    for row in read_table(Path(path), columns, columns).rows:
        found.setdefault(row.symbol(), []).append((row.iso_date("date"), _ratio(row)))
    return found


def _ratio(row: Row) -> float:
    return row.positive("ratio", "give shares after per share before, 4 for 4-for-1")
