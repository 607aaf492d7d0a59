"""How a run tells where it stands: a bar on a terminal, JSON lines elsewhere, or nothing.

A progress object hears four events, always on the thread that called `run`: `started`,
`block_done`, `block_failed`, `finished`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Protocol, TextIO


class Progress(Protocol):
    """What `run` tells while it works."""

    def started(self, blocks: int, paths: int, where: str) -> None: ...
    def block_done(self, paths: int) -> None: ...
    def block_failed(self, block: int, error: str) -> None: ...
    def finished(self, complete: bool) -> None: ...


class Silent:
    """Says nothing."""

    def started(self, blocks: int, paths: int, where: str) -> None: ...
    def block_done(self, paths: int) -> None: ...
    def block_failed(self, block: int, error: str) -> None: ...
    def finished(self, complete: bool) -> None: ...


class JsonLines:
    """One JSON object a line, at most one every `every` seconds besides failures and the end."""

    def __init__(self, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.stream = stream or sys.stderr
        self.every = every

    def _say(self, event: str, **fields: Any) -> None:
        print(json.dumps({"event": event, **fields}), file=self.stream, flush=True)

    def started(self, blocks: int, paths: int, where: str) -> None:
        self.total, self.done, self.blocks = paths, 0, 0
        self.start = self.last = time.monotonic()
        self._say("started", blocks=blocks, paths=paths, where=where)

    def block_done(self, paths: int) -> None:
        self.done += paths
        self.blocks += 1
        now = time.monotonic()
        if now - self.last < self.every:
            return
        self.last = now
        elapsed = now - self.start
        left = elapsed * (self.total - self.done) / self.done
        self._say(
            "progress",
            blocks=self.blocks,
            paths=self.done,
            seconds=round(elapsed, 1),
            seconds_left=round(left, 1),
        )

    def block_failed(self, block: int, error: str) -> None:
        self._say("block_failed", block=block, error=error)

    def finished(self, complete: bool) -> None:
        seconds = round(time.monotonic() - self.start, 1)
        self._say("finished", complete=complete, paths=self.done, seconds=seconds)


class Bar:
    """A rich progress bar with the time left and paths per second."""

    def __init__(self, console: Any) -> None:
        from rich import progress

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TextColumn("{task.completed:,.0f} of {task.total:,.0f} paths"),
            progress.TimeElapsedColumn(),
            progress.TextColumn("time left"),
            progress.TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
        )

    def started(self, blocks: int, paths: int, where: str) -> None:
        self._bar.start()
        self._task = self._bar.add_task("simulating", total=paths)

    def block_done(self, paths: int) -> None:
        self._bar.advance(self._task, paths)

    def block_failed(self, block: int, error: str) -> None:
        self._bar.console.print(f"block {block} failed, will be tried again: {error}", markup=False)

    def finished(self, complete: bool) -> None:
        self._bar.stop()


def progress_for(console: Any) -> Progress:
    """A bar if `console` (a rich Console) is a terminal, JSON lines on its stream otherwise."""
    return Bar(console) if console.is_terminal else JsonLines(console.file)
