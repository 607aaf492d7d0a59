"""The page of a finished store, with the verdicts of the limits that it is held to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..results.report.page import check_page, write_page
from ..scenarios.limits import Limit
from .check import held_to
from .checks import check_folder


def report(
    store: str | Path,
    output: str | Path,
    limits: str | Path | Sequence[Limit] | None = None,
    *,
    verify: bool = True,
) -> None:
    """Write the page of a finished store: one self-contained HTML file, for screen and paper.

    Parameters
    ----------
    store
        A finished results store.
    output
        The HTML file to write, which must not exist.
    limits
        A YAML file of limits, or what was read of one, whose verdicts stand on the page; None:
        those that the store keeps, if any.
    verify
        Whether every byte of the store is compared with its commit record first.

    Raises
    ------
    InputError
        The folder of `output` is not there, or limits cannot hold this store; with file and line.
    StoreError
        The store is unfinished or damaged, `output` exists or cannot be written.

    Example
    -------
    >>> import powderkeg
    >>> store = powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=1000)
    >>> powderkeg.report(store, "out.html")
    """
    check_folder(output)
    check_page(output)
    write_page(held_to(store, limits, verify=verify), Path(store).name, output)
