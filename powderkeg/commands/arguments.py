"""Arguments of the command line, checked before anything is read or written."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

from ..engine.checks import MOST_PATHS, check_folder
from ..scenarios import InputError
from ..scenarios.table import parse_date


def count(option: str, text: str) -> int:
    """A whole number of at least 1; `1e6` is a million. Raises InputError."""
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 1 and value == int(value)):
        raise InputError(f'{option}: "{text}" is not a whole number of at least 1, such as 1e6')
    if value > MOST_PATHS:
        raise InputError(f'{option}: "{text}" is above {MOST_PATHS:,}')
    return int(value)


def whole(option: str, text: str | None) -> int | None:
    """A whole number to its last digit, None where none is given. Raises InputError."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f'{option}: "{text}" is not a whole number') from None


def seed_of(text: str) -> int:
    """A seed of the random numbers. Raises InputError."""
    value = whole("--seed", text) or 0
    if not 0 <= value < 2**64:
        raise InputError(f"--seed: {value} is not between 0 and 2^64 - 1")
    return value


def fraction(option: str, text: str | None) -> float | None:
    """A number from 0 to below 1, None where none is given. Raises InputError."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1:
        raise InputError(f'{option}: "{text}" is not a fraction from 0 to below 1, such as .01')
    return value


def day(option: str, text: str | None) -> date | None:
    """A date like 2021-01-12, None where none is given. Raises InputError."""
    return None if text is None else parse_date(text, option)


def symbol_map(given: list[str]) -> dict[str, str]:
    """`GME=XYZ` as {"GME": "XYZ"}. Raises InputError."""
    return _by_symbol("--map", given, "GME=XYZ")


def texts_by(option: str, given: list[str], form: str) -> dict[str, str]:
    """`market=spy.csv` as {"market": "spy.csv"}. Raises InputError."""
    return _by_symbol(option, given, form)


def numbers(option: str, given: list[str], form: str) -> dict[str, float]:
    """`BB=0.7` as {"BB": 0.7}; `form` is an example of the option's. Raises InputError."""
    made = {}
    for symbol, text in _by_symbol(option, given, form).items():
        try:
            made[symbol] = float(text)
        except ValueError:
            raise InputError(f'{option}: "{text}" is not a number; write {form}') from None
    return made


def _by_symbol(option: str, given: list[str], form: str) -> dict[str, str]:
    """What stands behind each symbol. Raises InputError."""
    made: dict[str, str] = {}
    for text in given:
        symbol, equals, value = text.partition("=")
        if not (equals and symbol and value):
            raise InputError(f'{option}: "{text}" is not of the form {form}')
        if symbol in made:
            raise InputError(f"{option}: {symbol} is given twice")
        made[symbol] = value
    return made


def refuse_folder(folder: Path) -> None:
    """Raises InputError if something is there, since nothing is ever overwritten, or if the folder
    it goes into is not.
    """
    if folder.exists() or folder.is_symlink():
        raise InputError(f"{folder} exists; nothing is overwritten, choose another name")
    check_folder(folder)


def unused(name: str) -> Path:
    """The first of `name`, `name-2`, `name-3` ... that nothing has yet."""
    folder, number = Path(name), 1
    while folder.exists() or folder.is_symlink():
        number += 1
        folder = Path(f"{name}-{number}")
    return folder
