"""Lenders call back what the book has not located (docs/model.md, 7 and 11)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from powderkeg.engine.validate.cases.whole import residual
from powderkeg.kernels import reference
from powderkeg.kernels.backends import native
from powderkeg.kernels.packed import Packed, Simulate
from powderkeg.kernels.packing.in_use import channels_in_use
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import LOTS_PER_FLOAT, PATH, TRACE, Channel, Policy
from powderkeg.scenarios import Book, Chain, Market, MarketRow, Position, bind
from powderkeg.scenarios.scenario import Scenario
from tests.helpers.builders import packed, path_ids
from tests.helpers.events import event, fund
from tests.helpers.everything import everything
from tests.laws.test_limits import each_back_end

RATE, DAYS, STEPS = 0.7, 3, 8
LENT = 0.5  # floats
BOTH = Channel.BOOK | Channel.RECALL
STILL: dict[str, Any] = {
    "days": DAYS, "steps_per_day": STEPS, "sigma": 1e-9, "attention0": 0.0, "channels": BOTH,
    "lendable_elastic": 0.0, "lendable_locked": 1.0, "locked": LENT, "recall_rate": RATE,
    "elasticity": 0.2, "short_interest": 0.9, "book_floats": 0.3, "book_weight": -0.5,
    "policy": Policy.RECALL, "book_participation": 0.0,
}  # fmt: skip


def short(located: float = 0.0, **changes: Any) -> Packed:
    """Of .9 floats short the book has .3; .5 can be lent, and nothing else moves."""
    return packed(**{**STILL, "book_located": located, **changes})


def traced(simulate: Simulate, scenario: Packed, paths: int = 1) -> Any:
    out = simulate(scenario, path_ids(paths), trace=True)
    assert out.trace is not None
    return out.trace


def closes(trace: Any, field: str) -> Any:
    return trace[field][0, STEPS + 1 :: STEPS + 1, 0].astype(float)


@each_back_end
def test_an_unlocated_short_is_bought_in_at_the_rate_of_recall(simulate: Simulate) -> None:
    """D - Y = .4 e^(-rate t), taken from .6 of the cohort and .3 of the book in proportion."""
    trace = traced(simulate, short())
    left = (LENT + 0.4 * np.exp(-RATE * np.arange(1, DAYS + 1))) / 0.9
    np.testing.assert_allclose(closes(trace, "cohort"), 0.6 * left, atol=2e-5)
    np.testing.assert_allclose(closes(trace, "book"), -0.3 * left, atol=2e-5)
    np.testing.assert_allclose(closes(trace, "utilisation"), 0.9 * left / LENT, rtol=1e-4)


@each_back_end
def test_only_what_is_not_located_is_called(simulate: Simulate) -> None:
    """Each step takes c (D - Y) from S_c and (B- - located)+, the same part of both."""
    trace, located = traced(simulate, short(0.2)), 0.2
    cohort, book, c = 0.6, 0.3, -np.expm1(-RATE / STEPS)
    for day in range(DAYS):
        for _ in range(STEPS):
            part = c * (cohort + book - LENT) / (cohort + book - located)
            cohort, book = cohort * (1 - part), book - part * (book - located)
        assert closes(trace, "cohort")[day] == pytest.approx(cohort, abs=2e-5)
        assert closes(trace, "book")[day] == pytest.approx(-book, abs=2e-5)


@each_back_end
@pytest.mark.parametrize("held", [0.0, -0.4])
def test_never_below_what_is_located(simulate: Simulate, held: float) -> None:
    """Where nearly all that is borrowed stays, one step calls for more than all that can go."""
    scenario = short(
        0.25, recall_rate=50.0, lendable_locked=0.1, short_interest=0.8 - held,
        funds=[fund([held], 2.0)], elasticity=0.01, channels=BOTH | Channel.FUNDS,
    )  # fmt: skip
    trace = traced(simulate, scenario)
    assert -trace["book"].max() >= 0.25 - 1 / LOTS_PER_FLOAT
    assert closes(trace, "book")[-1] == pytest.approx(-0.25, abs=2 / LOTS_PER_FLOAT)
    assert closes(trace, "cohort")[-1] == 0


@each_back_end
@pytest.mark.parametrize(
    "changes",
    [
        {"short_interest": 0.5},  # all can be lent
        {"located": 0.3},
        {"channels": Channel.RECALL},
        {"channels": Channel.BOOK},
        {"policy": Policy.STOP_LOSS},
    ],
)
def test_the_book_keeps_its_short(simulate: Simulate, changes: dict[str, Any]) -> None:
    trace = traced(simulate, short(**changes))
    np.testing.assert_array_equal(trace["book"], trace["book"][0, 0, 0])


@each_back_end
def test_a_withdrawal_of_lenders_starts_the_calls(simulate: Simulate) -> None:
    """.5 are short and .5 lent; lenders of .2 withdraw, and .2 (1 - e^(-rate t)) goes back."""
    withdrawn = event("lendable_recall", 0.4, 1)
    trace = traced(simulate, short(short_interest=0.5, events=[withdrawn]))
    left = (0.3 + 0.2 * np.exp(-RATE * np.arange(1, DAYS + 1))) / 0.5
    np.testing.assert_allclose(closes(trace, "book"), -0.3 * left, atol=2e-5)


@pytest.mark.skipif(not native.available(), reason="no native library was built")
def test_the_ledger_holds_and_both_back_ends_agree() -> None:
    """Everything on, with recalls beside margin calls, stops and deleveraging."""
    scarce: dict[str, Any] = {"recall_rate": 3.0, "locked": 0.1, "lendable_elastic": 0.1}
    whole = everything(2, policy=Policy(15), **scarce)
    assert channels_in_use(whole) & BOTH == BOTH
    one, other = (room.simulate(whole, path_ids(32), trace=True) for room in (reference, native))
    assert residual(one) == residual(other) == 0
    assert one.trace is not None and other.trace is not None
    gap = np.abs(one.trace["book"] - other.trace["book"]).max(axis=(1, 2))
    assert np.quantile(gap, 0.9) < 1e-4
    without = traced(native.simulate, everything(2, policy=Policy(7), **scarce), 32)
    assert np.abs(without["book"] - other.trace["book"]).max() > 1e-3


# --- the word, the column -------------------------------------------------------------------------


def loaded(locate: float | None, **rules: object) -> Packed:
    row = MarketRow("GME", 10.0, 1e6, 9e5, 1e5, 0.8, 0.8, 0.2, lendable=5e5)
    book = Book((Position("1", "GME", -3e5, 10, 0.3, locate=locate),), cash=5e6)
    tree = {"id": "x", "horizon_days": 3, "steps_per_day": 4, "book": rules}
    return pack(bind(Scenario.model_validate(tree), book, Market({"GME": row}), Chain(())), seed=1)


def test_locate_is_in_shares_and_empty_is_all() -> None:
    assert loaded(2e5, policy="recall").names["book_located"][0] == np.float32(0.2)
    assert loaded(0.0, policy="recall").names["book_located"][0] == 0
    assert loaded(None, policy="recall").names["book_located"][0] > 1e6


@pytest.mark.parametrize(
    ("locate", "rules"),
    [(None, {"policy": "recall"}), (None, {}), (0.0, {}), (4e5, {"policy": "recall"})],
)
def test_by_default_nothing_changes(locate: float | None, rules: dict[str, object]) -> None:
    one, plain = loaded(locate, **rules), loaded(None)
    assert not Channel(int(one.run["channels"])) & Channel.BOOK
    found, expected = (reference.simulate(p, path_ids(20), trace=True) for p in (one, plain))
    np.testing.assert_array_equal(found.pnl, expected.pnl)
    for field in TRACE.names or ():
        assert found.trace is not None and expected.trace is not None
        np.testing.assert_array_equal(found.trace[field], expected.trace[field])
    for field in PATH.names or ():
        np.testing.assert_array_equal(found.paths[field], expected.paths[field])


def test_recall_alone_uses_the_book_even_without_a_share_of_volume() -> None:
    one = loaded(1e5, policy="recall", participation=0.0)
    assert Channel(int(one.run["channels"])) & BOTH == BOTH
    book = traced(reference.simulate, one, 20)["book"]
    assert (book[:, -1] > book[:, 0] + 0.01).all()


def test_who_uses_recall() -> None:
    off: dict[str, Any] = {"entry_rate": 0.0, "restriction_hazard": 0.0, "eta": 0.0}
    alone = {**off, "short_interest": 0.3, "channels": ~Channel(0)}
    assert channels_in_use(short(**alone)) == BOTH
    assert channels_in_use(short(0.3, **alone)) == Channel(0)
    assert channels_in_use(short(recall_rate=0.0, **alone)) & Channel.RECALL == Channel(0)
    assert channels_in_use(short(policy=Policy.MARGIN, **alone)) == Channel(0)
