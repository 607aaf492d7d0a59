"""Cancelled trades are undone since the last close."""

import math
from typing import Any

import numpy as np

from powderkeg.kernels import records as layout
from powderkeg.kernels.records import Channel
from tests.helpers.builders import gme_like, packed
from tests.helpers.events import event
from tests.helpers.traces import DAY, DT, LOT, MORE, STILL, one_name, one_path, traced


def test_cancelled_trades_are_undone_since_the_last_close() -> None:
    """Struck at a close step plus one overnight and three intraday rows; then the day goes on."""
    row = 2 * DAY + 4
    settings: dict[str, Any] = {**MORE, "days": 4, "steps_per_day": 8, "attention0": 0.1}
    settings |= {"max_multiple": 200.0, "lendable_elastic": 0.6, "expiry_every": 9}
    programme = event("buying_programme", 0.02, 0)
    halt = event("trading_halt", None, row, rows=1)  # so the row itself shows what was restored
    events = [programme, halt, event("trade_cancellation", None, row)]
    scenario = gme_like(**settings, events=events, channels=layout.ALL_CHANNELS)
    t = one_name(traced(scenario, 6))
    undone = (
        "elastic locked levered leader crowd_shares hedge cohort new_shorts programme issued calls "
        "call_log_strike monthly_calls monthly_call_log_strike log_price log_price_max fund_1 "
        "new_short_entry"
    ).split()
    closed = 2 * DAY
    for field in undone:
        np.testing.assert_array_equal(t[field][:, row + 1], t[field][:, closed], err_msg=field)
    decayed = t["transient"][:, closed] * math.exp(-2.0 * DT)
    np.testing.assert_allclose(t["transient"][:, row + 1], decayed, rtol=1e-5)
    slow = t["log_price_slow"][:, closed]
    slow += -math.expm1(-0.7 * DT) * (t["log_price"][:, closed] - slow)
    np.testing.assert_allclose(t["log_price_slow"][:, row + 1], slow, atol=1e-6)
    moved = ("elastic", "crowd_shares", "hedge", "programme", "log_price", "calls")
    assert all((t[f][:, row] != t[f][:, closed]).all() for f in moved)
    for field in ("anchor", "attention", "fee_paid", "removed"):
        assert (t[field][:, row + 1] != t[field][:, closed]).all(), field
    assert (t["fee_paid"][:, row + 1] > t["fee_paid"][:, row]).all()
    assert (t["volume"][:, row + 2] != 0).all()


def test_cancellation_before_the_first_close_goes_back_to_the_start() -> None:
    events = [
        event("buying_programme", 0.08, 0, rows=4),
        event("trade_cancellation", None, 4, names="N00"),
    ]
    t = one_path(packed(2, **STILL, channels=Channel.PROGRAMMES, events=events))
    np.testing.assert_allclose(t["programme"][[4, 5]], [[0.03, 0.03], [0.0, 0.03]], atol=3 * LOT)
    assert abs(t["log_price"][5, 0]) < 1e-6 < t["log_price"][5, 1]
