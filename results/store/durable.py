"""Bytes that stay: temporary file, fsync, rename, fsync of the folder; readable by the owner only.

Zarr renames but never calls fsync, and shows the bytes of a chunk to nobody. `Staged` lets zarr do
the encoding and keeps what it would have written in memory, so a digest is taken of the very bytes
before any of them reaches the disk.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zarr.core.buffer import default_buffer_prototype
from zarr.storage import LocalStore

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

METADATA = "zarr.json"
PARTIAL = ".partial-"


class Staged(LocalStore):
    """A local Zarr store whose writes stay in `files` (key -> bytes).

    Chunks on the disk are invisible: a region is written whole or not at all, so nothing that
    happens to lie there can leak into it. With `blank` the metadata on the disk is invisible too.
    """

    def __init__(self, root: Path | str, *, read_only: bool = False, blank: bool = False) -> None:
        super().__init__(root, read_only=read_only)
        self.files: dict[str, bytes] = {}
        self.blank = blank

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Metadata, staged before stored; never a chunk."""
        return self.get_sync(key, prototype=prototype, byte_range=byte_range)

    def get_sync(
        self,
        key: str,
        *,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """The same, for versions of zarr that ask without waiting."""
        if key in self.files:
            made_by = prototype or default_buffer_prototype()
            return made_by.buffer.from_bytes(self.files[key])
        if self.blank or key.rpartition("/")[2] != METADATA:
            return None
        return super().get_sync(key, prototype=prototype, byte_range=byte_range)

    async def set(self, key: str, value: Buffer) -> None:
        """Keep the bytes of one object."""
        self.files[key] = value.to_bytes()

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Keep the bytes of one object unless it is staged already."""
        self.files.setdefault(key, value.to_bytes())

    def set_sync(self, key: str, value: Buffer) -> None:
        """The same as `set`, for versions of zarr that do not wait."""
        self.files[key] = value.to_bytes()


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents with mode 0700, whatever the umask."""
    if not folder.is_dir():
        make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_file(path: Path, content: bytes) -> None:
    """Write a file completely or not at all; the folder must be flushed by the caller.

    Errors: OSError naming the file; the temporary file is gone.
    """
    partial = path.with_name(f"{path.name}{PARTIAL}{uuid.uuid4().hex}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files given by their path below `root`, then flush every folder touched."""
    folders: dict[Path, None] = {}
    for key, content in files.items():
        path = root / key
        make_folder(path.parent)
        write_file(path, content)
        folders[path.parent] = None
    for folder in folders:
        sync_folder(folder)


def remove_partials(root: Path) -> None:
    """Remove what writers that were killed have left behind."""
    for path in root.rglob(f"*{PARTIAL}*"):
        path.unlink(missing_ok=True)


def sha256(content: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()
