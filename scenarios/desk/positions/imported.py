"""A broker's export as a book file: which format it is, positions added up, and the text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ...errors import InputError, did_you_mean
from ...textfile import read_text
from ..figures import as_csv, number
from ..vendor import MAX_BYTES
from . import fidelity, ibkr_activity, ibkr_flex, mapped, schwab
from .export import Export, merged, refuse_empty
from .holding import CASH, Holding

FORMATS: dict[str, ModuleType] = {
    "ibkr-activity": ibkr_activity,
    "ibkr-flex": ibkr_flex,
    "fidelity": fidelity,
    "schwab": schwab,
}
COLUMNS = ("symbol", "instrument_type", "quantity", "price", "strike", "expiry", "option_type",
           "multiplier", "currency")  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """The text of a book file, and what a person should see of how it was made."""

    text: str
    form: str
    rows: int
    notes: tuple[str, ...]


def import_book(
    path: str | Path, form: str = "auto", mapping: str | Path | None = None, currency: str = "USD"
) -> Imported:
    """An export as a book file. Raises InputError, one line.

    `form` is a name of FORMATS, or auto; a `mapping` file says what columns are where no format is
    known. Rows in `currency` say none.
    """
    read = _reader(Path(path), form, mapping)
    export = read(Path(path))
    refuse_empty(export)
    holdings, notes = merged(export.holdings)
    if export.unread:
        notes.append(f"{export.file}: columns not read: {', '.join(export.unread)}")
    if not any(each.kind == CASH for each in holdings):
        notes.append(f"{export.file}: no cash; add a row, proceeds of short sales included")
    rows = [_cells(each, currency) for each in holdings]
    return Imported(as_csv(COLUMNS, rows), export.form, len(rows), (*export.dropped, *notes))


def _reader(path: Path, form: str, mapping: str | Path | None) -> Callable[[Path], Export]:
    if mapping is not None:
        return lambda file: mapped.read(file, Path(mapping))
    if form != "auto":
        if form not in FORMATS:
            known = ", ".join(FORMATS)
            raise InputError(
                f"form: {form} is not known{did_you_mean(form, FORMATS, f'; {known}')}"
            )
        reader: Callable[[Path], Export] = FORMATS[form].read
        return reader
    head = read_text(path, MAX_BYTES)[:20_000]
    for module in FORMATS.values():
        if module.knows(head):
            found: Callable[[Path], Export] = module.read
            return found
    raise InputError(
        f"{path}: not an export of {', '.join(FORMATS)}; give `mapping`, a YAML file that names "
        "its columns"
    )


def _cells(each: Holding, currency: str) -> list[str]:
    """The row of a holding; a multiplier of 100 shares an option is the rule and left out."""
    multiplier = None if each.kind == "option" and each.multiplier == 100 else each.multiplier
    return [
        each.symbol,
        each.kind,
        number(each.quantity),
        "" if each.price is None else number(each.price),
        "" if each.strike is None else number(each.strike),
        "" if each.expiry is None else str(each.expiry),
        each.option_type,
        "" if multiplier is None else number(multiplier),
        "" if each.currency.upper() == currency.upper() else each.currency,
    ]
