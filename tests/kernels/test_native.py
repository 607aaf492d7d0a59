"""The CPU back end: the reference path by path, every build bit by bit, closed forms by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from scipy import stats
from scipy.special import ndtr

from powderkeg.engine.validate.cases.whole import residual
from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.backends import native
from powderkeg.kernels.backends.native import Native
from powderkeg.kernels.draws import philox
from powderkeg.kernels.header import records_header
from powderkeg.kernels.packed import Packed, Simulated
from powderkeg.kernels.records import CALM, Channel, DerivativeKind, StepKind
from powderkeg.kernels.streams import stream_of
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.events import event
from tests.helpers.everything import everything
from tests.helpers.holding import Contract, holding
from tests.helpers.random123 import PHILOX_ANSWERS
from tests.helpers.strategies import packed_strategy

Array = npt.NDArray[np.float64]
BUILDS = native.available()
pytestmark = pytest.mark.skipif(not BUILDS, reason="no native library was built")
each_build = pytest.mark.parametrize("build", BUILDS)


def same_bytes(a: Simulated, b: Simulated) -> None:
    for part in ("pnl", "paths", "closes", "peaks"):
        assert getattr(a, part).tobytes() == getattr(b, part).tobytes(), part


def expected_shortfall(losses: Array, level: float) -> float:
    """STATISTICS: q + mean excess / (1 - level), ties handled."""
    n = len(losses)
    q = np.sort(losses)[int(np.ceil(n * level)) - 1]
    return float(q + np.maximum(losses - q, 0).sum() / (n * (1 - level)))


# --- arithmetic -----------------------------------------------------------------------------------


@each_build
@pytest.mark.parametrize(("counter", "key", "expected"), PHILOX_ANSWERS)
def test_philox_known_answers(build: str, counter: str, key: str, expected: str) -> None:
    words, keys = (np.array([int(w, 16) for w in t.split()], np.uint32) for t in (counter, key))
    assert " ".join(f"{w:08x}" for w in Native(build).philox(words, keys)) == expected


@each_build
@pytest.mark.parametrize(
    ("name", "exact", "low", "high"),
    [("exp", np.exp, -80, 80), ("expm1", np.expm1, -20, 20), ("log", np.log, 1e-6, 1e6)],
)
def test_functions_are_accurate(build: str, name: str, exact: Any, low: float, high: float) -> None:
    x = np.concatenate([np.linspace(low, high, 400_001), np.geomspace(1e-6, high, 100_001)])
    x = x.astype(np.float32)
    got = Native(build).function(name, x).astype(float)
    # relative, or absolute next to the zero of the logarithm
    scale = np.maximum(np.abs(exact(x.astype(float))), 1.0 if name == "log" else 1e-30)
    assert (np.abs(got - exact(x.astype(float))) / scale).max() < 2.5e-7
    if name != "log":  # of prices: what broke must not look like a price
        assert np.isnan(Native(build).function(name, np.full(3, np.nan, np.float32))).all()


@each_build
def test_normal_distribution_function(build: str) -> None:
    x = np.linspace(-9, 9, 1_000_001).astype(np.float32)
    got = Native(build).function("cdf", x)
    assert np.abs(got - ndtr(x.astype(float))).max() < 3e-7
    density = Native(build).function("pdf", x)
    np.testing.assert_allclose(density, stats.norm.pdf(x.astype(float)), atol=1e-7)


def test_normals_are_normal_and_those_of_the_reference() -> None:
    ids = path_ids(50_000, first=2**40)
    z = Native.best().normals(2**63 + 5, stream_of("GME"), 0, ids, 2)
    stream = np.array([stream_of("GME")], np.uint64)
    for block in range(2):
        other = philox.normals(2**63 + 5, stream, ids, 0, block)
        for j in range(4):
            np.testing.assert_allclose(z[:, 4 * block + j], other[j, 0], atol=2e-4)
            assert np.mean(np.abs(z[:, 4 * block + j] - other[j, 0]) > 5e-6) < 1e-3
    assert stats.kstest(z.ravel().astype(float), "norm").pvalue > 1e-3
    n = z.size
    moments = [(z.astype(float) ** k).mean() for k in (1, 2, 3, 4)]
    errors = np.sqrt([1, 2, 15, 96]) / np.sqrt(n)  # of the mean of z, z^2, z^3, z^4
    assert (np.abs(np.array(moments) - [0, 1, 0, 3]) < 4 * errors).all()
    correlation = np.corrcoef(z.T) - np.eye(8)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(len(ids))


@pytest.mark.parametrize("m", [0.1, 0.7, 1.0, 1.61, 3.0])
def test_a_round_trip_of_one_agent_earns_nothing(m: float) -> None:
    rng = np.random.default_rng(5)
    elastic = np.concatenate([[1.8], rng.uniform(0.2, 3.0, 200), [1.8]]).astype(np.float32)
    before, after = elastic[:-1], elastic[1:]
    price = Native.best().fill_price(m, 1.8, before, after).astype(float)
    bought = before.astype(float) - after
    assert abs((price * bought).sum()) < 2e-6 * np.abs(price * bought).sum()


# --- the same bits everywhere ---------------------------------------------------------------------


def basket(**changes: Any) -> Packed:
    """Seven names in three lanes' layout, shared crowd, two factors, dealers of every sign."""
    names = 7
    values: dict[str, Any] = {
        "days": 6,
        "factors": ["market", "meme"],
        "loadings": np.full((names, 2), 0.012),
        "shared": 0.2,
        "dealer_sign": np.linspace(1, -1, names).tolist(),
        "attention0": np.linspace(0.02, 0.0, names).tolist(),
        "book_weight": [-0.2, -0.1, -0.15, 0.3, -0.05, 0.2, -0.1],
        "book_floats": [0.01] * 7,
        **changes,
    }
    return gme_like(names, **values)


