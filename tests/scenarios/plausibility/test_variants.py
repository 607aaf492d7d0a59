"""Ten slips of every kind, each planted in a clean desk, and the rule or the reader that names it.

A variant names the rule that must speak, or words of the reader's refusal. The clean desk is
silent, so that what speaks is about what was planted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from powderkeg.scenarios.plausibility.finding import NOTE, READER
from tests.helpers.odd_inputs import HEAD, Desk

Planted = Callable[[Desk], Desk]


def event(text: str) -> Planted:
    """A story with one event."""

    def plant(desk: Desk) -> Desk:
        desk.story = f"id: s\ntimeline:\n  - {{{text}, names: [AAA], day: 2}}\n"
        return desk

    return plant


def shock(text: str) -> Planted:
    """A story with one shock of all names."""

    def plant(desk: Desk) -> Desk:
        desk.story = f"id: s\ntimeline:\n  - {{{text}, day: 2}}\n"
        return desk

    return plant


def limit(text: str) -> Planted:
    """A limit."""

    def plant(desk: Desk) -> Desk:
        desk.limits = f"- {{scenario: all, {text}}}\n"
        return desk

    return plant


def line(*lines: str) -> Planted:
    """More lines above the header of the market."""
    return lambda desk: desk.heads(*HEAD, *lines)


def rate(text: str) -> Planted:
    """Another rate of the pound or the euro, or one more."""
    key = text.partition(":")[0]
    return lambda desk: desk.heads(*(h for h in HEAD if not h.startswith(key)), text)


def seen_on(year: int, month: int, day: int) -> Planted:
    """Asked on a day."""

    def plant(desk: Desk) -> Desk:
        desk.today = date(year, month, day)
        return desk

    return plant


def expiries(day: str) -> Planted:
    """A chain of one expiry."""

    def plant(desk: Desk) -> Desk:
        desk.chain = [[row[0], day, *row[2:]] for row in desk.chain[:10]]
        return desk

    return plant


def book_line(text: str) -> Planted:
    """A comment line above the header of the book."""

    def plant(desk: Desk) -> Desk:
        desk.book_head = [text]
        return desk

    return plant


def twin(symbol: str, **cells: object) -> Planted:
    """A row of the market like FFF's for another symbol, which the book holds."""

    def plant(desk: Desk) -> Desk:
        desk.market.append(list(next(r for r in desk.market if r[0] == "FFF")))
        desk.market[-1][0] = symbol
        desk.quote(symbol, price=278.10, float_shares=13750000000, adv=40000000, **cells)
        return desk.add(f"{symbol},equity,1000,,,,,,,,,")

    return plant


def all_long(desk: Desk) -> Desk:
    """Signs lost on the way."""
    for row in desk.book:
        row[2] = row[2].lstrip("-")
        row[11] = ""
        row[10] = ""
    return desk


