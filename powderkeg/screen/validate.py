"""What `powderkeg validate` prints: progress, the table, the verdict."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..engine.validate.case import CASES, Case
from ..engine.validate.runner import Outcome
from ..scenarios import InputError
from .console import plural, table

COLUMNS = ("case", "alone", "exact", "simulated", "error", "z", "paths", "")
TITLE = "Every channel alone against its exact limit"
LEGEND = (
    "error: the standard error, and z the gap in standard errors; in brackets: the stated "
    "tolerance, and z the gap as a fraction of it"
)
JSON_EVERY = 5.0  # seconds

Chosen = TypeVar("Chosen")


def choose(patterns: Sequence[str]) -> list[Case]:
    """Cases whose id or channel matches one of the patterns, all where none is given.

    Raises InputError for a pattern that matches nothing.
    """
    return matching(
        CASES.values(),
        lambda case: (case.id, case.channel),
        patterns,
        f"case; cases are {', '.join(CASES)}; "
        f"channels {', '.join(dict.fromkeys(c.channel for c in CASES.values()))}",
    )


def matching(
    known: Collection[Chosen],
    words: Callable[[Chosen], Sequence[str]],
    patterns: Sequence[str],
    there_are: str,
) -> list[Chosen]:
    """Those of whose words one matches one of the patterns, all where none is given.

    Raises InputError, with what `there_are`, for a pattern that matches nothing.
    """

    def matches(each: Chosen, pattern: str) -> bool:
        return any(fnmatchcase(word, pattern) for word in words(each))

    for pattern in patterns:
        if not any(matches(each, pattern) for each in known):
            raise InputError(f'--only: "{pattern}" matches no {there_are}')
    return [each for each in known if not patterns or any(matches(each, p) for p in patterns)]


def with_progress(
    outcomes: Iterable[Any], ids: Sequence[str], to: Console, word: str = "case"
) -> Iterator[Any]:
    """The same outcomes, of which `ids` are; a bar on a terminal, JSON lines elsewhere."""
    total = len(ids)
    if not to.is_terminal:
        start = last = time.monotonic()
        for number, outcome in enumerate(outcomes, 1):
            yield outcome
            now = time.monotonic()
            if now - last >= JSON_EVERY:
                last = now
                said = {"event": "progress", f"{word}s": number, "of": total,
                        "seconds": round(now - start, 1)}  # fmt: skip
                print(json.dumps(said), file=to.file, flush=True)
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(),
        TextColumn(f"{{task.completed:.0f}} of {{task.total:.0f}} {word}s"), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=to, transient=True) as bar:
        task = bar.add_task("validating", total=total)
        for id, outcome in zip(ids, outcomes, strict=True):
            bar.update(task, advance=1, description=id)
            yield outcome


def number(value: float) -> str:
    """Five significant figures, no zero before the point: .27980, 1400.0, -3.2e-05."""
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e6:
        return f"{value:.3g}"
    digits = max(0, 4 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.{digits}f}"


def cells(outcome: Outcome) -> tuple[str, ...]:
    """One row of the table."""
    error = f"{outcome.error:.2g}" if outcome.error is not None else f"[{outcome.allowed:.2g}]"
    return (
        outcome.case.id,
        outcome.case.channel,
        number(outcome.exact),
        number(outcome.simulated),
        error,
        f"{outcome.z:+.2f}",
        f"{outcome.paths:,}",
        "pass" if outcome.passed else "FAIL",
    )


def show(to: Console, outcomes: Sequence[Outcome]) -> None:
    """The table, and what failed with its parameters."""
    rows = table(TITLE, COLUMNS, (cells(o) for o in outcomes), left=2)
    rows.collapse_padding = True  # to fit 100 columns
    to.print(rows)
    to.print(LEGEND, markup=False)
    for o in outcomes:
        if not o.passed:
            given = ", ".join(
                f"{key} {value}" if isinstance(value, int) else f"{key} {value:.6g}"
                for key, value in vars(o.parameters).items()
            )
            to.print(f"FAIL {o.case.id}: {o.case.title}; {o.case.equation} ({given})", markup=False)


def verdict(outcomes: Sequence[Outcome], where: str) -> str:
    """The last line: how many passed where, how long it took, the largest z."""
    failed = [o.case.id for o in outcomes if not o.passed]
    seconds = sum(o.seconds for o in outcomes)
    largest = max((abs(o.z) for o in outcomes if o.error is not None), default=0.0)
    said = f"{plural(len(failed), 'case')} of {len(outcomes)} failed" if failed else (
        f"{plural(len(outcomes), 'case')} passed"
    )  # fmt: skip
    return f"{said} on {where} in {seconds:.0f} s; largest |z| of a mean {largest:.2f}"


def as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Plain rows for a script."""
    return [
        {
            "case": o.case.id,
            "channel": o.case.channel,
            "kind": str(o.case.kind),
            "exact": o.exact,
            "simulated": o.simulated,
            "standard_error": o.error,
            "tolerance": o.allowed,
            "z": o.z if math.isfinite(o.z) else None,
            "paths": o.paths,
            "seconds": round(o.seconds, 3),
            "passed": o.passed,
            "parameters": vars(o.parameters),
        }
        for o in outcomes
    ]
