"""Contributions at a path's own worst moment against the same found by hand from its prices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.engine.run.tail import replay_paths
from powderkeg.kernels import backend
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.records import StepKind
from powderkeg.results.measures.euler import contributions, tail_of
from powderkeg.results.measures.path_loss import PathLoss
from powderkeg.results.measures.statistics import expected_shortfall, sorted_losses
from tests.helpers.builders import gme_like, path_ids

Array = npt.NDArray[np.float64]
WEIGHTS, FEE, PATHS = (-0.5, 0.3), 0.4, 5000
"""A short and a long, so that the worst moment of the book is that of neither name."""
NO_FEES: dict[str, Any] = {"fee0": 0.0, "fee_slope": 0.0, "fee_min": 0.0}
FEES = NO_FEES | {"fee0": [FEE, FEE]}  # which nothing moves
each_fee = pytest.mark.parametrize(("fee", "fees"), [(0.0, NO_FEES), (FEE, FEES)])


def two_names(**fees: Any) -> Packed:
    """Two squeezes of which the book holds one short and one long."""
    return gme_like(2, days=3, steps_per_day=6, book_weight=WEIGHTS, sigma=[0.08, 0.05], **fees)


def by_name(scenario: Packed, log_price: Array, fee: float) -> Array:
    """P&L of each name, a (P - 1) less a short's fees so far: (paths, rows, names) of as much."""
    weights, price = np.array(WEIGHTS), np.exp(log_price)
    intraday = (scenario.schedule["kind"] & StepKind.OVERNIGHT) == 0
    steps = int(scenario.run["steps_per_day"])
    paid = np.zeros_like(price)
    for row in range(1, price.shape[1]):
        rate = fee / 252 / steps if intraday[row - 1] else 0.0
        paid[:, row] = paid[:, row - 1] + rate * np.maximum(-weights, 0) * price[:, row]
    return np.asarray(weights * (price - 1) - paid)


def first_lowest(total: Array) -> npt.NDArray[np.int64]:
    """The first row of every path at which nothing is lower: total (paths, rows), row 0 is 0."""
    found = []
    for path in total:
        lowest, at = 0.0, 0
        for row, pnl in enumerate(path):
            if pnl < lowest:
                lowest, at = pnl, row
        found.append(at)
    return np.array(found)


@each_fee
def test_names_at_the_worst_moment_are_what_prices_say(fee: float, fees: dict[str, Any]) -> None:
    scenario, ids = two_names(**fees), path_ids(PATHS)
    engine = backend("auto")
    ran = engine.simulate(scenario, ids, trace=True)
    assert ran.trace is not None
    parts = by_name(scenario, ran.trace["log_price"].astype(float), fee)
    tau = first_lowest(parts.sum(axis=2))
    mine = parts[np.arange(PATHS), tau]
    told = replay_paths(engine, scenario, ids, PathLoss("worst"))

    np.testing.assert_allclose(told.names["pnl"], mine, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(told.loss, mine.sum(axis=1), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(told.loss, ran.paths["worst_pnl"])
    same = told.step == tau
    assert same.mean() > 0.995  # what floats round otherwise is a tie of two steps
    at_told = parts.sum(axis=2)[np.arange(PATHS), told.step]
    np.testing.assert_allclose(at_told, mine.sum(axis=1), atol=1e-6)
    np.testing.assert_array_equal(told.day[tau == 0], 0)

    never = ran.paths["worst_pnl"] == 0
    assert 0.01 < never.mean() < 0.5 and (tau[never] == 0).all()
    assert not told.names["pnl"][never].any() and not told.names["borrow_paid"][never].any()
    # the worst moment is a matter of the book: in places of the day, and not that of either name
    assert len(set(told.step % 7)) == 7
    assert (tau != first_lowest(parts[..., 0])).any() and (tau != first_lowest(parts[..., 1])).any()


@each_fee
def test_contributions_to_es_are_means_at_the_worst_moments(
    fee: float, fees: dict[str, Any]
) -> None:
    """ES by hand: the paths that lose most at their own worst moments, and each name on them."""
    scenario, level = two_names(**fees), 0.99
    engine = backend("auto")
    ran = engine.simulate(scenario, path_ids(PATHS), trace=True)
    assert ran.trace is not None
    parts = by_name(scenario, ran.trace["log_price"].astype(float), fee)
    mine = -parts[np.arange(PATHS), first_lowest(parts.sum(axis=2))]
    most = np.argsort(mine.sum(axis=1))[::-1][:50]  # 1 % of 5,000: no share of a path is left
    by_hand = mine[most].mean(axis=0)

    losses = -ran.paths["worst_pnl"].astype(float)
    tail = tail_of(PATHS, level)
    ids = tail.paths(losses).astype(np.uint64)
    told = replay_paths(engine, scenario, ids, PathLoss("worst"))
    value = contributions(tail, -told.names["pnl"].astype(float))[0]
    np.testing.assert_allclose(value, by_hand, rtol=1e-5)
    es = expected_shortfall(sorted_losses(losses), level).value
    assert value.sum() == pytest.approx(es, rel=1e-5)
