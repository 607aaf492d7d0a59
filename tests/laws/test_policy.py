"""The book as an agent: margin regimes, what it trades and pays (docs/model.md, 11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from powderkeg.engine.validate.cases.policy import covered_with_impact
from powderkeg.engine.validate.cases.whole import residual
from powderkeg.kernels.packed import Packed, Simulate, Simulated
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import Channel, Policy
from powderkeg.scenarios import Book, Chain, Market, MarketRow, Position, bind
from powderkeg.scenarios.policy import BookRules
from powderkeg.scenarios.scenario import Scenario
from tests.helpers.builders import packed, path_ids
from tests.helpers.events import event, news
from tests.helpers.everything import everything
from tests.laws.test_limits import each_back_end

STILL: dict[str, Any] = {
    "days": 2,
    "steps_per_day": 26,
    "sigma": 1e-9,
    "overnight_share": 0.0,
    "attention0": 0.0,
    "fee0": 0.0,
    "fee_slope": 0.0,
    "fee_min": 0.0,
    "max_multiple": 30.0,
    "adv": 1.0,
    "participation": 0.0,
    "channels": Channel.BOOK,
    "book_participation": 1e3,
}
INITIAL, MAINTENANCE = 0.5, 0.3  # Regulation T
CALL = (1 + INITIAL) / (1 + MAINTENANCE)


def one_short(shock: float, **changes: Any) -> Packed:
    """A book short twice its equity in one name, .2 floats, and news before the first step."""
    setting = {
        **STILL, "short_interest": 0.3, "book_floats": 0.2, "book_weight": -1 / INITIAL,
        "margin_rate": MAINTENANCE, "elasticity": 1e-6, "policy": Policy.MARGIN,
    }  # fmt: skip
    return packed(events=[news(shock, 1)], **{**setting, **changes})


def traced(simulate: Simulate, scenario: Packed, paths: int = 1) -> tuple[Simulated, Any]:
    out = simulate(scenario, path_ids(paths), trace=True)
    assert out.trace is not None
    return out, out.trace


# --- calls, and what they force -------------------------------------------------------------------


@each_back_end
def test_regulation_t_calls_where_it_should(simulate: Simulate) -> None:
    """Called at 1.1538; at 1.2 a sixth is covered (DESIGN of Regulation T: i .5, m .3)."""
    assert pytest.approx(1.1538, abs=5e-5) == CALL
    for factor, called in ((0.9999, False), (1.0001, True)):
        out, _ = traced(simulate, one_short(np.log(CALL * factor)))
        assert np.isnan(out.paths["margin_call_day"][0]) == (not called)
        assert np.isnan(out.paths["forced_day"][0]) == (not called)
    out, trace = traced(simulate, one_short(np.log(1.2)))
    left = trace["book"][0, -1, 0] / trace["book"][0, 0, 0]
    assert 1 - left == pytest.approx(0.1667, abs=5e-5)
    assert out.paths["forced_day"][0] == pytest.approx(2 / 26)  # seen at the first step
    assert out.paths["largest_call"][0] == pytest.approx(0.6 * 1.2 - (1 - 2 * 0.2), rel=1e-4)


@pytest.mark.slow
@each_back_end
def test_the_buy_in_feeds_on_itself_where_theory_says(simulate: Simulate) -> None:
    """A hair above the call: with M S/E below m/(1+m) hardly anything, above it a run."""
    critical = MAINTENANCE / (1 + MAINTENANCE)
    assert critical == pytest.approx(0.2308, abs=5e-5)
    held, elastic, bought = 0.2, 1.0, {}
    for gain in (0.8, 1.2):
        m = gain * critical * elastic / held
        scenario = one_short(
            np.log(CALL + 1e-4), elasticity=m, days=6, steps_per_day=390, short_interest=0.3
        )
        scale = scenario.names["elastic0"][0] / elastic
        scenario.names["elasticity"] *= scale  # so that M S/E is what it says
        _, trace = traced(simulate, scenario)
        bought[gain] = float(trace["book"][0, -1, 0] - trace["book"][0, 0, 0]) / held
        exact = covered_with_impact(
            INITIAL, MAINTENANCE, float(np.log(CALL + 1e-4)), held,
            float(scenario.names["elastic0"][0]), float(scenario.names["elasticity"][0]),
        )  # fmt: skip
        assert bought[gain] == pytest.approx(exact / held, rel=2e-2)
    assert bought[0.8] < 0.003 and bought[1.2] > 0.1


@each_back_end
def test_a_short_at_constant_leverage_buys_into_a_rise(simulate: Simulate) -> None:
    """L = 2 and a rise of 5 %: -14.286 %."""
    scenario = one_short(np.log(1.05), policy=Policy.DELEVERAGE, leverage=2.0)
    _, trace = traced(simulate, scenario)
    assert trace["book"][0, -1, 0] / trace["book"][0, 0, 0] - 1 == pytest.approx(-0.14286, abs=5e-6)


def two_shorts(**changes: Any) -> Packed:
    """A large and a small short with one margin rate, called by news in both."""
    setting = {
        **STILL, "short_interest": 0.4, "book_floats": (0.3, 0.1), "book_weight": (-1.5, -0.5),
        "margin_rate": 0.45, "elasticity": 1e-6, "policy": Policy.MARGIN,
    }  # fmt: skip
    return packed(2, **{"events": [news(0.05, 1)], **setting, **changes})


@each_back_end
def test_relief_comes_from_the_cheapest_first(simulate: Simulate) -> None:
    _, trace = traced(simulate, two_shorts())
    large, small = (trace["book"][0, -1, i] / trace["book"][0, 0, i] for i in range(2))
    assert large == 1 and 0 < small < 1
    # more than the small one can give: it goes first, and whole
    _, trace = traced(simulate, two_shorts(events=[news(0.2, 1)]))
    large, small = (trace["book"][0, -1, i] / trace["book"][0, 0, i] for i in range(2))
    assert small == 0 and 0 < large < 1
    # halted, it can give nothing
    halt = event("trading_halt", None, 1, rows=60, names="N01")
    _, trace = traced(simulate, two_shorts(events=[news(0.05, 1), halt]))
    large, small = (trace["book"][0, -1, i] / trace["book"][0, 0, i] for i in range(2))
    assert small == 1 and 0 < large < 1


@each_back_end
def test_a_cushion_is_restored_and_a_hold_does_nothing(simulate: Simulate) -> None:
    for cushion in (0.0, 0.25):
        out, trace = traced(simulate, one_short(np.log(1.2), cushion=cushion))
        required = float(trace["margin"][0, -1].sum())
        assert 1 + out.pnl[-1, 0] == pytest.approx((1 + cushion) * required, rel=1e-5)
    _, trace = traced(simulate, one_short(np.log(1.2), policy=Policy(0)))
    assert np.ptp(trace["book"]) == 0 == np.ptp(trace["spent"])
    _, trace = traced(simulate, one_short(np.log(1.2), channels=Channel(0)))
    assert np.ptp(trace["book"]) == 0


@each_back_end
def test_longs_are_sold_as_shorts_are_bought(simulate: Simulate) -> None:
    """The mirror: stopped out below, cut as leverage rises, sold out on a call."""
    long: dict[str, Any] = {"short_interest": 0.1, "book_floats": 0.2}
    rules = {"policy": Policy.STOP_LOSS, "book_stop_loss": 0.2, "book_weight": 0.5}
    for fall, left in ((0.199, 1.0), (0.201, 0.0)):
        _, trace = traced(simulate, one_short(np.log1p(-fall), **long, **rules))
        assert trace["book"][0, -1, 0] / trace["book"][0, 0, 0] == pytest.approx(left, abs=1e-6)
    rules = {"policy": Policy.DELEVERAGE, "leverage": 2.0, "book_weight": 2.0}
    _, trace = traced(simulate, one_short(np.log(0.9), **long, **rules))
    left = trace["book"][0, -1, 0] / trace["book"][0, 0, 0]
    assert left == pytest.approx((1 - 0.2) / 0.9, rel=1e-5)  # N'/N = (1 + L r)/(1 + r), r = -.1
    rules = {"book_weight": 2.0, "margin_rate": 0.45}
    out, trace = traced(simulate, one_short(np.log(0.9), **long, **rules))
    left = trace["book"][0, -1, 0] / trace["book"][0, 0, 0]
    assert left == pytest.approx(0.8 / (0.45 * 1.8), rel=1e-5)
    assert out.paths["forced_day"][0] > 0


@each_back_end
@pytest.mark.parametrize("what", ["elasticity", "adv"])
def test_the_order_of_relief_knows_impact_and_room(simulate: Simulate, what: str) -> None:
    """Two positions alike: the one with less impact goes first; what volume leaves, the other."""
    alike = {"book_floats": 0.2, "book_weight": -1.0, "margin_rate": 0.45}
    if what == "elasticity":
        _, trace = traced(simulate, two_shorts(**alike, elasticity=(1e-5, 1e-6)))
        first, second = (np.ptp(trace["book"][0, :, i]) for i in (1, 0))
        assert first > 0 and second == 0
    else:
        small = {"adv": 0.01, "book_participation": 0.26, "steps_per_day": 26, "days": 1}
        _, trace = traced(simulate, two_shorts(**alike, **small, elasticity=(1e-6, 2e-6)))
        both = np.diff(trace["book"][0].astype(float), axis=0)[2]
        np.testing.assert_allclose(both, 1e-4, rtol=0.01)  # each its share of volume


@each_back_end
def test_what_is_halted_is_not_yet_forced(simulate: Simulate) -> None:
    """Called at the open; the halt ends before the last step but one of the day."""
    setting = {**STILL, "short_interest": 0.3, "book_floats": 0.2, "book_weight": -2.0, "days": 1,
               "margin_rate": 1.0, "elasticity": 1e-6, "policy": Policy.MARGIN}  # fmt: skip
    halt = event("trading_halt", None, 1, rows=24)
    for events, first in (([news(0.05, 1)], 1), ([news(0.05, 1), halt], 25)):
        out = simulate(packed(events=events, **setting), path_ids(1))
        assert out.paths["margin_call_day"][0] == 0
        assert out.paths["forced_day"][0] == pytest.approx(first / 26)


@each_back_end
def test_a_cancelled_reason_forces_nobody(simulate: Simulate) -> None:
    """News calls the book; the day's trades are undone before it could be bought in further."""
    events = [
        news(np.log(1.2), 1),
        news(-np.log(1.2), 4),
        event("trade_cancellation", None, 4),
    ]
    setting = {**STILL, "short_interest": 0.3, "book_floats": 0.2, "book_weight": -2.0,
               "elasticity": 1e-6, "policy": Policy.MARGIN, "book_participation": 0.01}  # fmt: skip
    _, trace = traced(simulate, packed(events=events, **setting))
    book = trace["book"][0, :, 0]
    assert book[4] > book[0]  # it was being bought in
    assert (book[5:] == book[0]).all()


