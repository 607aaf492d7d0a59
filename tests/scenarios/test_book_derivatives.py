"""Options, futures and other currencies in the book file: what is read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import QuantLib as ql

from powderkeg.engine.job import Job
from powderkeg.kernels import reference
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import NAME
from powderkeg.scenarios import Book, Chain, InputError, Market, bind, load_book, load_market
from powderkeg.scenarios.derivatives import Derivative, contract_of
from powderkeg.scenarios.scenario import Scenario
from tests.helpers.builders import path_ids

MARKET = """\
# as_of: 2021-01-15
# currency: USD
# rate_EUR: 1.25
# rate_GBP: 2
symbol,price,float_shares,short_interest,borrow_fee,adv,volatility,implied_vol,currency
GME,40,1e6,3e5,.2,1e5,1.06,2.5,
SPY,375,9e8,1e8,.003,7e7,.16,.2,USD
VOW,160,2e6,4e5,.05,1e5,.4,.5,EUR
AML,2.75,3e6,9e5,.08,2e6,.7,.9,gbp
"""
HEAD = "symbol,instrument_type,quantity,price,strike,expiry,option_type\n"
WIDE = "symbol,instrument_type,quantity,multiplier,margin_rate,borrow_fee,locate,currency,price\n"
CASH = ",cash,1e6,,,,\n"
DAYS = 9  # sessions from 15 to 29 January 2021: the 18th was Martin Luther King Day


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def market(text: str = MARKET) -> Market:
    Path("market.csv").write_text(text)
    return load_market("market.csv")


def book(content: str, given: Market | None = None) -> Book:
    Path("book.csv").write_text(content)
    return load_book("book.csv", given or market())


def one(row: str) -> Derivative:
    (contract,) = book(HEAD + row + CASH).derivatives
    return contract


def black(kind: str, strike: float, spot: float, vol: float, days: int = DAYS) -> float:
    side = ql.Option.Call if kind == "call" else ql.Option.Put
    return float(ql.blackFormula(side, strike, spot, vol * np.sqrt(days / 252)))


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        "GME   210129C00115000,option,-5,,,,",
        "GME210129C00115000,OPTION,-5,,,,",
        "gme210129c00115000,call,-5,,,,",
        "GME,call,-5,,115,2021-01-29,",
        "gme,option,-5,,115.0,2021-01-29,C",
        "GME,Option,-5,,1.15e2,2021-01-29,Call",
        "GME210129C00115000,option,-5,,115,2021-01-29,c",
        "GME210129C00115000,option,-5,,,2021-01-29,",
    ],
)
def test_every_way_to_write_an_option(row: str) -> None:
    found = one(row + "\n")
    assert (found.symbol, found.kind, found.strike) == ("GME", "call", 115)
    assert (found.expiry, found.expiry_day) == (date(2021, 1, 29), DAYS)
    assert (found.quantity, found.multiplier, found.rate) == (-5, 100, 1)
    assert found.label == "GME 2021-01-29 115 call"
    assert found == one("GME,call,-5,,115,2021-01-29,\n")


def test_the_last_symbol_of_the_standard() -> None:
    """Fractional strike, and an expiry on a Saturday, which is settled on the Friday before."""
    found = one("SPY   210220P00372500,option,1,,,,\n")
    assert (found.kind, found.strike, found.expiry_day) == ("put", 372.5, 23)


def test_a_contract_of_the_command_line_is_that_of_the_file() -> None:
    assert contract_of("GME210129C00115000", -5, market(), "--buy") == one(
        "GME210129C00115000,option,-5,,,,\n"
    )
    with pytest.raises(InputError, match=r"^--buy: symbol: GMEE is not in the market file, did"):
        contract_of("GMEE210129C00115000", 1, market(), "--buy")


@pytest.mark.parametrize(("kind", "strike"), [("call", 115), ("put", 30), ("call", 5), ("put", 90)])
def test_without_a_price_the_mark_is_black_at_the_names_volatility(kind: str, strike: int) -> None:
    found = one(f"GME,{kind},3,,{strike},2021-01-29,\n")
    expected = black(kind, strike, 40, 2.5)
    assert found.price == pytest.approx(expected, rel=1e-12)
    assert found.implied_vol == 2.5
    assert found.value == pytest.approx(300 * expected, rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "strike", "vol"),
    [("call", 115, 3.1), ("put", 30, 1.9), ("call", 40, 0.05), ("put", 90, 4.0)],
)
def test_a_price_is_taken_back_to_its_volatility(kind: str, strike: float, vol: float) -> None:
    price = black(kind, strike, 40, vol)
    found = one(f"GME,{kind},3,{price!r},{strike},2021-01-29,\n")
    assert found.price == price
    assert found.implied_vol == pytest.approx(vol, rel=1e-9)
    assert black(kind, strike, 40, found.implied_vol) == pytest.approx(price, rel=1e-9)


@pytest.mark.parametrize(
    ("row", "price"),
    [("GME,call,1,0,400,2021-01-29,\n", 0), ("GME,put,1,8.03,48.03,2021-01-29,\n", 8.03)],
)
def test_a_price_of_no_more_than_intrinsic_value_is_one(row: str, price: float) -> None:
    found = one(row)
    assert (found.price, found.implied_vol) == (price, 1e-3)


def test_a_future_is_worth_nothing_and_stands_at_its_underlying() -> None:
    held = book(WIDE + "SPY,future,-400,50,.12,,,,373\n,cash,1e6,,,,,,\n")
    (found,) = held.derivatives
    assert (found.kind, found.multiplier, found.margin_rate) == ("future", 50, 0.12)
    assert (found.price, found.strike, found.value, held.equity) == (375, 375, 0, 1e6)
    assert (found.expiry, found.label) == (None, "SPY future")
    assert held.shorts == frozenset()  # nobody can buy up a float of futures


def test_a_book_of_only_options() -> None:
    held = book(HEAD + "VOW,put,10,,150,2021-02-19,\nGME,call,2,,50,2021-01-29,\n")
    assert held.symbols == ("GME", "VOW")
    assert [p.quantity for p in held.positions] == [0, 0]
    assert held.shorts == {"VOW"}
    assert held.equity == pytest.approx(
        1000 * 1.25 * black("put", 150, 160, 0.5, 23) + 200 * black("call", 50, 40, 2.5), rel=1e-12
    )
    run = reference.simulate(packed(held, market()), path_ids(50))
    assert (run.pnl >= -1 - 1e-6).all()  # options bought with all there is
    assert np.ptp(run.pnl) > 0.1


# --- currencies -----------------------------------------------------------------------------------

MIXED = """\
symbol,instrument_type,quantity,currency,strike,expiry,multiplier,margin_rate
GME,equity,-1000,,,,,
VOW,equity,-500,EUR,,,,
AML,equity,-20000,GBP,,,,
VOW,call,-4,,170,2021-01-29,,
AML,future,3,gbp,,,1000,.2
,cash,300000,,,,,
EUR,cash,40000,EUR,,,,
,cash,-10000,gbp,,,,
"""


def test_equity_in_mixed_currencies_by_hand() -> None:
    held = book(MIXED)
    shares = -1000 * 40 - 500 * 160 * 1.25 - 20_000 * 2.75 * 2
    option = -400 * black("call", 170, 160, 0.5) * 1.25
    assert held.cash == 300_000 + 40_000 * 1.25 - 10_000 * 2
    assert held.equity == pytest.approx(shares + option + held.cash, rel=1e-12)
    assert held["AML"].value == -110_000
    assert held.currency == "USD"


NAME_RULES = {"crowd": {"wealth": 1e6}, "pauses": {"tier": 2}}


def packed(held: Book, given: Market, **rules: object) -> Packed:
    tree = {"id": "x", "horizon_days": 5, "steps_per_day": 4, "book": rules}
    scenario = Scenario.model_validate({**tree, "names": {"AML": NAME_RULES}})
    return pack(bind(scenario, held, given, Chain(())), seed=5)


def converted() -> tuple[Book, Market]:
    """The same book and market, every amount in dollars."""
    lines = ["# as_of: 2021-01-15", *MARKET.splitlines()[4:]]
    text = "\n".join(lines).replace("VOW,160,", "VOW,200,").replace("AML,2.75,", "AML,5.5,")
    text = text.replace(",EUR", ",").replace(",gbp", ",")
    given = market(text)
    content = MIXED.replace("EUR", "").replace("GBP", "").replace("gbp", "")
    content = content.replace(",170,", ",212.5,").replace(",40000,", ",50000,")
    return book(content.replace(",-10000,", ",-20000,"), given), given


@pytest.mark.parametrize("regime", ["position", "reg_t", "portfolio", "house"])
def test_another_currency_is_the_same_book_converted_by_hand(regime: str) -> None:
    """AML at 2.75 pounds is 5.50 dollars, which is what pauses and margin by the share look at."""
    pairs = ((book(MIXED), market()), converted())
    whole, by_hand = (packed(*pair, regime=regime, policy="margin") for pair in pairs)
    for field in NAME.names or ():
        np.testing.assert_allclose(
            whole.names[field], by_hand.names[field], rtol=3e-7, err_msg=field
        )
    for field in whole.derivatives.dtype.names or ():
        one, other = whole.derivatives[field], by_hand.derivatives[field]
        np.testing.assert_allclose(one, other, rtol=3e-7, atol=1e-7, err_msg=field)
    runs = [reference.simulate(each, path_ids(40)) for each in (whole, by_hand)]
    np.testing.assert_allclose(runs[0].pnl, runs[1].pnl, atol=1e-6)
    assert np.ptp(runs[0].pnl) > 0.05


def test_units_and_least_margin_by_hand() -> None:
    """4 calls of 100 shares at 160 euros of 1.25; $.375 a share, whatever the currency."""
    held = book(MIXED)
    future, call = packed(held, market()).derivatives
    assert call["units"] == pytest.approx(-400 * 200 / held.equity, rel=1e-6)
    assert call["margin_minimum"] == pytest.approx(400 * 0.375 / held.equity, rel=1e-6)
    assert future["units"] == pytest.approx(3000 * 5.5 / held.equity, rel=1e-6)
    assert (call["margin_rate"], future["margin_rate"]) == pytest.approx((0.2, 0.2))
    assert (call["strike"], future["strike"]) == pytest.approx((170 / 160, 1))


def test_a_job_carries_contracts_and_currencies() -> None:
    held, given = book(MIXED), market()
    scenario = Scenario(id="x", horizon_days=5, steps_per_day=4)
    job = Job(held, given, Chain(()), (scenario,), seed=5, paths=8, block=8, backend="reference")
    again = Job.from_json(job.to_json())
    assert again.to_json() == job.to_json()
    assert again.book.derivatives == held.derivatives
    assert again.book.positions == held.positions
    assert (again.book.equity, again.market.rates) == (held.equity, given.rates)
    assert all(again.market[s] == given[s] for s in held.symbols)
    one, two = packed(held, given), packed(again.book, again.market)
    assert one.names.tobytes() == two.names.tobytes()
    assert one.derivatives.tobytes() == two.derivatives.tobytes()
    dearer = Job.from_json(job.to_json().replace('"multiplier":1000.0', '"multiplier":1001.0'))
    assert dearer.fingerprint != job.fingerprint
