"""Comment lines above a header: `# key: value` that nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import nearest
from .finding import REFUSAL, WARNING
from .rule import Hit, hit, rule
from .said import Said

KEYS = {
    "market": ("as_of", "currency", "rate_"),
    "book": (),
    "chain": (),
    "prices": ("calendar", "splits", "sessions"),
}
SAME = {
    "date": "as_of", "asof": "as_of", "valuation_date": "as_of", "close_date": "as_of",
    "ccy": "currency", "base_currency": "currency", "exchange": "calendar", "split": "splits",
    "fx_rate": "rate_", "fx": "rate_",
}  # fmt: skip
_RATE = re.compile(r"(rate|fx|fx_rate|exchange_rate)[_ -]?([a-z]{3})")


def known(key: str, kind: str) -> bool:
    """Whether a file of a kind reads a key."""
    lower = key.lower()
    return lower in KEYS[kind] or (kind == "market" and lower.startswith("rate_"))


def meant(key: str, kinds: tuple[str, ...]) -> str | None:
    """The key of these kinds of files that a person most likely meant."""
    lower = key.lower().replace(" ", "_")
    keys = [each for kind in kinds for each in KEYS[kind]]
    if (pair := _RATE.fullmatch(lower)) and "rate_" in keys:
        return f"rate_{pair[2].upper()}"
    if SAME.get(lower) in keys:
        return SAME[lower]
    return nearest(lower, [each for each in keys if each != "rate_"], cutoff=0.7)


@rule(
    "headers.unknown",
    "comment lines `# key: value` whose key is nearly one that is read: likeness from",
    0.7,
    "unknown columns and fields of scenarios are refused, too",
    REFUSAL,
    "{key} is not read as it stands; did you mean {meant}? Write `# {meant}: {value}`",
)
def unknown(said: Said, threshold: float) -> Iterator[Hit]:
    for kind, line in said.header_lines():
        equals = known(line.key, kind) and not _has_colon(said, line.key, kind)
        if not line.key or (known(line.key, kind) and not equals):
            continue
        name = line.key if equals else meant(line.key, (kind,))
        if name and threshold:
            value = line.value.strip(' \t,"')
            yield hit(line.row, line.key, key=line.key, meant=name, value=value)


def _has_colon(said: Said, key: str, kind: str) -> bool:
    """Whether a key was read, which takes a colon after it."""
    texts = {
        "market": said.market.text,
        "book": said.book.text if said.book else "",
        "chain": said.chain.text if said.chain else "",
        "prices": said.prices_text,
    }
    return re.search(rf"(?m)^[\s\"]*#[\s#]*{re.escape(key)}\s*:", texts[kind]) is not None


@rule(
    "headers.elsewhere",
    "comment lines `# key: value` whose key means something in another file: kinds of files",
    4,
    "docs/scenarios.md, the book file; docs/calibration.md, files",
    WARNING,
    "{key} says nothing in this file; {way_out}",
)
def elsewhere(said: Said, threshold: float) -> Iterator[Hit]:
    ways = {
        "market": "write it above the header of the market file",
        "prices": "sessions of the market are New York's; a file of prices has a calendar of "
        "its own",
    }
    for kind, line in said.header_lines():
        if not line.key or meant(line.key, (kind,)) or known(line.key, kind):
            continue
        for other, way_out in ways.items():
            if other != kind and known(line.key, other) and threshold:
                yield hit(line.row, line.key, key=line.key, way_out=way_out)
