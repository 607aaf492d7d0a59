"""A rule of plausibility as data: what it looks at, from where on it speaks, why, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..table import Row
from .finding import Finding
from .said import Said

Finds = Callable[[Said, float], "Iterator[Hit]"]


@dataclass(frozen=True)
class Hit:
    """Where a rule found something, and the words that its sentence is filled with."""

    row: Row
    field: str
    words: dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule.

    `threshold` is a number in the unit that `looks_at` names, `source` why it is that one, and
    `sentence` what is said, with `{words}` of the hit; what comes after `;` is the way out. `find`
    is a pure function of what was read and the threshold.
    """

    id: str
    looks_at: str
    threshold: float
    source: str
    severity: str
    sentence: str
    find: Finds

    def findings(self, said: Said) -> Iterator[Finding]:
        """What it finds."""
        for hit in self.find(said, self.threshold):
            text = self.sentence.format(threshold=self.threshold, **hit.words)
            yield Finding(self.id, self.severity, hit.row.file, hit.row.number, hit.field, text)


def hit(row: Row, field: str, **words: Any) -> Hit:
    """A hit in a row, with the words of the sentence."""
    return Hit(row, field, words)


def rule(
    name: str, looks_at: str, threshold: float, source: str, severity: str, sentence: str
) -> Callable[[Finds], Rule]:
    """Declares the rule that a function finds."""
    return lambda find: Rule(name, looks_at, threshold, source, severity, sentence, find)
