"""Options and futures of the book: contracts, their symbols and their marks.

An option is marked by Black & Scholes (1973) at zero rates and without dividends, where exercise
before expiry is worth nothing (Merton 1973); at the close of its expiry it is settled in cash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from .calendar import expiry_days
from .chain import OPTION_TYPES, SHARES_PER_CONTRACT
from .errors import InputError, shown
from .market import Market
from .table import Row, choice

TRADING_DAYS = 252
LOWEST_VOL, HIGHEST_VOL = 1e-3, 20.0
MAX_DERIVATIVES = 500
KINDS = ("option", "call", "put", "future")
Kind = Literal["call", "put", "future"]

# Root, yymmdd, C or P, strike in thousandths: the 21 characters of the Options Clearing
# Corporation, with or without the blanks that fill the root.
_OCC = re.compile(r"([A-Z][A-Z0-9./]{0,5}) *(\d{6})([CP])(\d{8})", re.ASCII)


@dataclass(frozen=True)
class Derivative:
    """Contracts on one name of the market file, one kind, strike and expiry.

    Units: quantity in signed contracts of `multiplier` shares; price and strike in the name's
    currency, a future's strike being the price it was last settled at; expiry_day the trading day
    at whose close it is settled (1 is the first); implied_vol per annum, which makes `price` of
    the name's price; margin_rate of a future's or a short option's underlying, None to take the
    rule's; rate the book's currency per unit of the name's.
    """

    position_id: str
    symbol: str
    kind: Kind
    quantity: float
    multiplier: float
    price: float
    strike: float
    expiry: date | None = None
    expiry_day: int | None = None
    implied_vol: float = 0.0
    margin_rate: float | None = None
    rate: float = 1.0

    @property
    def value(self) -> float:
        """Signed value in the book's currency; 0 for a future, which is settled every day."""
        each = 0.0 if self.kind == "future" else self.price
        return self.quantity * self.multiplier * each * self.rate

    @property
    def bullish(self) -> bool:
        """Whether it gains as the price rises."""
        return (self.quantity > 0) != (self.kind == "put")

    @property
    def label(self) -> str:
        """`GME 2021-01-29 115 call`, `SPY future`."""
        if self.kind == "future":
            return f"{self.symbol} future"
        return f"{self.symbol} {self.expiry} {self.strike:g} {self.kind}"


def option_price(kind: str, spot: float, strike: float, vol: float, years: float) -> float:
    """Black & Scholes (1973) at zero rates; intrinsic value where no variance is left."""
    width = vol * np.sqrt(max(years, 0.0))
    sign = -1.0 if kind == "put" else 1.0
    if not width > 0:
        return max(sign * (spot - strike), 0.0)
    d1 = np.log(spot / strike) / width + width / 2
    return float(sign * (spot * ndtr(sign * d1) - strike * ndtr(sign * (d1 - width))))


def implied_vol(kind: str, price: float, spot: float, strike: float, years: float) -> float | None:
    """The volatility per annum that makes a price, None where none from .1 % to 2,000 % does."""

    def over(vol: float) -> float:
        return option_price(kind, spot, strike, vol, years) - price

    if over(LOWEST_VOL) > 0 or over(HIGHEST_VOL) < 0:
        return None
    return float(brentq(over, LOWEST_VOL, HIGHEST_VOL, xtol=1e-12))


def is_derivative(row: Row) -> bool:
    """Whether a row of the book is one of an option or a future."""
    return row.text("instrument_type").lower() in KINDS


def read_derivative(row: Row, market: Market) -> Derivative:
    """The derivative of a row of the book. Raises InputError with file, row and column."""
    if fee := row.text("borrow_fee"):
        raise row.error("borrow_fee", f"{shown(fee)} in a row of a derivative; leave it empty")
    quantity = row.number_in("quantity", "give signed contracts")
    if quantity == 0:
        raise row.error("quantity", "is 0; remove the row")
    margin = row.not_negative("margin_rate", "give a decimal, .2 for 20 % of the underlying")
    if margin is not None and margin > 20:
        raise row.error("margin_rate", f"{shown(row.text('margin_rate'))} is above 20; .2 is 20 %")
    read = _future if row.text("instrument_type").lower() == "future" else _option
    return read(row, market, quantity, margin)


def _future(row: Row, market: Market, quantity: float, margin: float | None) -> Derivative:
    for column in ("strike", "option_type", "expiry"):
        if text := row.text(column):
            raise row.error(
                column, f"{shown(text)} in a row of a future, which is rolled; leave it empty"
            )
    quote = market[row.symbol(market.rows)]
    given = row.number_or_none("price", "leave it empty to take the underlying's")
    if given is not None and not abs(given - quote.price) <= 0.05 * quote.price:
        raise row.error(
            "price",
            f"{given:g} is more than 5 % from the underlying's {quote.price:g}; give the price in "
            "its units, and the multiplier to match",
        )
    return Derivative(
        position_id=row.text("position_id"),
        symbol=quote.symbol,
        kind="future",
        quantity=quantity,
        multiplier=row.positive("multiplier", "give units of the underlying a contract"),
        price=quote.price,
        strike=quote.price,
        margin_rate=margin,
        rate=quote.rate,
    )


