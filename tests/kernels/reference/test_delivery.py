"""Expiry by delivery, step by step against the numbers of docs/model.md, 9."""

from __future__ import annotations

import numpy as np
import pytest

from powderkeg.kernels.records import Channel
from tests.helpers.builders import adjust, listed, packed
from tests.helpers.traces import LOT, STILL, one_name, one_path

CLOSE = 9  # row of the first close: row 0 the start, row 1 the open, 8 steps
CALLS = Channel.DEALERS | Channel.CROWD | Channel.CROWD_CALLS


def test_dealers_go_short_of_what_they_can_buy_in_and_fail_the_rest() -> None:
    """.5 floats of calls against a hedge of .1, and .25 above the floor of the elastic float."""
    scenario = packed(
        **STILL, channels=CALLS, exercised=1.0, hedging=0.0, calls0=0.5, call_log_strike0=-1.0,
        call_roll=0.0, infection=0.0, exit_rate=0.0, expiry_every=1,
    )  # fmt: skip
    elastic = float(scenario.names["elastic0"][0])
    t = one_name(one_path(adjust(scenario, elastic_min=elastic - 0.25, hedge0=0.1)))
    assert t["crowd_shares"][CLOSE] == pytest.approx(0.35, abs=2 * LOT)
    assert t["hedge"][CLOSE] == pytest.approx(-0.25, abs=2 * LOT)
    assert t["fails"][CLOSE] == pytest.approx(0.15, abs=1e-5)
    assert t["elastic"][CLOSE] == pytest.approx(elastic, abs=LOT)
    assert t["log_price"][CLOSE] == pytest.approx(0.0, abs=1e-6)


def test_shares_that_the_crowd_cannot_pay_are_sold_evenly_over_the_next_session() -> None:
    scenario = packed(
        **STILL, channels=CALLS | Channel.CROWD_SHARES, exercised=0.5, calls0=0.2,
        call_log_strike0=-1.0, call_roll=0.0, infection=0.0, exit_rate=0.0, expiry_every=1,
        share_budget=0.0, exercise_budget=0.01,
    )  # fmt: skip
    t = one_name(one_path(scenario))
    got = t["crowd_shares"][CLOSE]
    assert got == pytest.approx(0.1, abs=1e-5)
    owed = (got * np.exp(t["call_log_strike"][CLOSE - 1]) - 0.01) / np.exp(t["log_price"][CLOSE])
    assert t["unpaid"][CLOSE] == pytest.approx(owed, rel=1e-5)
    session = t["crowd_shares"][CLOSE + 1 :]
    np.testing.assert_allclose(-np.diff(session), owed / 8, rtol=1e-3, atol=2 * LOT)
    assert t["unpaid"][-1] == pytest.approx(0.0, abs=1e-9)


def test_what_put_holders_do_not_own_they_sell_short() -> None:
    """A put deep in the money: dealers are short the shares, and get them back."""
    scenario = packed(
        **STILL, channels=Channel.DEALERS, options=listed((1.0, 1, False, 0.2)), exercised=1.0,
        covered=0.75, locked=0.05, dealer_sign=1.0,
    )  # fmt: skip
    t = one_name(one_path(scenario))
    assert t["hedge"][CLOSE - 1] == pytest.approx(-0.2, abs=1e-4)
    assert t["hedge"][CLOSE] == pytest.approx(0.0, abs=1e-4)
    assert t["locked"][CLOSE] == pytest.approx(0.0, abs=LOT)  # .15 are wanted, .05 are there
    assert t["new_shorts"][CLOSE] == pytest.approx(0.15, abs=2 * LOT)
    assert t["new_short_entry"][CLOSE] == pytest.approx(t["log_price"][CLOSE], abs=1e-4)
    np.testing.assert_allclose(t["log_price"][CLOSE:], t["log_price"][CLOSE - 1], atol=1e-3)
