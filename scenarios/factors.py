"""Loadings of names on independent factors: betas x factor volatility x Cholesky factor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .book import Book
from .market import Market
from .overrides import for_name
from .scenario import Scenario

DAYS_PER_YEAR = 252
# The factors' share of a name's variance stays below 1 by more than float32 resolves, so the
# idiosyncratic rest never becomes the root of a negative number.
LARGEST_SHARE = 0.9999
WORTH_A_NOTE = 1.04  # of variance: an index fund's volatility is never quite its factor's


def betas(scenario: Scenario, market: Market, symbol: str, is_short: bool) -> dict[str, float]:
    """Beta of a name on each factor: the scenario's `betas`, else the market's column, else 0."""
    overrides = for_name(scenario, symbol, is_short).betas
    columns = market[symbol].betas
    return {name: overrides.get(name, columns.get(name, 0.0)) for name in scenario.factors}


def _uncapped(
    scenario: Scenario, market: Market, book: Book, symbols: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Loadings as the betas say, and the part of each name's variance that they explain."""
    daily = np.array(list(scenario.factors.values())) / np.sqrt(DAYS_PER_YEAR)
    beta = np.array(
        [list(betas(scenario, market, s, s in book.shorts).values()) for s in symbols]
    ).reshape(len(symbols), len(daily))
    if not len(daily):
        return beta, np.zeros(len(symbols))
    loading = (beta * daily) @ np.linalg.cholesky(scenario.correlation())
    variance = np.array([market[s].volatility ** 2 / DAYS_PER_YEAR for s in symbols])
    return loading, np.asarray((loading**2).sum(axis=1) / variance)


def loadings(
    scenario: Scenario, market: Market, book: Book, symbols: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Loadings b of docs/model.md, section 6, per square-root day. Shape: (symbols, factors).

    A name whose betas explain more than its variance has them scaled down to it; `capped` says
    which.
    """
    loading, share = _uncapped(scenario, market, book, symbols)
    return np.asarray(loading * np.sqrt(LARGEST_SHARE / np.maximum(share, LARGEST_SHARE))[:, None])


def capped(scenario: Scenario, market: Market, book: Book) -> tuple[str, ...]:
    """One note for each name of the book whose betas were scaled down."""
    _, share = _uncapped(scenario, market, book, book.symbols)
    return tuple(
        f"{scenario.id}: betas of {symbol} explain {part:.0%} of its variance; scaled down to it"
        for symbol, part in zip(book.symbols, share, strict=True)
        if part > WORTH_A_NOTE
    )
