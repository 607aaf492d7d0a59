"""What was known when: every figure that was ever read, kept in a folder of parquet files.

FINRA publishes the latest corrected value alone. A figure that comes with another value than one
kept of the same day and source is a correction, published on the day it was first seen here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from types import ModuleType

from ..errors import InputError
from .figures import Figure

KEY = ["symbol", "field", "source", "as_of"]


def known(figures: Sequence[Figure], as_of: date, by: date) -> list[Figure]:
    """Of every symbol, field, source and day the version last published by a day, none of a day
    after `as_of`. Never a figure that was published later."""
    latest: dict[tuple[str, str, str, date], Figure] = {}
    for figure in sorted(figures, key=lambda f: f.published):
        if figure.as_of <= as_of and figure.published <= by:
            latest[figure.symbol, figure.field, figure.source, figure.as_of] = figure
    return list(latest.values())


def load_vintages(folder: str | Path) -> list[Figure]:
    """Every figure of a folder; none where there is no folder yet. Raises InputError."""
    files = sorted(Path(folder).glob("*.parquet"))
    if not files:
        return []
    pd = _pandas()
    try:
        table = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
        found = [Figure(**{str(k): v for k, v in row.items()}) for row in table.to_dict("records")]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{folder}: {error}; remove the file that is no vintage") from None
    return [replace(f, value=float(f.value), place=int(f.place)) for f in found]


def with_corrections(fresh: Sequence[Figure], kept: Sequence[Figure], seen: date) -> list[Figure]:
    """Fresh figures that are not kept yet; corrections are published on the day they are seen."""
    values: dict[tuple[str, str, str, date], set[float]] = {}
    for figure in kept:
        values.setdefault(_key(figure), set()).add(figure.value)
    return [
        replace(f, published=max(f.published, seen)) if _key(f) in values else f
        for f in fresh
        if f.value not in values.get(_key(f), ())
    ]


def keep(folder: str | Path, figures: Sequence[Figure], seen: date) -> Path | None:
    """Write figures as one more file of the folder; None where there is nothing new."""
    if not figures:
        return None
    pd = _pandas()
    table = pd.DataFrame([asdict(figure) for figure in figures])
    digest = hashlib.sha256(table.to_csv().encode()).hexdigest()[:12]
    path = Path(folder)
    path.mkdir(mode=0o700, exist_ok=True)
    partial, final = path / f".{digest}.partial", path / f"{seen}-{digest}.parquet"
    table.to_parquet(partial, index=False)
    partial.chmod(0o600)
    partial.rename(final)  # a file is there whole or not at all
    return final


def _key(figure: Figure) -> tuple[str, str, str, date]:
    return figure.symbol, figure.field, figure.source, figure.as_of


def _pandas() -> ModuleType:
    try:
        import pandas
        import pyarrow  # noqa: F401
    except ImportError:
        raise InputError(
            "vintages: parquet files need pyarrow; pip install 'powderkeg[desk]'"
        ) from None
    return pandas
