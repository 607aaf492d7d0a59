"""The NumPy reference against closed forms, published limits and scipy.

Expected values come from formulas (docs/model.md, 15, and the papers named), never from the code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.draws import philox
from powderkeg.kernels.histogram_bins import QUANTITIES, bin_edges, price_bin_edges
from powderkeg.kernels.packed import Packed, Simulated, tile
from powderkeg.kernels.records import ALL_CHANNELS, CALM, Channel, EventType
from powderkeg.kernels.reference import clearing, dealers, histograms, parameters
from powderkeg.kernels.streams import stream_of
from tests.helpers.builders import (
    PHILOX_ANSWERS,
    TestEvent,
    TestFund,
    gme_like,
    packed,
    packed_strategy,
    path_ids,
)

Array = npt.NDArray[np.float64]
LOT = 2.0**-22


def traced(scenario: Packed, paths: int) -> dict[str, Array]:
    """Fields of the trace in float64, (paths, steps + 1, names)."""
    out = reference.simulate(scenario, path_ids(paths), trace=True)
    assert out.trace is not None
    return {f: out.trace[f].astype(float) for f in layout.TRACE.names or ()}


# --- random numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(("counter", "key", "expected"), PHILOX_ANSWERS)
def test_philox_known_answers(counter: str, key: str, expected: str) -> None:
    words = tuple(np.array([int(w, 16)], np.uint64) for w in counter.split())
    k0, k1 = (int(w, 16) for w in key.split())
    got = philox.philox4x32(words, (k0, k1))  # type: ignore[arg-type]
    assert " ".join(f"{int(w[0]):08x}" for w in got) == expected


def test_the_counter_is_block_stream_path_and_domain() -> None:
    seed, stream, path, domain, block = 0x0123456789ABCDEF, 0xDEADBEEF, 0xABCDEF12345678, 1, 7
    counter = (block, stream, path & 0xFFFFFFFF, (path >> 32) | (domain << 24))
    expected = philox.philox4x32(
        tuple(np.uint64(c) for c in counter),  # type: ignore[arg-type]
        (0x89ABCDEF, 0x01234567),
    )
    got = philox.words(
        seed, np.array([stream], np.uint64), np.array([path], np.uint64), domain, block
    )
    assert [int(w[0, 0]) for w in got] == [int(w) for w in expected]
    a, b = (int(w) for w in expected[2:])
    radius = np.sqrt(-2 * np.log(((a >> 1) + 0.5) / 2**31))
    z = philox.normals(
        seed, np.array([stream], np.uint64), np.array([path], np.uint64), domain, block
    )
    np.testing.assert_allclose(z[2, 0, 0], radius * np.cos(2 * np.pi * b / 2**32), rtol=1e-12)
    np.testing.assert_allclose(z[3, 0, 0], radius * np.sin(2 * np.pi * b / 2**32), rtol=1e-12)


def test_normals_are_normal_and_independent() -> None:
    streams = np.array([stream_of(s) for s in ("GME", "AMC", "factor:market")], np.uint64)
    paths = 20_000
    z = np.concatenate([
        philox.normals(11, streams, path_ids(paths), domain, block)
        for domain in (0, 1)
        for block in (0, 1)
    ]).reshape(-1, paths)  # fmt: skip
    assert z.shape == (48, paths)  # domains x blocks x 4 x streams
    assert min(stats.kstest(row, "norm").pvalue for row in z) > 1e-4
    everything = z.ravel()
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3), (6, 15)):
        deviation = (everything**power).mean() - moment
        sd = np.sqrt(np.prod(np.arange(1, 2 * power, 2)) - moment**2)  # E z^2p = (2p - 1)!!
        assert abs(deviation) < 4.5 * sd / np.sqrt(everything.size), power
    pairs = np.triu_indices(len(z), 1)
    for values in (z, z**2, z[:, 1:] * z[:, :-1]):
        correlations = np.corrcoef(values)[pairs]
        assert np.abs(correlations).max() < 5.5 / np.sqrt(paths)


def test_a_coarse_step_sums_the_normals_of_the_fine_steps() -> None:
    same: dict[str, Any] = {"channels": CALM, "days": 2, "drift": 0.0}
    fine = traced(packed(steps_per_day=26, **same), 50)
    coarse = traced(packed(steps_per_day=13, normals_per_step=2, **same), 50)
    opens = fine["anchor"][:, ::27], coarse["anchor"][:, ::14]
    np.testing.assert_allclose(*opens, atol=2e-7)


# --- a calm name ----------------------------------------------------------------------------------


def test_calm_is_lognormal_with_the_variance_asked_for() -> None:
    days, sigma, attention, paths = 5, 0.04, 0.1, 20_000
    s = sigma * (1 + 2 * attention)
    scenario = packed(
        2,
        days=days,
        steps_per_day=3,
        channels=CALM,
        overnight_share=0.35,
        sigma=sigma,
        attention0=attention,
        attention_volatility=2.0,
        loadings=[[0.02], [0.03]],
        factors=["market"],
        book_weight=[1.0, 0.0],
    )
    out = reference.simulate(scenario, path_ids(paths), trace=True)
    assert out.trace is not None
    x = out.trace["log_price"][:, -1].astype(float)
    for name in range(2):
        law = stats.norm(-days * s**2 / 2, s * np.sqrt(days))
        assert stats.kstest(x[:, name], law.cdf).pvalue > 1e-3
    variance_sd = days * s**2 * np.sqrt(2 / paths)
    assert abs(x.var(axis=0) - days * s**2).max() < 4 * variance_sd
    overnight = (out.trace["anchor"][:, 1::4] - out.trace["anchor"][:, 0:-1:4]).astype(float)
    assert abs(overnight[:, :, 0].var() / (0.35 * s**2) - 1) < 4 * np.sqrt(2 / (days * paths))
    assert abs(np.corrcoef(x.T)[0, 1] - 0.02 * 0.03 / s**2) < 4 / np.sqrt(paths)
    # e^w is a martingale; the pnl of one unit long is its return
    error = np.sqrt(np.expm1(days * s**2) / paths)
    assert abs(np.exp(x).mean(axis=0) - 1).max() < 4 * error
    np.testing.assert_allclose(out.pnl[0], np.expm1(x[:, 0]), atol=2e-6)


def test_the_anchor_drifts_as_asked() -> None:
    t = traced(packed(days=4, channels=CALM, drift=0.01, sigma=1e-6, overnight_share=0.3), 2)
    np.testing.assert_allclose(t["anchor"][:, -1], 0.04, atol=1e-5)
    np.testing.assert_allclose(t["anchor"][:, 1], 0.003, atol=1e-5)


def test_daily_returns_are_student_t_where_the_cap_does_not_bind() -> None:
    """Names of their own, and a factor with one variance for all names (docs/model.md, 6)."""
    days, sigma, dof = 40, 1e-3, 4.0
    unit = stats.t(dof, scale=np.sqrt((dof - 2) / dof))
    still: dict[str, Any] = {"days": days, "channels": CALM, "sigma": sigma, "tail_cap": 1e6}
    own = traced(packed(2, dof=[dof, 0.0], steps_per_day=2, **still), 250)
    moves = np.diff(own["anchor"][:, ::3], axis=1) / sigma
    assert stats.kstest(moves[:, :, 0].ravel(), unit.cdf).pvalue > 1e-3
    assert stats.kstest(moves[:, :, 1].ravel(), "norm").pvalue > 1e-3
    assert stats.kstest(moves[:, :, 0].ravel(), "norm").pvalue < 1e-6
    market = packed(
        2,
        steps_per_day=2,
        factors=["market"],
        loadings=[[sigma * 0.999]] * 2,
        factor_dof=dof,
        factor_tail_cap=1e6,
        **still,
    )
    together = np.diff(traced(market, 250)["anchor"][:, ::3], axis=1) / sigma
    assert stats.kstest(together[:, :, 0].ravel(), unit.cdf).pvalue > 1e-3
    assert np.corrcoef(together.reshape(-1, 2).T)[0, 1] > 0.99
    # W holds for the whole day: overnight and intraday moves are wild on the same days
    x = own["anchor"][:, :, 0]
    overnight, session = (x[:, 1::3] - x[:, :-1:3]), (x[:, 3::3] - x[:, 1::3])
    linked = stats.spearmanr(np.abs(overnight).ravel(), np.abs(session).ravel())
    assert linked.statistic > 0.05


def test_a_cap_on_tails_caps_the_variance_of_a_day() -> None:
    """E W = 1 and W <= cap over the mean: kurtosis 3 E W^2 of the capped law."""
    dof, cap = 3.0, 6.0
    w = stats.invgamma(dof / 2, scale=(dof - 2) / 2)  # (dof - 2)/chi^2

    def moment(power: int) -> float:
        inside = quad(lambda v: v**power * w.pdf(v), 0, cap)[0]
        return float(inside + cap**power * w.sf(cap))

    scenario = packed(days=50, steps_per_day=1, channels=CALM, sigma=1e-3, dof=dof, tail_cap=cap)
    moves = np.diff(traced(scenario, 2000)["anchor"][:, ::2, 0], axis=1).ravel() / 1e-3
    second, fourth = 1.0, 3 * moment(2) / moment(1) ** 2
    assert np.mean(moves**2) == pytest.approx(second, abs=5 * np.sqrt(fourth / moves.size))
    assert np.mean(moves**4) == pytest.approx(fourth, rel=0.05)
    assert fourth > 5


def test_jumps_come_at_their_rate_and_their_time() -> None:
    """p = 1 - e^-rate a day; overnight with chance f, else in any step alike; compensated."""
    rate, mean, sd, f, days, paths = 0.4, 0.5, 0.05, 0.3, 10, 4000
    scenario = packed(
        days=days,
        steps_per_day=4,
        channels=CALM,
        sigma=1e-4,
        overnight_share=f,
        jump_rate=rate,
        jump_mean=mean,
        jump_sd=sd,
    )
    moves = np.diff(traced(scenario, paths)["anchor"][:, :, 0], axis=1).reshape(paths, days, 5)
    p = -np.expm1(-rate)
    moves[:, :, 0] += np.log1p(p * np.expm1(mean + sd**2 / 2))
    jumped = moves > mean / 2
    assert (jumped.sum(axis=2) <= 1).all()
    chance = p * np.r_[f, np.full(4, (1 - f) / 4)]
    counts, tries = jumped.sum(axis=(0, 1)), paths * days
    assert (np.abs(counts - tries * chance) < 4.5 * np.sqrt(tries * chance)).all()
    assert abs(moves[~jumped]).max() < 2e-3
    assert stats.kstest((moves[jumped] - mean) / sd, "norm").pvalue > 1e-3


@pytest.mark.parametrize(
    "law",
    [
        {"dof": 3.0, "tail_cap": 10.0},
        {"factor_dof": 3.0, "factor_tail_cap": 10.0},
        {"jump_rate": 0.2, "jump_mean": -0.15, "jump_sd": 0.1},
        {"dof": 4.0, "factor_dof": 4.0, "jump_rate": 0.3, "jump_mean": 0.1, "jump_sd": 0.1},
    ],
    ids=["names", "factors", "jumps", "all"],
)
def test_the_anchor_is_a_martingale_with_tails_and_jumps(law: dict[str, Any]) -> None:
    """E e^w = 1 at every close, with a variance to see a missing compensator by."""
    scenario = packed(
        2,
        days=3,
        steps_per_day=2,
        channels=CALM,
        sigma=0.12,
        factors=["market"],
        loadings=[[0.08], [0.1]],
        **law,
    )
    prices = np.exp(traced(scenario, 40_000)["anchor"][:, 3::3])
    error = prices.std(axis=0) / np.sqrt(len(prices))
    assert (np.abs(prices.mean(axis=0) - 1) < 4 * error).all()
    assert error.max() < 0.004


def test_no_switch_and_no_neighbour_moves_a_random_number() -> None:
    """The anchor of a name is the same whoever trades, and whatever other names have."""
    settings: dict[str, Any] = {
        "days": 2,
        "attention_volatility": 0.0,  # else attention is in the anchor
        "dof": [4.0, 4.0, 0.0],
        "factor_dof": 5.0,
        "factors": ["market"],
        "loadings": [[0.01]] * 3,
        "jump_rate": 0.5,
        "jump_sd": 0.1,
        "funds": [TestFund([0.02, 0.03, -0.01], 4.0)],
        "events": [
            TestEvent(EventType.ANCHOR, 0.1, hazard=1.0, id="news"),
            TestEvent(EventType.PROGRAMME, 0.05, hazard=1.0, id="buyer"),
        ],
        "leader_block": 0.02,
        "levered": 0.05,
        "release_rate": 0.1,
        "issue_maximum": 0.02,
        "band": 0.05,
        "broker_value": 5.0,
        "premium_limit": 1.0,
    }
    scenario = packed(3, **settings)
    anchor = traced(scenario, 16)["anchor"]
    for channel in Channel:
        other = scenario.with_channels(ALL_CHANNELS & ~channel)
        np.testing.assert_array_equal(traced(other, 16)["anchor"], anchor, err_msg=str(channel))
    calm = traced(scenario.with_channels(CALM), 16)["anchor"]
    np.testing.assert_array_equal(calm, anchor)
    # another neighbour, without tails, jumps or news
    changed = {"dof": [4.0, 0.0, 6.0], "jump_rate": [0.5, 0.0, 0.0]}
    changed["events"] = [TestEvent(EventType.ANCHOR, [0.1, 0.0, 0.3], hazard=1.0, id="news")]
    neighbours = traced(packed(3, **{**settings, **changed}), 16)["anchor"]
    np.testing.assert_array_equal(neighbours[:, :, 0], anchor[:, :, 0])
    assert (neighbours[:, -1, 1:] != anchor[:, -1, 1:]).all()


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
    out = reference.simulate(scenario, path_ids(400), trace=True)
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
    np.testing.assert_allclose(out.pnl, pnl[:, [18, 54]].T, atol=1e-6)


# --- ledger and clearing --------------------------------------------------------------------------


HELD = (
    "elastic crowd_shares hedge locked programme leader levered book fund_1 fund_2 fund_3 fund_4"
).split()
SOLD = "issued cohort new_shorts".split()
SIGNED = {"hedge", "book", "fund_1", "fund_2", "fund_3", "fund_4"}


def ledger_residual(t: dict[str, Array]) -> Array:
    """Held less sold, docs/model.md 3; exact, as every holding is in whole lots below 4 floats."""
    held = sum(t[f] for f in HELD)
    sold = 1 + sum(t[f] for f in SOLD)
    return np.asarray(held - sold)


@given(scenario=packed_strategy())
@settings(max_examples=60, deadline=None)
def test_no_path_creates_a_share(scenario: Packed) -> None:
    t = traced(scenario, 16)
    assert (ledger_residual(t) == 0).all()
    for field in (*HELD, *SOLD):
        assert (np.rint(t[field] / LOT) * LOT == t[field]).all(), field
        if field not in SIGNED:
            assert (t[field] >= 0).all(), field
    assert all(np.isfinite(values).all() for values in t.values())
    names = t["elastic"].shape[2]
    assert (t["elastic"] >= scenario.names["elastic_min"][:names] - 4 * LOT).all()
    assert (t["removed"] + t["attention"] <= 1 + 1e-6).all()
    assert (t["log_price_max"] >= t["log_price"] - 1e-6).all()


def test_the_whole_model_keeps_its_ledger_and_reaches_the_floor() -> None:
    scenario = gme_like(2, days=15, steps_per_day=13, max_multiple=4.0)
    t = traced(scenario, 64)
    assert (ledger_residual(t) == 0).all()
    assert t["floor"][:, -1].any()
    assert (t["fails"][:, -1] > 0).any()


FROZEN_BY = {
    Channel.DEALERS: ("hedge",),
    Channel.CROWD: ("attention", "removed", "crowd_shares", "calls", "log_price_slow"),
    Channel.CROWD_SHARES: ("crowd_shares",),
    Channel.CROWD_CALLS: ("calls", "call_log_strike"),
    Channel.SHORTS | Channel.RECALL: ("cohort",),
    Channel.NEW_SHORTS: ("new_shorts", "new_short_entry"),
    Channel.RESTRICTION: ("restriction_clock", "restricted"),
    Channel.TRANSIENT_IMPACT: ("transient",),
    Channel.FUNDS: ("fund_1", "fund_2"),
    Channel.LEVERED_LONGS: ("levered", "drawdown_max"),
    Channel.LOCKED_RELEASE: ("locked",),
    Channel.ISSUER | Channel.PROGRAMMES: ("issued",),
    Channel.LEADER: ("leader",),
    Channel.PAUSES: ("paused",),
    Channel.CLEARING_RULE: ("unsettled",),
    Channel.PROGRAMMES: ("programme",),
}


@pytest.fixture(scope="module")
def wild() -> Packed:
    return gme_like(
        days=12,
        steps_per_day=8,
        attention0=0.1,
        lendable_elastic=0.4,
        lendable_locked=0.4,
        funds=[TestFund([0.05], 40.0, 0.0), TestFund([-0.05], 10.0)],
        levered=0.05,
        levered_refinancing=0.5,
        release_rate=0.2,
        issue_maximum=0.05,
        leader_block=0.03,
        band=0.1,
        broker_value=1.0,
        events=[
            TestEvent(EventType.PROGRAMME, 0.01, start=0.0, rows=40),
            TestEvent(EventType.ISSUANCE, 0.002, start=0.0, rows=40),
        ],
    )


@pytest.mark.parametrize("channel", FROZEN_BY, ids=str)
def test_a_channel_that_is_off_freezes_and_on_moves(wild: Packed, channel: Channel) -> None:
    on, off = traced(wild, 8), traced(wild.with_channels(ALL_CHANNELS & ~channel), 8)
    for field in FROZEN_BY[channel]:
        assert (off[field] == off[field][:, :1]).all(), field
        assert np.ptp(on[field]) > 1e-3, field


def test_with_every_channel_off_nobody_trades(wild: Packed) -> None:
    t = traced(wild.with_channels(CALM), 8)
    for field in (*HELD, *SOLD, "transient", "fee", "utilisation", "calls", "paused"):
        assert (t[field] == t[field][:, :1]).all(), field
    assert (t["log_price"] == t["anchor"]).all()
    assert (t["volume"] == 0).all()


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


# --- dealers --------------------------------------------------------------------------------------


def test_prices_and_hedges_of_dealers_long_gamma_agree() -> None:
    """y = c (H*(x) - H) at the price that y makes, also next to expiry."""
    rng = np.random.default_rng(3)
    n = 2000
    strike, width = rng.uniform(-0.3, 0.3, n), 10 ** rng.uniform(-3.5, -0.5, n)
    interest, m = -rng.uniform(0.01, 0.4, n), rng.uniform(0.2, 3, n)
    hedge, expected = interest * rng.random(n), rng.normal(0, 0.3, n)
    elastic, share = rng.uniform(0.5, 2, n), rng.uniform(0.1, 1, n)
    law = dealers.Target(None, (dealers.Calls(interest, strike, width),))
    about = (hedge, law(expected)[0], expected, elastic, m, 0.05 * elastic, share)
    y = dealers.solve(law, *about, strike)
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


# --- crowd ----------------------------------------------------------------------------------------


def test_the_crowd_without_prices_is_the_epidemic_of_kermack_and_mckendrick() -> None:
    """R0 = 2: final size r = 1 - e^{-2r} = .7968 and peak 1 - (1 + ln 2)/2 = .1534."""
    scenario = packed(
        days=120,
        steps_per_day=52,
        channels=Channel.CROWD,
        sigma=1e-4,
        overnight_share=0.0,
        attention0=1e-5,
        infection=0.6,
        exit_rate=0.3,
        momentum=0.0,
        stampede=0.0,
        shared=0.5,
    )
    t = traced(scenario, 1)
    assert t["removed"][0, -1, 0] + t["attention"][0, -1, 0] == pytest.approx(0.7968, abs=2e-3)
    assert t["attention"].max() == pytest.approx(0.1534, abs=1e-3)


def test_attention_is_shared_between_names() -> None:
    """A name nobody looks at catches only what is shared; weights are those of the seeded."""
    quiet: dict[str, Any] = {"channels": Channel.CROWD, "days": 2, "momentum": 0.0}
    alone = traced(packed(3, attention0=[0.02, 0.0, 0.0], shared=0.0, **quiet), 2)
    assert alone["attention"][:, -1, 1:].max() == 0
    both = traced(packed(3, attention0=[0.02, 0.0, 0.0], shared=[0.3, 0.3, 0.0], **quiet), 2)
    assert both["attention"][:, -1, 1].min() > 0
    assert both["attention"][:, -1, 2].max() == 0
    first = both["attention"][0, 2]
    gone = -np.expm1(-0.1 / 8)
    force = 0.15 * 0.3 * 0.02 * gone / 0.1
    assert first[1] == pytest.approx(-np.expm1(-force), rel=1e-5)


# --- shorts, borrow, volatility -------------------------------------------------------------------


def test_covering_is_the_tolerance_law_of_the_running_maximum() -> None:
    """Unlimited participation: S_c = S_c(0) (1 - F(x_max + fees)) after the next step."""
    mu, sd = 0.3, 0.2
    scenario = packed(
        days=6,
        channels=Channel.SHORTS,
        sigma=0.1,
        tolerance=mu,
        tolerance_sd=sd,
        participation=1e4,
        short_interest=0.4,
        elasticity=0.3,
        fee0=0.5,
    )
    t = traced(scenario, 200)
    trades = scenario.schedule["kind"] & layout.StepKind.OVERNIGHT == 0
    seen = (t["log_price_max"] + t["fee_paid"])[:, :-1, 0]
    none = stats.norm.cdf(-mu / sd)
    covered = np.maximum(stats.norm.cdf((seen - mu) / sd) - none, 0) / (1 - none)
    left = t["cohort"][:, 1:, 0][:, trades]
    np.testing.assert_allclose(left, 0.4 * (1 - covered[:, trades]), atol=1e-6)
    assert np.ptp(left) > 0.1


def test_covering_takes_no_more_than_its_share_of_volume() -> None:
    t = traced(
        packed(days=4, channels=Channel.SHORTS, tolerance=0.0, tolerance_sd=0.02, sigma=0.05,
               participation=0.1, adv=0.05, attention0=0.01, attention_volume=5.0), 50
    )  # fmt: skip
    trade = -np.diff(t["cohort"][:, :, 0], axis=1)
    cap = 0.1 * 0.05 * (1 + 5 * 0.01) / 8
    assert trade.max() == pytest.approx(cap, abs=LOT)


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


def test_implied_vol_relaxes_and_realised_vol_is_a_moving_average() -> None:
    scenario = packed(days=5, channels=CALM, sigma=0.08, vol0=0.5, vol_rate=0.7, vol_realised=1.1)
    t = traced(scenario, 20)
    closes = t["log_price"][:, ::9, 0]
    rv2 = np.full(20, 252 * 0.08**2)
    v = np.full(20, 0.5)
    for day in range(5):
        goal = np.maximum(0.5, 1.1 * np.sqrt(rv2))
        v = goal + (v - goal) * np.exp(-0.7)
        np.testing.assert_allclose(t["implied_vol"][:, 9 * day + 9, 0], v, rtol=1e-5)
        rv2 = 0.75 * rv2 + 0.25 * 252 * (closes[:, day + 1] - closes[:, day]) ** 2
        np.testing.assert_allclose(t["realised_vol"][:, 9 * day + 9, 0], np.sqrt(rv2), rtol=1e-4)


def test_a_restriction_starts_with_its_hazard_and_lasts_its_time() -> None:
    scenario = packed(
        days=10,
        channels=Channel.RESTRICTION,
        sigma=1e-4,
        restriction_threshold=-0.5,  # always above
        restriction_hazard=0.2,
        restriction_duration=1.5,
    )
    t = traced(scenario, 4000)
    trades = scenario.schedule["kind"] & layout.StepKind.OVERNIGHT == 0
    restricted = t["restricted"][:, 1:, 0][:, trades]
    started = restricted.any(axis=1)
    chance = -np.expm1(-0.2 * 10)
    assert abs(started.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / 4000)
    ended = started & (restricted[:, -1] == 0)
    lasted = restricted[ended].sum(axis=1) / 8
    assert abs(lasted - 1.5).max() <= 1 / 8
    never = packed(days=2, channels=Channel.RESTRICTION, sigma=1e-4, restriction_threshold=0.5)
    assert traced(never, 50)["restricted"].max() == 0


def test_calls_are_settled_and_rolled_at_expiry() -> None:
    scenario = gme_like(days=5, steps_per_day=8, attention0=0.2)
    t = traced(scenario, 40)
    p, last = {k: float(scenario.names[k][0]) for k in layout.NAME.names}, -1
    x, price = t["log_price"][:, last, 0], np.exp(t["log_price"][:, last, 0])
    np.testing.assert_allclose(t["call_log_strike"][:, last, 0], x + p["call_strike"], atol=1e-6)
    s = t["implied_vol"][:, last, 0] * np.sqrt(5 / 252)
    d1 = -p["call_strike"] / s + s / 2
    call = stats.norm.cdf(d1) - np.exp(p["call_strike"]) * stats.norm.cdf(d1 - s)
    intrinsic = t["calls"][:, last, 0] * call * price / p["call_roll"]
    # n of before the expiry is not traced: rolled value implies it, and it is what crowd buys
    before = t["calls"][:, last - 1, 0]
    strike = t["call_log_strike"][:, last - 1, 0]
    free = t["restricted"][:, last, 0] == 0
    worth = before * np.maximum(price - np.exp(strike), 0)
    sure = free & (worth > 1e-3)
    assert sure.sum() > 10
    np.testing.assert_allclose(intrinsic[sure], worth[sure], rtol=0.15)
    assert (t["calls"][:, last, 0][~free] == 0).all()


# --- bookkeeping ----------------------------------------------------------------------------------


@given(scenario=packed_strategy(max_names=5))
@settings(max_examples=10, deadline=None)
def test_a_path_does_not_depend_on_its_batch(scenario: Packed) -> None:
    whole = reference.simulate(scenario, path_ids(12), trace=True)
    part = reference.simulate(scenario, path_ids(3, first=5), trace=True)
    assert whole.trace is not None and part.trace is not None
    assert whole.paths[5:8].tobytes() == part.paths.tobytes()
    assert whole.trace[5:8].tobytes() == part.trace.tobytes()
    np.testing.assert_array_equal(whole.pnl[:, 5:8], part.pnl)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = gme_like(3, days=2, steps_per_day=4, book_weight=[-0.2, 0.1, 0.0])
    whole = reference.simulate(scenario, path_ids(100))
    monkeypatch.setattr("powderkeg.kernels.reference.loop.ELEMENTS", 48)
    pieces = reference.simulate(scenario, path_ids(100))
    for field in ("pnl", "paths", "closes", "peaks"):
        assert getattr(whole, field).tobytes() == getattr(pieces, field).tobytes(), field


def test_histograms_count_every_path_where_it_closed() -> None:
    scenario = gme_like(2, days=6, steps_per_day=4)
    out = reference.simulate(scenario, path_ids(300), trace=True)
    assert out.trace is not None
    assert (out.closes.sum(axis=-1) == 300).all() and (out.peaks.sum(axis=-1) == 300).all()
    closes = out.trace[:, 5::5].astype([(f, "f8") for f in layout.TRACE.names])
    short = np.maximum(-scenario.names["book0"][:2], 0)
    values = {
        "price": np.exp(closes["log_price"]),
        "short_interest": closes["cohort"] + closes["new_shorts"] + short,
        "utilisation": closes["utilisation"],
        "borrow_fee": closes["fee"],
        "dealer_hedge": closes["hedge"],
        "implied_vol": closes["implied_vol"],
        "attention": closes["attention"],
    }
    for column, quantity in enumerate(QUANTITIES):
        edges = bin_edges(quantity)
        for day in range(6):
            for name in range(2):
                counted, _ = np.histogram(values[quantity][:, day, name], edges)
                counted = counted.astype(int)
                moved = np.abs(out.closes[day, name, column].astype(int) - counted).sum()
                assert moved <= 2, (quantity, day)  # the trace is rounded to float32


def test_price_bins_have_their_edges() -> None:
    edges = price_bin_edges()
    np.testing.assert_array_equal(histograms.price_bin(edges[:-1]), np.arange(512))
    np.testing.assert_array_equal(histograms.price_bin(edges[1:] * (1 - 1e-12)), np.arange(512))
    assert list(histograms.price_bin(np.array([1e-9, 1e9]))) == [0, 511]


@pytest.mark.parametrize("names", [1, 2, 3, 4, 5, 7, 12, 20, 96])
def test_the_sum_over_names_keeps_the_canonical_order(names: int) -> None:
    rng = np.random.default_rng(names)
    values = rng.normal(size=(names, 3)) * 10 ** rng.uniform(-8, 8, (names, 1))
    lanes, per_lane = tile(names)
    slots = np.zeros((lanes * per_lane, 3))
    slots[:names] = values
    lane_sums = []
    for lane in range(lanes):
        v = slots[lane * per_lane : (lane + 1) * per_lane]
        lane_sums.append({1: lambda v: v[0], 2: lambda v: v[0] + v[1],
                          3: lambda v: (v[0] + v[1]) + v[2]}[per_lane](v))  # fmt: skip
    distance = lanes // 2
    while distance:
        lane_sums = [lane_sums[i] + lane_sums[i ^ distance] for i in range(lanes)]
        distance //= 2
    np.testing.assert_array_equal(parameters.total(values, lanes, per_lane), lane_sums[0])


def test_shapes_of_what_comes_back() -> None:
    scenario = packed(5, days=3, horizons=[1, 3])
    out: Simulated = reference.simulate(scenario, path_ids(7))
    assert out.trace is None
    assert out.pnl.shape == (2, 7) and out.pnl.dtype == np.float32
    assert out.paths.shape == (7,) and out.paths.dtype == layout.PATH
    assert out.closes.shape == (3, 5, 7, 512) and out.peaks.shape == (5, 512)
    assert reference.simulate(scenario, path_ids(0)).paths.shape == (0,)
