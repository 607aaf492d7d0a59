"""How a run tells where it stands: a bar on a terminal, JSON lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, TextIO

from ..engine.progress import SIMULATING, Progress


class JsonLines:
    """One JSON object a line, at most one every `every` seconds besides phases and failures."""

    def __init__(self, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.stream = stream or sys.stderr
        self.every = every

    def _say(self, event: str, **fields: Any) -> None:
        print(json.dumps({"event": event, **fields}), file=self.stream, flush=True)

    def _begin(self, paths: int) -> None:
        self.total, self.done, self.blocks = paths, 0, 0
        self.start = self.last = time.monotonic()

    def started(self, blocks: int, paths: int, where: str) -> None:
        self._begin(paths)
        self.run, self.simulated, self.what = self.start, 0, SIMULATING
        self._say("started", blocks=blocks, paths=paths, where=where)

    def phase(self, what: str, paths: int) -> None:
        self._begin(paths)
        self.what = what
        self._say("phase", phase=what, paths=paths)

    def block_done(self, paths: int) -> None:
        self.done += paths
        self.blocks += 1
        if self.what.startswith(SIMULATING):
            self.simulated += paths
        now = time.monotonic()
        if now - self.last < self.every:
            return
        self.last = now
        elapsed = now - self.start
        # After pieces that stand for no paths nobody knows how long the others take.
        left = elapsed * (self.total - self.done) / self.done if self.done else None
        self._say(
            "progress",
            blocks=self.blocks,
            paths=self.done,
            seconds=round(elapsed, 1),
            seconds_left=left if left is None else round(left, 1),
        )

    def block_failed(self, block: int, error: str) -> None:
        self._say("block_failed", block=block, error=error)

    def finished(self, complete: bool) -> None:
        seconds = round(time.monotonic() - self.run, 1)
        self._say("finished", complete=complete, paths=self.simulated, seconds=seconds)


class Bar:
    """A rich progress bar with the time left; one line for each phase."""

    def __init__(self, console: Any) -> None:
        from rich import progress

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[count]}"),
            progress.TimeElapsedColumn(),
            progress.TextColumn("{task.fields[left]}"),
            progress.TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
        )
        self._task: Any = None
        self._total = self._done = 0

    def started(self, blocks: int, paths: int, where: str) -> None:
        self._bar.start()
        self.phase(SIMULATING, paths)

    def phase(self, what: str, paths: int) -> None:
        if self._task is not None and self._total == 0:
            self._bar.update(self._task, total=1, completed=1)
        self._total, self._done = paths, 0
        left = "time left" if paths else ""
        self._task = self._bar.add_task(what, total=paths or None, count="", left=left)
        self.block_done(0)

    def block_done(self, paths: int) -> None:
        self._done += paths
        count = f"{self._done:,.0f} of {self._total:,.0f} paths" if self._total else ""
        self._bar.update(self._task, advance=paths, count=count)

    def block_failed(self, block: int, error: str) -> None:
        self._bar.console.print(f"block {block} failed, will be tried again: {error}", markup=False)

    def finished(self, complete: bool) -> None:
        if complete and self._total == 0:
            self._bar.update(self._task, total=1, completed=1)
        self._bar.stop()


def progress_for(console: Any) -> Progress:
    """A bar if `console` (a rich Console) is a terminal, JSON lines on its stream otherwise."""
    return Bar(console) if console.is_terminal else JsonLines(console.file)
