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


def attention_loadings(
    scenario: Scenario, market: Market, book: Book, symbols: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Loadings a of docs/model.md, section 6, whose squares are parts of the variance beyond
    `factors`. Shape: (symbols, attention factors).

    Where they and the betas explain more than a name's variance, these are scaled down.
    """
    share = _attention_shares(scenario, book, symbols)
    explained = np.minimum(_uncapped(scenario, market, book, symbols)[1], LARGEST_SHARE)
    part = share / (1 - explained)[:, None]
    total = part.sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(part * LARGEST_SHARE / np.maximum(total, LARGEST_SHARE)))


def _attention_shares(
    scenario: Scenario, book: Book, symbols: Sequence[str]
) -> npt.NDArray[np.float64]:
    """The part of each name's variance that each attention factor is asked to be."""
    varied, shorts = scenario.variation.attention_share, book.shorts
    rows = [
        [
            (factor.share if varied is None else varied) * factor.touches(s, s in shorts)
            for factor in scenario.attention_factors.values()
        ]
        for s in symbols
    ]
    return np.array(rows, float).reshape(len(symbols), len(scenario.attention_factors))


def capped(scenario: Scenario, market: Market, book: Book) -> tuple[str, ...]:
    """One note for each name of the book whose betas or attention factors were scaled down."""
    _, share = _uncapped(scenario, market, book, book.symbols)
    asked = _attention_shares(scenario, book, book.symbols).sum(axis=1)
    notes = []
    for symbol, part, more in zip(book.symbols, share, asked, strict=True):
        if part > WORTH_A_NOTE:
            what = f"betas of {symbol} explain {part:.0%} of its variance"
            notes.append(f"{scenario.id}: {what}; scaled down to it")
        if more and part + more > WORTH_A_NOTE:
            left = max(LARGEST_SHARE - part, 0.0)
            notes.append(
                f"{scenario.id}: attention factors ask for {more:.0%} of {symbol}'s variance; its "
                f"betas leave {left:.0%}"
            )
    return tuple(notes)