@each_back_end
def test_a_fill_is_reckoned_at_bounded_prices(simulate: Simulate) -> None:
    """Elasticity 100 times as large takes the price out of any range; money stays finite."""
    events = [news(0.3, 1), event("elasticity", 100.0, 2, rows=40)]
    setting = {**STILL, "short_interest": 0.3, "book_floats": 0.2, "book_weight": -2.0,
               "elasticity": 8.0, "max_multiple": 1000.0, "policy": Policy.MARGIN}  # fmt: skip
    out, trace = traced(simulate, packed(events=events, **setting), 4)
    for field in ("fill_price", "spent", "slippage", "margin"):
        assert np.isfinite(trace[field]).all(), field
    assert np.isfinite(out.pnl).all()


# --- what it costs --------------------------------------------------------------------------------


@each_back_end
@pytest.mark.parametrize("names", [1, 4])
def test_the_parts_of_the_loss_add_up_on_every_path(simulate: Simulate, names: int) -> None:
    """Price, fees, financing and slippage, each worked out again from what was traded."""
    scenario = everything(names, days=5, steps_per_day=13, cancelled=False, financing_rate=0.2)
    out, t = traced(simulate, scenario.at_moment(5), 200)
    assert residual(out) == 0
    p = scenario.names[:names]
    price = np.exp(t["log_price"].astype(float))
    held, value = t["book"].astype(float), p["book_value"].astype(float)
    bought = np.diff(held, axis=1)
    assert (bought != 0).any()
    slippage = (value * bought * (t["fill_price"][:, 1:] - price[:, :-1])).sum(axis=(1, 2))
    np.testing.assert_allclose(slippage, out.paths["slippage"], atol=2e-5)
    # holdings after each step's trades earn the step's move, as if traded at the price seen
    earned = (value * held[:, 1:] * np.diff(price, axis=1)).sum(axis=(1, 2))
    parts = earned - slippage - out.paths["borrow_cost"] - out.paths["financing_cost"]
    np.testing.assert_allclose(out.pnl[-1], parts, atol=1e-4)
    pnl = (p["book_weight"] * (held[:, -1] / held[:, 0] * price[:, -1] - 1)).sum(axis=1)
    pnl -= (t["borrow_paid"][:, -1] + t["spent"][:, -1]).astype(float).sum(axis=1)
    np.testing.assert_allclose(out.pnl[-1], pnl - out.paths["financing_cost"], atol=5e-5)


