"""Hedges of a what-if, and the options and futures of the names that it closes."""

import math
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

import powderkeg
from powderkeg.engine.whatif.book_change import (
    Change,
    Terms,
    Trade,
    changed_book,
    cost_of,
)
from powderkeg.engine.whatif.effects import whatif
from powderkeg.engine.whatif.hedge import hedge_of
from powderkeg.engine.whatif.question import ask
from powderkeg.results import open_results
from powderkeg.results.measures import statistics as st
from powderkeg.scenarios import Book, InputError, Position, Scenario
from powderkeg.scenarios.derivatives import Derivative, contract_of
from tests.engine.test_whatif import CAP, CAP_MARK, ONE_SHORT, STILL, only
from tests.helpers.small_run import MARKET

FREE = replace(MARKET, rows={**MARKET.rows, "GME": replace(MARKET["GME"], borrow_fee=0.0)})


def test_a_call_a_share_caps_the_loss_of_a_short(tmp_path: Path) -> None:
    """Lognormal price P, expiry at the horizon: loss = P - P0 up to the strike, and the premium."""
    lent_for_nothing = {"GME": {"borrow": {"fee_min": 0.0}}}
    still = Scenario.model_validate(
        {**STILL.model_dump(exclude_unset=True), "names": lent_for_nothing}
    )
    store = powderkeg.run(ONE_SHORT, FREE, [still], tmp_path / "s.zarr", paths=6000, seed=3)
    effect = only(whatif(store, hedges=["GME210120C00043000=10000"], measure="day_2").effects)
    assert effect.change == f"buy 10,000 GME 2021-01-20 43 call at {1.05 * CAP_MARK:.4g}"
    assert effect.cost == pytest.approx(0.05 * 1e6 * CAP_MARK / ONE_SHORT.equity, rel=1e-9)
    assert effect.premium == pytest.approx(1e6 * CAP_MARK / ONE_SHORT.equity, rel=1e-9)
    assert effect.relief_per_cost == pytest.approx(effect.relief / (effect.cost + effect.premium))
    unit, s = 1e6 / ONE_SHORT.equity, 1.06 * math.sqrt(2 / 252)
    es99, es975 = effect.es[0.99], effect.es[0.975]
    assert es99.after.value == pytest.approx(unit * (CAP - 35.5 + CAP_MARK), rel=1e-5)
    assert es99.after.standard_error == pytest.approx(0, abs=1e-6)

    def above(price: float) -> float:  # E[P; P > price], Black & Scholes' first term
        return 35.5 * float(ndtr(math.log(35.5 / price) / s + s / 2))

    quantile = 35.5 * math.exp(s * ndtri(0.975) - s * s / 2)
    at_strike = CAP * float(ndtr(math.log(35.5 / CAP) / s - s / 2))
    mean = (above(quantile) - above(CAP) + at_strike) / 0.025
    exact = unit * (mean - 35.5 + CAP_MARK)
    assert abs(es975.after.value - exact) < 4 * es975.after.standard_error
    assert 0 < es975.after.standard_error < 0.01 * exact
    # and every path for itself: the change is that of losses worked out by hand
    before = -open_results(store)["losses"].to_dataset()["pnl"].values[0, -1].astype(float)
    price = 35.5 + before / unit
    after = before + unit * (CAP_MARK - np.maximum(price - CAP, 0))
    for level, shift in effect.es.items():
        expected = st.es_difference(after, before, level)
        assert astuple(shift.change) == pytest.approx(astuple(expected), rel=1e-3)
    assert es99.change.standard_error > 0


def test_a_hedge_takes_the_volatility_of_the_market_file_not_of_the_shift(tmp_path: Path) -> None:
    """An option that the book bought today at today's mark: the scenario shifts vols afterwards."""
    shift = {"symbol": "GME", "field": "implied_vol", "type": "relative", "size": 0.5}
    shifted = Scenario.model_validate(
        {**STILL.model_dump(exclude_unset=True), "market_shifts": [shift]}
    )
    into = tmp_path / "s.zarr"
    powderkeg.run(ONE_SHORT, MARKET, [STILL, shifted.model_copy(update={"id": "up"})], into,
                  paths=1000, seed=3)  # fmt: skip
    first, second = ask(into, [], hedges=["GME210120C00043000=100"]).cases
    assert first.cost == second.cost == pytest.approx(0.05 * 1e4 * CAP_MARK / ONE_SHORT.equity)


