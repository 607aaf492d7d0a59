"""The hand-over to the kernels: shifts applied once, rows and parameters in the order of names."""

from dataclasses import replace

import numpy as np
import pytest

from powderkeg.kernels.packing.scenario import pack
from powderkeg.scenarios import Chain, InputError, Market, Scenario, bind
from powderkeg.scenarios.factors import loadings
from powderkeg.scenarios.overrides import members
from tests.helpers.small_market import BOOK, MARKET

STORY = Scenario.model_validate(
    {
        "id": "s",
        "horizon_days": 2,
        "steps_per_day": 4,
        "market_shifts": [
            {"symbol": "shorts", "field": "adv", "type": "relative", "size": -0.5},
            {"symbol": "GME", "field": "short_interest", "type": "absolute", "size": 1e6},
        ],
        "crowd": {"infection": 0.25},
        "names": {"shorts": {"crowd": {"infection": 1.0}}, "GME": {"crowd": {"infection": 2.0}}},
        "ensemble": {"names.GME.crowd.infection": [3.0, 4.0]},
    },
    strict=False,
)


def test_shifts_are_applied_once_whatever_is_made_of_it() -> None:
    bound = bind(STORY, BOOK, MARKET, Chain())
    for each in (
        bound,
        *bound.members(),
        bound.with_book(BOOK, bound.market),
        bound.with_scenario(STORY.model_copy(update={"ensemble": {}})),
    ):
        assert each.market["GME"].adv == 0.5 * MARKET["GME"].adv
        assert each.market["AAPL"].adv == MARKET["AAPL"].adv  # a long
        assert each.market["GME"].short_interest == MARKET["GME"].short_interest + 1e6
    twice = bind(STORY, BOOK, bound.market, Chain())
    assert twice.market["GME"].adv == 0.25 * MARKET["GME"].adv


def test_what_is_packed_is_the_shifted_market() -> None:
    bound = bind(STORY, BOOK, MARKET, Chain())
    packed = pack(bound, seed=1)
    for row, name in zip(bound.rows, packed.names, strict=False):
        assert float(name["adv"]) == pytest.approx(row.adv / row.float_shares, rel=1e-6)


def test_rows_parameters_and_loadings_are_in_the_order_of_names() -> None:
    bound = bind(STORY, BOOK, MARKET, Chain())
    assert bound.symbols == ("AAPL", "GME", "NO")
    assert [row.symbol for row in bound.rows] == list(bound.symbols)
    assert [p.crowd.infection for p in bound.parameters] == [0.25, 2.0, 1.0]
    expected = loadings(STORY, MARKET, BOOK, bound.symbols)  # the shifts leave volatility alone
    np.testing.assert_array_equal(bound.loadings, expected)


def test_members_have_their_own_parameters() -> None:
    each = bind(STORY, BOOK, MARKET, Chain()).members()
    assert [member.scenario for member in each] == members(STORY)
    assert [member.parameters[1].crowd.infection for member in each] == [3.0, 4.0]


def test_another_book_is_packed_in_its_own_order() -> None:
    bound = bind(STORY, BOOK, MARKET, Chain())
    fewer = replace(BOOK, positions=tuple(p for p in BOOK.positions if p.symbol != "AAPL"))
    other = bound.with_book(fewer, bound.market)
    assert other.symbols == ("GME", "NO")
    assert [p.crowd.infection for p in other.parameters] == [2.0, 1.0]


def test_what_does_not_fit_is_named() -> None:
    rows = {symbol: row for symbol, row in MARKET.rows.items() if symbol != "AAPL"}
    bound = bind(Scenario(id="x"), BOOK, Market(rows, MARKET.as_of), Chain())
    with pytest.raises(InputError, match="AAPL is in the book but not in the market file; add its"):
        pack(bound, seed=1)
    less = {"symbol": "GME", "field": "short_interest", "type": "relative", "size": -1.0}
    none = Scenario.model_validate({"id": "x", "market_shifts": [less]}, strict=False)
    with pytest.raises(InputError, match=r"short interest of GME would become 0, less than the bo"):
        bind(none, BOOK, MARKET, Chain())