VARIANTS: dict[str, list[tuple[str, Planted]]] = {
    "per cent and fraction": [
        ("rates.fee", lambda d: d.quote("AAA", borrow_fee=12)),
        ("rates.fee-of-easy-loan", lambda d: d.quote("FFF", borrow_fee=0.3)),
        ("rates.usual-fee", lambda d: d.quotes("borrow_fee", 30)),
        ("rates.fee-of-book", lambda d: d.held(2, borrow_fee=3)),
        ("rates.fees-apart", lambda d: d.held(2, borrow_fee=0.0003)),
        ("rates.volatility", lambda d: d.quote("SPY", volatility=12)),
        ("rates.low-volatility", lambda d: d.quote("AAA", volatility=0.0075)),
        ("rates.low-volatility", lambda d: d.quote("BBB", volatility=0.0535)),  # a day's
        ("rates.implied-apart", lambda d: d.quote("CCC", implied_vol=0.0078)),
        ("is above 15", lambda d: d.quote("CCC", implied_vol=78)),
        ("rates.margin", lambda d: d.held(2, margin_rate=5)),
        ("rates.low-margin", lambda d: d.held(2, margin_rate=0.005)),
        ("rates.low-margin", lambda d: d.held(10, margin_rate=0.0006)),
        ("rates.beta", lambda d: d.quote("AAA", beta_market=110)),
        ("rates.utilisation", lambda d: d.quote("AAA", utilisation=95)),
        ("scale.lendable", lambda d: d.quote("AAA", utilisation=0.0095)),
    ],
    "units": [
        ("units.float-value", lambda d: d.quote("FFF", float_shares=3000)),
        ("units.part-of-a-share", lambda d: d.quote("FFF", float_shares=14750.5)),
        ("units.part-of-a-share", lambda d: d.quote("FFF", short_interest=0.8)),
        ("units.usual-float-value", lambda d: d.quotes("float_shares", 1e-3)),
        ("units.usual-short-interest", lambda d: _longs(d).quotes("short_interest", 1e-3)),
        ("scale.usual-volume", lambda d: d.quotes("adv", 1e-3)),
        ("units.volume-in-money", lambda d: d.quote("GGG", adv=11652000000)),
        ("units.too-large", lambda d: d.quote("FFF", float_shares=4093125000000)),
        ("units.strike-of-chain", lambda d: d.strikes(1000)),
        ("units.strike-of-option", lambda d: d.held(9, strike=20000)),
        ("units.pence", lambda d: d.quote("HHH.L", price=3120)),
        ("units.open-interest", lambda d: _times_a_hundred(d)),
        ("units.price", lambda d: d.quote("FFF", price=27750)),
    ],
    "scale": [
        ("scale.float-above-outstanding", lambda d: d.quote("FFF", shares_outstanding=14800000)),
        ("scale.float-of-outstanding", lambda d: d.quote("GGG", float_shares=7420000)),
        ("scale.short-interest", lambda d: d.quote("AAA", short_interest=139000000)),
        ("scale.volume", lambda d: d.quote("AAA", adv=27840000)),  # in dollars
        ("scale.low-volume", lambda d: d.quote("GGG", adv=24000)),
        ("scale.days-to-cover", lambda d: d.quote("BBB", adv=9000)),
        ("scale.part-of-shorts", lambda d: d.held(0, quantity=-9000000)),
        ("scale.days-of-volume", lambda d: d.quote("BBB", adv=50000)),
        ("scale.position", lambda d: d.held(1, quantity=-12000000)),
        ("scale.strikes", lambda d: d.strikes(4)),
        ("scale.strikes", lambda d: d.strikes(0.25)),
        ("scale.strike", lambda d: d.held(9, strike=200)),
        ("scale.mark", lambda d: d.held(8, price=15)),
        ("no volatility makes", lambda d: d.held(8, price=305)),  # of a contract
        ("scale.multiplier", lambda d: d.held(8, multiplier=1)),
        ("scale.index-future", lambda d: d.held(10, multiplier=50)),
        ("scale.index-future", lambda d: d.held(10, multiplier=5)),
    ],
    "sign": [
        ("sign.long-among-shorts", lambda d: d.held(1, quantity=1800000)),
        ("in a row of a long position", lambda d: d.held(0, quantity=900000)),
        ("sign.loan-of-a-long", lambda d: d.held(2, quantity=700000)),
        ("sign.long-among-shorts", lambda d: d.held(3, quantity=500000)),
        ("sign.none-short", all_long),
    ],
    "missing cash": [
        ("cash.none", lambda d: d.without(11)),
        ("cash.gross", lambda d: d.held(11, quantity=0)),
        ("cash.gross", lambda d: d.held(11, quantity=250000)),
        ("cash.gross", lambda d: d.held(11, quantity=250)),
        ("cash.called", lambda d: d.held(11, quantity=20000000)),
        ("not above 0", lambda d: d.held(11, quantity=-250000000)),
        ("cash.idle", lambda d: d.held(11, quantity=250000000000)),
        ("cash.gross", lambda d: d.held(11, quantity=10000000)),
        ("cash.called", lambda d: d.held(11, quantity=1000000)),
        ("cash.none", lambda d: d.without(11).add("FFF,call,10,,280,2025-07-18,,,,,,")),
    ],
    "exchange rates": [
        ("currency.rate", rate("rate_EUR: 0.8696")),
        ("currency.rate", rate("rate_GBP: 0.7407")),
        ("currency.rate", rate("rate_JPY: 145")),
        ("currency.rate", rate("rate_HKD: 7.85")),
        ("currency.rate", rate("rate_SEK: 9.6")),
        ("currency.rate", rate("rate_KRW: 1370")),
        ("currency.rate", rate("rate_EUR: 115")),
        ("currency.rate", rate("rate_AUD: 1.54")),
        ("currency.one", rate("rate_CHF: 1")),
        ("currency.hundredth", lambda d: d.quote("HHH.L", currency="GBp", price=3120)),
        ("currency.hundredth", rate("rate_GBp: 0.0135")),
        ("no rate of GBX", lambda d: d.quote("HHH.L", currency="GBX")),
        ("no rate of ILA", lambda d: d.quote("HHH.L", currency="ILA")),
        ("currency.exchange", lambda d: d.quote("HHH.L", currency="")),
    ],
    "placeholders": [
        ("placeholders.nines", lambda d: d.quote("BBB", price=999)),
        ("placeholders.nines", lambda d: d.quote("FFF", adv=99999999)),
        ("placeholders.nines", lambda d: d.quote("FFF", short_interest=12345678)),
        ("placeholders.nines", lambda d: d.quote("BBB", float_shares=111111111)),
        ("placeholders.fee", lambda d: d.quote("FFF", borrow_fee="1e-5")),
        ("placeholders.free-loan", lambda d: d.quote("BBB", borrow_fee=0)),
        ("placeholders.no-shorts", lambda d: d.quote("FFF", short_interest=0)),
        ("placeholders.mark", lambda d: d.held(8, price=0)),
        ("placeholders.one-figure", lambda d: _one(d, "volatility", 0.4)),
        ("placeholders.one-figure", lambda d: _one(d, "adv", 1000000)),
        ("is not above 0", lambda d: d.quote("BBB", volatility=0)),
        ("rates.low-volatility", lambda d: d.quote("BBB", volatility="1e-5")),
    ],
    "stale and odd dates": [
        ("dates.weekend", lambda d: d.heads("as_of: 2025-06-14", *HEAD[1:])),
        ("dates.weekend", lambda d: d.heads("as_of: 2025-06-15", *HEAD[1:])),
        ("dates.century", lambda d: _without_options(d).heads("as_of: 1025-06-13", *HEAD[1:])),
        ("dates.future", seen_on(2025, 6, 10)),
        ("dates.future", seen_on(2024, 6, 14)),
        ("dates.old", seen_on(2025, 6, 30)),
        ("dates.old", seen_on(2026, 6, 15)),
        ("dates.chain", expiries("2025-10-17")),
        ("dates.far-expiry", lambda d: d.held(9, expiry="2035-07-20")),
        ("dates.weekend-expiry", lambda d: d.held(9, expiry="2025-07-19")),
        ("no trading day", lambda d: d.held(9, expiry="2025-05-16")),
    ],
    "symbols": [
        ("symbols.one-share", twin("F.FF")),
        ("symbols.one-share", twin("FF-F")),
        ("symbols.one-share", twin("FF/F")),
        ("symbols.one-share", twin("F_FF")),
        ("symbols.classes", lambda d: twin("FFF.A")(twin("FFF.B")(d))),
        ("symbols.classes", lambda d: twin("GOOG")(twin("GOOGL")(d))),
        ("symbols.classes", lambda d: twin("UA")(twin("UAA")(d))),
        ("symbols.class-price", lambda d: _priced(twin("BRK.B")(d), "BRK.B", 730000)),
        ("symbols.case", twin("FFFpD")),
        ("symbols.case", twin("FFFw")),
        ("placeholders.same-row", lambda d: _same(twin("FFFQ")(d))),
        ("is there twice", lambda d: _again(d, "fff")),
        ("symbols.index-fund", lambda d: d.quote("SPY", security_type="").held(
            10, instrument_type="equity", quantity=-30000, multiplier="", margin_rate="")),
    ],
    "headers": [
        ("headers.unknown", lambda d: d.heads("as-of: 2025-06-13", *HEAD)),
        ("headers.unknown", line("curency: EUR")),
        ("headers.unknown", line("currrency: EUR")),
        ("headers.unknown", line("fx_JPY: 0.0069")),
        ("headers.unknown", line("rate JPY: 0.0069")),
        ("headers.unknown", line("ccy: EUR")),
        ("headers.unknown", line("date: 2025-06-12")),
        ("headers.elsewhere", line("calendar: XHKG")),
        ("headers.elsewhere", line("splits: none")),
        ("headers.elsewhere", book_line("currency: EUR")),
        ("headers.elsewhere", book_line("rate_EUR: 1.2")),
        ("headers.unknown", line("As of: 2025-06-12")),
    ],
    "sizes of events": [
        ("events.anchor-news", event("type: anchor_news, size: 20")),
        ("events.implied-vol", event("type: implied_vol, size: 50")),
        ("events.market-shock", shock("type: market_shock, size: 4")),
        ("events.lock-up", event("type: lock_up, size: 2.5")),
        ("events.buying-programme", event("type: buying_programme, size: 5")),
        ("events.call-programme", event("type: call_programme, size: 1")),
        ("events.elasticity", event("type: elasticity, size: 50")),
        ("events.depth", event("type: depth, size: 50")),
        ("events.issuance", event("type: issuance, size: 2")),
        ("events.margin-rate", event("type: margin_rate, size: 15")),
        ("is not above -1", shock("type: market_shock, size: -4")),
        ("is above 1", event("type: lendable_recall, size: 33")),
    ],
    "European separators": [
        ("units.separators", lambda d: d.held(1, quantity="-400.000")),
        ("units.separators", lambda d: d.held(3, quantity="-1.500")),
        ("units.separators", lambda d: d.held(5, quantity="200.000")),
        ("units.separators", lambda d: d.held(8, quantity="5.000")),
        ("units.separators", lambda d: d.held(11, quantity="250.000")),
        ("units.separators", lambda d: d.quote("FFF", adv="48.000")),
        ("units.separators", lambda d: d.quote("FFF", float_shares="147.500")),
        ("is not a number", lambda d: d.held(1, quantity="-1.800.000")),
        ("is not a number", lambda d: d.held(1, quantity="-1'800'000")),
        ("units.part-of-a-position", lambda d: d.held(1, quantity="-1800.5")),
    ],
    "limits": [
        ("limits.above-equity", limit("measure: es_99_worst, below: 4")),
        ("limits.above-equity", limit("measure: var_99_day_10, below: 5")),
        ("limits.above-equity", limit("measure: es_99_day_10, below: 2.5")),
        ("limits.above-equity", limit("measure: var_95_worst, below: 10")),
        ("limits.above-equity", limit("measure: es_99_worst, below: 900e6, currency: USD")),
        ("limits.certain", limit("measure: p_ruin, below: 1")),
        ("limits.certain", limit("measure: p_margin_call, below: 0.995")),
        ("limits.always-broken", limit("measure: es_99_worst, below: 0.0004")),
        ("limits.always-broken", limit("measure: var_99_worst, below: 0.001")),
        ("limits.always-broken", limit("measure: es_99_worst, below: 25, currency: USD")),
    ],
}  # fmt: skip


