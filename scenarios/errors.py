"""What a person is told when an input is wrong: one line, with a way out."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """A wrong input. `str()` is one line: where it stands, what was found, what to do.

    `book.csv: row 7, quantity: "abc" is not a number; give signed shares`
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def shown(value: object, limit: int = 60) -> str:
    """A value as an error message quotes it: printable ASCII, short, one line."""
    text = str(value)
    text = text if len(text) <= limit else text[: limit - 3] + "..."
    return '"' + text.encode("unicode_escape").decode("ascii") + '"'


def nearest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The known name that a person most likely meant, or None; `cutoff` 1 asks for the same."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    match = get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[match[0]] if match else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """`, did you mean infection?` where a known name is near, else `otherwise`."""
    near = nearest(name, known)
    return f", did you mean {near}?" if near else otherwise
