"""Numbers that every computation is asked for, checked before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..scenarios.errors import InputError

MOST_PATHS = 1 << 40


def whole(name: str, value: float) -> int:
    """The number as an integer: Python's 1e6 is a float. Raises InputError."""
    try:
        if not isinstance(value, bool | str) and value == value // 1:  # not NaN, nor infinity
            return int(value)
    except TypeError:
        pass
    raise InputError(f"{name}: {value!r} is not a whole number")


def check_paths(paths: float) -> int:
    """Paths of every scenario. Raises InputError."""
    count = whole("paths", paths)
    if not 1 <= count <= MOST_PATHS:
        raise InputError(f"paths: {count} is not between 1 and {MOST_PATHS:,}")
    return count


def check_seed(seed: float) -> int:
    """A seed of the random numbers. Raises InputError."""
    number = whole("seed", seed)
    if not 0 <= number < 2**64:
        raise InputError(f"seed: {number} is not between 0 and 2^64 - 1")
    return number


def texts(name: str, given: str | Sequence[str]) -> Sequence[str]:
    """Several texts, or one. Raises InputError."""
    several = (given,) if isinstance(given, str) else tuple(given)
    for each in several:
        if not isinstance(each, str):
            raise InputError(f"{name}: {each!r} is not a text")
    return several


Request = TypeVar("Request")


def asked(
    kind: type[Request],
    make: Callable[..., Request],
    inputs: Sequence[Any],
    fields: Mapping[str, Any],
) -> Request:
    """The request that a call gives, alone, or the one that its fields make. Raises TypeError."""
    given = inputs[0] if inputs else None
    if not isinstance(given, kind):
        return make(*inputs, **fields)
    if len(inputs) > 1 or fields:
        raise TypeError(f"give a {kind.__name__} alone, or its fields")
    return given


def check_folder(output: str | Path) -> None:
    """What is written goes into a folder that is there: a misspelt one would hide it, and hours
    later is too late to say so. Raises InputError.
    """
    folder = Path(output).parent
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(f"{output}: the folder {folder} {problem}")
