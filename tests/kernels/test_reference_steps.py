"""One step at a time by hand: the agents' orders as docs/model.md words them, in plain scalars."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.draws import philox
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.chain import Options, chain_hedge
from powderkeg.kernels.records import Channel, EventType
from powderkeg.kernels.reference import anchor, dealers
from powderkeg.kernels.reference import state as states
from powderkeg.kernels.reference.parameters import Model
from powderkeg.kernels.streams import stream_of
from tests.helpers.builders import TestEvent, TestFund, gme_like, packed, path_ids

LOT = 2.0**-22
Row = dict[str, float]
Array = npt.NDArray[np.float64]


def cdf(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def call_by_hand(p: Row, s: float) -> float:
    """Black-Scholes call at log-moneyness km over the spot."""
    d1 = -p["call_strike"] / s + s / 2
    return cdf(d1) - math.exp(p["call_strike"]) * cdf(d1 - s)


def crowd_by_hand(p: Row, a: Row, dt: float, sqrt_tau_buy: float, month: float) -> Row:
    """The crowd's state and orders one step after row `a`, for a name alone."""
    x, price = a["log_price"], math.exp(a["log_price"])
    m = min(max(x - a["log_price_slow"], -0.5), 1.0)
    run = max(a["log_price_max"] - x - p["stampede_drawdown"], 0)
    g = p["exit_rate"] * (1 + p["stampede"] * run) + a["restricted"] * p["exit_restricted"]
    stay = math.exp(-g * dt)
    force = p["infection"] * max(1 + p["momentum"] * m, 0) * a["attention"]
    force += p["following"] * a["leader"]
    free = max(1 - a["attention"] - a["removed"], 0) * (1 - a["restricted"])
    new = free * (1 - math.exp(-force * (1 - stay) / g))
    left = a["attention"] * (1 - stay)
    room = max(1 - (a["calls"] + a["monthly_calls"]) * p["call_capacity_inverse"], 0)
    held = {}
    for prefix, share, tau in (
        ("", 1 - p["monthly_share"], sqrt_tau_buy),
        ("monthly_", p["monthly_share"], month),
    ):
        call = max(call_by_hand(p, a["implied_vol"] * tau), 0.005)
        bought = share * p["call_budget"] * new / (price * call) * room
        calls, strike = a[f"{prefix}calls"] * stay + bought, a[f"{prefix}call_log_strike"]
        strike += bought / (calls + 1e-12) * (x + p["call_strike"] - strike)
        held |= {f"{prefix}calls": calls, f"{prefix}call_log_strike": strike}
    return {
        **held,
        "attention": a["attention"] + new - left,
        "removed": a["removed"] + left,
        "log_price_slow": x - (x - a["log_price_slow"]) * math.exp(-0.1 * dt),
        "buys": p["share_budget"] * new / price,
        "sells": a["crowd_shares"] * (1 - stay) * (1 - p["never_sell"]),
    }


def new_shorts_by_hand(p: Row, a: Row, dt: float) -> tuple[float, float, float, float]:
    """Entries and exits of new shorts, and the recalls from the cohort and from them."""
    y = p["lendable_elastic"] * a["elastic"] + p["lendable_locked"] * a["locked"]
    d = (
        a["cohort"]
        + a["new_shorts"]
        + max(-a["book"], 0)
        + max(-a["hedge"], 0)
        + max(-a["fund_1"], 0)
    )
    cost = p["entry_threshold"] + a["fee"] * p["entry_fee_years"]
    above = max(a["log_price"] - a["anchor"] - cost, 0)
    entry = (1 - math.exp(-0.9 * above * dt)) * max(y - d, 0)
    run_up = a["log_price"] - a["new_short_entry"]
    rate = 1.0 * cdf((run_up - p["stop_loss"]) / 0.547) + 0.24 * cdf((-run_up - 0.7) / 0.25)
    out = a["new_shorts"] * (1 - math.exp(-rate * dt))
    recalled = (1 - math.exp(-0.3 * dt)) * max(d - y, 0)
    shorts = a["cohort"] + a["new_shorts"]
    share = recalled / shorts if shorts > 0 else 0.0
    return entry, out, share * a["cohort"], share * a["new_shorts"]


MORE: dict[str, Any] = {
    "monthly_share": 0.4,
    "monthly_every": 4,
    "call_capacity": 0.3,
    "leader0": 0.01,
    "leader_block": 0.04,
    "leader_sell_above": 1.2,
    "following": 0.3,
    "entry_horizon": 20.0,
    "repricing_rate": 0.4,
    "levered": 0.05,
    "release_rate": 0.2,
    "issue_maximum": 0.05,
    "crowd0": 0.02,
    "removed0": 0.05,
    "calls0": 0.01,
    "new_shorts0": 0.02,
    "funds": [TestFund([-0.1], 2.0, rebuild_rate=1.0)],
}