@each_back_end
def test_financing_is_paid_on_longs_beyond_equity(simulate: Simulate) -> None:
    scenario = packed(
        **{**STILL, "book_weight": 1.8, "book_floats": 0.1, "financing_rate": 0.1, "days": 10}
    )
    out = simulate(scenario.at_moment(10), path_ids(1))
    assert out.paths["financing_cost"][0] == pytest.approx(0.8 * np.expm1(0.1 * 10 / 252), rel=1e-4)
    assert out.pnl[-1, 0] == pytest.approx(-out.paths["financing_cost"][0], rel=1e-4)


# --- packing --------------------------------------------------------------------------------------

ROW = MarketRow("GME", 20.0, 5e7, 3e7, 2e6, 0.9, 1.2, 0.4)
MARKET = Market({"GME": ROW})
BOOK = Book((Position("1", "GME", -2e6, 20.0, 0.35),), cash=1.4e8)
WEIGHT = 2e6 * 20 / 1e8


def margin_fields(**rules: Any) -> np.void:
    scenario = Scenario.model_validate({"id": "x", "book": rules})
    record: np.void = pack(bind(scenario, BOOK, MARKET, Chain()), seed=1).names[0]
    return record


@pytest.mark.parametrize(
    ("rules", "rate"),
    [
        ({}, 0.35),
        ({"regime": "portfolio"}, 0.15),
        ({"regime": "reg_t"}, 0.3),
        ({"regime": "reg_t", "dynamic": False}, 0.3),
        ({"regime": "house"}, 0.3),
    ],
)
def test_base_rates_of_the_regimes(rules: dict[str, Any], rate: float) -> None:
    name = margin_fields(**rules)
    assert name["book_margin"] == pytest.approx(rate * WEIGHT, rel=1e-6)
    five = 5 / 20 if rules == {"regime": "reg_t"} else 0
    assert name["margin_five"] == pytest.approx(five)
    assert (name["margin_max"] > 0) == (rules == {"regime": "house"})


