"""Dealers: the chain, the exponential step, the price that everybody else makes."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.packing.chain import chain_hedge
from powderkeg.kernels.records import Channel
from powderkeg.kernels.reference import dealers
from powderkeg.kernels.reference import state as states
from powderkeg.kernels.reference.parameters import Model
from tests.helpers.builders import gme_like, listed, packed, path_ids, with_table
from tests.helpers.by_hand import cdf
from tests.helpers.traces import LOT


def test_dealers_short_the_shares_borrow_them() -> None:
    """Short puts are hedged short: utilisation counts (-H)+, and only the book's shorts pay."""
    scenario = packed(
        2,
        days=1,
        channels=Channel(0),
        sigma=1e-5,
        options=listed((0.1, 30, False, 0.3)),
        book_weight=[0.5, -0.5],
        short_interest=0.2,
    )
    trace = reference.simulate(scenario, path_ids(1), trace=True).trace
    assert trace is not None
    p, row = scenario.names[0], trace[0, -1]
    assert p["hedge0"] < -0.1
    lendable = 0.75 * p["elastic0"] + 0.9 * p["locked"]
    assert row["utilisation"][0] == pytest.approx((0.2 - p["hedge0"]) / lendable, rel=1e-5)
    assert row["borrow_paid"][0] == 0
    assert row["borrow_paid"][1] == pytest.approx(0.5 * 0.02 / 252, rel=1e-3)


@pytest.mark.parametrize("kappa", [0.8, 60.0])
@pytest.mark.parametrize("gain", [0.3, 0.7])
def test_dealers_get_as_far_as_the_exponential_step(gain: float, kappa: float) -> None:
    """dH/dt = kappa (H* - H) over one step of one day: x = w (1 + G (1 - e^-z)/(1 - G)).

    One call far from expiry with (M/E0) O n(d1)/s = G; many small steps would hide a wrong step.
    """
    root, day, interest = 0.2 + 3 * 3 / 23, 250, 0.3  # a node of the table
    s = root**2 * math.sqrt(day / 252)
    density = math.exp(-(s**2) / 8) / math.sqrt(2 * math.pi) / s
    locked = 1 - interest * cdf(s / 2) - interest * density / gain
    scenario = packed(
        days=1,
        steps_per_day=1,
        channels=Channel.DEALERS,
        overnight_share=0.0,
        options=listed((0.0, day, True, interest)),
        elasticity=1.0,
        sigma=0.001,
        attention0=0.0,
        hedging=kappa,
        locked=max(0.0, locked),
        short_interest=max(0.0, -locked),
        vol0=root**2,
        vol_rate=0.0,
    )
    trace = reference.simulate(scenario, path_ids(1000), trace=True).trace
    assert trace is not None
    x, w = (trace[f][:, -1, 0].astype(float) for f in ("log_price", "anchor"))
    expected = 1 + gain * -math.expm1(-kappa * (1 - gain)) / (1 - gain)
    assert x.std() / w.std() == pytest.approx(expected, rel=0.01)


@pytest.mark.slow
def test_the_table_is_read_between_its_nodes() -> None:
    """Level and slope of the lookup against exact Black-Scholes, at prices and vols off nodes."""
    vols = np.linspace(0.15, 6, 40)
    options = listed((-0.2, 9, True, 0.1), (0.1, 9, False, 0.2), (0.3, 30, True, 0.05))
    scenario = packed(
        len(vols),
        days=2,
        options=options,
        vol0=vols,
        dealer_sign=0.5,
    )
    scenario = with_table(scenario, options, vol_range=(0.3, 2.6), vol_nodes=24)
    state = states.start(Model(scenario), np.ones((len(vols), 1)))
    law = dealers.target(state, Model(scenario), 12)
    x = np.random.default_rng(5).uniform(-0.8, 0.8, (len(vols), 50))
    hedge, slope = law(x)
    time, inside = float(scenario.schedule["time"][12]), vols[:, None]
    exact = chain_hedge(options, x, inside, time)
    np.testing.assert_allclose(hedge, 0.5 * exact, atol=5e-4)
    rise = (chain_hedge(options, x + 1e-5, inside, time) - exact) / 1e-5
    assert np.median(np.abs(slope - 0.5 * rise)) < 1e-3
    beyond, flat = law(np.full_like(x, 7.0))
    np.testing.assert_allclose(beyond, 0.5 * 0.15, atol=2e-3)
    assert (flat == 0).all()