@pytest.fixture(scope="module", params=[{}, MORE], ids=["plain", "everybody"])
def story(request: pytest.FixtureRequest) -> Packed:
    """A squeeze with everybody but dealers, so that orders fill and each can be read off."""
    return gme_like(
        **request.param,
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


def test_every_step_of_the_story_by_hand(story: Packed) -> None:
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
            taus = float(step["sqrt_tau_buy"]), float(step["sqrt_tau_month_buy"])
            crowd = crowd_by_hand(p, a, dt, *taus)
            expiry = bool(step["kind"] & layout.StepKind.EXPIRY)
            monthly = bool(step["kind"] & layout.StepKind.MONTHLY_EXPIRY)
            for field in crowd.keys() - {"buys", "sells"}:
                if (expiry and field.startswith("call")) or (monthly and field.startswith("month")):
                    continue
                assert b[field] == pytest.approx(crowd[field], rel=3e-6, abs=3e-7), (field, number)
            owed = a["fee_paid"] + a["fee_existing"] * dt / 252
            assert b["fee_paid"] == pytest.approx(owed, rel=1e-5)
            kept = 1 - p["repricing_c"]
            fee = b["fee"] + kept * (a["fee_existing"] - b["fee"])
            assert b["fee_existing"] == pytest.approx(fee, rel=1e-5)
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
                roll_by_hand(p, b, crowd, "", float(step["sqrt_tau_roll"]))
            if monthly and p["monthly_share"]:
                roll_by_hand(p, b, crowd, "monthly_", float(step["sqrt_tau_month_roll"]))
            seen["stampede"] += a["log_price_max"] - a["log_price"] > 0.3
            seen["restricted"] += a["restricted"] > 0
            seen["momentum"] += a["log_price"] - a["log_price_slow"] > 1.1
            seen["entry"] += entry > 1e-4
            seen["exit"] += out > 1e-5
            seen["recall"] += cohort > 1e-5
            seen["sell"] += crowd["sells"] > 1e-5
    assert min(seen.values()) > 10, seen


def roll_by_hand(p: Row, b: Row, crowd: Row, prefix: str, sqrt_tau: float) -> None:
    """Intrinsic value of the calls of before the close, part of it in the next ones."""
    price = math.exp(b["log_price"])
    intrinsic = max(price - math.exp(crowd[f"{prefix}call_log_strike"]), 0)
    value = crowd[f"{prefix}calls"] * intrinsic
    call = call_by_hand(p, b["implied_vol"] * sqrt_tau)
    rolled = 0 if b["restricted"] else p["call_roll"] * value / (price * max(call, 1e-3))
    assert b[f"{prefix}calls"] == pytest.approx(rolled, rel=2e-4, abs=1e-6)
    strike = b["log_price"] + p["call_strike"]
    assert b[f"{prefix}call_log_strike"] == pytest.approx(strike, abs=1e-6)


def test_the_anchor_without_news_loses_half_its_variance() -> None:
    scenario = packed(
        sigma=0.2, drift=0.0, attention_volatility=2.0, loadings=[[0.1]], factors=["market"]
    )
    model = Model(scenario)
    s = 0.2 * (1 + 2 * 0.3)
    move = anchor.move(
        model, np.array([[0.3]]), np.zeros((1, 1)), 0.25, anchor.News(np.zeros((2, 1)))
    )
    assert move[0, 0] == pytest.approx(-0.25 * s**2 / 2, rel=1e-6)
    news = anchor.News(np.array([[1.0], [-2.0]]))
    move = anchor.move(model, np.array([[0.3]]), np.zeros((1, 1)), 0.25, news)
    draws = 0.5 * (math.sqrt(s**2 - 0.01) - 0.2)
    assert move[0, 0] == pytest.approx(draws - 0.25 * s**2 / 2, rel=1e-6)


def test_part_of_the_variance_follows_realised_variance() -> None:
    """.7 of the variance under attention and .3 of the realised one, both beyond the factor's."""
    scenario = packed(
        sigma=0.2, attention_volatility=2.0, clustering=0.3, loadings=[[0.1]], factors=["market"]
    )
    attention, realised = np.array([[0.3]]), np.array([[0.5 * math.sqrt(252)]])
    one = anchor.News(np.array([[1.0], [0.0]]))
    move = anchor.move(Model(scenario), attention, realised, 1.0, one)
    own = 0.7 * (0.32**2 - 0.01) + 0.3 * (0.25 - 0.01)
    assert move[0, 0] == pytest.approx(math.sqrt(own) - (own + 0.01) / 2, rel=1e-6)


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


@pytest.mark.parametrize("more", [{}, {"monthly_share": 0.5, "premium": 0.3}])
def test_dealers_answer_the_price_that_everybody_else_makes(more: dict[str, float]) -> None:
    """E' and xh from the others' fills; the order from the crowd's calls (no static chain)."""
    scenario = gme_like(
        **more,
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


# --- one agent at a time, moved by news of the anchor ---------------------------------------------

# Nothing moves by itself: no noise, nobody trades but who is switched on, prices answer little.
STILL: dict[str, Any] = {
    "days": 2,
    "sigma": 1e-7,
    "overnight_share": 0.0,
    "attention0": 0.0,
    "elasticity": 0.1,
    "max_multiple": 100.0,
}
DT, DAY = 1 / 8, 9  # rows a day


def news(size: Any, row: float = 0.0, kind: EventType = EventType.ANCHOR, **more: Any) -> TestEvent:
    return TestEvent(kind, size, start=row, **more)


def traced(scenario: Packed, paths: int = 1) -> dict[str, Array]:
    """Fields of the trace in float64, (rows, names) of one path or (paths, rows, names)."""
    trace = reference.simulate(scenario, path_ids(paths), trace=True).trace
    assert trace is not None
    kept = trace if paths > 1 else trace[0]
    return {f: kept[f].astype(float) for f in layout.TRACE.names or ()}


def one_name(t: dict[str, Array], path: int | None = None) -> dict[str, Array]:
    """The first name alone, (rows,)."""
    return {f: v[..., 0] if path is None else v[path, :, 0] for f, v in t.items()}


def given_up(y: float, mu: float, sd: float) -> float:
    """F of docs/model.md, 7: a normal tolerance truncated at zero."""
    return max(cdf((y - mu) / sd) - cdf(-mu / sd), 0) / (1 - cdf(-mu / sd))


def test_levered_longs_sell_as_the_price_falls_below_their_entry() -> None:
    """Their entry is half the run-up: after +.4 and -.5, down is .5 x .4 + .1 = .3."""
    settings: dict[str, Any] = {
        **STILL,
        "channels": Channel.LEVERED_LONGS,
        "levered": 0.2,
        "levered_tolerance": 0.25,
        "levered_tolerance_sd": 0.1,
        "levered_refinancing": 0.5,
        "events": [news(0.4), news(-0.5, DAY)],
    }
    t = one_name(traced(packed(levered_participation=100.0, **settings)))
    assert (t["levered"][: DAY + 2] == t["levered"][0]).all()
    left = 0.2 * (1 - given_up(0.3, 0.25, 0.1))
    assert t["drawdown_max"][DAY + 2] == pytest.approx(0.3, abs=1e-6)
    assert t["levered"][DAY + 2] == pytest.approx(left, abs=2 * LOT)
    assert t["elastic"][DAY + 2] - t["elastic"][0] == pytest.approx(0.2 - left, abs=3 * LOT)
    slow = one_name(traced(packed(levered_participation=0.3, adv=0.02, **settings)))
    np.testing.assert_allclose(-np.diff(slow["levered"][DAY + 1 :]), 0.3 * 0.02 * DT, atol=2 * LOT)


def test_locked_holders_let_go_at_high_multiples() -> None:
    scenario = packed(
        **STILL,
        channels=Channel.LOCKED_RELEASE,
        locked=0.4,
        release_rate=0.5,
        release_share=0.7,
        release_mean=1.2,
        release_sd=0.4,
        events=[news(1.5)],
    )
    t = one_name(traced(scenario))
    assert t["locked"][1] == pytest.approx(0.4, abs=LOT)
    sold = -math.expm1(-0.5 * DT) * 0.4 * 0.7 * given_up(1.5, 1.2, 0.4)
    assert sold > 0.01
    assert t["locked"][1] - t["locked"][2] == pytest.approx(sold, abs=2 * LOT)
    assert t["volume"][2] == pytest.approx(-sold, abs=2 * LOT)


def test_the_issuer_sells_new_stock_above_its_threshold() -> None:
    """A share of volume a step, up to the maximum; what events issue counts towards it."""
    settings: dict[str, Any] = {**STILL, "issue_maximum": 0.02, "issue_participation": 0.5}
    settings |= {"adv": 0.08, "issue_threshold": 0.3}
    t = one_name(
        traced(packed(channels=Channel.ISSUER, events=[news(0.2), news(0.3, 4)], **settings))
    )
    each = 0.5 * 0.08 * DT
    assert (t["issued"][:6] == 0).all()  # it sees the price of row 4 in row 5
    np.testing.assert_allclose(t["issued"][6:9], each * np.array([1, 2, 3]), atol=3 * LOT)
    assert t["issued"][-1] == pytest.approx(0.02, abs=LOT)
    assert t["elastic"][-1] - t["elastic"][0] == t["issued"][-1]
    both = Channel.ISSUER | Channel.PROGRAMMES
    event = TestEvent(EventType.ISSUANCE, 0.24, start=0.0, rows=3.0)  # two intraday steps
    t = one_name(traced(packed(channels=both, events=[news(0.4), event], **settings)))
    assert t["issued"][2] == pytest.approx(each + 0.03, abs=LOT)
    assert t["issued"][-1] == pytest.approx(each + 0.06, abs=2 * LOT)


def test_the_leader_builds_a_block_and_sells_it_into_the_crowd() -> None:
    scenario = packed(
        **STILL,
        channels=Channel.LEADER,
        leader0=0.01,
        leader_block=0.03,
        leader_rate=0.06,
        leader_sell_above=0.5,
        leader_participation=0.2,
        adv=0.1,
        events=[news(0.6, DAY)],
    )
    held = one_name(traced(scenario))["leader"]
    built = np.minimum(0.01 + 0.06 * DT * np.arange(9), 0.03)
    np.testing.assert_allclose(held[1 : DAY + 1], built, atol=3 * LOT)
    sold = np.diff(held[DAY + 1 :])
    np.testing.assert_allclose(sold, -0.2 * 0.1 * DT, atol=2 * LOT)


@pytest.mark.parametrize("on", [True, False])
def test_the_crowd_follows_what_the_leader_holds(on: bool) -> None:
    """Bass's innovation: nobody is attentive, and new = 1 - e^(-following K (1 - stay)/g)."""
    channels = Channel.CROWD | (Channel.LEADER if on else Channel(0))
    scenario = packed(**STILL, channels=channels, leader0=0.03, following=2.0)
    gone = -math.expm1(-0.1 * DT)
    new = -math.expm1(-2.0 * 0.03 * gone / 0.1)
    expected = new if on else 0.0
    assert one_name(traced(scenario))["attention"][2] == pytest.approx(expected, rel=1e-5)


def kept(v: float, threshold: float, slope: float) -> float:
    return min(max(1 - slope * max(1 - v - threshold, 0), 0), 1)


def test_funds_keep_what_their_loss_leaves_them() -> None:
    """Two funds, long and short, one that is cutting at the start; every step of wild paths."""
    funds = [
        TestFund([0.06, -0.04], [6.0, 7.0], 0.05, 4.0, cut_rate=3.0, rebuild_rate=0.8),
        TestFund([0.05, 0.03], 5.0, -0.03, 3.0, cut_rate=6.0, rebuild_rate=1.5),
    ]
    scenario = packed(
        2,
        days=4,
        channels=Channel.FUNDS,
        sigma=0.12,
        attention0=0.0,
        elasticity=0.6,
        max_multiple=1e3,
        funds=funds,
    )
    paths, cut, rebuilt = 10, 0, 0
    t = traced(scenario, paths)
    trades = scenario.schedule["kind"] & layout.StepKind.OVERNIGHT == 0
    for k, fund in enumerate(funds, 1):
        kept0 = kept(1.0, fund.threshold, fund.slope)
        value = np.broadcast_to(fund.value, 2)
        for path in range(paths):
            held, price = t[f"fund_{k}"][path], np.exp(t["log_price"][path])
            v = 1.0
            for row, trading in enumerate(trades):
                target = held[0] * kept(v, fund.threshold, fund.slope) / kept0
                cutting = np.abs(target) < np.abs(held[row])
                rate = np.where(cutting, fund.cut_rate, fund.rebuild_rate)
                order = -np.expm1(-rate * DT) * (target - held[row]) if trading else 0
                np.testing.assert_allclose(held[row + 1], held[row] + order, atol=2e-6)
                cut += bool(np.any(cutting & (np.abs(order) > 1e-4)))
                rebuilt += bool(np.any(~cutting & (np.abs(order) > 1e-4)))
                mean = (held[row] + held[row + 1]) / 2
                v += float((value * mean * (price[row + 1] - price[row])).sum())
    assert cut > 50 and rebuilt > 50


def test_shorts_of_funds_are_borrowed_and_not_recalled() -> None:
    scenario = packed(
        **STILL,
        channels=Channel.RECALL,
        short_interest=0.5,
        funds=[TestFund([-0.2], 1.0)],
        lendable_elastic=0.2,
        lendable_locked=0.5,
    )
    t, p = one_name(traced(scenario)), scenario.names[0]
    lendable = 0.2 * float(p["elastic0"]) + 0.5 * float(p["locked"])
    assert t["cohort"][0] == pytest.approx(0.3, abs=LOT)
    assert t["utilisation"][0] == pytest.approx(0.5 / lendable, rel=1e-6)
    recalled = -math.expm1(-0.3 * DT) * (0.5 - lendable)
    assert t["cohort"][1] - t["cohort"][2] == pytest.approx(recalled, abs=2 * LOT)
    assert (t["fund_1"] == t["fund_1"][0]).all()


def test_a_start_above_the_anchor() -> None:
    """x(0) = 0, w(0) = -premium; the price meets the anchor at E* = E0 e^(premium/M)."""
    event = TestEvent(EventType.PROGRAMME, -8.0, start=1.0, rows=1.0)  # X is empty: nothing to sell
    scenario = packed(
        **{**STILL, "elasticity": 0.8}, channels=Channel.PROGRAMMES, premium=0.4, events=[event]
    )
    t = one_name(traced(scenario))
    assert abs(t["log_price"]).max() < 1e-6
    np.testing.assert_allclose(t["anchor"], -0.4, atol=1e-6)
    assert (t["elastic"] == t["elastic"][0]).all()
    stock = TestEvent(EventType.ISSUANCE, 0.8, start=1.0, rows=1.0)
    scenario = packed(
        **{**STILL, "elasticity": 0.8}, channels=Channel.PROGRAMMES, premium=0.4, events=[stock]
    )
    t = one_name(traced(scenario))
    e = t["elastic"][0]
    assert t["log_price"][2] == pytest.approx(-0.8 * math.log((e + 0.1) / e), abs=1e-6)


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
        events=[news(0.5, 0, EventType.LENDABLE)],
    )
    t, p = one_name(traced(scenario)), scenario.names[0]
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


@pytest.mark.parametrize("capacity", [np.inf, 0.01])
def test_a_call_programme_buys_weekly_calls_whatever_the_crowd_does(capacity: float) -> None:
    """Also under a restriction, and without a crowd; sellers withdraw as capacity fills."""
    scenario = packed(
        **STILL,
        channels=Channel.PROGRAMMES | Channel.CROWD_CALLS,
        call_capacity=capacity,
        vol_rate=0.0,
        events=[
            news(0.002, 1, EventType.CALL_PROGRAMME, rows=3),
            news(0.001, 2, EventType.CALL_PROGRAMME, rows=1),
            news(1.0, 0, EventType.RESTRICTION),
        ],
    )
    t, p = one_name(traced(scenario)), {f: float(scenario.names[f][0]) for f in layout.NAME.names}
    n = 0.0
    for row in range(DAY):
        spent = {1: 0.002, 2: 0.003, 3: 0.002}.get(row, 0.0) * DT
        s = 0.8 * float(scenario.schedule["sqrt_tau_buy"][row])
        n += spent / max(call_by_hand(p, s), 0.005) * max(1 - n / capacity, 0)
        assert t["calls"][row + 1] == pytest.approx(n, rel=1e-5)
    assert t["call_log_strike"][DAY] == pytest.approx(0.15, abs=1e-6)
    assert (t["attention"] == 0).all() and (t["crowd_shares"] == 0).all()


# --- the timeline ---------------------------------------------------------------------------------


def test_news_strikes_once_at_its_row_in_the_names_it_touches() -> None:
    events = [news([0.2, 0.0]), news([0.1, -0.3], 4), news([0.05, 0.0], 4)]
    t = traced(packed(2, **STILL, channels=Channel(0), events=events))
    expected = np.zeros((19, 2))
    expected[1:, 0] += 0.2
    expected[5:] += [0.15, -0.3]
    np.testing.assert_allclose(t["anchor"], expected, atol=2e-6)
    np.testing.assert_allclose(t["log_price"], expected, atol=2e-6)


def test_a_new_short_sees_the_news_only_in_the_next_step() -> None:
    """Orders are from the price of the step before: x - w is not the news."""
    settings = {**STILL, "entry_threshold": 0.05, "premium": 0.0}
    t = one_name(traced(packed(**settings, channels=Channel.NEW_SHORTS, events=[news(-0.4, 3)])))
    assert (t["new_shorts"] == 0).all()


def test_programmes_buy_and_sell_what_they_hold() -> None:
    """Dated floats a day, added up; nothing overnight; sells stop at what X holds."""
    events = [
        news([0.08, 0.02], 0, EventType.PROGRAMME, rows=4),  # rows 1, 2 and 3 trade
        news([0.0, -0.01], 2, EventType.PROGRAMME, rows=1),
        news([-0.2, 0.0], 10, EventType.PROGRAMME),
    ]
    t = traced(packed(2, **STILL, channels=Channel.PROGRAMMES, events=events))
    x = t["programme"]
    np.testing.assert_allclose(x[:5, 0], [0, 0, 0.01, 0.02, 0.03], atol=3 * LOT)
    np.testing.assert_allclose(x[:5, 1] / DT, [0, 0, 0.02, 0.03, 0.05], atol=1e-5)
    assert x[11, 0] == pytest.approx(0.03 - 0.025, abs=4 * LOT)
    assert x[12, 0] == 0 and x[-1, 0] == 0
    np.testing.assert_array_equal(t["elastic"][0] - t["elastic"], x)
    off = traced(packed(2, **STILL, channels=Channel(0), events=events))
    assert (off["programme"] == 0).all()


def test_recalled_lending_calls_shorts_back_while_it_lasts() -> None:
    settings = {**STILL, "short_interest": 0.4, "lendable_elastic": 0.4, "lendable_locked": 0.5}
    event = news(0.25, 2, EventType.LENDABLE, rows=2)
    scenario = packed(**settings, channels=Channel.RECALL, events=[event])
    t, p = one_name(traced(scenario)), scenario.names[0]
    y = 0.4 * float(p["elastic0"]) + 0.5 * float(p["locked"])
    assert y > 0.4
    assert t["cohort"][2] == t["cohort"][0]
    called = -math.expm1(-0.3 * DT) * (0.4 - y / 4)
    assert t["cohort"][2] - t["cohort"][3] == pytest.approx(called, abs=2 * LOT)
    assert (t["cohort"][4:] == t["cohort"][4]).all() and t["cohort"][4] < t["cohort"][3]
    assert t["utilisation"][3] > 3.5 * t["utilisation"][2] > 3 * t["utilisation"][5]


@pytest.mark.parametrize("row", [0, 3])
def test_attention_is_seeded_within_who_is_left(row: int) -> None:
    """The seed infects in its own step; what is shared still counts the step before."""
    events = [news([0.3, 0.9], row, EventType.ATTENTION)]
    settings = {**STILL, "attention0": 0.02, "sigma": 1e-7}
    crowd = {"removed0": [0.0, 0.25], "shared": 0.4, "momentum": 0.0}
    t = traced(packed(2, **settings, **crowd, channels=Channel.CROWD, events=events))
    a, r = t["attention"][row], t["removed"][row]
    seeded = a + np.minimum([0.3, 0.9], 1 - a - r)
    if row == 0:
        np.testing.assert_allclose(t["attention"][1], seeded, rtol=1e-6)
        return
    gone = -math.expm1(-0.1 * DT)
    force = 0.15 * (0.6 * seeded + 0.4 * a.mean())
    new = (1 - seeded - r) * -np.expm1(-force * gone / 0.1)
    np.testing.assert_allclose(t["attention"][row + 1], seeded * (1 - gone) + new, rtol=1e-5)
    assert (t["attention"] + t["removed"] <= 1 + 1e-6).all()


def test_without_a_crowd_nobody_can_be_made_attentive() -> None:
    event = news(0.3, 0, EventType.ATTENTION)
    assert traced(packed(**STILL, channels=Channel(0), events=[event]))["attention"].max() == 0


def test_less_elastic_holders_value_the_same_scarcity_more() -> None:
    """x = w + 3 M ln(E*/E) while the event is on, with nobody trading; then back."""
    buying = news(0.08, 1, EventType.PROGRAMME, rows=1)
    events = [buying, news(3.0, 4, EventType.ELASTICITY, rows=8)]
    t = one_name(traced(packed(**STILL, channels=Channel.PROGRAMMES, events=events)))
    scarcity = 0.1 * math.log(t["elastic"][0] / t["elastic"][2])
    assert scarcity > 0.0005
    np.testing.assert_allclose(t["log_price"][2:5], scarcity, atol=2e-7)
    np.testing.assert_allclose(t["log_price"][5:13], 3 * scarcity, atol=2e-7)
    np.testing.assert_allclose(t["log_price"][13:], scarcity, atol=2e-7)


def test_impact_grows_as_the_book_thins() -> None:
    """J's jump: eta sigma (1 + a (v/v0 - 1)) / depth q/(V + |q|/dt); v struck before the order."""
    events = [
        news(0.08, 1, EventType.PROGRAMME, rows=1),
        news(2.5, 1, EventType.IMPLIED_VOL),
        news(0.5, 1, EventType.DEPTH, rows=1),
    ]
    settings = {**STILL, "sigma": 0.03, "vol_rate": 0.0, "adv": 0.05, "eta": 0.5}
    channels = Channel.PROGRAMMES | Channel.TRANSIENT_IMPACT
    t = one_name(traced(packed(**settings, channels=channels, depth_volatility=0.6, events=events)))
    q = 0.01
    jump = 0.5 * 0.03 * (1 + 0.6 * 1.5) / 0.5 * q / (0.05 + q / DT)
    assert t["transient"][2] == pytest.approx(jump, rel=1e-4)
    np.testing.assert_allclose(
        t["transient"][3:6], jump * np.exp(-2.0 * DT * np.arange(1, 4)), 1e-4
    )


def test_implied_vol_jumps_up_to_its_maximum() -> None:
    settings = {**STILL, "vol0": 0.5, "vol_rate": 0.7, "vol_realised": 0.0, "vol_max": 1.2}
    events = [news(1.6, 2, EventType.IMPLIED_VOL), news(1.5, 9, EventType.IMPLIED_VOL)]
    v = one_name(traced(packed(**settings, channels=Channel(0), events=events)))["implied_vol"]
    assert v[2] == pytest.approx(0.5, rel=1e-6)
    np.testing.assert_allclose(v[3:9] - 0.5, 0.3 * np.exp(-0.7 * DT * np.arange(1, 7)), rtol=1e-5)
    assert v[10] == pytest.approx(1.5 * v[9], rel=1e-6)  # overnight: struck, no step of time
    assert v[10] < 1.2
    capped = packed(**settings, channels=Channel(0), events=[news(9.0, 9, EventType.IMPLIED_VOL)])
    assert one_name(traced(capped))["implied_vol"][10] == pytest.approx(1.2, rel=1e-6)


def test_a_restriction_event_stops_buyers_and_a_lift_frees_them() -> None:
    """Event on in row 3 and 4; a clock that restricts at once is lifted for ever from row 9."""
    crowd: dict[str, Any] = {**STILL, "attention0": 0.1, "shared": 0.0, "infection": 1.0}
    channels = Channel.CROWD | Channel.CROWD_SHARES
    event = news(1.0, 3, EventType.RESTRICTION, rows=2)
    t = one_name(traced(packed(**crowd, channels=channels, events=[event])))
    for row, restricted in ((2, 0), (3, 1), (4, 1), (5, 0)):
        left = t["attention"][row] * -math.expm1(-(0.1 + 0.5 * restricted) * DT)
        assert t["removed"][row + 1] - t["removed"][row] == pytest.approx(left, rel=1e-3)
        bought = t["crowd_shares"][row + 1] > t["crowd_shares"][row]
        assert bought == (not restricted)
    assert (t["restricted"] == 0).all()  # events are not counted
    clock = {"restriction_threshold": -1.0, "restriction_hazard": 40.0, "restriction_duration": 9.0}
    lift = news(-1.0, 12, EventType.RESTRICTION)
    both = [lift, news(1.0, 14, EventType.RESTRICTION)]
    t = one_name(
        traced(packed(**crowd, **clock, channels=channels | Channel.RESTRICTION, events=both))
    )
    assert (t["restricted"][2:] == 1).all()
    grew = np.diff(t["crowd_shares"]) > 0
    assert not grew[2:12].any() and grew[12:].all()


def test_a_margin_event_calls_for_more() -> None:
    """At P = 1.2 a short of the equity has .8 - (.3 + size) 1.2: called from .3667 on."""
    settings = {**STILL, "book_weight": -1.0, "margin_rate": 0.3, "fee0": 0.0, "fee_slope": 0.0}
    rising = news(math.log(1.2), 0)
    for size, called in ((0.3, False), (0.4, True)):
        event = news(size, 4, EventType.MARGIN, rows=2)
        scenario = packed(**settings, channels=Channel(0), events=[rising, event])
        out = reference.simulate(scenario, path_ids(1))
        day = out.paths["margin_call_day"][0]
        assert (day == pytest.approx(4 * DT)) if called else np.isnan(day)
        assert np.isnan(out.paths["margin_call_day_close"][0])


def test_a_halt_stops_everybody_and_the_crowd_waits() -> None:
    """Rows 3 to 5: the price stands, news goes on; the first step that trades fills what waited."""
    crowd: dict[str, Any] = {**STILL, "attention0": 0.1, "shared": 0.0, "infection": 1.0}
    crowd |= {"crowd0": 0.1, "leader_block": 0.5, "call_budget": 0.05, "momentum": 0.0}
    channels = Channel.CROWD | Channel.CROWD_SHARES | Channel.CROWD_CALLS | Channel.LEADER
    events = [news(1.0, 3, EventType.HALT, rows=3), news(-0.4, 4)]
    scenario = packed(**crowd, channels=channels, events=events)
    t, p = one_name(traced(scenario)), {f: float(scenario.names[f][0]) for f in layout.NAME.names}
    for field in ("log_price", "elastic", "crowd_shares", "leader", "calls", "call_log_strike"):
        assert (t[field][3:7] == t[field][3]).all(), field
        assert (t[field][7] != t[field][6]).any(), field
    assert (t["volume"][4:7] == 0).all() and (t["anchor"][5] < t["anchor"][4] - 0.39).all()
    np.testing.assert_allclose(t["fill_price"][4:7], np.exp(t["log_price"][3]), rtol=1e-6)
    waiting = 0.0
    for row in range(3, 7):
        a = {f: v[row] for f, v in t.items()}
        by_hand = crowd_by_hand(p, a, DT, 0.1, 0.1)
        assert t["attention"][row + 1] == pytest.approx(by_hand["attention"], rel=1e-5)
        net = by_hand["buys"] - by_hand["sells"]
        waiting += net
        if row < 6:
            assert t["waiting"][row + 1] == pytest.approx(waiting, rel=1e-4)
    assert waiting > 0.01 and (t["waiting"][7:] == 0).all()
    assert t["crowd_shares"][7] - t["crowd_shares"][6] == pytest.approx(waiting, rel=1e-3)
    price = t["anchor"][7] + 0.1 * math.log(p["elastic_normal"] / t["elastic"][7])
    assert t["log_price"][7] == pytest.approx(price, abs=1e-6)


def test_sellers_who_waited_sell_what_they_have() -> None:
    """A crowd that only leaves: a halt over most of a day keeps its sales, never more than R."""
    crowd: dict[str, Any] = {**STILL, "attention0": 0.1, "infection": 0.0, "exit_rate": 6.0}
    crowd |= {"crowd0": 0.1, "never_sell": 0.0, "stampede": 0.0}
    halt = news(1.0, 1, EventType.HALT, rows=6)
    scenario = packed(**crowd, channels=Channel.CROWD | Channel.CROWD_SHARES, events=[halt])
    t = one_name(traced(scenario))
    each = 0.1 * -math.expm1(-6.0 * DT)
    np.testing.assert_allclose(t["waiting"][2:8], -each * np.arange(1, 7), rtol=1e-5)
    assert 7 * each > 0.1
    assert t["crowd_shares"][7] == pytest.approx(0.1, abs=LOT) and t["crowd_shares"][8] == 0


def test_an_overnight_halt_keeps_the_price() -> None:
    halt = news(1.0, DAY, EventType.HALT, rows=1)
    t = one_name(traced(packed(**STILL, channels=Channel(0), events=[halt, news(0.3, DAY)])))
    assert t["log_price"][DAY + 1] == t["log_price"][DAY]
    assert t["log_price"][DAY + 2] == pytest.approx(0.3, abs=1e-5)


def test_cancelled_trades_are_undone_since_the_last_close() -> None:
    """Struck at a close step plus one overnight and three intraday rows; then the day goes on."""
    row = 2 * DAY + 4
    settings: dict[str, Any] = {**MORE, "days": 4, "steps_per_day": 8, "attention0": 0.1}
    settings |= {"max_multiple": 200.0, "lendable_elastic": 0.6, "expiry_every": 9}
    programme = news(0.02, 0, EventType.PROGRAMME)
    halt = news(1.0, row, EventType.HALT, rows=1)  # so the row itself shows what was restored
    events = [programme, halt, news(1.0, row, EventType.CANCELLATION)]
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
        news(0.08, 0, EventType.PROGRAMME, rows=4),
        news([1.0, 0.0], 4, EventType.CANCELLATION),
    ]
    t = traced(packed(2, **STILL, channels=Channel.PROGRAMMES, events=events))
    np.testing.assert_allclose(t["programme"][[4, 5]], [[0.03, 0.03], [0.0, 0.03]], atol=3 * LOT)
    assert abs(t["log_price"][5, 0]) < 1e-6 < t["log_price"][5, 1]


