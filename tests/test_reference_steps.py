"""One step at a time by hand: the agents' orders as docs/model.md words them, in plain scalars."""

import math

import numpy as np
import pytest

from powderkeg.kernels import layout, reference
from powderkeg.kernels.chain import Options, chain_hedge
from powderkeg.kernels.layout import Channel
from powderkeg.kernels.reference import anchor, dealers
from powderkeg.kernels.reference import state as states
from powderkeg.kernels.reference.parameters import Model
from tests.builders import gme_like, packed, path_ids

LOT = 2.0**-22
Row = dict[str, float]


def cdf(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def crowd_by_hand(p: Row, a: Row, dt: float, sqrt_tau_buy: float) -> Row:
    """The crowd's state and orders one step after row `a`, for a name alone."""
    x, price = a["log_price"], math.exp(a["log_price"])
    m = min(max(x - a["log_price_slow"], -0.5), 1.0)
    run = max(a["log_price_max"] - x - p["stampede_drawdown"], 0)
    g = p["exit_rate"] * (1 + p["stampede"] * run) + a["restricted"] * p["exit_restricted"]
    stay = math.exp(-g * dt)
    force = p["infection"] * max(1 + p["momentum"] * m, 0) * a["attention"]
    free = max(1 - a["attention"] - a["removed"], 0) * (1 - a["restricted"])
    new = free * (1 - math.exp(-force * (1 - stay) / g))
    left = a["attention"] * (1 - stay)
    s = a["implied_vol"] * sqrt_tau_buy
    d1 = -p["call_strike"] / s + s / 2
    call = cdf(d1) - math.exp(p["call_strike"]) * cdf(d1 - s)
    bought = p["call_budget"] * new / (price * max(call, 0.005))
    calls = a["calls"] * stay + bought
    strike = a["call_log_strike"]
    return {
        "attention": a["attention"] + new - left,
        "removed": a["removed"] + left,
        "log_price_slow": x - (x - a["log_price_slow"]) * math.exp(-0.1 * dt),
        "buys": p["share_budget"] * new / price,
        "sells": a["crowd_shares"] * (1 - stay) * (1 - p["never_sell"]),
        "calls": calls,
        "call_log_strike": strike + bought / (calls + 1e-12) * (x + p["call_strike"] - strike),
    }


def new_shorts_by_hand(p: Row, a: Row, dt: float) -> tuple[float, float, float, float]:
    """Entries and exits of new shorts, and the recalls from the cohort and from them."""
    y = p["lendable_elastic"] * a["elastic"] + p["lendable_locked"] * p["locked"]
    d = a["cohort"] + a["new_shorts"] + p["book_short"] + max(-a["hedge"], 0)
    above = max(a["log_price"] - a["anchor"] - p["entry_threshold"], 0)
    entry = (1 - math.exp(-0.9 * above * dt)) * max(y - d, 0)
    run_up = a["log_price"] - a["new_short_entry"]
    rate = 1.0 * cdf((run_up - p["stop_loss"]) / 0.547) + 0.24 * cdf((-run_up - 0.7) / 0.25)
    out = a["new_shorts"] * (1 - math.exp(-rate * dt))
    recalled = (1 - math.exp(-0.3 * dt)) * max(d - y, 0)
    shorts = a["cohort"] + a["new_shorts"]
    share = recalled / shorts if shorts > 0 else 0.0
    return entry, out, share * a["cohort"], share * a["new_shorts"]


@pytest.fixture(scope="module")
def story() -> layout.Packed:
    """A squeeze with everybody but dealers, so that orders fill and each can be read off."""
    return gme_like(
        days=14,
        steps_per_day=8,
        channels=layout.ALL_CHANNELS & ~Channel.DEALERS,
        attention0=0.05,
        entry_rate=0.9,
        entry_threshold=0.3,
        restriction_threshold=0.9,
        restriction_duration=2.0,
        max_multiple=200.0,
        lendable_elastic=0.6,
        expiry_every=3,
        momentum_rate=0.1,
    )


def test_every_step_of_the_story_by_hand(story: layout.Packed) -> None:
    paths, dt = 12, 1 / 8
    trace = reference.simulate(story, path_ids(paths), trace=True).trace
    assert trace is not None
    p = {f: float(story.names[f][0]) for f in layout.NAME.names or ()}
    seen = dict.fromkeys(
        ("stampede", "restricted", "momentum", "entry", "exit", "recall", "sell"), 0
    )
    for path in range(paths):
        for number, step in enumerate(story.schedule):
            row, after = trace[path, number, 0], trace[path, number + 1, 0]
            a = {f: float(row[f]) for f in layout.TRACE.names or ()}
            b = {f: float(after[f]) for f in layout.TRACE.names or ()}
            if step["kind"] & layout.StepKind.OVERNIGHT or b["floor"]:
                continue
            crowd = crowd_by_hand(p, a, dt, float(step["sqrt_tau_buy"]))
            expiry = bool(step["kind"] & layout.StepKind.EXPIRY)
            for field in ("attention", "removed", "log_price_slow", "calls", "call_log_strike"):
                if expiry and field.startswith("call"):
                    continue
                assert b[field] == pytest.approx(crowd[field], rel=3e-6, abs=3e-7), (field, number)
            owed = a["fee_paid"] + a["fee"] * dt / 252
            assert b["fee_paid"] == pytest.approx(owed, rel=1e-5)
            net = b["crowd_shares"] - a["crowd_shares"]
            assert net == pytest.approx(crowd["buys"] - crowd["sells"], rel=1e-5, abs=2 * LOT)
            entry, out, cohort, new = new_shorts_by_hand(p, a, dt)
            sold = b["new_shorts"] - a["new_shorts"]
            bought = min(out + new, a["new_shorts"])
            assert sold == pytest.approx(entry - bought, rel=1e-4, abs=2 * LOT)
            if b["new_shorts"] > 1e-4:
                share = entry / (b["new_shorts"] + 1e-12)
                expected = a["new_short_entry"] + share * (a["log_price"] - a["new_short_entry"])
                assert b["new_short_entry"] == pytest.approx(expected, abs=1e-3 * share + 1e-5)
            if expiry:
                roll_by_hand(p, a, b, crowd, float(step["sqrt_tau_roll"]))
            seen["stampede"] += a["log_price_max"] - a["log_price"] > 0.3
            seen["restricted"] += a["restricted"] > 0
            seen["momentum"] += a["log_price"] - a["log_price_slow"] > 1.1
            seen["entry"] += entry > 1e-4
            seen["exit"] += out > 1e-5
            seen["recall"] += cohort > 1e-5
            seen["sell"] += crowd["sells"] > 1e-5
    assert min(seen.values()) > 10, seen


def roll_by_hand(p: Row, a: Row, b: Row, crowd: Row, sqrt_tau: float) -> None:
    """Intrinsic value of the calls of before the close, part of it in the next ones."""
    price = math.exp(b["log_price"])
    value = crowd["calls"] * max(price - math.exp(crowd["call_log_strike"]), 0)
    s = b["implied_vol"] * sqrt_tau
    d1 = -p["call_strike"] / s + s / 2
    call = cdf(d1) - math.exp(p["call_strike"]) * cdf(d1 - s)
    rolled = 0 if b["restricted"] else p["call_roll"] * value / (price * max(call, 1e-3))
    assert b["calls"] == pytest.approx(rolled, rel=2e-4, abs=1e-6)
    assert b["call_log_strike"] == pytest.approx(b["log_price"] + p["call_strike"], abs=1e-6)


def test_the_anchor_without_news_loses_half_its_variance() -> None:
    scenario = packed(
        sigma=0.2, drift=0.0, attention_volatility=2.0, loadings=[[0.1]], factors=["market"]
    )
    model = Model(scenario)
    s = 0.2 * (1 + 2 * 0.3)
    move = anchor.move(model, np.array([[0.3]]), 0.25, anchor.News(np.zeros((2, 1))))
    assert move[0, 0] == pytest.approx(-0.25 * s**2 / 2, rel=1e-6)
    news = anchor.News(np.array([[1.0], [-2.0]]))
    move = anchor.move(model, np.array([[0.3]]), 0.25, news)
    draws = 0.5 * (math.sqrt(s**2 - 0.01) - 0.2)
    assert move[0, 0] == pytest.approx(draws - 0.25 * s**2 / 2, rel=1e-6)


def test_cheap_calls_are_bought_at_no_less_than_half_a_per_cent() -> None:
    """Far out of the money at low vol, the call is worth nothing; the crowd gets budget / .005."""
    scenario = packed(
        days=1,
        channels=Channel.CROWD | Channel.CROWD_CALLS,
        sigma=1e-5,
        call_strike=0.6,
        vol0=0.3,
        shared=0.0,
    )
    trace = reference.simulate(scenario, path_ids(1), trace=True).trace
    assert trace is not None
    gone = -math.expm1(-0.1 / 8)
    new = (1 - 0.005) * -math.expm1(-0.15 * 0.005 * gone / 0.1)
    assert trace["calls"][0, 2, 0] == pytest.approx(0.01 * new / 0.005, rel=1e-4)


def test_implied_vol_answers_call_demand_up_to_its_cap() -> None:
    scenario = gme_like(days=6, steps_per_day=8, attention0=0.2, vol_demand=40.0, vol_max=6.0)
    trace = reference.simulate(scenario, path_ids(20), trace=True).trace
    assert trace is not None
    for number, step in enumerate(scenario.schedule):
        if step["kind"] & (layout.StepKind.OVERNIGHT | layout.StepKind.CLOSE):
            continue
        a, b = trace[:, number, 0], trace[:, number + 1, 0]
        goal = np.maximum(1.2, 0.8 * a["realised_vol"].astype(float)) * (1 + 40.0 * b["calls"])
        expected = a["implied_vol"] - np.expm1(-0.7 / 8) * (np.minimum(goal, 6) - a["implied_vol"])
        np.testing.assert_allclose(b["implied_vol"], expected, rtol=2e-6)
    assert 3 < trace["implied_vol"].max() <= 6


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


def test_dealers_short_the_shares_borrow_them() -> None:
    """Short puts are hedged short: utilisation counts (-H)+, and only the book's shorts pay."""
    scenario = packed(
        2,
        days=1,
        channels=Channel(0),
        sigma=1e-5,
        options=Options([0.1], [30], [False], [0.3]),
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
    root, day, interest = 0.5, 250, 0.3
    s = root**2 * math.sqrt(day / 252)
    density = math.exp(-(s**2) / 8) / math.sqrt(2 * math.pi) / s
    locked = 1 - interest * cdf(s / 2) - interest * density / gain
    scenario = packed(
        days=1,
        steps_per_day=1,
        channels=Channel.DEALERS,
        overnight_share=0.0,
        options=Options([0.0], [day], [True], [interest]),
        elasticity=1.0,
        sigma=0.001,
        attention0=0.0,
        hedging=kappa,
        locked=max(0.0, locked),
        short_interest=max(0.0, -locked),
        vol0=root**2,
        vol_rate=0.0,
        vol_range=(root, root + 0.1),
        vol_nodes=2,
        price_range=(-1.005, 0.995),  # x = 0 in the middle of a cell
    )
    trace = reference.simulate(scenario, path_ids(1000), trace=True).trace
    assert trace is not None
    x, w = (trace[f][:, -1, 0].astype(float) for f in ("log_price", "anchor"))
    expected = 1 + gain * -math.expm1(-kappa * (1 - gain)) / (1 - gain)
    assert x.std() / w.std() == pytest.approx(expected, rel=0.01)


def test_the_table_is_read_between_its_nodes() -> None:
    """Level and slope of the lookup against exact Black-Scholes, at prices and vols off nodes."""
    vols = np.linspace(0.15, 6, 40)
    options = Options([-0.2, 0.1, 0.3], [9, 9, 30], [True, False, True], [0.1, 0.2, 0.05])
    scenario = packed(
        len(vols),
        days=2,
        options=options,
        vol0=vols,
        vol_range=(0.3, 2.6),
        vol_nodes=24,
        dealer_sign=0.5,
    )
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


def test_dealers_answer_the_price_that_everybody_else_makes() -> None:
    """E' and xh from the others' fills; the order from the crowd's calls (no static chain)."""
    scenario = gme_like(
        days=9,
        steps_per_day=8,
        options=None,
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
        if step["kind"] & (layout.StepKind.OVERNIGHT | layout.StepKind.EXPIRY):
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
            expected += p["elasticity"] * math.log(p["elastic0"] / elastic)
            s = max(a["implied_vol"] * float(step["sqrt_tau"]), 1e-4)
            d = (expected - b["call_log_strike"]) / s + s / 2
            slope = b["calls"] * math.exp(-d * d / 2) / math.sqrt(2 * math.pi) / s
            z = 5.0 * dt * (1 - p["elasticity"] / elastic * slope)
            order = (b["calls"] * cdf(d) - a["hedge"]) * 5.0 * dt * -math.expm1(-z) / z
            order = min(max(order, min(-a["hedge"], 0)), max(b["calls"] - a["hedge"], 0))
            assert y == pytest.approx(order, rel=2e-4, abs=2e-6 / s * b["calls"] + 3 * LOT)
            bought += abs(y) > 1e-4
            entered += b["new_shorts"] - a["new_shorts"] > 2e-3
    assert bought > 100 and entered > 50