@pytest.mark.parametrize("more", [{}, {"monthly_share": 0.5, "premium": 0.3}])
def test_dealers_answer_the_price_that_everybody_else_makes(more: dict[str, Any]) -> None:
    """E' and xh from the others' fills; the order from the crowd's calls (no static chain)."""
    scenario = gme_like(
        **more,
        days=9,
        steps_per_day=8,
        open_interest=0.0,
        attention0=0.1,
        max_multiple=200.0,
        entry_rate=3.0,
        entry_threshold=0.1,
        lendable_elastic=1.0,
        hedging=5.0,
        call_budget=0.06,
    )
    trace = reference.simulate(scenario, path_ids(10), trace=True).trace
    assert trace is not None
    p = {f: float(scenario.names[f][0]) for f in layout.NAME.names or ()}
    dt, bought, entered = 1 / 8, 0, 0
    for number, step in enumerate(scenario.schedule):
        ends = layout.StepKind.EXPIRY | layout.StepKind.MONTHLY_EXPIRY
        if step["kind"] & (layout.StepKind.OVERNIGHT | ends):
            continue
        for path in range(10):
            row, after = trace[path, number, 0], trace[path, number + 1, 0]
            if after["floor"]:
                continue
            a = {f: float(row[f]) for f in layout.TRACE.names or ()}
            b = {f: float(after[f]) for f in layout.TRACE.names or ()}
            y = b["hedge"] - a["hedge"]
            elastic = max(b["elastic"] + y, p["elastic_min"])
            expected = b["anchor"] + a["transient"] * math.exp(-2 * dt)
            expected += p["elasticity"] * math.log(p["elastic_normal"] / elastic)
            target = slope = rounding = 0.0
            for prefix, tau in (("", "sqrt_tau"), ("monthly_", "sqrt_tau_month")):
                calls, strike = b[f"{prefix}calls"], b[f"{prefix}call_log_strike"]
                s = max(a["implied_vol"] * float(step[tau]), 1e-4)
                d = (expected - strike) / s + s / 2
                target += calls * cdf(d)
                slope += calls * math.exp(-d * d / 2) / math.sqrt(2 * math.pi) / s
                rounding += calls / s
            z = 5.0 * dt * (1 - p["elasticity"] / elastic * slope)
            order = (target - a["hedge"]) * 5.0 * dt * -math.expm1(-z) / z
            most = b["calls"] + b["monthly_calls"]
            order = min(max(order, min(-a["hedge"], 0)), max(most - a["hedge"], 0))
            assert y == pytest.approx(order, rel=2e-4, abs=2e-6 * rounding + 3 * LOT)
            bought += abs(y) > 1e-4
            entered += b["new_shorts"] - a["new_shorts"] > 2e-3
    assert bought > 100 and entered > 50


def test_prices_and_hedges_of_dealers_long_gamma_agree() -> None:
    """y = c (H*(x) - H) at the price that y makes, also next to expiry."""
    rng = np.random.default_rng(3)
    n = 2000
    strike, width = rng.uniform(-0.3, 0.3, n), 10 ** rng.uniform(-3.5, -0.5, n)
    interest, m = -rng.uniform(0.01, 0.4, n), rng.uniform(0.2, 3, n)
    hedge, expected = interest * rng.random(n), rng.normal(0, 0.3, n)
    elastic, share = rng.uniform(0.5, 2, n), rng.uniform(0.1, 1, n)
    law = dealers.Target(None, (dealers.Calls(interest, strike, width),))
    wanted = law(expected)[0]
    about = dealers.Market(hedge, wanted, expected, elastic, m, 0.05 * elastic, share)
    y = dealers.solve(law, about, strike)
    x = expected + m * np.log(elastic / (elastic - y))
    d = (x - strike) / width + width / 2
    wanted = share * (interest * stats.norm.cdf(d) - hedge)
    slope = share * m / (elastic - y) * np.abs(interest) * stats.norm.pdf(d) / width
    assert np.abs((wanted - y) / (1 + slope)).max() < 1e-6


def test_the_exponential_step_solves_the_linear_feedback_exactly() -> None:
    """Of dH/dt = kappa (G - 1) (H - H_end) over a step: (1 - e^-z)/z, z at least -80."""
    z = np.array([-100.0, -3.0, -1e-3, -1e-6, 0.0, 1e-6, 1e-3, 2.0, 300.0])
    c = np.maximum(z, -80)
    expected = np.where(c == 0, 1, -np.expm1(-c) / np.where(c == 0, 1, c))
    np.testing.assert_allclose(dealers.relaxed(z), expected, rtol=2e-7)