def test_a_static_house_margin_stays_as_it_began() -> None:
    house = {"base": 0.2, "float_slope": 2.0, "float_from": 0.01, "volume_slope": 0.1,
             "volume_from": 0.5, "interest_slope": 1.5, "interest_from": 0.02, "fee_slope": 0.5,
             "fee_from": 0.1}  # fmt: skip
    name = margin_fields(regime="house", dynamic=False, house=house)
    addons = 2 * (0.04 - 0.01) + 0.1 * (1 - 0.5) + 1.5 * (2 / 30 - 0.02) + 0.5 * 0.3
    assert name["book_margin"] == pytest.approx((0.2 + addons) * WEIGHT, rel=1e-6)
    assert name["margin_max"] == 0
    capped = margin_fields(regime="house", dynamic=False, house={**house, "most": 0.25})
    assert capped["book_margin"] == pytest.approx(0.25 * WEIGHT, rel=1e-6)


def test_a_margin_event_replaces_the_rate_without_add_ons() -> None:
    """To 80 %: under a house with add-ons, static or dynamic, it is added to the base."""
    event = {"type": "margin_rate", "size": 0.8, "day": 1}
    for dynamic in (True, False):
        rules = {"regime": "house", "dynamic": dynamic, "house": {"base": 0.3, "float_slope": 5.0}}
        scenario = Scenario.model_validate({"id": "x", "book": rules, "timeline": [event]},
                                           strict=False)  # fmt: skip
        added = pack(bind(scenario, BOOK, MARKET, Chain()), seed=1).event_sizes[0, 0]
        assert added == pytest.approx((0.8 - 0.3) * WEIGHT, rel=1e-6)


