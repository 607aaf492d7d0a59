"""Values that stand for none: 0, 1e-5, 999, one figure for all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ..derivatives import LOWEST_VOL
from .finding import NOTE, WARNING
from .index_funds import is_index
from .rule import Hit, hit, rule
from .said import Said

FIGURES = (
    "price", "shares_outstanding", "float_shares", "short_interest", "adv", "borrow_fee",
    "volatility", "implied_vol",
)  # fmt: skip
_NINES = re.compile(r"9{3,}(\.[09]+)?|1234567?8?9?|123456789\d*|(\d)\2{5,}")
OWN = ("volatility", "adv", "float_shares", "price", "short_interest")


@rule(
    "placeholders.nines",
    "figures of the market file of nines, a running count or one digit: digits",
    3,
    "999, 9999.99, 12345 and 1111111 fill fields that nobody knows",
    WARNING,
    "{symbol} has {text}, which stands for a figure that nobody knew; give it, or leave the "
    "row out",
)
def nines(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        for column in FIGURES:
            text = row.text(column)
            if _NINES.fullmatch(text) and len(text) >= threshold:
                yield hit(row, column, symbol=quote.symbol, text=text)


@rule(
    "placeholders.fee",
    "borrow_fee above 0, per annum",
    5e-4,
    "names that are not special cost .0017 on average (D'Avolio 2002)",
    WARNING,
    "{symbol} costs {text} a year; write .003 where it is as easy to borrow as most",
)
def fee(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        if 0 < quote.borrow_fee < threshold:
            text = row.text("borrow_fee") or f"{quote.borrow_fee:g}"
            yield hit(row, "borrow_fee", symbol=quote.symbol, text=text)


@rule(
    "placeholders.free-loan",
    "borrow_fee of a name that the book is short, per annum",
    0.0,
    "no lender lends for nothing",
    WARNING,
    "{symbol} costs nothing to borrow; write .003 where it is as easy to borrow as most",
)
def free_loan(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.positions:
        own = said.market[held.symbol].borrow_fee if held.borrow_fee is None else held.borrow_fee
        if held.quantity < 0 and own <= threshold:
            yield hit(row, "borrow_fee", symbol=held.symbol)


@rule(
    "placeholders.no-shorts",
    "short_interest of a share",
    0.0,
    "of 4,500 US names of January 2021 none had 0",
    NOTE,
    "nothing of {symbol} is short; give short_interest, which is published twice a month",
)
def no_shorts(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        if quote.short_interest <= threshold:
            yield hit(row, "short_interest", symbol=quote.symbol)


@rule(
    "placeholders.one-figure",
    "shares of the market file with the same volatility, adv, float, price or short interest",
    5,
    "measured figures of so many names differ",
    WARNING,
    "{count} names have {text}; give each its own",
)
def one_figure(said: Said, threshold: float) -> Iterator[Hit]:
    stocks = [(quote, row) for quote, row in said.quotes if not is_index(quote)]
    for column in OWN:
        counts = Counter(getattr(quote, column) for quote, _ in stocks)
        for value, count in counts.items():
            if count >= threshold and count > len(stocks) / 5 and value > 0:
                first = next(row for quote, row in stocks if getattr(quote, column) == value)
                yield hit(first, column, count=count, text=first.text(column) or f"{value:g}")


@rule(
    "placeholders.same-row",
    "figures in which two names of the market file agree: price, float, short interest, adv",
    4,
    "two companies never share all of them; a name and its old ticker do",
    WARNING,
    "{symbol} has price, float, short interest and volume of {other}; keep one of the two",
)
def same_row(said: Said, threshold: float) -> Iterator[Hit]:
    seen: dict[tuple[float, ...], str] = {}
    for quote, row in said.quotes:
        key = (quote.price, quote.float_shares, quote.short_interest, quote.adv)
        other = seen.setdefault(key, quote.symbol)
        if other != quote.symbol and len(key) >= threshold:
            yield hit(row, "symbol", symbol=quote.symbol, other=other)


@rule(
    "placeholders.mark",
    "volatility that the mark of an option tells, per annum",
    LOWEST_VOL,
    "brokers show 0 where nobody bids; a mark at intrinsic value says nothing of volatility",
    WARNING,
    "a mark of {text} tells no volatility of {symbol}; leave it empty to mark at implied_vol "
    "{own:g}",
)
def mark(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.options:
        given = row.text("price") or ("0" if not held.price else "")
        if given and held.implied_vol <= threshold:
            own = said.market[held.symbol].implied_vol
            yield hit(row, "price", text=given, symbol=held.symbol, own=own)


@rule(
    "placeholders.rounded-mark",
    "mark of an option less its intrinsic value, in the currency",
    0.01,
    "quotes are in cents: a time value of .004 is rounding",
    NOTE,
    "a mark of {text} says little of the volatility of {symbol}, {vol:.0%} by it; leave it "
    "empty to "
    "mark at implied_vol {own:g}",
)
def rounded_mark(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.options:
        quote = said.market[held.symbol]
        sign = -1 if held.kind == "put" else 1
        time_value = held.price - max(sign * (quote.price - held.strike), 0.0)
        if row.text("price") and time_value <= threshold and held.implied_vol > LOWEST_VOL:
            words = {"text": row.text("price"), "vol": held.implied_vol}
            yield hit(row, "price", symbol=held.symbol, own=quote.implied_vol, **words)
