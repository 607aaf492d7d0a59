"""What is known of a back end before it is loaded, and a back end that is ready to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..members import over_members
from ..packed import Simulate


class BackendUnavailable(RuntimeError):
    """A back end that was asked for by name cannot run on this machine; says why in one line."""


def _none() -> int:
    return 0


@dataclass(frozen=True)
class Kind:
    """A back end by name, on any machine.

    `open` gives its device, in words, and what simulates there, or raises BackendUnavailable.
    `rate` is name-steps per second of one worker, to the nearest power of ten that matters: a
    block's size must not depend on the machine, so it is a constant and not measured at run time.
    `devices` counts the devices of this machine that a run spreads over, 0: the cores do the work.
    It takes at most `chunk` paths at a time (None: all), with `scratch` bytes a path and name.
    """

    name: str
    rate: float
    open: Callable[[], tuple[str, Simulate]]
    devices: Callable[[], int] = _none
    scratch: int = 0
    chunk: int | None = None
    at_once: bool = False  # the more paths in a call the better: a call is not split over cores

    def scratch_bytes(self, names: int, paths: int) -> int:
        """Working space besides what it returns, for so many paths of so many names."""
        return names * min(paths, self.chunk or paths) * self.scratch


@dataclass(frozen=True)
class Backend:
    """A back end that is ready to run on this machine."""

    kind: Kind
    device: str
    simulate: Simulate
    note: str = ""  # one line for the user when this is not what they would expect

    @property
    def name(self) -> str:
        return self.kind.name

    def __reduce__(self) -> tuple[Callable[[Kind], Backend], tuple[Kind]]:
        return opened, (self.kind,)  # another process opens its own


def opened(kind: Kind) -> Backend:
    """The back end, loaded. Raises BackendUnavailable where it cannot run here."""
    device, simulate = kind.open()
    return Backend(kind, device, over_members(simulate))
