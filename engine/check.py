"""A finished store held against limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..results import open_results
from ..results.report.limits import Verdict, verdicts
from ..results.report.summary import Summary
from ..scenarios.errors import InputError
from ..scenarios.limits import Limit, check_limits, read_limits


def check(
    store: str | Path, limits: str | Path | Sequence[Limit] | None = None, *, verify: bool = True
) -> list[Verdict]:
    """Hold a finished store against limits on its measures.

    Parameters
    ----------
    store
        A finished results store.
    limits
        A YAML file of limits, or what `load_limits` read of it; None: those that the store keeps.
    verify
        Whether every byte of the store is compared with its commit record first.

    Returns
    -------
    One verdict for every limit and scenario it is for, in the order of the file: `broken`,
    `reason`, the `line` of the table of measures, the `limit` and `held`, the number that was
    compared. A limit in money is converted with the store's equity.

    Units: `held` and `limit.below` are fractions of equity or probabilities.

    Raises
    ------
    InputError
        A limit is none or can never break, or the store has no such scenario or measure or is in
        another currency; with file and line. None is given and the store keeps none.
    StoreError
        The store is unfinished or damaged.

    Example
    -------
    >>> from pathlib import Path
    >>> import powderkeg
    >>> store = powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=1000)
    >>> text = "- {scenario: all, measure: p_margin_call, below: 0.05, confident: true}"
    >>> _ = Path("limits.yaml").write_text(text)
    >>> [verdict.broken for verdict in powderkeg.check(store, "limits.yaml")]
    [False]
    """
    summary = held_to(store, limits, verify=verify)
    if not summary.limits:
        raise InputError(f"limits: {store} keeps none; give `limits`, a YAML file")
    return verdicts(summary)


def held_to(
    store: str | Path, limits: str | Path | Sequence[Limit] | None, *, verify: bool
) -> Summary:
    """The summary of a store with the limits that it is held to: those given, or its own.

    Raises InputError, StoreError.
    """
    given = None if limits is None else read_limits(limits)
    tree = open_results(store, verify=verify)
    summary = Summary(tree)
    if given is None:
        return summary
    return Summary(tree, check_limits(given, summary.scenarios, summary.ids, summary))
