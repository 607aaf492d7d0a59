"""Failures as a person and a script see them: one line and an exit code."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer

from ..engine.errors import Incomplete, Interrupted
from ..kernels import BackendUnavailable
from ..results.report.glance import finding_lines
from ..results.store.errors import (
    OtherBuild,
    StoreError,
    StoreExists,
    StoreMissing,
    StoreUnfinished,
    StoreUnwritable,
)
from ..scenarios import InputError
from ..scenarios.plausibility.finding import Implausible

USER_ERROR, INCOMPLETE, UNVERIFIED, INTERNAL = 1, 2, 3, 70

CODES: dict[type[BaseException], int] = {
    InputError: USER_ERROR,
    BackendUnavailable: USER_ERROR,
    StoreMissing: USER_ERROR,
    StoreExists: USER_ERROR,
    StoreUnwritable: USER_ERROR,
    OtherBuild: USER_ERROR,
    OSError: USER_ERROR,
    Incomplete: INCOMPLETE,
    Interrupted: INCOMPLETE,
    KeyboardInterrupt: INCOMPLETE,
    StoreUnfinished: INCOMPLETE,
    StoreError: UNVERIFIED,  # any other: what is there is not to be trusted
}
"""The first that a failure is an instance of holds."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C becomes Incomplete with what it left: typer would end on it without a word."""
    try:
        yield
    except Interrupted as error:
        raise Incomplete(str(error)) from None
    except KeyboardInterrupt:
        raise Incomplete("stopped before anything was simulated") from None


def explain(error: BaseException, options: Mapping[str, str] | None = None) -> tuple[str, int]:
    """What to print and the exit code: 1 user error, 2 incomplete, 3 verification failed.

    `options` are those of the command, by the parameters that a message of the engine names. An
    error that nobody foresaw is code 70 and says so; POWDERKEG_TRACEBACK=1 raises it instead.
    """
    if os.environ.get("POWDERKEG_TRACEBACK"):
        raise error
    text = with_options(" ".join(str(error).split()), options or {})
    if isinstance(error, KeyboardInterrupt) and not text:
        text = "stopped before anything was simulated"
    if isinstance(error, typer.Exit):
        return "", error.exit_code
    if (words := getattr(error, "format_message", None)) is not None:  # typer's, or click's
        command = getattr(getattr(error, "ctx", None), "command_path", "powderkeg")
        return f"{' '.join(words().split())} ({command} --help)", USER_ERROR
    code = next((code for kind, code in CODES.items() if isinstance(error, kind)), INTERNAL)
    if code == INTERNAL:
        text = (
            f"unexpected {type(error).__name__}: {text}; this is a bug, "
            "POWDERKEG_TRACEBACK=1 shows where"
        )
    elif isinstance(error, OSError):
        file = f"{error.filename}: " if error.filename else ""
        text = f"{file}{error.strerror or text}"
    return text, code


MOST = 40
"""Findings that are printed."""


def others(error: BaseException) -> list[str]:
    """What the rules of plausibility found beside what the last line says."""
    found = error.findings[1:] if isinstance(error, Implausible) else ()
    lines = finding_lines([each.as_json() for each in found[:MOST]])
    return [*lines, f"and {len(found) - MOST} more"] if len(found) > MOST else lines


def with_options(text: str, options: Mapping[str, str]) -> str:
    """A message of the engine in the words of the command line.

    It begins with a parameter and a colon, or names one in backticks: `paths` is --paths here.
    """
    head, colon, rest = text.partition(": ")
    text = f"{options.get(head, head)}{colon}{rest}"
    return re.sub(r"`(\w+)`", lambda word: options.get(word[1], word[0]), text)
