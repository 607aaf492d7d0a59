"""The record of one finished block: what was written, with its digests.

A record is a JSON text, padded with spaces to `RECORD_BYTES`: the chunk file of the uncompressed
byte array `/blocks/record` is the text itself. `cat` reads it, and so does xarray.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .durable import METADATA, sha256, write_files
from .errors import OtherBuild, StoreDamaged, StoreError, StoreMissing
from .fields import GROUP_OF
from .schema import FORMAT, RECORD_BYTES


@dataclass(frozen=True)
class Grid:
    """How a store is cut: scenarios x blocks of paths, of one run."""

    format: int
    fingerprint: str
    scenarios: int
    paths: int
    block_size: int
    attribution: int = 0  # paths that also run with one channel off
    attributed: int = 0  # in so many scenarios, the first ones
    importance: int = 0  # weighted paths besides
    weighted: int = 0  # in so many scenarios, the first ones

    @property
    def blocks(self) -> int:
        """Path blocks per scenario."""
        return -(-self.paths // self.block_size)

    def channel_off_paths(self, scenario: int, block: int) -> int:
        """How many paths of a block, the first ones, also run with one channel off."""
        return self._share(self.attribution, block) if scenario < self.attributed else 0

    def weighted_paths(self, scenario: int, block: int) -> int:
        """How many weighted paths a block has besides its own."""
        return self._share(self.importance, block) if scenario < self.weighted else 0

    def _share(self, paths: int, block: int) -> int:
        return min(max(paths - block * self.block_size, 0), self.block_size)


def read_root(path: str | Path) -> dict[str, Any]:
    """Attributes of the root of a store.

    Errors: StoreError if there is no powderkeg store at `path`.
    """
    if not Path(path).exists():
        raise StoreMissing(f"{path}: no such results store; check the name and the folder")
    try:
        attributes = json.loads((Path(path) / METADATA).read_bytes())["attributes"]
        Grid(**attributes["grid"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreMissing(f"{path} is not a powderkeg results store") from error
    if attributes["grid"]["format"] != FORMAT:
        raise OtherBuild(f"{path} has store format {attributes['grid']['format']}, not {FORMAT}")
    return dict(attributes)


def write_root(path: str | Path, attributes: dict[str, Any]) -> None:
    """Write the attributes of the root of a store, whole or not at all."""
    path = Path(path)
    metadata = json.loads((path / METADATA).read_bytes()) | {"attributes": attributes}
    write_files(path, {METADATA: json.dumps(metadata, indent=2).encode()})


def read_grid(path: str | Path) -> Grid:
    """The grid of the store at `path`. Errors: StoreError if there is none."""
    return Grid(**read_root(path)["grid"])


@dataclass(frozen=True)
class Chunk:
    """One variable of a block: digest and size of the file, what the numbers look like."""

    sha256: str
    size: int  # bytes of the file
    count: int
    never: int  # NaN, which only margin-call days may have
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class BlockRecord:
    """What a finished block consists of. Equal inputs give equal records."""

    fingerprint: str
    scenario: int
    block: int
    first_path: int
    paths: int
    chunks: dict[str, Chunk]

    @property
    def key(self) -> str:
        """Place of the record below the store."""
        return f"blocks/record/c/{self.scenario}/{self.block}/0"

    def to_bytes(self) -> bytes:
        """The JSON text, sealed by its own digest and padded."""
        body = asdict(self)
        text = json.dumps(body | {"sha256": sha256(canonical(body))}, indent=1)
        raw = text.encode().ljust(RECORD_BYTES - 1) + b"\n"
        if len(raw) != RECORD_BYTES:
            raise StoreError(f"block record of {len(raw)} bytes is longer than {RECORD_BYTES}")
        return raw


def canonical(body: dict[str, Any]) -> bytes:
    """The one JSON text of `body` that digests are taken of."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


PLACES = {
    "pnl": "{scenario}/0/{block}",
    "pnl_calm": "{scenario}/0/{block}",
    "pnl_off": "{scenario}/0/{block}",
    "closes": "{scenario}/{block}/0/0/0/0",
    "peaks": "{scenario}/{block}/0/0",
    "loss_counts": "{scenario}/{block}/0/0",
    "call_counts": "{scenario}/{block}/0/0",
    "event_counts": "{scenario}/{block}/0/0",
    "gain_max": "{scenario}/0/0/0",
    "total_max": "{scenario}/0/0",
}
"""Indices of a block's chunk where they are not (scenario, block)."""


def chunk_key(variable: str, scenario: int, block: int) -> str:
    """Place of a block's chunk below the store."""
    group = GROUP_OF[variable]
    index = PLACES.get(variable, "{scenario}/{block}").format(scenario=scenario, block=block)
    return f"{group}/{variable}/c/{index}"


def read_record(path: str | Path, scenario: int, block: int) -> BlockRecord | None:
    """The record of a block, or None if the block was never finished.

    Errors: StoreError if the record is damaged.
    """
    place = Path(path) / f"blocks/record/c/{scenario}/{block}/0"
    try:
        raw = place.read_bytes()
    except FileNotFoundError:
        return None
    try:
        body = json.loads(raw)
        seal = body.pop("sha256")
        if len(raw) != RECORD_BYTES or seal != sha256(canonical(body)):
            raise ValueError
        body["chunks"] = {name: Chunk(**chunk) for name, chunk in body["chunks"].items()}
        record = BlockRecord(**body)
    except (ValueError, KeyError, TypeError, AttributeError):
        record = None
    if record is None or (record.scenario, record.block) != (scenario, block):
        raise StoreDamaged(
            f"{path}: the record of scenario {scenario}, block {block} is damaged: {place}"
        )
    return record


def block_problem(path: str | Path, record: BlockRecord, *, deep: bool) -> str | None:
    """What is wrong with a block's files, in one line, or None.

    Existence and size are always checked; `deep` reads every file and compares its digest.
    """
    for name, chunk in record.chunks.items():
        place = Path(path) / chunk_key(name, record.scenario, record.block)
        where = f"{name} of scenario {record.scenario}, block {record.block}"
        try:
            size = place.stat().st_size
        except FileNotFoundError:
            return f"{where} is missing"
        if size != chunk.size:
            return f"{where} has {size} bytes instead of {chunk.size}"
        if deep and sha256(place.read_bytes()) != chunk.sha256:
            return f"{where} is damaged: its SHA-256 is not the recorded one"
    return None