def bought(text: str, quantity: float) -> Derivative:
    return contract_of(text, quantity, MARKET, "test")


SPY_FUTURE = Derivative("f", "SPY", "future", -40, 50, 375.0, 375.0)


WITH_OPTIONS = Book(
    (Position("1", "GME", -1_000_000, 35.5, 0.3), Position("2", "SPY", 0.0, 375.0, 0.25)),
    cash=60e6,
    derivatives=(
        bought("GME210120C00043000", 4000),
        bought("GME210129P00030000", -1000),
        SPY_FUTURE,
    ),
)


def test_a_name_is_closed_with_its_options_and_futures(tmp_path: Path) -> None:
    call, put, _ = WITH_OPTIONS.derivatives
    after = changed_book(WITH_OPTIONS, [Change("GME", 0.5)], cost=1e5)
    assert [d.quantity for d in after.derivatives] == [2000, -500, -40]
    sold = 0.5 * (-35.5e6 + 4e5 * call.price - 1e5 * put.price)
    assert after.cash == pytest.approx(60e6 + sold - 1e5, rel=1e-12)
    assert after.equity == pytest.approx(WITH_OPTIONS.equity - 1e5, rel=1e-12)
    terms = Terms(MARKET, {"GME": 0.0, "SPY": 1.0}, spread=0.02)
    half = cost_of([Change("GME", 0.5)], WITH_OPTIONS, terms)
    assert half == pytest.approx(0.5 * 0.02 * (4e5 * call.price + 1e5 * put.price), rel=1e-12)
    closed = changed_book(WITH_OPTIONS, [Change("SPY", 0.0)], cost=0.0)
    assert (closed.derivatives, closed.cash) == ((call, put), WITH_OPTIONS.cash)
    assert cost_of([Change("SPY", 0.0)], WITH_OPTIONS, terms) == 0

    store = powderkeg.run(WITH_OPTIONS, MARKET, [STILL], tmp_path / "s.zarr", paths=2000, seed=3)
    (found,) = whatif(store, [Change("GME", 0.0), Change("SPY", 0.0)]).effects.values()
    effects = {effect.change: effect for effect in found}
    assert effects["all together"].main.before.value > 0.01
    assert effects["all together"].main.after.value == 0
    for change in ("close GME", "close SPY"):
        assert effects[change].main.after.value > 0.001  # what is left
    left_alone = only(whatif(store, [Change("GME", 1.0)]).effects)
    assert (left_alone.main.change.value, left_alone.cost) == (0.0, 0.0)


def test_a_hedge_adds_to_what_is_held_and_outlives_the_closing_of_its_name() -> None:
    dear = replace(bought("GME210120C00043000", -4000), position_id="c", price=2.0, implied_vol=3.3)
    book = replace(WITH_OPTIONS, derivatives=(dear, SPY_FUTURE))
    some = hedge_of("gme210120c00043000=1500", book, MARKET)
    assert some.ask == pytest.approx(2.1)  # the mark of the book
    after = changed_book(book, [some], some.cost(book, Terms(MARKET, {})))
    assert after.derivatives == (SPY_FUTURE, replace(dear, quantity=-2500))
    assert after.cash == pytest.approx(book.cash - 150_000 * 2.1, rel=1e-12)
    assert after.equity == pytest.approx(book.equity - 150_000 * 0.1, rel=1e-12)
    all_ = hedge_of("GME210120C00043000=4000", book, MARKET)
    assert changed_book(book, [all_], 0.0).derivatives == (SPY_FUTURE,)
    closed = Change("GME", 0.0)
    orders: list[list[Trade]] = [[some, closed], [closed, some]]
    for changes in orders:
        together = changed_book(book, changes, 0.0)
        assert together.derivatives == (SPY_FUTURE, replace(dear, quantity=1500))
        assert together.equity == pytest.approx(book.equity, rel=1e-12)
    put = hedge_of("GME210129P00030000=1", book, MARKET)
    full = replace(book, derivatives=tuple(replace(dear, strike=k) for k in range(1, 501)))
    with pytest.raises(InputError, match="the book holds 500 options and futures; no more can be"):
        put.check(full)
