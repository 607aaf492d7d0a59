"""The price that inventory makes: fills, the floor, transient impact."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from powderkeg.kernels import reference
from powderkeg.kernels.records import Channel
from powderkeg.kernels.reference import clearing
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.events import event
from tests.helpers.traces import LOT, STILL, one_name, one_path, traced


def test_what_does_not_fill_is_counted_and_scaled_alike() -> None:
    """Too many buyers: E stops at its floor, and fails are the crowd's unfilled share."""
    scenario = packed(
        days=1,
        steps_per_day=1,
        channels=Channel.CROWD | Channel.CROWD_SHARES,
        sigma=1e-5,
        overnight_share=0.0,
        max_multiple=1.2,
        attention0=0.3,
        infection=3.0,
        share_budget=2.0,
        shared=0.0,
    )
    out = reference.simulate(scenario, path_ids(1), trace=True)
    assert out.trace is not None
    p, last = scenario.names[0], out.trace[0, -1, 0]
    gone = -math.expm1(-0.1)
    wanted = 2.0 * 0.7 * -math.expm1(-3.0 * 0.3 * gone / 0.1)
    room = float(p["elastic0"]) - float(p["elastic_min"])
    assert wanted > 2 * room
    assert last["crowd_shares"] == pytest.approx(room, abs=2 * LOT)
    assert out.paths["fails"][0] == pytest.approx(wanted - room, rel=1e-4)
    assert out.paths["floor_names"][0] == 1 and last["floor"] == 1
    assert last["log_price"] == pytest.approx(math.log(1.2), abs=1e-4)


def test_a_start_above_the_anchor() -> None:
    """x(0) = 0, w(0) = -premium; the price meets the anchor at E* = E0 e^(premium/M)."""
    sale = event("buying_programme", -8.0, 1, rows=1)  # X is empty: nothing to sell
    scenario = packed(
        **{**STILL, "elasticity": 0.8}, channels=Channel.PROGRAMMES, premium=0.4, events=[sale]
    )
    t = one_name(one_path(scenario))
    assert abs(t["log_price"]).max() < 1e-6
    np.testing.assert_allclose(t["anchor"], -0.4, atol=1e-6)
    assert (t["elastic"] == t["elastic"][0]).all()
    stock = event("issuance", 0.8, 1, rows=1)
    scenario = packed(
        **{**STILL, "elasticity": 0.8}, channels=Channel.PROGRAMMES, premium=0.4, events=[stock]
    )
    t = one_name(one_path(scenario))
    e = t["elastic"][0]
    assert t["log_price"][2] == pytest.approx(-0.8 * math.log((e + 0.1) / e), abs=1e-6)


@given(
    m=st.one_of(st.just(1.0), st.floats(0.1, 3)),
    orders=st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=20),
)
def test_a_round_trip_of_one_agent_earns_nothing(m: float, orders: list[float]) -> None:
    elastic = np.clip(1 - np.cumsum(orders), 0.2, 3)
    path = np.r_[1.0, elastic, 1.0]
    before, after = path[:-1], path[1:]
    price = reference.fill_price(
        np.full(len(before), 0.1), np.zeros(len(before)), before, after, np.array(m), np.array(1.0)
    )
    cash = (price * (after - before)).sum()
    assert abs(cash) < 1e-12 * (price * np.abs(after - before)).sum() + 1e-13


@pytest.mark.parametrize("m", [0.1, 0.7, 1.0, 1.0 + 1e-9, 2.0, 3.0])
@pytest.mark.parametrize("after", [0.3, 0.999, 1.0, 2.5])
def test_the_fill_price_is_the_mean_price_over_the_move(m: float, after: float) -> None:
    elastic0, before, anchor, transient = 1.3, 1.0, 0.2, -0.05
    args = (anchor, transient, before, after, m, elastic0)
    got = reference.fill_price(*(np.array(a) for a in args))
    spot = np.exp(anchor + transient) * elastic0**m
    expected = (
        spot * quad(lambda e: e**-m, before, after, epsabs=1e-13)[0] / (after - before)
        if after != before
        else spot
    )
    assert got == pytest.approx(expected, rel=1e-9)


def test_traced_fills_are_the_mean_price_with_the_mean_transient() -> None:
    """(1/q) int P dE with J at the mean of what it is before and after the flow."""
    scenario = gme_like(days=8, steps_per_day=8, elasticity=1.61, transient_decay=3.0)
    t, p = traced(scenario, 8), scenario.names[0]
    m, e0 = float(p["elasticity"]), float(p["elastic0"])
    before, after, w = t["elastic"][:, :-1], t["elastic"][:, 1:], t["anchor"][:, 1:]
    mean_j = (t["transient"][:, :-1] * np.exp(-3.0 / 8) + t["transient"][:, 1:]) / 2
    moved = np.abs(before - after) > 1e-3
    primitive = (before ** (1 - m) - after ** (1 - m)) / (1 - m) * e0**m
    expected = (primitive * np.exp(w + mean_j))[moved] / (before - after)[moved]
    assert moved.sum() > 50 and np.ptp(mean_j[moved]) > 0.005
    np.testing.assert_allclose(t["fill_price"][:, 1:][moved], expected, rtol=1e-5)
    np.testing.assert_allclose(t["volume"][:, 1:], before - after, atol=1e-7)


def test_transient_impact_of_a_steady_order() -> None:
    """Obizhaeva & Wang: cost X^2 (rho T - 1 + e^{-rho T})/(rho T)^2 times eta sigma T/V; .2838."""
    steps, rho, eta_sigma, volume, order = 4000, 2.0, 0.03, 1.0, 1e-4
    dt = 1 / steps
    j, cost = np.zeros(1), 0.0
    q = np.array([order / steps])
    for _ in range(steps):
        decayed = j * np.exp(-rho * dt)
        j = decayed + clearing.impact(q, np.array(volume), np.array(eta_sigma), dt)
        cost += float((q * (decayed + j) / 2)[0])
    shape = (rho - 1 + np.exp(-rho)) / rho**2
    assert shape == pytest.approx(0.2838, abs=5e-5)
    assert cost / (eta_sigma / volume * order**2) == pytest.approx(shape, rel=1e-3)
    fast = clearing.impact(np.array(1e3), np.array(volume), np.array(eta_sigma), 0.25)
    assert fast == pytest.approx(eta_sigma * 0.25, rel=1e-3)  # at most eta sigma a day
