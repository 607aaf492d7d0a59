"""Options and futures of the book: contracts, their symbols and their marks.

An option is marked by Black & Scholes (1973) at zero rates and without dividends, where exercise
before expiry is worth nothing (Merton 1973); at the close of its expiry it is settled in cash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from .calendar import expiry_days
from .chain import OPTION_TYPES, SHARES_PER_CONTRACT
from .errors import shown
from .market import Market
from .table import Row, choice

TRADING_DAYS = 252
LOWEST_VOL, HIGHEST_VOL = 1e-3, 20.0
ROUNDING = 1e-12
KINDS = ("option", "call", "put", "future")
Kind = Literal["call", "put", "future"]
OptionKind = Literal["call", "put"]

# Root, yymmdd, C or P, strike in thousandths: the 21 characters of the Options Clearing
# Corporation, with or without the blanks that fill the root.
_OCC = re.compile(r"([A-Z][A-Z0-9./]{0,5}) *(\d{6})([CP])(\d{8})", re.ASCII)
_NEARLY_OCC = re.compile(r"[A-Z0-9./]+ *\d{6} *[CP] *[\d.]+", re.ASCII)


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
        return f"{self.symbol} {_terms_label(self.kind, self.strike, self.expiry)}"


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

    low, high = over(LOWEST_VOL), over(HIGHEST_VOL)
    if abs(low) <= ROUNDING * spot:  # intrinsic value, which floats meet only nearly
        return LOWEST_VOL
    if low > 0 or high < 0:
        return None
    return float(brentq(over, LOWEST_VOL, HIGHEST_VOL, xtol=1e-12))


def is_derivative(row: Row) -> bool:
    """Whether a row of the book is one of an option or a future."""
    return row.text("instrument_type").lower() in KINDS


def is_occ(symbol: str) -> bool:
    """Whether a symbol is one of the Options Clearing Corporation."""
    return _OCC.fullmatch(symbol.upper()) is not None


def read_derivative(row: Row, market: Market) -> Derivative:
    """The derivative of a row of the book. Raises InputError with file, row and column."""
    word = row.text("instrument_type").lower()
    row.expect_empty(("borrow_fee", "locate"), word)
    quantity = row.number_in("quantity", "give signed contracts")
    if quantity == 0:
        raise row.error("quantity", "is 0; remove the row")
    margin = row.not_negative("margin_rate", "give a decimal, .2 for 20 % of the underlying")
    if margin is not None and margin > 20:
        raise row.error("margin_rate", f"{shown(row.text('margin_rate'))} is above 20; .2 is 20 %")
    read = _future if word == "future" else _option
    return read(row, market, quantity, margin)


def _future(row: Row, market: Market, quantity: float, margin: float | None) -> Derivative:
    row.expect_empty(("strike", "option_type", "expiry"), "future, which is rolled for ever")
    quote = market[row.symbol(market.rows)]
    given = row.number_or_none("price", "leave it empty to take the underlying's")
    if given is not None and not abs(given - quote.price) <= 0.05 * quote.price:
        raise row.error(
            "price",
            f"{shown(row.text('price'))} is more than 5 % from the underlying's {quote.price:g}; "
            "give it in the underlying's units and the multiplier to match, or leave it empty",
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
    quote, day = market[symbol], _expiry_day(row, expiry, market)
    price = row.not_negative("price", "leave it empty to mark at the name's implied volatility")
    years, vol = day / TRADING_DAYS, quote.implied_vol
    if price is None:
        price = option_price(kind, quote.price, strike, vol, years)
    else:
        found = implied_vol(kind, price, quote.price, strike, years)
        if found is None:
            what = f"{symbol} {_terms_label(kind, strike, expiry)}"
            raise row.error(
                "price",
                f"no volatility makes {what} worth {shown(row.text('price'))} with the share at "
                f"{quote.price:g}; bring both to the same close, or leave it empty",
            )
        vol = found
    hint = "leave it empty for 100 shares a contract"
    return Derivative(
        position_id=row.text("position_id"),
        symbol=symbol,
        kind=kind,
        quantity=quantity,
        multiplier=(
            row.positive("multiplier", hint) if row.text("multiplier") else SHARES_PER_CONTRACT
        ),
        price=price,
        strike=strike,
        expiry=expiry,
        expiry_day=day,
        implied_vol=vol,
        margin_rate=margin,
        rate=quote.rate,
    )


def _expiry_day(row: Row, expiry: date, market: Market) -> int:
    """The trading day of an expiry, at least 1."""
    if market.as_of is None:
        raise row.error(
            "expiry",
            "options need an as-of date; add a first line `# as_of: 2021-01-15` to "
            f"{market.file or 'the market file'}",
        )
    day = 0 if expiry <= market.as_of else expiry_days(market.as_of, [expiry])[expiry]
    if day < 1:
        raise row.error(
            "expiry",
            f"no trading day from the as-of date {market.as_of} to {expiry}; remove the row",
        )
    return day


def _terms(row: Row, market: Market) -> tuple[str, OptionKind, float, date]:
    """Underlying, kind, strike and expiry, from an OCC symbol or from the columns."""
    said = _said_by_symbol(row)
    given = {column: text for column, text in row.cells.items() if text}
    symbol = replace(row, cells={**given, **said}).symbol(market.rows)
    terms = _from_columns(replace(row, cells={**said, **given}))
    if said and (other := _from_columns(replace(row, cells={**given, **said}))) != terms:
        raise row.error(
            "symbol",
            f"{shown(row.text('symbol'))} is {_terms_label(*other)} but the columns say "
            f"{_terms_label(*terms)}; correct one, or leave them empty",
        )
    return symbol, *terms


def _said_by_symbol(row: Row) -> dict[str, str]:
    """The cells that an OCC symbol stands for, none where the symbol is a ticker."""
    text = row.text("symbol").upper()
    match = _OCC.fullmatch(text)
    if match is None:
        if _NEARLY_OCC.fullmatch(text):
            raise row.error(
                "symbol",
                f"{shown(text)} is not an OCC symbol; write root, yymmdd, C or P and eight digits "
                "of the strike in thousandths, GME210129C00115000",
            )
        return {}
    root, day, letter, thousandths = match.groups()
    said = {
        "symbol": root,
        "expiry": f"20{day[:2]}-{day[2:4]}-{day[4:]}",
        "option_type": OPTION_TYPES[letter.lower()],
        "strike": f"{int(thousandths) / 1000}",
    }
    try:
        date.fromisoformat(said["expiry"])
    except ValueError:
        raise row.error(
            "symbol", f"{shown(text)}: {day} is not a date; write yymmdd, 210129"
        ) from None
    if int(thousandths) == 0:
        raise row.error("symbol", f"{shown(text)}: the strike is 0; write 115 as 00115000")
    return said


def _from_columns(row: Row) -> tuple[OptionKind, float, date]:
    strike = row.positive("strike", "give the strike, or an OCC symbol in column symbol")
    return _kind(row), strike, row.iso_date("expiry")


def _kind(row: Row) -> OptionKind:
    """Of instrument_type or, where that is only `option`, of option_type."""
    word = row.text("instrument_type").lower()
    kind = word
    if word == "option" or row.text("option_type"):
        kind = choice(row, "option_type", OPTION_TYPES)
    if word not in ("option", kind):
        raise row.error("instrument_type", f"{word} but the contract is a {kind}; write option")
    return "call" if kind == "call" else "put"


def _terms_label(kind: str, strike: float, expiry: date | None) -> str:
    return f"{expiry} {strike:.10g} {kind}"


def underlying_of(text: str) -> str | None:
    """The root of an OCC symbol, None where the text is not one."""
    match = _OCC.fullmatch(text.strip().upper())
    return None if match is None else match[1]


def contract_of(text: str, quantity: float, market: Market, where: str) -> Derivative:
    """The option of an OCC symbol, bought in so many contracts; `where` opens the error.

    Raises InputError.
    """
    cells = {"symbol": text.strip(), "instrument_type": "option", "quantity": str(quantity)}
    return read_derivative(Row(where, 0, cells), market)


def at_close_of(d: Derivative, market: Market, own: Market) -> Derivative:
    """The contract at the close of another market than its `own`, at the same ratio of its
    volatility to the name's; its `expiry_day` is below 1 where it had expired by then.
    """
    quote = market[d.symbol]
    if d.kind == "future":
        return replace(d, price=quote.price, strike=quote.price, rate=quote.rate)
    day, vol = d.expiry_day or 0, d.implied_vol * quote.implied_vol / own[d.symbol].implied_vol
    if d.expiry is not None and market.as_of is not None:
        day = expiry_days(market.as_of, [d.expiry])[d.expiry]
    price = option_price(d.kind, quote.price, d.strike, vol, day / TRADING_DAYS)
    return replace(d, price=price, implied_vol=vol, expiry_day=day, rate=quote.rate)