def _option(row: Row, market: Market, quantity: float, margin: float | None) -> Derivative:
    symbol, kind, strike, expiry = _terms(row, market)
    quote = market[symbol]
    if market.as_of is None:
        raise row.error(
            "expiry", f"an option needs an as-of date; add a first line `# as_of: 2021-01-15` to "
            f"{market.file or 'the market file'}"
        )  # fmt: skip
    if expiry <= market.as_of:
        raise row.error(
            "expiry", f"{expiry} is not after the as-of date {market.as_of}; remove the row"
        )
    day = expiry_days(market.as_of, [expiry])[expiry]
    if day < 1:
        raise row.error(
            "expiry", f"{expiry}: no trading day is left after {market.as_of}; remove the row"
        )
    multiplier = row.number_or_none("multiplier", "leave it empty for 100 shares")
    if multiplier is not None and not multiplier > 0:
        raise row.error("multiplier", f"{multiplier:g} is not above 0; leave it empty for 100")
    price = row.not_negative("price", "leave it empty to mark at the name's implied volatility")
    years, vol = day / TRADING_DAYS, quote.implied_vol
    if price is None:
        price = option_price(kind, quote.price, strike, vol, years)
    else:
        found = implied_vol(kind, price, quote.price, strike, years)
        if found is None:
            raise row.error(
                "price",
                f"{price:g} is no price of {symbol} {expiry} {strike:g} {kind} with the share at "
                f"{quote.price:g}; bring both to the same close, or leave it empty",
            )
        vol = found
    return Derivative(
        position_id=row.text("position_id"),
        symbol=symbol,
        kind=kind,
        quantity=quantity,
        multiplier=SHARES_PER_CONTRACT if multiplier is None else multiplier,
        price=price,
        strike=strike,
        expiry=expiry,
        expiry_day=day,
        implied_vol=vol,
        margin_rate=margin,
        rate=quote.rate,
    )


def _terms(row: Row, market: Market) -> tuple[str, Literal["call", "put"], float, date]:
    """Underlying, kind, strike and expiry, from an OCC symbol or from the columns."""
    word, columns = row.text("instrument_type").lower(), ("strike", "expiry", "option_type")
    match = _OCC.fullmatch(row.text("symbol").upper())
    if match is None:
        symbol = row.symbol(market.rows)
        kind = word if word != "option" else choice(row, "option_type", OPTION_TYPES)
        strike = row.positive("strike", "give the strike in currency, or an OCC symbol")
        expiry = row.iso_date("expiry")
    else:
        root, day, letter, thousandths = match.groups()
        if root not in market:
            raise row.error(
                "symbol", f"{root}, the underlying of {shown(row.text('symbol'))}, is not in the "
                "market file; add its row there"
            )  # fmt: skip
        symbol, kind, strike = root, OPTION_TYPES[letter.lower()], int(thousandths) / 1000
        try:
            expiry = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
        except ValueError:
            raise row.error(
                "symbol", f"{shown(row.text('symbol'))}: {day} is not a date; write yymmdd"
            ) from None
        if not strike > 0:
            raise row.error("symbol", f"{shown(row.text('symbol'))}: the strike is 0")
        for column in columns:
            if row.text(column) and not _agrees(row, column, kind, strike, expiry):
                raise row.error(
                    column, f"{shown(row.text(column))} is not what the OCC symbol says; "
                    "leave it empty"
                )  # fmt: skip
    said = OPTION_TYPES.get(row.text("option_type").lower(), kind)
    if kind != (word if word != "option" else kind) or said != kind:
        raise row.error(
            "instrument_type", f"{shown(word)} but the contract is a {kind}; write option"
        )
    return symbol, "call" if kind == "call" else "put", strike, expiry


def _agrees(row: Row, column: str, kind: str, strike: float, expiry: date) -> bool:
    if column == "strike":
        return row.positive("strike", "leave it empty") == strike
    if column == "expiry":
        return row.iso_date("expiry") == expiry
    return choice(row, "option_type", OPTION_TYPES) == kind


def contract_of(text: str, quantity: float, market: Market, where: str) -> Derivative:
    """The option of an OCC symbol, bought in so many contracts. Raises InputError."""
    cells = {"symbol": text, "instrument_type": "option", "quantity": str(quantity)}
    return read_derivative(_Given(where, 0, cells), market)


class _Given(Row):
    """A row that somebody typed on the command line."""

    def error(self, column: str, problem: str) -> InputError:
        return InputError(f"{self.file}: {problem}")
