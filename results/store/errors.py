"""How a results store can refuse: every message is one line, every kind of failure a type."""

from __future__ import annotations


class StoreError(Exception):
    """A results store that cannot be written or must not be read; the message is one line."""


class StoreMissing(StoreError):
    """There is no store, or it lacks what is asked of it."""


class StoreExists(StoreError):
    """Something is there already; results are never overwritten."""


class StoreUnwritable(StoreError):
    """The place takes no store."""


class StoreUnfinished(StoreError):
    """A run that has not ended; `powderkeg resume` continues it."""


class StoreDamaged(StoreError):
    """Its bytes are not those that were written."""


class VerificationFailed(StoreError):
    """What was computed again is not what is stored."""


class OtherBuild(StoreError):
    """Another build of the model made it, whose work this one cannot continue or read."""
