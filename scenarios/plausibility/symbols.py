"""Symbols: one share under two names, classes of one company, case that means something."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..table import Row
from .finding import NOTE, WARNING
from .rule import Hit, hit, rule
from .said import Said

_CLASS = re.compile(r"([A-Z]{2,5})[.\-/ ]([A-C])")
PAIRS = (
    {"GOOG", "GOOGL"}, {"FOX", "FOXA"}, {"NWS", "NWSA"}, {"UA", "UAA"}, {"LEN", "LEN.B"},
    {"DISCA", "DISCK"}, {"LBTYA", "LBTYK"}, {"ZG", "Z"}, {"VOW", "VOW3"},
)  # fmt: skip


@rule(
    "symbols.one-share",
    "symbols of the book that differ by . - / or _ alone: from",
    2,
    "BRK.B, BRK-B and BRK/B are one share to three data vendors",
    WARNING,
    "{symbol} and {other} differ by a sign; if they are one share, net the two rows and keep "
    "one symbol",
)
def one_share(said: Said, threshold: float) -> Iterator[Hit]:
    seen: dict[str, str] = {}
    for quote, row in said.quotes:
        plain = re.sub(r"[.\-/_]", "", quote.symbol)
        other = seen.setdefault(plain, quote.symbol)
        if other != quote.symbol and threshold:
            yield hit(row, "symbol", symbol=quote.symbol, other=other)


@rule(
    "symbols.classes",
    "classes of one company in the book: from",
    2,
    "classes are told apart by a letter; prices of BRK.A and BRK.B differ by 1,500",
    NOTE,
    "{symbol} and {other} are classes of one company; check that each row means its own",
)
def classes(said: Said, threshold: float) -> Iterator[Hit]:
    seen: dict[str, str] = {}
    for quote, row in said.quotes:
        symbol = quote.symbol
        found = _CLASS.fullmatch(symbol)
        pair = next((min(pair) for pair in PAIRS if symbol in pair), None)
        root = found[1] if found else pair
        if root and (other := seen.setdefault(root, symbol)) != symbol and threshold:
            yield hit(row, "symbol", symbol=symbol, other=other)


@rule(
    "symbols.class-price",
    "price of a name of class A over its class B, where both are quoted: below",
    1.0,
    "class A of Berkshire Hathaway is 1,500 of class B; elsewhere they differ by a few per cent",
    WARNING,
    "BRK.B costs {price:,.0f}, which is BRK.A's price; give the price of class B",
)
def class_price(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        plain = re.sub(r"[.\-/_]", "", quote.symbol)
        if plain == "BRKB" and quote.price * quote.rate * said.dollars > 5000 * threshold:
            yield hit(row, "price", price=quote.price)


@rule(
    "symbols.case",
    "symbols of small and capital letters: small letters after a capital",
    1,
    "ABCpD is a preferred share and ABCw a when-issued one (NYSE); all symbols are read in "
    "capitals",
    WARNING,
    "{text} is read as {symbol}, another share; write it as the market data do, {text} as {dotted}",
)
def case(said: Said, threshold: float) -> Iterator[Hit]:
    rows: list[Row] = [row for _, row in said.quotes] + [row for _, row in said.held]
    for row in rows:
        text = row.text("symbol")
        found = re.fullmatch(r"([A-Z]{1,5})([a-z]+)([A-Z]{0,2})", text)
        if found and len(found[2]) >= threshold:
            dotted = f"{found[1]}-{found[2].upper()}{found[3]}"
            yield hit(row, "symbol", text=text, symbol=text.upper(), dotted=dotted)


@rule(
    "symbols.index-fund",
    "a fund on a well-known index without security_type index: tickers known",
    1,
    "a short of an index is a hedge that no crowd squeezes",
    WARNING,
    "{symbol} is a fund on an index; write index in column security_type, or its short is squeezed "
    "with the others",
)
def index_fund(said: Said, threshold: float) -> Iterator[Hit]:
    from .index_funds import FUNDS

    shorts = said.book.shorts if said.book else frozenset()
    for quote, row in said.quotes:
        if quote.symbol in FUNDS and not quote.is_index and quote.symbol in shorts and threshold:
            yield hit(row, "security_type", symbol=quote.symbol)
