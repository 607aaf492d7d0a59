"""Reading an input file once: size capped, UTF-8 only, its text kept exactly as read."""

from __future__ import annotations

from pathlib import Path

from .errors import InputError


def read_text(path: Path, max_bytes: int) -> str:
    """The text of a file without its byte-order mark. Raises InputError."""
    try:
        if path.is_dir():
            raise InputError(f"{path}: a folder; give a file")
        if not path.is_file():
            raise InputError(f"{path}: no such file; check the name and the folder")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise InputError(f"{path}: {reason}; make the file readable") from None
    if len(data) > max_bytes:
        raise InputError(f"{path}: larger than {max_bytes / 1e6:g} MB; is this the right file?")
    line = data.count(b"\n") + 1
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise InputError(f"{path}: row {line}: a NUL byte; save the file as plain UTF-8 text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: row {line}: not UTF-8; save the file as UTF-8") from None
