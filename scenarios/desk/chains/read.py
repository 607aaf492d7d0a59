"""Which vendor's chain a file is, by its first lines."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ...errors import InputError
from ...textfile import read_text
from ..quotes import ChainFile
from ..vendor import MAX_BYTES
from .cboe import is_cboe, read_cboe
from .optionsdx import is_optionsdx, read_optionsdx
from .yahoo import is_yahoo, read_yahoo

VENDORS = ((is_cboe, read_cboe), (is_optionsdx, read_optionsdx), (is_yahoo, read_yahoo))


def read_chain_file(path: Path, symbol: str, as_of: date) -> ChainFile:
    """The chain of a name; `as_of` where the file does not say its day. Raises InputError."""
    head = read_text(path, MAX_BYTES)[:4000]
    for knows, read in VENDORS:
        if knows(head):
            return read(path, symbol, as_of)
    raise InputError(f"{path}: a chain of Cboe, OptionsDX or Yahoo is known; this is another file")