def test_a_hazard_starts_events_at_exponential_times() -> None:
    """One draw a path, the same for its names: (-ln u)/h after day 1, an intraday row."""
    events = [news([0.1, 0.2], -1.0, hazard=0.6, from_day=1.0, id="split")]
    paths = 4000
    scenario = packed(2, **{**STILL, "days": 5}, channels=Channel(0), events=events)
    w = traced(scenario, paths)["anchor"]
    struck = np.diff(w, axis=1) > 0.05
    assert (struck.sum(axis=1) <= 1).all()
    np.testing.assert_array_equal(struck[:, :, 0], struck[:, :, 1])
    by_row = struck[:, :, 0].sum(axis=0).reshape(5, DAY)
    assert (by_row[:, 0] == 0).all() and (by_row[0] == 0).all()
    time = np.arange(4 * 8 + 1) / 8
    chance = np.diff(-np.exp(-0.6 * time))
    error = np.sqrt(paths * chance * (1 - chance))
    assert (np.abs(by_row[1:, 1:].ravel() - paths * chance) < 4.5 * error).all()
    # row = floor(T) (n + 1) + 1 + floor((T - floor(T)) n), with u of domain 5
    stream = np.array([stream_of("event:split")], np.uint64)
    seed = int(scenario.run["seed"])
    u = philox.uniform(philox.words(seed, stream, path_ids(paths), 5, 0)[0])[0]
    start = 1 - np.log(u) / 0.6
    day = np.floor(start)
    row = (day * 9 + 1 + np.floor((start - day) * 8)).astype(int)
    found = np.where(struck[:, :, 0].any(axis=1), struck[:, :, 0].argmax(axis=1), -1)
    np.testing.assert_array_equal(found, np.where(row < 45, row, -1))