@pytest.mark.parametrize(
    "scenario",
    [basket(days=3), everything(1, days=4), everything(7, days=4)],
    ids=["basket", "everything", "basket of everything"],
)
def test_every_build_gives_the_same_bytes(scenario: Packed) -> None:
    ids = path_ids(333)
    first = Native(BUILDS[0]).simulate(scenario, ids)
    for build in BUILDS[1:]:
        same_bytes(first, Native(build).simulate(scenario, ids))


@each_build
@pytest.mark.parametrize("launch", [1, 7])
def test_launch_sizes_do_not_show(build: str, launch: int) -> None:
    scenario, ids = basket(days=2), path_ids(100)
    whole = Native(build).simulate(scenario, ids)
    parts = [
        Native(build).simulate(scenario, ids[i : i + launch]) for i in range(0, len(ids), launch)
    ]
    joined = Simulated(
        pnl=np.concatenate([p.pnl for p in parts], axis=1),
        excess=np.concatenate([p.excess for p in parts], axis=1),
        paths=np.concatenate([p.paths for p in parts]),
        closes=np.sum([p.closes for p in parts], axis=0, dtype=np.uint32),
        peaks=np.sum([p.peaks for p in parts], axis=0, dtype=np.uint32),
    )
    same_bytes(whole, joined)


@pytest.mark.parametrize("scenario", [basket(), everything(7)], ids=["basket", "everything"])
def test_a_trace_changes_nothing(scenario: Packed) -> None:
    ids = path_ids(64)
    same_bytes(native.simulate(scenario, ids), native.simulate(scenario, ids, trace=True))


FIRST_CHANNELS = Channel(511)  # the agents that need no parameter to be at work


def test_forces_that_nobody_asked_for_change_nothing() -> None:
    scenario, ids = basket(), path_ids(333)
    few = native.simulate(scenario.with_channels(FIRST_CHANNELS), ids)
    same_bytes(few, native.simulate(scenario, ids))


def test_a_cancellation_undoes_the_trades_of_the_day() -> None:
    """Struck in the middle of day 2; a halt then keeps what it leaves from moving on."""
    day, struck = 27, 40  # rows
    events = [
        event("trade_cancellation", None, struck),
        event("trading_halt", None, struck, rows=day),
    ]
    packed = everything(days=2, events=events, restriction_threshold=-5.0)  # the clock runs
    trace = native.simulate(packed, path_ids(50), trace=True).trace
    assert trace is not None  # row r of it is before row r of the schedule
    close, before, after = (trace[:, row] for row in (day, struck, struck + 1))
    undone = (
        "log_price elastic crowd_shares hedge cohort new_shorts locked levered programme leader "
        "issued fund_1 fund_2 calls monthly_calls log_price_max new_short_entry"
    )
    for field in undone.split():
        np.testing.assert_array_equal(after[field], close[field], field)
    for field in ("log_price", "elastic", "crowd_shares", "hedge"):
        assert (before[field] != close[field]).mean() > 0.9, field
    for field in ("anchor", "attention", "implied_vol", "restriction_clock", "fee_paid"):
        assert (after[field] != close[field]).any(), field


