"""The commit record: what makes a store a result, and what proves that it is still the same.

It stands in the attributes of the root (`commit`), is written last, and seals those attributes too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from .durable import METADATA, PARTIAL, sha256
from .errors import StoreDamaged, StoreUnfinished
from .records import (
    BlockRecord,
    block_problem,
    canonical,
    chunk_key,
    read_grid,
    read_record,
    read_root,
    write_root,
)


def all_records(path: str | Path) -> list[BlockRecord]:
    """The records of all blocks in order.

    Errors: StoreError naming the first block that is missing or of another run.
    """
    grid = read_grid(path)
    records = []
    for scenario in range(grid.scenarios):
        for block in range(grid.blocks):
            record = read_record(path, scenario, block)
            if record is None:
                where = f"scenario {scenario}, block {block}"
                raise StoreUnfinished(
                    f"{path}: {where} was never finished: powderkeg resume {path}"
                )
            if record.fingerprint != grid.fingerprint:
                raise StoreDamaged(f"{path}: scenario {scenario}, block {block} is of another run")
            records.append(record)
    return records


def check_blocks(path: str | Path, records: list[BlockRecord], *, deep: bool) -> None:
    """Compare every block with its record. Errors: StoreError naming the first that differs."""
    for record in records:
        problem = block_problem(path, record, deep=deep)
        if problem is not None:
            raise StoreDamaged(f"{path}: {problem}")


def _files(path: Path, skip: set[str]) -> Iterator[tuple[str, Path]]:
    """All files of a store in a fixed order, but for the root's attributes and `skip`."""
    for place in sorted(path.rglob("*")):
        key = place.relative_to(path).as_posix()
        if place.is_file() and key != METADATA and PARTIAL not in place.name and key not in skip:
            yield key, place


def _digest(path: Path, known: Mapping[str, str]) -> str:
    """Digest of all files but the root's attributes; `known` digests are not taken again."""
    lines = [f"{sha256(place.read_bytes())} {key}" for key, place in _files(path, set(known))]
    lines += [f"{digest} {key}" for key, digest in known.items()]
    return sha256("\n".join(sorted(lines)).encode())


def store_digest(path: str | Path) -> str:
    """SHA-256 of everything in a store but the attributes of its root (time, device, versions).

    Equal inputs and seed give equal digests, whatever ran them and in whatever order.
    """
    return _digest(Path(path), {})


def _recorded(records: list[BlockRecord]) -> dict[str, str]:
    return {
        chunk_key(name, record.scenario, record.block): chunk.sha256
        for record in records
        for name, chunk in record.chunks.items()
    }


def write_commit(
    path: str | Path, records: list[BlockRecord], provenance: Mapping[str, Any]
) -> None:
    """Seal a store. `records` are those of its blocks, just checked; `provenance` is added."""
    path = Path(path)
    attributes = read_root(path)
    attributes["provenance"] = {**attributes["provenance"], **provenance}
    attributes["status"] = "complete"
    attributes["commit"] = {"content_sha256": _digest(path, _recorded(records))}
    attributes["commit"]["seal"] = sha256(canonical(attributes))
    write_root(path, attributes)


def check_commit(path: str | Path, *, deep: bool = True) -> None:
    """Prove that the store is what was committed; `deep` reads every block, too.

    Errors: StoreError, one line: not finished, damaged, or incomplete.
    """
    attributes = read_root(path)
    commit = attributes.get("commit")
    if not isinstance(commit, dict):
        raise StoreUnfinished(f"{path} is not finished (no commit record): powderkeg resume {path}")
    seal = commit.pop("seal", None)
    if seal != sha256(canonical(attributes)):
        raise StoreDamaged(f"{path}: the attributes of the store are not those committed")
    records = all_records(path)
    check_blocks(path, records, deep=deep)
    if commit["content_sha256"] != _digest(Path(path), _recorded(records)):
        raise StoreDamaged(f"{path}: files of the store are not those committed")


def open_results(store: str | Path, *, verify: bool = True) -> xr.DataTree:
    """Open a finished store as an xarray DataTree; arrays are read when touched.

    Parameters
    ----------
    store
        A finished results store.
    verify
        Compare every byte with the commit record (about a second per gigabyte); without it the
        blocks are only checked to be there in full size.

    Returns
    -------
    The tree of groups: /measures, /losses, /histograms, /squeeze, /prices, /tail, /inputs and
    others; docs/results.md describes every variable.

    Shape: measures are (scenario, feedback, measure), losses (scenario, horizon, path).

    Units: losses and measures of them are fractions of equity, days are trading days after the
    as-of close; every variable says its own in `attrs["units"]`. NaN means `never` or `too few
    paths`: reduce with skipna=False.

    Raises
    ------
    StoreError
        The store is unfinished or damaged.

    Example
    -------
    >>> import powderkeg
    >>> store = powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=1000)
    >>> powderkeg.open(store)["losses"]["pnl"].dims
    ('scenario', 'horizon', 'path')
    """
    check_commit(store, deep=verify)
    return xr.open_datatree(Path(store), engine="zarr", consolidated=False, chunks=None)
