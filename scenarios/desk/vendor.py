"""Tables as vendors and brokers write them: lines above the header, other words for columns,
money signs, brackets and thousands separators around numbers, totals below.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from ..errors import InputError, shown
from ..table import Row, lines, split
from ..textfile import read_text

MAX_BYTES = 500_000_000  # a month of option quotes
MAX_LINE = 20_000
HEADER_WITHIN = 40  # lines
NOTHING = ("", "-", "--", "n/a", "na", "nan", "null", "none", "#field!")
TIMES = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}

Words = Mapping[str, tuple[str, ...]]
"""What a field is called in a file, in order of preference."""

_DATES = (
    "%Y-%m-%d", "%Y%m%d", "%Y.%m.%d", "%Y/%m/%d", "%m/%d/%Y", "%m/%d/%y", "%a %b %d %Y",
    "%b %d %Y", "%B %d, %Y", "%b %d, %Y", "%d%b%y", "%d-%b-%Y", "%b-%d-%Y",
)  # fmt: skip
_MONEY = re.compile(r"[$€£¥]|^(USD|EUR|GBP|CHF|JPY|CAD)\s*|\s*(USD|EUR|GBP|CHF|JPY|CAD)$|%|\s")
_POINT = r"\d{1,3}(,\d{3})*\.\d+|\d{1,3}(,\d{3})+|\d{4,}\.\d+"
_PREFERRED = re.compile(r"([A-Z]+)(?: PR|/PR|\.PR|-P|p)([A-Z]?)", re.ASCII)
_CLASS = re.compile(r"([A-Z]+)[ /-]([A-Z])", re.ASCII)


@dataclass(frozen=True)
class VendorTable:
    """Rows under our names of fields; `above` the lines before the header, `unread` the names of
    columns that were left out."""

    file: str
    above: tuple[str, ...]
    rows: tuple[Row, ...]
    unread: tuple[str, ...]
    fields: frozenset[str]


def read_vendor_table(
    path: str | Path, words: Words, required: Collection[str], separator: str = ","
) -> VendorTable:
    """The table of the first line that names all `required` fields. Raises InputError.

    Cells of columns that are not asked for are dropped, rows shorter than the header are filled
    with nothing. A header that begins with # is one.
    """
    text = read_text(Path(path), MAX_BYTES)
    above: list[str] = []
    place: dict[str, int] = {}
    names: list[str] = []
    rows: list[Row] = []
    for number, line in lines(text):
        cells = split(line, f"{path}: row {number}", MAX_LINE, separator)
        if not place:
            names = [cell.lstrip("#").strip(' []"') for cell in cells]
            place = _places(names, words)
            if not set(required) <= set(place):
                above.append(line)
                place = {}
                if len(above) > HEADER_WITHIN:
                    break
            continue
        found = {field: cells[k] if k < len(cells) else "" for field, k in place.items()}
        rows.append(Row(str(path), number, found))
    if not place:
        wanted = ", ".join(words[field][0] for field in required)
        raise InputError(f"{path}: no header with the columns {wanted}; is this the right file?")
    used = set(place.values())
    unread = tuple(name for k, name in enumerate(names) if k not in used and name)
    return VendorTable(str(path), tuple(above), tuple(rows), unread, frozenset(place))


def separator_of(path: str | Path) -> str:
    """The mark that separates the columns of a file, by its first lines."""
    head = [
        line for _, line in zip(range(5), lines(read_text(Path(path), MAX_BYTES)), strict=False)
    ]
    text = "".join(line for _, line in head)
    return max(",;|\t", key=text.count)


def _places(names: list[str], words: Words) -> dict[str, int]:
    """The column of each field that has one."""
    lower = [name.lower() for name in names]
    found = {
        field: [lower.index(w) for w in several if w in lower] for field, several in words.items()
    }
    return {field: columns[0] for field, columns in found.items() if columns}


def with_numbers(row: Row, fields: Iterable[str], decimal: str = ".") -> Row:
    """The row with plain numbers in some fields; what is none stays, for the error."""
    plain = {
        field: plain_number(row.text(field), decimal) for field in fields if field in row.cells
    }
    return replace(row, cells={**row.cells, **plain})


def plain_number(text: str, decimal: str = ".") -> str:
    """`(1,234.50)`, `-$2,000.00`, `51.4M`, `1.234,5` with `decimal` "," as a number is written; ""
    where nothing is there, the text itself where it is no number."""
    bare = _MONEY.sub("", text.strip().replace("\u2212", "-")).lstrip(">'")
    if text.strip().lower() in NOTHING or bare.lower() in NOTHING:
        return ""
    sign = ""
    if bare.startswith("(") and bare.endswith(")"):
        sign, bare = "-", bare[1:-1]
    elif bare.endswith("-"):
        sign, bare = "-", bare[:-1]
    factor = TIMES.get(bare[-1:].lower(), 1.0)
    bare = bare[:-1] if factor != 1 else bare
    other = "," if decimal == "." else "."
    grouped = rf"[+-]?\d{{1,3}}({re.escape(other)}\d{{3}})+({re.escape(decimal)}\d*)?"
    if other in bare and not re.fullmatch(grouped, bare):
        return text
    bare = bare.replace(other, "").replace(decimal, ".")
    try:
        value = float(bare) * factor
    except ValueError:
        return text
    return f"{sign}{bare}" if factor == 1 else f"{sign}{value:.15g}"


def decimal_of(file: str, texts: Iterable[str]) -> str:
    """The decimal mark of a file's numbers, "." or ",". Raises InputError where they disagree, or
    where all that is there is `400.000`, which is 400 or 400 thousand."""
    point = comma = unclear = ""
    for text in texts:
        bare = _MONEY.sub("", text).strip("()-+")
        thousandth = re.fullmatch(r"\d{1,3}\.\d{3}", bare)
        if re.fullmatch(_POINT, bare) and not thousandth:
            point = text
        elif re.fullmatch(r"\d{1,3}(\.\d{3})*,\d+|\d{1,3}(\.\d{3}){2,}|\d{4,},\d+", bare):
            comma = text
        elif re.fullmatch(r"[1-9]\d{0,2}\.000", bare):
            unclear = unclear or text
    if point and comma:
        raise InputError(
            f"{file}: {shown(point)} and {shown(comma)} have different decimal marks; export again "
            "with one"
        )
    if unclear and not (point or comma):
        raise InputError(
            f"{file}: {shown(unclear)} is a number with three decimals or with a thousands "
            "separator; say which with `decimal`, a point or a comma"
        )
    return "," if comma else "."


def vendor_date(text: str) -> date | None:
    """A date in any of the forms that vendors use, None where it is none. American where a slash
    leaves it open."""
    text = re.sub(r"[T ]\d\d?:\d\d.*$", "", text.strip())
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def file_date(path: str | Path) -> date | None:
    """The date in a file's name, 2021-01-15 or 20210115."""
    match = re.search(r"(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)", Path(path).stem)
    return None if match is None else vendor_date("-".join(match.groups()))


def canonical(symbol: str) -> str:
    """One spelling of a ticker: BRK.B for BRK B, BRK/B and BRK-B; BAC.PRL for BACpL and BAC-PL."""
    text = symbol.strip().strip("*")
    if match := _PREFERRED.fullmatch(text):
        return f"{match[1]}.PR{match[2]}"
    if match := _CLASS.fullmatch(text):
        return f"{match[1]}.{match[2]}"
    return text.upper()
