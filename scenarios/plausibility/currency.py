"""Currencies: hundredths, exchange rates the wrong way round, names in another currency."""

from __future__ import annotations

from collections.abc import Iterator

from ..currencies import HUNDREDTHS
from .exchange_rates import BANDS, band
from .finding import REFUSAL, WARNING
from .rule import Hit, hit, rule
from .said import Said

SUFFIXES = {
    ".L": "GBP", ".DE": "EUR", ".PA": "EUR", ".AS": "EUR", ".MI": "EUR", ".MC": "EUR",
    ".BR": "EUR", ".HE": "EUR", ".SW": "CHF", ".HK": "HKD", ".TO": "CAD", ".AX": "AUD",
    ".ST": "SEK", ".OL": "NOK", ".CO": "DKK", ".JO": "ZAR", ".TA": "ILS", ".KS": "KRW",
    ".SS": "CNY", ".SZ": "CNY", ".NS": "INR", ".BO": "INR", ".SA": "BRL", ".MX": "MXN",
    ".TW": "TWD", ".SI": "SGD", ".NZ": "NZD", ".WA": "PLN",
}  # fmt: skip


@rule(
    "currency.hundredth",
    "currency of rows and headers: parts of a pound, rand, shekel, euro or dollar",
    100,
    "London, Johannesburg and Tel Aviv quote in hundredths",
    REFUSAL,
    "{text} is a hundredth of {whole}; write {whole} and divide the prices by {threshold}",
)
def hundredth(said: Said, threshold: float) -> Iterator[Hit]:
    rows = [row for _, row in said.everybody] + [row for _, row in said.held]
    for row in rows:
        text = row.text("currency")
        if text in HUNDREDTHS:
            yield hit(row, "currency", text=text, whole=HUNDREDTHS[text])
    for kind, line in said.header_lines():
        word = line.key[5:] if line.key.lower().startswith("rate_") else ""
        text = line.value.strip(' \t,"') if line.key.lower() == "currency" else word
        if kind == "market" and text in HUNDREDTHS:
            yield hit(line.row, line.key, text=text, whole=HUNDREDTHS[text])


@rule(
    "currency.rate",
    "an exchange rate outside the band of 2003 to 2025, by more than a factor of",
    1.01,
    "Federal Reserve H.10; the pairs whose inverse lies in their band are printed with it alone",
    WARNING,
    "1 {other} = {rate:g} {own} was never seen ({low:.3g} to {high:.3g} since 2003); give "
    "{own} per "
    "{other}{turned}",
)
def rate(said: Said, threshold: float) -> Iterator[Hit]:
    own = said.market.currency
    for other, value in said.market.rates.items():
        known = band(other, own)
        if known is None or other == own:
            continue
        low, high = known
        if not low / threshold <= value <= high * threshold:
            fits = low / threshold <= 1 / value <= high * threshold
            turned = f": {1 / value:.4g}" if fits else ""
            words = {"other": other, "own": own, "rate": value, "turned": turned}
            yield hit(said.whole_market, f"rate_{other}", low=low, high=high, **words)


@rule(
    "currency.one",
    "an exchange rate of exactly",
    1.0,
    "no two of the currencies that are known here are worth the same on any day",
    WARNING,
    "1 {other} = 1 {own}; give the rate of the as-of date",
)
def one(said: Said, threshold: float) -> Iterator[Hit]:
    own = said.market.currency
    for other, value in said.market.rates.items():
        if other != own and value == threshold and other in BANDS:
            yield hit(said.whole_market, f"rate_{other}", other=other, own=own)


@rule(
    "currency.exchange",
    "the currency of a name by the suffix of its exchange: suffixes known",
    len(SUFFIXES),
    "Reuters and Yahoo write the exchange behind a ticker",
    WARNING,
    "{symbol} trades in {usual} and the row is in {given}; give {usual} in column currency, or "
    "keep it "
    "if the price is in {given}",
)
def exchange(said: Said, threshold: float) -> Iterator[Hit]:
    for quote, row in said.quotes:
        usual = SUFFIXES.get(f".{quote.symbol.rpartition('.')[2]}") if "." in quote.symbol else None
        given = quote.currency or said.market.currency
        if usual and usual != given:
            yield hit(row, "currency", symbol=quote.symbol, usual=usual, given=given)


@rule(
    "currency.moved",
    "an exchange rate over yesterday's, or the other way round",
    1.08,
    "the pound fell by 8 % on 24 June 2016, the most of a large currency in a day but for the "
    "franc",
    WARNING,
    "1 {other} = {rate:g} {own}, and {was:g} in {file}; give {own} per {other}",
)
def moved(said: Said, threshold: float) -> Iterator[Hit]:
    if said.before is None or said.before.market.currency != said.market.currency:
        return
    for other, value in said.market.rates.items():
        was = said.before.market.rates.get(other)
        if was and max(value / was, was / value) >= threshold:
            words = {"other": other, "own": said.market.currency, "rate": value, "was": was}
            yield hit(said.whole_market, f"rate_{other}", file=said.before.file, **words)
