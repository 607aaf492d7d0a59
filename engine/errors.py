"""How a computation can fail, apart from its inputs."""

from __future__ import annotations


class Incomplete(RuntimeError):
    """A run that ended without all its blocks; what is done stays, `resume` continues."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run; what is done stays, `resume` continues."""