@each_back_end
def test_a_dynamic_house_begins_where_a_static_one_stays(simulate: Simulate) -> None:
    """Funds' shorts are part of the reported short interest."""
    fund = {"equity": 1e9, "positions": {"GME": -0.2}}
    found = []
    for dynamic in (True, False):
        rules = {"regime": "house", "dynamic": dynamic}
        scenario = Scenario.model_validate(
            {"id": "x", "horizon_days": 1, "book": rules, "funds": {"F": fund}}, strict=False
        )
        _, trace = traced(simulate, pack(bind(scenario, BOOK, MARKET, Chain()), seed=1))
        found.append(float(trace["margin"][0, 0, 0]))
    assert found[0] == pytest.approx(found[1], rel=1e-6)


@each_back_end
def test_three_hundred_per_cent_hold_below_five_a_share_too(simulate: Simulate) -> None:
    market = Market({"GME": replace(ROW, price=4.0)})
    book = Book((Position("1", "GME", -2e6, 4.0, 1.0),), cash=4e7)
    event = {"type": "margin_rate", "size": 3.0, "day": 1}
    scenario = Scenario.model_validate(
        {"id": "x", "horizon_days": 1, "book": {"regime": "reg_t"}, "timeline": [event]},
        strict=False,
    )
    scenario_ = pack(bind(scenario, book, market, Chain()), seed=1)
    _, trace = traced(simulate, scenario_)
    price = np.exp(trace["log_price"][0, -1, 0])
    assert trace["margin"][0, -1, 0] == pytest.approx(3 * 2e6 * 4 / book.equity * price, rel=1e-5)


def test_the_policy_is_packed_and_switches_the_channel() -> None:
    rules = {"policy": ["margin", "stop_loss"], "grace": 1.0, "stop_loss": 0.4, "leverage": 2.5}
    scenario = Scenario.model_validate({"id": "x", "book": rules}, strict=False)
    run = pack(bind(scenario, BOOK, MARKET, Chain()), seed=1).run
    assert Policy(int(run["policy"])) == Policy.MARGIN | Policy.STOP_LOSS
    assert Channel.BOOK in Channel(int(run["channels"]))
    assert run["grace_steps"] == 26.0
    assert run["leverage"] == 2.5
    assert run["stop_up"] == pytest.approx(np.log(1.4))
    assert run["stop_down"] == pytest.approx(np.log(0.6))
    held = pack(bind(Scenario.model_validate({"id": "x"}), BOOK, MARKET, Chain()), seed=1).run
    assert Channel.BOOK not in Channel(int(held["channels"]))
    assert held["leverage"] == pytest.approx(WEIGHT)  # kept by default


def test_words_of_the_policy() -> None:
    assert BookRules.model_validate({"policy": "hold"}).policy == ()
    assert BookRules.model_validate({"policy": "margin"}).policy == ("margin",)
    with pytest.raises(ValidationError):
        BookRules.model_validate({"policy": "panic"})
