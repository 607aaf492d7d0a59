"""The driver's last step: check every block, add the tables made from all of them, commit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .commit import all_records, check_blocks, write_commit
from .durable import remove_partials


def finish_store(path: str | Path, provenance: Mapping[str, Any] | None = None) -> None:
    """Check all blocks, write /prices, /squeeze and /measures, then the commit record.

    `provenance` (finished, wall time, device, ...) joins what `create_store` was given. Safe to
    repeat after a failure.
    Errors: StoreError naming the first block that is missing or damaged.
    """
    remove_partials(Path(path))
    check_blocks(path, all_records(path), deep=True)
    write_commit(path, provenance or {})
