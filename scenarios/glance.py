"""The book at a glance, before anything runs: what it is worth, exposed to, and asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
from scipy.special import ndtr

from .book import Book, Position
from .derivatives import TRADING_DAYS, Derivative
from .margin import requirement
from .market import Market, MarketRow

TOP = 5
"""Names that are shown by each part."""
PARTICIPATION = 0.1
"""Part of a day's volume that days to exit are reckoned with: BookRules.participation."""


@dataclass(frozen=True)
class Glance:
    """What a person should see of the inputs before anything runs.

    Units: money in `currency`; `long`, `short` (negative), `gross` and `net` of shares; `delta`
    what shares, options and futures gain per relative move of their price, `beta_delta` the same
    weighted by beta_market, None where the market file has none; of options `option_delta`, `gamma`
    the change of delta per 1 % of price, `vega` money per point of volatility; `days` those to
    close the slowest position at a tenth of its volume. `top` holds (symbol, part) by what the part
    is of, `rates` the currency's value of others, `maps` stories told on other names.
    """

    currency: str
    as_of: str | None
    long: float
    short: float
    gross: float
    net: float
    delta: float
    beta_delta: float | None
    option_delta: float
    gamma: float
    vega: float
    cash: float
    equity: float
    requirement: float
    excess: float
    days: float
    slowest: str
    top: Mapping[str, list[tuple[str, float]]]
    maps: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    ages: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return asdict(self)


def glance(
    book: Book,
    market: Market,
    maps: Mapping[str, str] | None = None,
    today: date | None = None,
) -> Glance:
    """The book at a glance.

    Parameters
    ----------
    book, market
        As loaded; prices, volumes and betas are the market's.
    maps
        Which story is told on which name.
    today
        The day on which it is asked: how old the data are. None: nobody knows.

    Returns
    -------
    Exposures, greeks, cash, requirement, time to close and largest parts.

    Source
    ------
    Greeks: Black & Scholes (1973) at zero rates; requirement: FINRA rule 4210(c) and (f)(2).

    Example
    -------
    >>> from powderkeg.scenarios import glance, load_book, load_market
    >>> market = load_market("market.csv")
    >>> found = glance(load_book("book.csv", market), market)
    >>> found.gross, found.equity
    (35500.0, 64500.0)
    """
    values = [p.value for p in book.positions]
    long, short = sum(v for v in values if v > 0), sum(v for v in values if v < 0)
    greeks = {d.label: _greeks(d, market[d.symbol]) for d in book.derivatives}
    by_name = {p.symbol: p.value for p in book.positions}
    for d in book.derivatives:
        by_name[d.symbol] = by_name.get(d.symbol, 0.0) + greeks[d.label][0]
    options = [greeks[d.label] for d in book.derivatives if d.kind != "future"]
    delta, gamma, vega = (sum(each[i] for each in options) for i in range(3))
    needed = requirement(book, {symbol: market[symbol].price for symbol in book.symbols})
    days = {p.symbol: _days(p, market[p.symbol]) for p in book.positions}
    slowest = max(days, key=lambda symbol: days[symbol], default="")
    betas = "market" in market.factors
    return Glance(
        currency=book.currency,
        as_of=None if market.as_of is None else market.as_of.isoformat(),
        long=long,
        short=short,
        gross=long - short,
        net=long + short,
        delta=sum(by_name.values()),
        beta_delta=_weighted(by_name, market) if betas else None,
        option_delta=delta,
        gamma=gamma,
        vega=vega,
        cash=book.cash,
        equity=book.equity,
        requirement=needed,
        excess=book.equity - needed,
        days=days.get(slowest, 0.0),
        slowest=slowest,
        top={
            "float": _top(book, market, lambda q: q.float_shares),
            "daily volume": _top(book, market, lambda q: q.adv),
            "short interest": _top(book, market, lambda q: q.short_interest, shorts=True),
        },
        maps=dict(maps or {}),
        rates=_rates(book, market),
        ages=_ages(market, today),
    )


def _weighted(by_name: Mapping[str, float], market: Market) -> float:
    """Delta by beta_market."""
    return sum(v * market[symbol].betas.get("market", 0.0) for symbol, v in by_name.items())


def _rates(book: Book, market: Market) -> dict[str, float]:
    """Every exchange rate that the file gives."""
    return {currency: rate for currency, rate in market.rates.items() if currency != book.currency}


def _ages(market: Market, today: date | None) -> dict[str, int]:
    """How many days old the data are."""
    if market.as_of is None or today is None:
        return {}
    return {"market": (today - market.as_of).days}


def _days(position: Position, quote: MarketRow) -> float:
    return abs(position.quantity) / (PARTICIPATION * quote.adv)


def _top(
    book: Book, market: Market, of: Callable[[MarketRow], float], shorts: bool = False
) -> list[tuple[str, float]]:
    """The positions that are the largest part of something."""
    held = [p for p in book.positions if p.quantity < 0 or (p.quantity and not shorts)]
    parts = [(p.symbol, p.quantity / of(market[p.symbol])) for p in held if of(market[p.symbol])]
    return sorted(parts, key=lambda each: -abs(each[1]))[:TOP]


def _greeks(d: Derivative, quote: MarketRow) -> tuple[float, float, float]:
    """Delta, gamma per 1 % and vega per point of one row, in money."""
    size = d.quantity * d.multiplier * d.rate
    spot = quote.price
    if d.kind == "future":
        return size * spot, 0.0, 0.0
    years = (d.expiry_day or 0) / TRADING_DAYS
    width = max(d.implied_vol * np.sqrt(years), 1e-12)
    d1 = np.log(spot / d.strike) / width + width / 2
    density = np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi)
    delta = ndtr(d1) - (d.kind == "put")
    gamma = density / (spot * width)
    vega = spot * density * np.sqrt(years)
    return (
        float(size * spot * delta),
        float(size * spot * spot * gamma / 100),
        float(size * vega / 100),
    )
