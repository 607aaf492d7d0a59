"""Per cent against fraction: fees, volatilities, margin rates, betas, utilisation."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import WARNING
from .index_funds import is_index
from .rule import Hit, hit, rule
from .said import Said

LARGE = 2e9
"""US dollars of float from which on a name is large."""


@rule(
    "rates.fee",
    "borrow_fee of the market file, per annum",
    1.0,
    "GameStop's new loans of January 2021 cost .5 to .8 (SEC staff report, 2021)",
    WARNING,
    "{symbol} costs {fee:.0%} a year to borrow; write .12 for 12 %, or keep it if loans are as "
    "dear",
)
def fee(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        if quote.borrow_fee >= threshold:
            yield hit(row, "borrow_fee", symbol=quote.symbol, fee=quote.borrow_fee)


@rule(
    "rates.fee-of-book",
    "borrow_fee of the book, per annum",
    1.0,
    "as rates.fee",
    WARNING,
    "{symbol} costs {fee:.0%} a year to borrow; write .12 for 12 %, or keep it if loans are as "
    "dear",
)
def fee_of_book(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.positions:
        if (held.borrow_fee or 0) >= threshold:
            yield hit(row, "borrow_fee", symbol=held.symbol, fee=held.borrow_fee)


@rule(
    "rates.fee-of-easy-loan",
    "borrow_fee of a large name of whose float less than 2 % is short, per annum",
    0.05,
    "91 % of loans cost below .01 a year, and special ones are small firms (D'Avolio 2002, The "
    "market for borrowing stock, JFE 66)",
    WARNING,
    "{symbol} costs {fee:.1%} a year with {short:.2%} of its float short; write .003 for .3 %",
)
def fee_of_easy_loan(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        short = quote.short_interest / quote.float_shares
        large = quote.price * quote.rate * quote.float_shares * said.dollars >= LARGE
        if large and short < 0.02 and threshold <= quote.borrow_fee < fee.threshold:
            yield hit(row, "borrow_fee", symbol=quote.symbol, fee=quote.borrow_fee, short=short)


@rule(
    "rates.usual-fee",
    "median of borrow_fee over the market file (5 names or more), per annum",
    0.25,
    "91 % of loans cost below .01 a year (D'Avolio 2002)",
    WARNING,
    "half of the names cost {fee:.0%} a year or more; write .003 for .3 %",
)
def usual_fee(said: Said, threshold: float) -> Iterator[Hit]:
    usual = said.usual(lambda quote: quote.borrow_fee)
    if usual is not None and usual >= threshold:
        yield hit(said.whole_market, "borrow_fee", fee=usual)


@rule(
    "rates.fees-apart",
    "borrow_fee of the book over the market file's, or the other way round",
    20.0,
    "a slip of a hundred less a real difference of five",
    WARNING,
    "{given:.2%} a year for {symbol}, and {quoted:.2%} in the market file; bring both to one unit",
)
def fees_apart(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.positions:
        given, quoted = held.borrow_fee, said.market[held.symbol].borrow_fee
        if given and quoted and max(given / quoted, quoted / given) >= threshold:
            yield hit(row, "borrow_fee", symbol=held.symbol, given=given, quoted=quoted)


@rule(
    "rates.volatility",
    "volatility of the market file, per annum",
    3.5,
    "three times AMC's of 15 January 2021, 1.43; names in the midst of a squeeze had more",
    WARNING,
    "{symbol} moves by {vol:.0%} a year; write .4 for 40 %",
)
def volatility(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        if quote.volatility >= threshold:
            yield hit(row, "volatility", symbol=quote.symbol, vol=quote.volatility)


@rule(
    "rates.low-volatility",
    "volatility of a share in the market file, per annum; half as much of an index",
    0.1,
    "the S&P 500's lowest over a year was .067 (2017); shares move more than their index",
    WARNING,
    "{symbol} moves by {vol:.2%} a year; give it per annum: a day's is 15.9 times as much a year",
)
def low_volatility(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        if quote.volatility < (threshold / 2 if is_index(quote) else threshold):
            yield hit(row, "volatility", symbol=quote.symbol, vol=quote.volatility)


@rule(
    "rates.implied-vol",
    "implied_vol of the market file, per annum",
    7.0,
    "GameStop's first month had 6.83 on 28 January 2021, the most seen (SEC staff report, 2021)",
    WARNING,
    "the options of {symbol} imply {vol:.0%} a year; write .4 for 40 %",
)
def implied_vol(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        if quote.implied_vol >= threshold and quote.implied_vol != quote.volatility:
            yield hit(row, "implied_vol", symbol=quote.symbol, vol=quote.implied_vol)


@rule(
    "rates.implied-apart",
    "implied_vol over volatility, or the other way round",
    5.0,
    "2.5 for GameStop on 15 January 2021; a day's against a year's is 15.9",
    WARNING,
    "{symbol} has implied_vol {implied:g} beside volatility {vol:g}; give both per annum as "
    "decimals",
)
def implied_apart(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        implied, vol = quote.implied_vol, quote.volatility
        if max(implied / vol, vol / implied) >= threshold:
            yield hit(row, "implied_vol", symbol=quote.symbol, implied=implied, vol=vol)


@rule(
    "rates.margin",
    "margin_rate of a short in the book, as a fraction of value; a third of it of a long",
    3.0,
    "Interactive Brokers asked 300 % of shorts on 27 January 2021; nobody asks more than the whole "
    "of a long",
    WARNING,
    "{symbol} is asked {rate:.0%} of its value; write .3 for 30 %",
)
def margin(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.holdings:
        most = threshold if held.quantity < 0 else threshold / 3
        if row.text("margin_rate") and (held.margin_rate or 0) > most:
            yield hit(row, "margin_rate", symbol=held.symbol, rate=held.margin_rate)


@rule(
    "rates.low-margin",
    "margin_rate of shares in the book, as a fraction of value; a third of it of a future",
    0.05,
    "portfolio margin asks .15 of shares (FINRA 4210(g)), exchanges about .05 of broad indices",
    WARNING,
    "{symbol} is asked {rate:.2%} of its value; write .3 for 30 %, or leave it empty for the "
    "rule's",
)
def low_margin(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.holdings:
        least = threshold / 3 if getattr(held, "kind", "") == "future" else threshold
        if row.text("margin_rate") and (held.margin_rate or 0) < least:
            yield hit(row, "margin_rate", symbol=held.symbol, rate=held.margin_rate)


@rule(
    "rates.beta",
    "size of a beta in the market file",
    6.0,
    "monthly betas of US shares lie between -1 and 4 but for a few in a thousand",
    WARNING,
    "{symbol} has a beta of {beta:g}; write 1.1, not 110",
)
def beta(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        for name, value in quote.betas.items():
            if abs(value) >= threshold:
                yield hit(row, f"beta_{name}", symbol=quote.symbol, beta=value)


@rule(
    "rates.utilisation",
    "utilisation of the market file: short interest over what can be lent",
    1.5,
    "short interest cannot exceed what is lent by more than shares that are lent twice: 1.2 for "
    "GameStop",
    WARNING,
    "{symbol} has {utilisation:.0%} of what can be lent on loan; write .95 for 95 %",
)
def utilisation(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        if (quote.utilisation or 0) >= threshold:
            field = "utilisation" if row.text("utilisation") else "lendable"
            yield hit(row, field, symbol=quote.symbol, utilisation=quote.utilisation)


@rule(
    "rates.financing",
    "book.financing_rate of a scenario, per annum",
    0.25,
    "prime brokers lend at the overnight rate and one or two per cent",
    WARNING,
    "financing costs {rate:.0%} a year; write .05 for 5 %",
)
def financing(said: Said, threshold: float) -> Iterator[Hit]:
    for story in said.scenarios:
        if story.book.financing_rate >= threshold:
            row = said.story(story)
            yield hit(row, "book.financing_rate", rate=story.book.financing_rate)


@rule(
    "rates.factor",
    "volatility of a factor in a scenario, per annum",
    1.5,
    "the S&P 500's highest over a month was about .9 (March 2020)",
    WARNING,
    "the factor moves by {vol:.0%} a year; write .16 for 16 %",
)
def factor(said: Said, threshold: float) -> Iterator[Hit]:
    for story in said.scenarios:
        for name, vol in story.factors.items():
            if vol >= threshold:
                row = said.story(story)
                yield hit(row, f"factors.{name}", vol=vol)
