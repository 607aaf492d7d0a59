"""Funds on an index and index futures, by ticker: what a future of the index is in their units.

A future on an index is worth its multiplier times the index; a fund on it is quoted at a part of
the index, so that the same contract is more units of the fund. CME Group, contract specifications
of the E-mini and Micro E-mini S&P 500, Nasdaq-100, Russell 2000 and Dow futures.
"""

from __future__ import annotations

from ..market import MarketRow

CONTRACTS: dict[str, tuple[float, float, str]] = {
    "SPY": (500, 50, "E-mini S&P 500, 50 x the index, which is 10 x SPY"),
    "IVV": (500, 50, "E-mini S&P 500, 50 x the index, which is 10 x IVV"),
    "VOO": (545, 54.5, "E-mini S&P 500, 50 x the index, which is 10.9 x VOO"),
    "SPX": (50, 5, "E-mini S&P 500, 50 x the index"),
    "QQQ": (820, 82, "E-mini Nasdaq-100, 20 x the index, which is 41 x QQQ"),
    "NDX": (20, 2, "E-mini Nasdaq-100, 20 x the index"),
    "IWM": (500, 50, "E-mini Russell 2000, 50 x the index, which is 10 x IWM"),
    "RUT": (50, 5, "E-mini Russell 2000, 50 x the index"),
    "DIA": (500, 50, "E-mini Dow, 5 x the index, which is 100 x DIA"),
}
"""Units of a full and of a micro contract, and the full one in words."""

FUNDS = frozenset(
    {*CONTRACTS, "VTI", "MDY", "XLF", "XLK", "XLE", "XBI", "KRE", "SMH", "EEM", "EFA"}
)


def is_index(quote: MarketRow) -> bool:
    """Whether a name is an index or a fund on one, by what the file says or by its ticker."""
    return quote.is_index or quote.symbol in FUNDS