def _longs(desk: Desk) -> Desk:
    """Without shares sold short, which the reader holds against short interest."""
    desk.book = [row for row in desk.book if not row[2].startswith("-")]
    return desk


def _times_a_hundred(desk: Desk) -> Desk:
    for row in desk.chain:
        row[4] = f"{100 * int(row[4])}"
    return desk


def _one(desk: Desk, column: str, value: float) -> Desk:
    for symbol in ("AAA", "BBB", "CCC", "DDD", "FFF", "GGG"):
        desk.quote(symbol, **{column: value})
    return desk


def _without_options(desk: Desk) -> Desk:
    desk.book = [row for row in desk.book if row[1] != "call"]
    return desk


def _priced(desk: Desk, symbol: str, price: float) -> Desk:
    return desk.quote(symbol, price=price)


def _same(desk: Desk) -> Desk:
    return desk.quote("FFFQ", price=277.50, float_shares=14750000000, adv=48000000)


def _again(desk: Desk, symbol: str) -> Desk:
    desk.market.append([symbol, *desk.market[5][1:]])
    return desk


LISTED = [(kind, *each) for kind, some in VARIANTS.items() for each in some]


def test_a_clean_desk_is_silent(tmp_path: Path) -> None:
    assert Desk().findings(tmp_path) == ()


@pytest.mark.parametrize(
    ("kind", "rule", "plant"), LISTED, ids=[f"{k}-{n}" for n, (k, *_) in enumerate(LISTED)]
)
def test_a_variant_is_named(kind: str, rule: str, plant: Planted, tmp_path: Path) -> None:
    found = plant(Desk()).findings(tmp_path)
    if "." in rule and " " not in rule:
        named = [each for each in found if each.rule == rule]
        assert named, [each.line for each in found]
        assert named[0].severity != NOTE or rule in NOTES
    else:
        assert [each for each in found if each.rule == READER and rule in each.text], found


NOTES = {
    "sign.long-among-shorts", "placeholders.no-shorts", "dates.old", "dates.weekend-expiry",
    "symbols.classes",
}  # fmt: skip
"""Rules that only note: what they find is as likely meant."""


def test_every_kind_has_its_ten() -> None:
    short = {kind: len(some) for kind, some in VARIANTS.items() if len(some) < 10}
    assert short == {"sign": 5}  # the others need a book of yesterday: test_yesterday.py
