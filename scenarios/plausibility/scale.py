"""Scale of one figure against another: float, short interest, volume, strikes, marks, contracts."""

from __future__ import annotations

from collections.abc import Iterator

from ..derivatives import LOWEST_VOL
from .finding import NOTE, WARNING
from .index_funds import CONTRACTS, is_index
from .rule import Hit, hit, rule
from .said import Said
from .units import strike_of_option

FIELD = "float_shares"


@rule(
    "scale.float-above-outstanding",
    "float_shares over shares_outstanding",
    10.0,
    "1 US name in 1,000 has more than 4 (classes and receipts; FINRA, January 2021)",
    WARNING,
    "the float of {symbol} is {ratio:,.3g} times its shares outstanding; give both in shares",
)
def float_above_outstanding(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        if quote.shares_outstanding and quote.float_shares >= threshold * quote.shares_outstanding:
            ratio = quote.float_shares / quote.shares_outstanding
            yield hit(row, FIELD, symbol=quote.symbol, ratio=ratio)


@rule(
    "scale.float-of-outstanding",
    "float_shares over shares_outstanding",
    0.008,
    "no US name has less than .01 (4,500 names of January 2021)",
    WARNING,
    "the float of {symbol} is {ratio:.2g} of its shares outstanding; give both in shares",
)
def float_of_outstanding(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        if quote.shares_outstanding and quote.float_shares < threshold * quote.shares_outstanding:
            ratio = quote.float_shares / quote.shares_outstanding
            yield hit(row, FIELD, symbol=quote.symbol, ratio=ratio)


@rule(
    "scale.short-interest",
    "short_interest over float_shares",
    1.5,
    "GameStop had 1.2 to 1.4 in January 2021, the next US name below 1",
    WARNING,
    "{floats:,.3g} floats of {symbol} are short; give short_interest and float_shares in shares",
)
def short_interest(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        floats = quote.short_interest / quote.float_shares
        if floats >= threshold:
            yield hit(row, "short_interest", symbol=quote.symbol, floats=floats)


@rule(
    "scale.volume",
    "adv over float_shares",
    1.0,
    "AMC had .39 in January 2021; a mean over months above 1 is a float that is too small",
    WARNING,
    "{symbol} trades {floats:,.3g} floats a day; give adv in shares, not in money, and "
    "float_shares "
    "in shares",
)
def volume(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        floats = quote.adv / quote.float_shares
        if floats >= threshold:
            yield hit(row, "adv", symbol=quote.symbol, floats=floats)


@rule(
    "scale.low-volume",
    "adv over float_shares",
    2e-5,
    "a float turned over once in 200 years; listed US shares turn over about once a year",
    WARNING,
    "{symbol} trades {floats:.1e} floats a day; give adv in shares, not in thousands or millions",
)
def low_volume(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        floats = quote.adv / quote.float_shares
        if floats < threshold:
            yield hit(row, "adv", symbol=quote.symbol, floats=floats)


@rule(
    "scale.usual-volume",
    "median of adv over float_shares over the market file (5 names or more), also under a "
    "thousandth of it",
    0.3,
    "about .005 over listed US shares; .03 over the names of January 2021",
    WARNING,
    "half of the names trade {floats:.2g} floats a day; give adv in shares, not in thousands "
    "or money",
)
def usual_volume(said: Said, threshold: float) -> Iterator[Hit]:
    usual = said.usual(lambda quote: quote.adv / quote.float_shares)
    if usual is not None and not threshold / 1000 < usual < threshold:
        yield hit(said.whole_market, "adv", floats=usual)


@rule(
    "scale.days-to-cover",
    "short_interest over adv, days",
    200.0,
    "US names above 50 are rare, and illiquid",
    WARNING,
    "the shorts of {symbol} are {days:,.0f} days of its volume; give both in shares",
)
def days_to_cover(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        days = quote.short_interest / quote.adv
        if days >= threshold:
            yield hit(row, "adv", symbol=quote.symbol, days=days)


@rule(
    "scale.lendable",
    "lendable over float and short interest together",
    1.5,
    "what is lent is held by somebody: float and shares sold short are all there is",
    WARNING,
    "{lendable:,.0f} shares of {symbol} can be lent, {floats:,.3g} floats; give lendable in "
    "shares, or "
    "utilisation .95 for 95 %",
)
def lendable(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.stocks:
        there = quote.float_shares + quote.short_interest
        lent = quote.lendable or 0.0
        if lent >= threshold * there:
            field = "lendable" if row.text("lendable") else "utilisation"
            words = {"lendable": lent, "floats": lent / quote.float_shares}
            yield hit(row, field, symbol=quote.symbol, **words)


@rule(
    "scale.part-of-shorts",
    "shares that the book is short over short_interest",
    0.6,
    "one fund's part of a crowded short; the example book has .39 of Koss",
    WARNING,
    "{part:.0%} of all shorts of {symbol}; check that quantity is in shares and short_interest "
    "is not "
    "in thousands",
)
def part_of_shorts(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.positions:
        quote = said.market[held.symbol]
        if is_index(quote) or not quote.short_interest:
            continue
        part = -held.quantity / quote.short_interest
        if part >= threshold:
            yield hit(row, "quantity", symbol=held.symbol, part=part)


@rule(
    "scale.part-of-float",
    "shares that the book is long over float_shares",
    0.25,
    "above 5 % a holder is known by name (SEC schedule 13D); a quarter is control",
    WARNING,
    "long {part:.0%} of the float of {symbol}; check that quantity is in shares, not in money",
)
def part_of_float(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.positions:
        quote = said.market[held.symbol]
        part = held.quantity / quote.float_shares
        if part >= threshold and not is_index(quote):
            yield hit(row, "quantity", symbol=held.symbol, part=part)


@rule(
    "scale.days-of-volume",
    "shares of a position over adv, days",
    30.0,
    "at a tenth of the volume it takes 300 days to close",
    WARNING,
    "{shares:,.0f} {symbol} are {days:,.0f} days of its volume; check quantity and adv, both in "
    "shares",
)
def days_of_volume(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.positions:
        days = abs(held.quantity) / said.market[held.symbol].adv
        if days >= threshold:
            words = {"shares": abs(held.quantity), "symbol": held.symbol, "days": days}
            yield hit(row, "quantity", **words)


@rule(
    "scale.position",
    "value of the shares of one name over equity",
    1.0,
    "Regulation T lets nobody hold more than twice its equity in all",
    WARNING,
    "{symbol} alone is {part:.0%} of equity; check quantity, in shares, and the cash rows",
)
def position(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.positions:
        if said.book is None or is_index(said.market[held.symbol]):
            continue
        part = abs(held.value) / said.book.equity
        if part >= threshold:
            yield hit(row, "quantity", symbol=held.symbol, part=part)


@rule(
    "scale.strikes",
    "distance of a chain's nearest strike from the price, over the price (and above 2.50)",
    0.2,
    "listed strikes are 2.50 apart up to 25, 5 up to 200 and 10 above (Cboe rule 4.5), on both "
    "sides "
    "of the price",
    WARNING,
    "no strike of {symbol} at {price:g} is nearer than {strike:g}; bring price and strikes to one "
    "unit, and to the same side of a split",
)
def strikes(said: Said, threshold: float) -> Iterator[Hit]:
    for symbol, options in said.of_symbol.items():
        price = said.market[symbol].price
        option, row = min(options, key=lambda each: abs(each[0].strike - price))
        if abs(option.strike - price) > max(threshold * price, 2.5):
            yield hit(row, "strike", symbol=symbol, price=price, strike=option.strike)


@rule(
    "scale.strike",
    "strike of an option of the book over the name's price, or the other way round",
    10.0,
    "calls of GameStop at 60 with the share at 20 were 3",
    WARNING,
    "{symbol} at {price:g} and a strike of {strike:g}; bring both to one unit, and to the same "
    "side "
    "of a split",
)
def strike(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.options:
        price = said.market[held.symbol].price
        ratio = max(held.strike / price, price / held.strike)
        if threshold <= ratio <= strike_of_option.threshold:
            yield hit(row, "strike", symbol=held.symbol, price=price, strike=held.strike)


@rule(
    "scale.mark",
    "volatility of an option's mark over the name's implied_vol, or the other way round",
    3.0,
    "smiles of crowded names reach twice the volatility at the money",
    WARNING,
    "a mark of {text} makes {vol:.0%} a year of {symbol}, whose implied_vol is {own:.0%}; give the "
    "price of one share's worth at the same close, or leave it empty",
)
def mark(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.options:
        own = said.market[held.symbol].implied_vol
        text, vol = row.text("price"), held.implied_vol
        if text and vol > LOWEST_VOL and max(vol / own, own / vol) >= threshold:
            yield hit(row, "price", symbol=held.symbol, text=text, vol=vol, own=own)


@rule(
    "scale.multiplier",
    "multiplier of an option over 100, or the other way round",
    10.0,
    "10 to 1,000 shares a contract are listed somewhere (mini options, London)",
    WARNING,
    "{multiplier:g} shares a contract of {symbol}; leave it empty for 100",
)
def multiplier(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.options:
        if max(held.multiplier / 100, 100 / held.multiplier) > threshold:
            yield hit(row, "multiplier", symbol=held.symbol, multiplier=held.multiplier)


@rule(
    "scale.unusual-multiplier",
    "multiplier of an option: shares other than",
    100.0,
    "what a contract of a listed US option delivers, but after splits and mergers",
    NOTE,
    "{multiplier:g} shares a contract of {symbol}; right for an adjusted contract alone",
)
def unusual_multiplier(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.options:
        size = held.multiplier
        if size != threshold and 0.1 <= size / 100 <= 10:
            yield hit(row, "multiplier", symbol=held.symbol, multiplier=size)


@rule(
    "scale.index-future",
    "multiplier of a future on an index, or a fund on one, over the listed contract's",
    1.6,
    "CME Group, contract specifications of the E-mini futures",
    WARNING,
    "{multiplier:g} units of {symbol} a contract are {value:,.0f}, {part} of an {words}; write "
    "{full:g}, or keep it for another contract (a Micro has {micro:g})",
)
def index_future(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.derivatives:
        if held.kind != "future" or held.symbol not in CONTRACTS:
            continue
        full, micro, words = CONTRACTS[held.symbol]
        ratio = held.multiplier / full
        if max(ratio, 1 / ratio) >= threshold:
            value = held.multiplier * said.market[held.symbol].price * held.rate
            part = "a tenth" if 0.08 < ratio < 0.125 else f"{ratio:.3g}"
            known = {"full": full, "micro": micro, "words": words, "symbol": held.symbol}
            yield hit(
                row, "multiplier", multiplier=held.multiplier, value=value, part=part, **known
            )


@rule(
    "scale.future",
    "value of a contract of another future, US dollars; also under a thousandth of it",
    2e6,
    "listed index futures are worth 5,000 (Micro) to 600,000 (DAX, Nasdaq-100)",
    WARNING,
    "a contract of {symbol} is worth {value:,.0f}; give the units of the underlying a contract",
)
def future(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.derivatives:
        if held.kind == "future" and held.symbol not in CONTRACTS:
            value = held.multiplier * said.market[held.symbol].price * held.rate
            least = threshold / 1000 if is_index(said.market[held.symbol]) else 100
            if not least < value * said.dollars < threshold:
                yield hit(row, "multiplier", symbol=held.symbol, value=value)
