"""The book's P&L, fees and margin calls."""

import numpy as np

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.records import CALM
from tests.helpers.builders import packed, path_ids


def test_margin_call_worst_pnl_and_fees_of_a_short() -> None:
    """One short of the whole equity at 50 % margin is called at P = 4/3 less fees."""
    scenario = packed(
        days=6,
        channels=CALM,
        sigma=0.12,
        book_weight=-1.0,
        margin_rate=0.5,
        fee0=0.4,
        horizons=[2, 6],
    )
    out = reference.simulate(scenario.at_moment(6), path_ids(400), trace=True)
    assert out.trace is not None
    price = np.exp(out.trace["log_price"][:, :, 0].astype(float))
    trades = np.r_[False, scenario.schedule["kind"] & layout.StepKind.OVERNIGHT == 0]
    paid = np.cumsum(np.where(trades, price * 0.4 / 252 / 8, 0), axis=1)
    pnl = 1 - price - paid
    called = 1 + pnl - 0.5 * price < 0
    called[:, 0] = False
    first = np.argmax(called, axis=1) - 1
    expected = np.where(called.any(axis=1), scenario.schedule["time"][first], np.nan)
    np.testing.assert_array_equal(out.paths["margin_call_day"], expected.astype(np.float32))
    closes = called[:, 9::9]
    at_close = np.where(closes.any(axis=1), np.argmax(closes, axis=1) + 1, np.nan)
    np.testing.assert_array_equal(out.paths["margin_call_day_close"], at_close)
    assert 20 < np.isfinite(expected).sum() < 380
    np.testing.assert_allclose(out.paths["worst_pnl"], np.minimum(pnl.min(axis=1), 0), atol=1e-6)
    np.testing.assert_allclose(out.paths["borrow_cost"], paid[:, -1], rtol=1e-5)
    np.testing.assert_allclose(out.pnl, pnl[:, 9::9].T, atol=1e-6)
    excess = (1 + pnl - 0.5 * price)[:, ::9].T
    np.testing.assert_allclose(out.excess, excess, atol=1e-6)
    lowest = pnl.argmin(axis=1) * (pnl.min(axis=1) < 0)
    assert (out.paths["worst_step"] == lowest).mean() > 0.99  # but for ties within rounding
