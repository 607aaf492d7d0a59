"""The book at a glance, by hand; its requirement and greeks against the reference's."""

from __future__ import annotations

from datetime import date

import pytest

from powderkeg.scenarios import Book, Market, MarketRow, Position, glance
from powderkeg.scenarios.derivatives import Derivative, option_price

ROWS = {
    "GME": MarketRow("GME", 40.0, 50e6, 60e6, 8e6, 1.0, 1.2, 0.3, betas={"market": 1.5}),
    "SPY": MarketRow("SPY", 400.0, 9e8, 1e8, 7e7, 0.2, 0.2, 0.003, betas={"market": 1.0}),
}
MARKET = Market(ROWS, date(2021, 1, 15), rates={"EUR": 1.25})
YEARS = 20 / 252


def option(kind: str, quantity: float, strike: float = 45.0) -> Derivative:
    price = option_price(kind, 40.0, strike, 1.2, YEARS)
    return Derivative("o", "GME", kind, quantity, 100.0, price, strike, date(2021, 2, 16), 20, 1.2)  # type: ignore[arg-type]


FUTURE = Derivative("f", "SPY", "future", -10.0, 500.0, 400.0, 400.0)


def book(*derivatives: Derivative) -> Book:
    shares = (Position("1", "GME", -1e5, 40.0, 0.3), Position("2", "SPY", 1e4, 400.0, 0.25))
    return Book(shares, 2e7, derivatives=derivatives)


def test_exposures_by_hand() -> None:
    seen = glance(book(FUTURE), MARKET, {"GME": "XYZ"}, date(2021, 1, 25))
    assert (seen.long, seen.short, seen.gross, seen.net) == (4e6, -4e6, 8e6, 0)
    assert seen.equity == seen.cash == 2e7
    assert seen.delta == -2e6 and seen.beta_delta == pytest.approx(-6e6 + 4e6 - 2e6)
    assert seen.requirement == pytest.approx(0.3 * 4e6 + 0.25 * 4e6 + 0.1 * 2e6)
    assert seen.excess == 2e7 - seen.requirement
    assert seen.days == pytest.approx(1e5 / 8e5) and seen.slowest == "GME"
    ((name, part),) = seen.top["short interest"]
    assert name == "GME" and part == pytest.approx(-1e5 / 60e6)
    assert (seen.maps, seen.rates, seen.ages) == ({"GME": "XYZ"}, {"EUR": 1.25}, {"market": 10})


@pytest.mark.parametrize("kind", ["call", "put"])
def test_greeks_are_differences_of_prices(kind: str) -> None:
    """Central differences of Black & Scholes, per share, times shares and money."""
    seen = glance(book(option(kind, 10.0)), MARKET)
    h, shares = 1e-3, 1000.0

    def price(spot: float = 40.0, vol: float = 1.2) -> float:
        return option_price(kind, spot, 45.0, vol, YEARS)

    delta = (price(40 + h) - price(40 - h)) / (2 * h)
    gamma = (price(40 + h) - 2 * price() + price(40 - h)) / h**2
    vega = (price(vol=1.2 + h) - price(vol=1.2 - h)) / (2 * h)
    assert seen.option_delta == pytest.approx(shares * 40 * delta, rel=1e-6)
    assert seen.gamma == pytest.approx(shares * 40 * 40 * gamma / 100, rel=1e-3)
    assert seen.vega == pytest.approx(shares * vega / 100, rel=1e-5)
