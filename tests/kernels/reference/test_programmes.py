"""Programmes of the timeline that buy shares and calls."""

import numpy as np
import pytest

from powderkeg.kernels import records as layout
from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.by_hand import call_by_hand
from tests.helpers.events import each, event
from tests.helpers.traces import DAY, DT, LOT, STILL, one_name, one_path


@pytest.mark.parametrize("capacity", [None, 0.01])
def test_a_call_programme_buys_weekly_calls_whatever_the_crowd_does(capacity: float | None) -> None:
    """Also under a restriction, and without a crowd; sellers withdraw as capacity fills."""
    scenario = packed(
        **STILL,
        channels=Channel.PROGRAMMES | Channel.CROWD_CALLS,
        call_capacity=capacity,
        vol_rate=0.0,
        events=[
            event("call_programme", 0.002, 1, rows=3),
            event("call_programme", 0.001, 2, rows=1),
            event("restriction", None, 0, on=True),
        ],
    )
    t, p = (
        one_name(one_path(scenario)),
        {f: float(scenario.names[f][0]) for f in layout.NAME.names or ()},
    )
    n = 0.0
    for row in range(DAY):
        spent = {1: 0.002, 2: 0.003, 3: 0.002}.get(row, 0.0) * DT
        room = 1.0 if capacity is None else max(1 - n / capacity, 0)
        s = 0.8 * float(scenario.schedule["sqrt_tau_buy"][row])
        n += spent / max(call_by_hand(p, s), 0.005) * room
        assert t["calls"][row + 1] == pytest.approx(n, rel=1e-5)
    assert t["call_log_strike"][DAY] == pytest.approx(0.15, abs=1e-6)
    assert (t["attention"] == 0).all() and (t["crowd_shares"] == 0).all()


def test_programmes_buy_and_sell_what_they_hold() -> None:
    """Dated floats a day, added up; nothing overnight; sells stop at what X holds."""
    events = [
        *each("buying_programme", [0.08, 0.02], 0, rows=4),  # rows 1, 2 and 3 trade
        *each("buying_programme", [0.0, -0.01], 2, rows=1),
        *each("buying_programme", [-0.2, 0.0], 10),
    ]
    t = one_path(packed(2, **STILL, channels=Channel.PROGRAMMES, events=events))
    x = t["programme"]
    np.testing.assert_allclose(x[:5, 0], [0, 0, 0.01, 0.02, 0.03], atol=3 * LOT)
    np.testing.assert_allclose(x[:5, 1] / DT, [0, 0, 0.02, 0.03, 0.05], atol=1e-5)
    assert x[11, 0] == pytest.approx(0.03 - 0.025, abs=4 * LOT)
    assert x[12, 0] == 0 and x[-1, 0] == 0
    np.testing.assert_array_equal(t["elastic"][0] - t["elastic"], x)
    off = one_path(packed(2, **STILL, channels=Channel(0), events=events))
    assert (off["programme"] == 0).all()
