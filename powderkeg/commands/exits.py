"""Failures as a person and a script see them: one line and an exit code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ..engine.errors import Incomplete, Interrupted
from ..kernels import BackendUnavailable
from ..results import StoreError
from ..scenarios import InputError

USER_ERROR, INCOMPLETE, UNVERIFIED, INTERNAL = 1, 2, 3, 70


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C becomes Incomplete with what it left: typer would end on it without a word."""
    try:
        yield
    except Interrupted as error:
        raise Incomplete(str(error)) from None
    except KeyboardInterrupt:
        raise Incomplete("stopped before anything was simulated") from None


def explain(error: BaseException) -> tuple[str, int]:
    """What to print and the exit code: 1 user error, 2 incomplete, 3 verification failed.

    An error that nobody foresaw is code 70 and says so; POWDERKEG_TRACEBACK=1 raises it instead.
    """
    if os.environ.get("POWDERKEG_TRACEBACK"):
        raise error
    text = " ".join(str(error).split())
    if isinstance(error, typer.Exit):
        return "", error.exit_code
    if (words := getattr(error, "format_message", None)) is not None:  # typer's, or click's
        return f"{' '.join(words().split())} (powderkeg COMMAND --help)", USER_ERROR
    if isinstance(error, Incomplete):
        return text, INCOMPLETE
    if isinstance(error, StoreError):
        return text, store_code(text)
    if isinstance(error, InputError | BackendUnavailable):
        return text, USER_ERROR
    if isinstance(error, OSError):
        file = f"{error.filename}: " if error.filename else ""
        return f"{file}{error.strerror or text}", USER_ERROR
    return (
        f"unexpected {type(error).__name__}: {text}; this is a bug, "
        "POWDERKEG_TRACEBACK=1 shows where",
        INTERNAL,
    )


def store_code(text: str) -> int:
    """The exit code of what a store's reader refused."""
    if "resume" in text:
        return INCOMPLETE
    user = ("exists;", "results store", "cannot be created", "another build", "no job")
    return USER_ERROR if any(words in text for words in user) else UNVERIFIED
