"""The stock-loan market: fees of new and existing loans, recall."""

import numpy as np
import pytest

from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.events import event
from tests.helpers.traces import DT, STILL, one_name, one_path, traced


def test_new_loans_and_existing_loans_have_their_own_fee() -> None:
    """Recalled lending raises the fee of new loans at once, of existing ones at their rate."""
    scenario = packed(
        **STILL,
        channels=Channel(0),
        short_interest=0.4,
        book_weight=-0.5,
        repricing_rate=0.6,
        fee_threshold=0.5,
        fee_slope=3.0,
        events=[event("lendable_recall", 0.5, 0)],
    )
    t, p = one_name(one_path(scenario)), scenario.names[0]
    y = 0.75 * float(p["elastic0"]) + 0.9 * float(p["locked"])
    u0, u = 0.4 / y, 0.8 / y
    assert t["utilisation"][0] == pytest.approx(u0, rel=1e-6)
    assert t["utilisation"][2] == pytest.approx(u, rel=1e-6)
    fee = 0.02 + 3.0 * (max(u - 0.5, 0) - max(u0 - 0.5, 0))
    assert fee > 0.1 and t["fee"][0] == pytest.approx(0.02, rel=1e-6)
    assert t["fee"][2] == pytest.approx(fee, rel=1e-5)
    steps = np.arange(1, 9)
    existing = fee + (0.02 - fee) * np.exp(-0.6 * DT * steps)
    np.testing.assert_allclose(t["fee_existing"][2:10], existing, rtol=1e-5)
    owed = np.cumsum(np.r_[0.02, existing[:-1]]) * DT / 252  # phi: the fee before the step
    np.testing.assert_allclose(t["fee_paid"][2:10], owed, rtol=1e-5)
    paid = 0.5 * np.cumsum(existing) * DT / 252  # the book: the fee after it
    np.testing.assert_allclose(t["borrow_paid"][2:10], paid, rtol=1e-5)


def test_recall_decays_what_is_borrowed_beyond_what_can_be_lent() -> None:
    """Nothing else trades, and lendable does not depend on E: D - Y falls as e^{-rate t}."""
    scenario = packed(
        days=3,
        channels=Channel.RECALL,
        short_interest=0.9,
        lendable_elastic=0.0,
        lendable_locked=1.0,
        locked=0.5,
        recall_rate=0.7,
        elasticity=0.2,
        fee_threshold=1.0,
        fee_slope=0.5,
        fee0=0.9,
    )
    t = traced(scenario, 2)
    excess = t["cohort"][0, 9::9, 0] - 0.5
    np.testing.assert_allclose(excess, 0.4 * np.exp(-0.7 * np.arange(1, 4)), atol=2e-5)
    np.testing.assert_allclose(t["utilisation"][0, 9::9, 0], (excess + 0.5) / 0.5, rtol=1e-6)
    expected = 0.9 + 0.5 * (t["utilisation"][0, 9::9, 0] - 1.8)
    np.testing.assert_allclose(t["fee"][0, 9::9, 0], expected, rtol=1e-5)