# --- the ledger -----------------------------------------------------------------------------------


@pytest.mark.slow
@given(scenario=packed_strategy())
@settings(max_examples=100, deadline=None)
def test_no_path_creates_a_share(scenario: Packed) -> None:
    out = native.simulate(scenario, path_ids(48), trace=True)
    assert residual(out) == 0
    assert out.trace is not None
    for field in out.trace.dtype.names or ():
        assert np.isfinite(out.trace[field]).all(), field
    assert np.isfinite(out.pnl).all()


@pytest.mark.slow
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_ledger_balances_after_26_days(sign: float) -> None:
    scenario = gme_like(days=26, dealer_sign=sign)
    assert residual(native.simulate(scenario, path_ids(2000), trace=True)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("names", [1, 7])
def test_the_ledger_balances_with_every_holder_at_work(names: int) -> None:
    contracts = [Contract(names - 1, DerivativeKind.CALL, 1.5, 0.1, 9)]
    scenario = holding(everything(names, days=26), contracts)
    out = native.simulate(scenario, path_ids(2000 // names), trace=True)
    assert residual(out) == 0
    assert out.trace is not None
    for field in out.trace.dtype.names or ():
        assert np.isfinite(out.trace[field]).all(), field
        if field not in ("floor", "fails", "fund_4"):  # each of the others has something to do
            assert (out.trace[field] != out.trace[field][:, :1]).any(), field


# --- the reference --------------------------------------------------------------------------------


def log_price_gaps(scenario: Packed, paths: int, days: tuple[int, ...]) -> dict[int, Array]:
    """|x native - x reference| at the close of some days, (paths, names), and paired results."""
    ids = path_ids(paths)
    ours, theirs = (b.simulate(scenario, ids, trace=True) for b in (native, reference))
    assert ours.trace is not None and theirs.trace is not None
    closes = np.flatnonzero(scenario.schedule["kind"] & StepKind.CLOSE) + 1
    x, y = (t["log_price"].astype(float) for t in (ours.trace, theirs.trace))
    return {day: np.abs(x - y)[:, closes[day - 1]] for day in days}


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        gme_like(days=26),
        basket(days=26, dealer_sign=1.0),
        basket(days=26, dealer_sign=0.0),
        everything(1, days=26),
        everything(7, days=26),
    ],
    ids=["one name", "basket", "no static hedge", "everything", "basket of everything"],
)
def test_native_and_reference_agree_path_by_path(scenario: Packed) -> None:
    # a path that parts takes all its names along, so a basket needs more of them
    paths = 4000 if len(scenario.symbols) == 1 else 900
    gaps = log_price_gaps(scenario, paths, (5, 26))
    assert np.mean(gaps[5] <= 2e-3) >= 0.999
    assert np.mean(gaps[26] <= 2e-3) >= 0.99


@pytest.mark.slow
def test_they_agree_where_dealers_are_long_gamma() -> None:
    scenario = basket(days=10, dealer_sign=-1.0)
    gaps = log_price_gaps(scenario, 600, (5, 10))
    assert np.mean(gaps[5] <= 2e-3) >= 0.999
    assert np.mean(gaps[10] <= 2e-3) >= 0.99


def test_nobody_is_restricted_before_the_clock_runs() -> None:
    """Path 2731893 draws the word 4294967229: its u rounds to 1 in float32, so -ln u to 0."""
    scenario = gme_like(days=1, steps_per_day=2, restriction_hazard=0.0, seed=20210128)
    for build in BUILDS:
        trace = Native(build).simulate(scenario, path_ids(1, first=2731893), trace=True).trace
        assert trace is not None
        assert 0 < trace["restriction_clock"][0, 0, 0] < 1e-9
        assert not trace["restricted"].any()


def test_the_strike_stands_still_at_an_expiry_without_a_crowd() -> None:
    scenario = gme_like(days=2, steps_per_day=2, expiry_every=1, channels=~Channel.CROWD)
    for simulate in (native.simulate, reference.simulate):
        trace = simulate(scenario, path_ids(3), trace=True).trace
        assert trace is not None
        assert not trace["call_log_strike"].any()


@pytest.mark.slow
def test_paired_tails_agree() -> None:
    scenario, ids = gme_like(days=10, book_weight=-0.2), path_ids(20_000)
    ours, theirs = (
        expected_shortfall(-b.simulate(scenario, ids).pnl[-1].astype(float), 0.99)
        for b in (native, reference)
    )
    assert ours == pytest.approx(theirs, rel=0.005)


@given(scenario=packed_strategy(max_names=4))
@settings(max_examples=40, deadline=None)
def test_one_step_of_any_scenario_agrees(scenario: Packed) -> None:
    """Any parameters: after one overnight step and one trading step nothing had time to grow."""
    ids = path_ids(64)
    ours, theirs = (b.simulate(scenario, ids, trace=True).trace for b in (native, reference))
    assert ours is not None and theirs is not None
    for field in set(ours.dtype.names or ()) - {"fails"}:
        a, b = (t[field][:, :3].astype(float) for t in (ours, theirs))
        gap = np.abs(a - b) / np.maximum(1, np.abs(b))
        assert np.mean(gap < 2e-4) > 0.99, field


# --- closed forms ---------------------------------------------------------------------------------


def test_calm_is_lognormal() -> None:
    sigma, days = 0.03, 10
    fees: dict[str, Any] = {"fee0": 0.0, "fee_slope": 0.0, "fee_min": 0.0}
    scenario = packed(
        days=days, steps_per_day=26, sigma=sigma, channels=CALM, book_weight=-1.0, **fees
    )
    pnl = native.simulate(scenario, path_ids(100_000)).pnl[-1].astype(float)
    x, sd = np.log(1 - pnl), sigma * np.sqrt(days)
    assert stats.kstest(x, stats.norm(-(sd**2) / 2, sd).cdf).pvalue > 1e-3
    # short of a lognormal with driftless price: ES = N(s - z)/a - 1
    z, a = stats.norm.ppf(0.99), 0.01
    exact = ndtr(sd - z) / a - 1
    losses = -pnl
    q = np.quantile(losses, 0.99, method="inverted_cdf")
    error = np.maximum(losses - q, 0).std() / (a * np.sqrt(len(losses)))
    assert abs(expected_shortfall(losses, 0.99) - exact) < 3 * error


def test_borrow_fee_of_a_short_held_on_a_driftless_price() -> None:
    days, fee = 10, 0.5
    scenario = packed(days=days, channels=CALM, book_weight=-1.0, fee0=fee, fee_slope=0.0)
    out = native.simulate(scenario.at_moment(days), path_ids(50_000))
    paid = out.paths["borrow_cost"].astype(float)
    assert abs(paid.mean() - fee * days / 252) < 4 * paid.std() / np.sqrt(len(paid))


@pytest.mark.slow
@pytest.mark.parametrize("days", [5, 10])
def test_halving_the_step_hardly_moves_the_tail(days: int) -> None:
    """26 -> 52 steps a day, coarse normals the sums of the fine ones: ES99 within 2 % + 2 SE."""
    ids, level = path_ids(131_072), 0.99
    setting: dict[str, Any] = {"days": days, "book_weight": -0.2}
    influence, es = [], []
    for steps, together in ((26, 2), (52, 1)):
        scenario = gme_like(steps_per_day=steps, normals_per_step=together, **setting)
        losses = -native.simulate(scenario, ids).pnl[-1].astype(float)
        q = np.quantile(losses, level, method="inverted_cdf")
        es.append(expected_shortfall(losses, level))
        influence.append(np.maximum(losses - q, 0) / (1 - level) + q - es[-1])
    error = (influence[1] - influence[0]).std() / np.sqrt(len(ids))
    assert abs(es[1] - es[0]) <= 0.02 * es[0] + 2 * error


def test_records_are_those_of_the_header() -> None:
    header = (Path(layout.__file__).parent / "model" / "records.h").read_text()
    assert header == records_header()
