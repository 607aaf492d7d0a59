"""What a rule of plausibility found: where, how grave, and a way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import InputError

NOTE, WARNING, REFUSAL = SEVERITIES = ("note", "warning", "refusal")
READER = "reader"
"""The rule of a finding that is a reader's own refusal."""


@dataclass(frozen=True)
class Finding:
    """One finding. `rule` is the id of the rule; `row` the line of the file, 0 where it is about no
    row; `text` says what was found and what to do.
    """

    rule: str
    severity: str
    file: str
    row: int
    field: str
    text: str

    @property
    def line(self) -> str:
        """`book.csv: row 7, quantity: ...; do this`, as errors are worded."""
        row = f"row {self.row}, " if self.row else ""
        place = f"{row}{self.field}" if self.field else row.removesuffix(", ")
        return ": ".join(part for part in (self.file, place, self.text) if part)

    def as_json(self) -> dict[str, Any]:
        """Fields and the line itself."""
        return {**asdict(self), "line": self.line}


class Implausible(InputError):
    """Inputs that are refused by a finding; `findings` are all that was found, the gravest first.

    `str()` is the first refusal, in one line, and how many more there are.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        refused = [each for each in self.findings if each.severity == REFUSAL]
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        first = refused[0]
        rule = "" if first.rule == READER else f" [{first.rule}]"
        super().__init__(f"{first.line}{rule}{more}")


def sorted_by_weight(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, otherwise as they were found."""
    return tuple(sorted(findings, key=lambda each: -SEVERITIES.index(each.severity)))
