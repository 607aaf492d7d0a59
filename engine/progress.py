"""How a run tells where it stands: a bar on a terminal, JSON lines elsewhere, or nothing.

A progress object hears five events, always on the thread that called `run`: `started`,
`block_done`, `block_failed`, `phase`, `finished`.
"""

from __future__ import annotations

from typing import Protocol

SIMULATING = "simulating"


class Progress(Protocol):
    """What `run` tells while it works.

    `phase` begins something else: more paths because of the error so far, the tail again, the
    tables at the end. Its paths are told by `block_done`; 0 is something that does not count.
    """

    def started(self, blocks: int, paths: int, where: str) -> None: ...
    def block_done(self, paths: int) -> None: ...
    def block_failed(self, block: int, error: str) -> None: ...
    def phase(self, what: str, paths: int) -> None: ...
    def finished(self, complete: bool) -> None: ...


class Silent:
    """Says nothing."""

    def started(self, blocks: int, paths: int, where: str) -> None: ...
    def block_done(self, paths: int) -> None: ...
    def block_failed(self, block: int, error: str) -> None: ...
    def phase(self, what: str, paths: int) -> None: ...
    def finished(self, complete: bool) -> None: ...
