"""Units: thousands, millions, percentages or money for shares, thousandths, pence, separators."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..book import Position
from .finding import NOTE, REFUSAL, WARNING
from .index_funds import is_index
from .rule import Hit, hit, rule
from .said import Said

SHARES = ("shares_outstanding", "float_shares", "short_interest", "adv", "lendable")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}\.\d{3}", re.ASCII)


@rule(
    "units.part-of-a-share",
    "figures in shares of the market file that are no whole number, up to",
    1e6,
    "shares are whole; a mean volume of a million has no use for decimals",
    WARNING,
    "{symbol} has {text} shares; give shares, not thousands, millions or per cent",
)
def part_of_a_share(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        for column in SHARES:
            value = getattr(quote, column)
            whole = value is None or float(value).is_integer() or value >= threshold
            if whole or not row.text(column) or (column == "adv" and value >= 1e4):
                continue
            yield hit(row, column, symbol=quote.symbol, text=row.text(column))


@rule(
    "units.float-value",
    "price times float_shares of a share, US dollars",
    1e6,
    "the least market value of publicly held shares of a listed company (Nasdaq rule 5550(a)(5))",
    WARNING,
    "the whole float of {symbol} is worth {value:,.0f}; give shares, not thousands or millions",
)
def float_value(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        value = quote.price * quote.rate * quote.float_shares
        if value * said.dollars < threshold:
            yield hit(row, "float_shares", symbol=quote.symbol, value=value)


@rule(
    "units.usual-float-value",
    "median of price times float_shares over the market file (5 names or more), US dollars",
    3e7,
    "the median of 4,500 US names of January 2021 is 40 million shares, at 20 dollars 800 million",
    WARNING,
    "half of the names have floats worth {value:,.0f} or less; give shares, not thousands",
)
def usual_float_value(said: Said, threshold: float) -> Iterator[Hit]:
    usual = said.usual(lambda quote: quote.price * quote.rate * quote.float_shares)
    if usual is not None and usual * said.dollars < threshold:
        yield hit(said.whole_market, "float_shares", value=usual)


@rule(
    "units.too-large",
    "price times float_shares of a share, US dollars",
    7e12,
    "the largest company, Nvidia, was worth 5e12 in October 2025",
    WARNING,
    "the float of {symbol} is worth {value:,.0f}; give float_shares in shares, not in money, and "
    "price in {currency}, not in a hundredth of it",
)
def too_large(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        value = quote.price * quote.rate * quote.float_shares
        if value * said.dollars >= threshold:
            currency = quote.currency or said.market.currency
            words = {"symbol": quote.symbol, "value": value, "currency": currency}
            yield hit(row, "float_shares", **words)


@rule(
    "units.volume-in-money",
    "price times adv, US dollars a day",
    1e11,
    "the most traded fund, SPY, comes to 5e10",
    WARNING,
    "{symbol} trades {value:,.0f} a day; give adv in shares, not in money",
)
def volume_in_money(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        value = quote.price * quote.rate * quote.adv
        if value * said.dollars >= threshold:
            yield hit(row, "adv", symbol=quote.symbol, value=value)


@rule(
    "units.short-interest",
    "short_interest of the market file above 0, shares",
    150.0,
    "1 US name in 500 has less (short interest of 15 January 2021)",
    NOTE,
    "{text} shares of {symbol} are short; give shares, not per cent of the float",
)
def short_interest(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        if 0 < quote.short_interest <= threshold:
            text = row.text("short_interest") or f"{quote.short_interest:g}"
            yield hit(row, "short_interest", symbol=quote.symbol, text=text)


@rule(
    "units.usual-short-interest",
    "median of short_interest over float_shares over the market file (5 names or more)",
    1e-3,
    "the median of 4,500 US names of January 2021 is .025, one in twenty has less than .0011",
    WARNING,
    "half of the names have {share:.3%} of their float short or less; give shares, not thousands",
)
def usual_short_interest(said: Said, threshold: float) -> Iterator[Hit]:
    usual = said.usual(lambda quote: quote.short_interest / quote.float_shares)
    if usual is not None and usual < threshold:
        yield hit(said.whole_market, "short_interest", share=usual)


@rule(
    "units.strike-of-chain",
    "largest strike of a name's chain over its price",
    100.0,
    "OCC symbols and OptionMetrics hold strikes in thousandths; the highest of GameStop in January "
    "2021 was 41 times its price of the first week",
    REFUSAL,
    "a strike of {strike:g} on {symbol} at {price:g}; divide strikes in thousandths by 1,000",
)
def strike_of_chain(said: Said, threshold: float) -> Iterator[Hit]:
    for symbol, options in said.of_symbol.items():
        price = said.market[symbol].price
        option, row = max(options, key=lambda each: each[0].strike)
        if option.strike > threshold * price:
            yield hit(row, "strike", symbol=symbol, strike=option.strike, price=price)


@rule(
    "units.strike-of-option",
    "strike of an option of the book over the name's price, or the other way round",
    100.0,
    "as units.strike-of-chain",
    REFUSAL,
    "a strike of {strike:g} on {symbol} at {price:g}; divide strikes in thousandths by 1,000, or "
    "correct the price",
)
def strike_of_option(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.options:
        price = said.market[held.symbol].price
        if max(held.strike / price, price / held.strike) > threshold:
            yield hit(row, "strike", symbol=held.symbol, strike=held.strike, price=price)


@rule(
    "units.separators",
    "quantities of three decimals after one to three digits: decimals",
    3,
    "no system counts shares in thousandths; 400.000 is how half of Europe writes 400,000",
    WARNING,
    "{text} is read as {value:,.10g}; write 400000 for four hundred thousand, 400 for four hundred",
)
def separators(said: Said, threshold: float) -> Iterator[Hit]:
    cells = [(row, "quantity") for _, row in said.held]
    cells += [(row, column) for _, row in said.quotes for column in SHARES]
    cells += [(row, "open_interest") for _, row in said.listed]
    for row, column in cells:
        text = row.text(column)
        if _THOUSANDS.fullmatch(text):
            yield hit(row, column, text=text, value=float(text))


@rule(
    "units.part-of-a-position",
    "shares sold short, and contracts, that are no whole number: decimals",
    0,
    "brokers keep fractions of shares for long positions alone",
    WARNING,
    "{text} of {symbol}; give whole shares or contracts, without separators",
)
def part_of_a_position(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.holdings:
        kept_in_parts = isinstance(held, Position) and held.quantity > 0
        if not kept_in_parts and held.quantity % 1:
            yield hit(row, "quantity", symbol=held.symbol, text=row.text("quantity"))


@rule(
    "units.pence",
    "price of a share in London (.L) in pounds",
    100.0,
    "a handful of the shares of the FTSE 350 cost more than 100 pounds",
    WARNING,
    "{symbol} at {price:g} pounds; London quotes in pence: divide by 100",
)
def pence(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        currency = quote.currency or said.market.currency
        if quote.symbol.endswith(".L") and currency == "GBP" and quote.price >= threshold:
            yield hit(row, "price", symbol=quote.symbol, price=quote.price)


@rule(
    "units.price",
    "price of a share, US dollars",
    20_000.0,
    "one US share costs more, Berkshire Hathaway's A",
    WARNING,
    "{symbol} costs {price:,.0f}; give it in {currency}, not in a hundredth or thousandth of it",
)
def price(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        if quote.price * quote.rate * said.dollars >= threshold and not is_index(quote):
            currency = quote.currency or said.market.currency
            yield hit(row, "price", symbol=quote.symbol, price=quote.price, currency=currency)


@rule(
    "units.open-interest",
    "open interest of a name in shares, over its float",
    10.0,
    "GameStop's was 3.5 in January 2021",
    WARNING,
    "open interest in {symbol} is {floats:,.1f} times its float; give contracts, not shares",
)
def open_interest(said: Said, threshold: float) -> Iterator[Hit]:
    for symbol, options in said.of_symbol.items():
        quote = said.market[symbol]
        floats = sum(100 * each.open_interest for each, _ in options) / quote.float_shares
        if floats >= threshold and not is_index(quote):
            yield hit(options[0][1], "open_interest", symbol=symbol, floats=floats)
