"""How a computation can fail, apart from its inputs."""

from __future__ import annotations


class Incomplete(RuntimeError):
    """A computation that ended without all its pieces.

    Of a run what is done stays, and `resume` goes on; other questions leave nothing.
    """


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a computation; its text says what it leaves."""