# --- pauses and the clearing rule -----------------------------------------------------------------


@pytest.mark.parametrize("steps", [26, 390])
def test_pauses_by_hand(steps: int) -> None:
    """The automaton of docs/model.md, 8, in scalars, over the whole of wild paths."""
    band, paths = 0.05, 6
    scenario = packed(
        days=2,
        steps_per_day=steps,
        channels=Channel.PAUSES,
        sigma=0.25,
        attention0=0.0,
        band=band,
        band_closing=2.0,
        events=[news(1.0, steps // 2, EventType.HALT, rows=steps // 10)],
    )
    t = traced(scenario, paths)
    length = max(1, round(steps / 78))
    counted = dict.fromkeys(("up", "down", "wide"), 0)
    for path in range(paths):
        x, w, paused = (t[f][path, :, 0] for f in ("log_price", "anchor", "paused"))
        rest, reference_x = 0, 0.0
        for row, step in enumerate(scenario.schedule):
            after, halted = row + 1, steps // 2 <= row < steps // 2 + steps // 10
            if step["kind"] & layout.StepKind.OVERNIGHT:
                rest, reference_x = 0, x[after]
            elif halted or rest > 0:
                assert x[after] == x[row]
                if not halted:
                    rest = rest - 1 if rest > 1 else -1
            else:
                assert x[after] == pytest.approx(w[after], abs=1e-6)
                minute = (step["step_of_day"] - 0.5) / steps * 390
                wide = 2 if minute <= 15 or minute >= 365 else 1
                up, down = wide * math.log1p(band), -wide * math.log1p(-band)
                move = x[after] - reference_x
                assert min(abs(move - up), abs(move + down)) > 1e-7  # no toss-up
                if rest < 0:
                    rest, reference_x = 0, x[after]
                elif move > up or move < -down:
                    rest = length
                    counted["up" if move > 0 else "down"] += 1
                else:
                    reference_x += -math.expm1(-78 / steps) * move
                    counted["wide"] += abs(move) > math.log1p(band)
            assert paused[after] == (rest > 0), (path, row)
    assert min(counted.values()) > 3, counted


def test_the_brokers_requirement_restricts_every_name() -> None:
    """U, r and the excess-capital premium in scalars; restricted for broker_duration days."""
    scenario = packed(
        2,
        days=4,
        channels=Channel.CROWD | Channel.CROWD_SHARES | Channel.CLEARING_RULE,
        sigma=0.03,
        attention0=[0.05, 0.0],
        infection=[1.5, 0.0],
        elasticity=0.5,
        broker_value=[16.0, 0.0],
        premium_limit=0.8,
        settlement_days=2.0,
        broker_duration=0.5,
    )
    t = traced(scenario, 8)
    rest, seen = np.zeros(8), 0
    for row, step in enumerate(scenario.schedule):
        if step["kind"] & layout.StepKind.OVERNIGHT:
            np.testing.assert_array_equal(t["unsettled"][:, row + 1], t["unsettled"][:, row])
            continue
        bought = t["crowd_shares"][:, row + 1] - t["crowd_shares"][:, row]
        u = np.exp(t["log_price"][:, row + 1]) * bought
        u += t["unsettled"][:, row] * math.exp(-DT / 2.0)
        np.testing.assert_allclose(t["unsettled"][:, row + 1], u, atol=1e-6)
        r = 16.0 * t["implied_vol"][:, row + 1, 0] * np.maximum(u[:, 0], 0)
        premium = np.maximum(r - 1, 0) * r
        assert (np.abs(premium - 0.8) > 1e-5).all()  # no toss-up
        rest = np.where(premium > 0.8, 0.5, np.maximum(rest - DT, 0))
        expected = np.repeat((rest > 0)[:, None], 2, axis=1)
        np.testing.assert_array_equal(t["restricted"][:, row + 1], expected)
        seen += int((rest > 0).sum())
        new = t["attention"][:, row + 1, 0] + t["removed"][:, row + 1, 0]
        new -= t["attention"][:, row, 0] + t["removed"][:, row, 0]
        assert (new[t["restricted"][:, row, 0] == 1] < 1e-6).all()
    assert 20 < seen < 200
