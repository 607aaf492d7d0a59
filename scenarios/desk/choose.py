"""Which of several figures a market file takes, and what a person should see of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from .figures import OLDEST, Figure, number

DISAGREE = 0.02
SAME_TIME = 10  # days: figures so near to each other should be the same
MODEL = 7  # days from which on a figure with no age of its own (a beta) is too old


@dataclass(frozen=True)
class Rules:
    """As of which day, known by which, and how old a figure may be; `flag` keeps what is older."""

    as_of: date
    known_by: date
    oldest: Mapping[str, int] = field(default_factory=dict)
    flag: bool = False

    def too_old(self, figure: Figure) -> bool:
        """Whether the figure is older than its field may be."""
        most = self.oldest.get(figure.field, OLDEST.get(figure.field, MODEL))
        return figure.age(self.as_of) > most


@dataclass(frozen=True)
class Choice:
    """`used` by symbol and field; `verdicts` says of every figure why it was taken or not."""

    used: Mapping[tuple[str, str], Figure]
    verdicts: tuple[tuple[Figure, str], ...]
    notes: tuple[str, ...]


def choose(figures: Sequence[Figure], known: Sequence[Figure], rules: Rules) -> Choice:
    """Of each symbol and field the newest known figure, the first given among equals.

    `known` are those of `figures` that were published in time; one that is too old is refused, or
    taken with a note where the rules say so.
    """
    used: dict[tuple[str, str], Figure] = {}
    notes: list[str] = []
    in_time = {id(f) for f in known}
    by_key: dict[tuple[str, str], list[Figure]] = {}
    for figure in sorted(known, key=lambda f: (-f.as_of.toordinal(), f.place)):
        by_key.setdefault((figure.symbol, figure.field), []).append(figure)
    for key, several in by_key.items():
        first = several[0]
        what = f"{first.symbol} {first.field}"
        if rules.too_old(first):
            days = first.age(rules.as_of)
            notes.append(
                f"{what}: {first.source} is of {first.as_of}, {days} days old; "
                + ("used all the same" if rules.flag else "refused")
            )
            if not rules.flag:
                continue
        used[key] = first
        notes += _disagreements(first, several[1:])
    hindsight = [f for f in used.values() if f.published > rules.as_of]
    late = [f for f in figures if id(f) not in in_time and f.published > rules.known_by]
    notes += _published(hindsight, f"after the as-of close; known by {rules.known_by}, so used")
    notes += _published(late, f"after {rules.known_by}, by which it had to be known; not used")
    verdicts = tuple((f, _verdict(f, used, in_time, rules)) for f in figures)
    return Choice(used, verdicts, tuple(dict.fromkeys(notes)))


def _published(figures: Sequence[Figure], what: str) -> list[str]:
    """One note for all names of a source, field and day."""
    groups: dict[tuple[str, str, date, date], list[str]] = {}
    for f in figures:
        groups.setdefault((f.field, f.source, f.as_of, f.published), []).append(f.symbol)
    return [
        f"{field} of {', '.join(names)}: {source} of {day} was published on {out}, {what}"
        for (field, source, day, out), names in groups.items()
    ]


def _disagreements(first: Figure, others: Sequence[Figure]) -> list[str]:
    return [
        f"{first.symbol} {first.field}: {number(first.value)} ({first.source}, {first.as_of}) and "
        f"{number(f.value)} ({f.source}, {f.as_of}) disagree by "
        f"{abs(f.value / first.value - 1):.0%}; the first is used"
        for f in others
        if f.source != first.source
        and first.value
        and abs((f.as_of - first.as_of).days) <= SAME_TIME
        and abs(f.value / first.value - 1) > DISAGREE
    ]


def _verdict(
    figure: Figure, used: Mapping[tuple[str, str], Figure], in_time: set[int], rules: Rules
) -> str:
    chosen = used.get((figure.symbol, figure.field))
    if chosen is figure:
        return "yes, too old" if rules.too_old(figure) else "yes"
    if figure.published > rules.known_by:
        return "no, published later"
    if figure.as_of > rules.as_of:
        return "no, of a later day"
    if id(figure) not in in_time:
        return "no, corrected since"
    if rules.too_old(figure):
        return "no, too old"
    return "no, another is newer" if chosen and chosen.as_of > figure.as_of else "no, another file"
