"""Loop gains against derivatives of the targets they stand for, and along real paths."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from powderkeg.kernels import BackendUnavailable, backend
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.probes.loop_gain import (
    CHANNELS,
    equity,
    gains_along,
    largest,
    loop_gain,
    start_row,
)
from powderkeg.kernels.records import ALL_CHANNELS, TRACE, Channel
from tests.helpers.builders import gme_like, listed, packed, path_ids
from tests.helpers.events import event, fund

STEPS = 8
H = 1e-6  # of a finite difference


def rows_of(p: Packed, count: int = STEPS + 2, **fields: Any) -> npt.NDArray[np.void]:
    """A trace of one path that stands still at the start but for `fields`."""
    trace = np.repeat(start_row(p), count, axis=1)
    assert trace.dtype == TRACE
    for field, value in fields.items():
        trace[field] = value
    return trace


def every_force(**changes: Any) -> Packed:
    """Two names in which every channel that has a gain is at work."""
    settings: dict[str, Any] = {
        "days": 6,
        "open_interest": 0.3,
        "levered": 0.08,
        "calls0": 0.02,
        "monthly_share": 0.4,
        "call_capacity": 0.5,
        "crowd0": 0.03,
        "removed0": 0.02,
        "funds": [fund((-0.05, 0.04), 2.0, threshold=-0.02), fund((0.02, -0.03), 3.0)],
        "short_interest": (0.6, 0.4),
        **changes,
    }
    return gme_like(2, steps_per_day=STEPS, **settings)


def test_one_call_and_the_cohort() -> None:
    """dH*/dx = O n(d1)/s; the cohort's density at a tolerance, per share of elastic float."""
    m, interest, vol = 1.4, 0.1, (0.2 + 8 * 3 / 23) ** 2
    p = packed(
        steps_per_day=STEPS,
        options=listed((0.02, 300, True, interest)),
        elasticity=m,
        vol0=vol,
        tolerance=0.4,
        tolerance_sd=0.3,
        short_interest=0.5,
    )
    elastic = float(p.names["elastic0"][0])
    gain = loop_gain(p)
    s = vol * np.sqrt((300 - 1 / STEPS) / 252)
    middle = 0.005  # of the table's cell at the start
    expected = m / elastic * interest * norm.pdf((middle - 0.02) / s + s / 2) / s
    assert gain["dealers"][0] == pytest.approx(expected, rel=3e-4)
    density = norm.pdf(0.4 / 0.3) / 0.3 / (1 - norm.cdf(-0.4 / 0.3))
    assert gain["shorts"][0] == pytest.approx(m / elastic * 0.5 * density, rel=1e-5)
    assert gain["total"][0] == pytest.approx(sum(gain[c][0] for c in CHANNELS))


def test_a_channel_that_is_off_has_none() -> None:
    p = every_force()
    switches = dict(
        dealers=Channel.DEALERS,
        shorts=Channel.SHORTS,
        crowd_shares=Channel.CROWD_SHARES,
        crowd_calls=Channel.CROWD_CALLS,
        levered_longs=Channel.LEVERED_LONGS,
        funds=Channel.FUNDS,
    )
    full = loop_gain(p)
    assert all((full[channel] != 0).all() for channel in CHANNELS)
    for channel, switch in switches.items():
        gains = loop_gain(p.with_channels(ALL_CHANNELS & ~switch))
        assert (gains[channel] == 0).all()
        kept = [c for c in CHANNELS if c not in (channel, "crowd_calls")]
        assert all((gains[c] == full[c]).all() for c in kept)
    off = loop_gain(p.with_channels(ALL_CHANNELS & ~Channel.CROWD))
    assert (off["crowd_shares"] == 0).all()
    assert (off["crowd_calls"] == 0).all()


def test_dealers_follow_table_and_calls() -> None:
    """Slope of the interpolated table plus that of the crowd's calls, at any price and vol."""
    p = every_force()
    step, x, held, strike = 3, 0.2345, 0.07, 0.18
    node = 9
    vol = (float(p.run["vol_start"]) + node / float(p.run["vol_inverse_step"])) ** 2
    moved: dict[str, Any] = {
        "log_price": x,
        "implied_vol": vol,
        "calls": held,
        "call_log_strike": strike,
    }
    monthly: dict[str, Any] = {"monthly_calls": 0.03, "monthly_call_log_strike": 0.3}
    trace = rows_of(p, **moved, **monthly)
    # Row 4 is the end of step 3, in the middle of the first day.
    gain = gains_along(p, trace, [step + 1])["dealers"][0, 0, 0]

    name, row = p.names[0], p.schedule[step]
    nodes = name["chain_start"] + np.arange(p.chain.shape[3]) / name["chain_inverse_step"]

    def target(at: float) -> float:
        hedge = np.interp(at, nodes, p.chain[0, step, node].astype(float))
        for calls, k, tau in (
            (held, strike, row["sqrt_tau"]),
            (0.03, 0.3, row["sqrt_tau_month"]),
        ):
            s = vol * float(tau)
            hedge += calls * norm.cdf((at - k) / s + s / 2)
        return float(hedge)

    slope = (target(x + H) - target(x - H)) / (2 * H)
    per_share = float(name["elasticity"] / name["elastic0"])
    assert gain == pytest.approx(per_share * slope, rel=1e-4)


def test_beyond_the_table_dealers_have_no_slope() -> None:
    p = gme_like(days=1, steps_per_day=STEPS)
    trace = rows_of(p, log_price=[[[-9.0]]])
    assert (gains_along(p, trace)["dealers"] == 0).all()
    trace = rows_of(p, log_price=9.0)
    assert (gains_along(p, trace)["dealers"] == 0).all()


def test_tolerances_are_densities() -> None:
    """Shorts at the running maximum plus fees, levered longs at their worst drawdown."""
    p = every_force(levered_tolerance=0.3, levered_tolerance_sd=0.6)
    trace = rows_of(p, fee_paid=0.03, log_price_max=0.8, drawdown_max=0.25)
    gains = gains_along(p, trace, [3])
    per_share = p.names["elasticity"][:2] / p.names["elastic0"][:2].astype(float)

    def gone(at: float, mean: float, sd: float) -> float:
        floor = norm.cdf(-mean / sd)
        return float((norm.cdf((at - mean) / sd) - floor) / (1 - floor))

    for channel, at, mean, sd, start in (
        ("shorts", 0.83, 0.963, 0.547, p.names["cohort0"]),
        ("levered_longs", 0.25, 0.3, 0.6, p.names["levered0"]),
    ):
        slope = (gone(at + H, mean, sd) - gone(at - H, mean, sd)) / (2 * H)
        expected = per_share * start[:2] * slope
        np.testing.assert_allclose(gains[channel][0, 0], expected, rtol=1e-5)
    # Nobody can cover or sell more than is left.
    few = gains_along(p, rows_of(p, cohort=1e-3, levered=2e-3), [3])
    np.testing.assert_allclose(few["shorts"][0, 0], 1e-3 * per_share, rtol=1e-6)
    np.testing.assert_allclose(few["levered_longs"][0, 0], 2e-3 * per_share, rtol=1e-6)


def test_the_crowd_follows_momentum() -> None:
    """Buyers of one day at a force that grows with the price; none at the clips or restricted."""
    p = every_force(shared=0.3)
    attention, removed, slow, x = 0.1, 0.2, 0.05, 0.3
    fields: dict[str, Any] = dict(
        attention=attention, removed=removed, log_price_slow=slow, log_price=x, calls=0.05
    )
    trace = rows_of(p, **fields)
    gains = gains_along(p, trace, [3])
    name, per_share = p.names[0], p.names["elasticity"][0] / float(p.names["elastic0"][0])

    def joining(at: float) -> float:
        force = 0.379 * (1 + 2.24 * (at - slow)) * attention  # both names have the same attention
        return (1 - attention - removed) * force

    slope = (joining(x + H) - joining(x - H)) / (2 * H) / np.exp(x)
    assert gains["crowd_shares"][0, 0, 0] == pytest.approx(per_share * 0.893 * slope, rel=1e-5)
    hedge = 0.0
    for share, tau in ((0.6, "sqrt_tau_buy"), (0.4, "sqrt_tau_month_buy")):
        s = float(name["vol0"]) * p.schedule[2][tau]
        d1 = s / 2 - 0.16 / s
        call = norm.cdf(d1) - np.exp(0.16) * norm.cdf(d1 - s)
        hedge += share * 0.027 / max(call, 0.005) * norm.cdf(d1)
    room = 1 - 0.05 / 0.5
    expected = per_share * slope * hedge * room
    assert gains["crowd_calls"][0, 0, 0] == pytest.approx(expected, rel=1e-5)
    for change in ({"log_price": 1.2}, {"log_price": -0.6}, {"restricted": 1.0}):
        still = gains_along(p, rows_of(p, **{**fields, **change}), [3])
        assert (still["crowd_shares"] == 0).all()
        assert (still["crowd_calls"] == 0).all()


def test_funds_cut_along_their_own_loss() -> None:
    """The target moves with the equity that the price moves; both sides amplify."""
    p = every_force()
    trace = rows_of(p)
    price = np.exp(np.linspace(0, 0.3, trace.shape[1]))
    trace["log_price"][0] = np.log(price)[:, None]
    held = np.array([-0.05, 0.04])
    trace["fund_1"][0] = held * np.linspace(1, 0.6, trace.shape[1])[:, None]
    row = 4
    gain = gains_along(p, trace, [row])["funds"][0, 0]

    prices = np.exp(trace["log_price"][0].astype(float))
    shares = trace["fund_1"][0].astype(float)
    value = 1.0
    for r in range(row):
        value += 2.0 * float(((shares[r] + shares[r + 1]) / 2 * (prices[r + 1] - prices[r])).sum())
    found = equity(prices[None], shares[None], np.full(2, 2.0))[0, row]
    assert found == pytest.approx(value, rel=1e-12)

    def kept(v: float) -> float:
        return float(np.clip(1 - 4.0 * max(1 - v + 0.02, 0), 0, 1))

    assert 0 < kept(value) < 1
    for i in (0, 1):
        move = 2.0 * shares[row, i] * prices[row, i] * H
        slope = held[i] / kept(1.0) * (kept(value + move) - kept(value - move)) / (2 * H)
        per_share = float(p.names["elasticity"][i] / p.names["elastic0"][i])
        assert slope > 0
        assert gain[i] == pytest.approx(per_share * slope, rel=1e-5)
    # The second fund, whose threshold is not reached, adds nothing: only the first is cutting.
    trace["fund_1"] = 0.0
    assert (gains_along(p, trace, [row])["funds"] == 0).all()


def test_gains_are_read_at_their_own_time() -> None:
    """Within a day the time of the row; at a close and at an open, of the next step that trades."""
    p = every_force()
    trace = rows_of(p, p.schedule.size + 1)
    gain = gains_along(p, trace)["crowd_calls"][0, :, 0]
    per_day = STEPS + 1
    assert gain[0] == gain[1] == gain[2]  # the start and the open look at the first step
    assert gain[per_day] == gain[per_day + 1] == gain[per_day + 2]  # so do the next day's
    assert gain[3] != gain[2]
    same = gains_along(p, trace, [5, 2])["total"]
    assert (same == gains_along(p, trace)["total"][:, [5, 2]]).all()


def test_elasticity_events_count() -> None:
    """M is that of the step that follows, dated or at random."""
    dated = event("elasticity", 2.0, 4, rows=3, names="N00")
    p, plain = every_force(events=[dated]), every_force()
    ratio = gains_along(p, rows_of(p))["total"] / gains_along(plain, rows_of(plain))["total"]
    np.testing.assert_allclose(ratio[0, :, 0], [1, 1, 1, 1, 2, 2, 2, 1, 1, 1])
    np.testing.assert_allclose(ratio[0, :, 1], 1)

    hazard, size = 0.7, p.schedule.size + 1
    chance = event("elasticity", 0.5, hazard=hazard, from_day=1.0)
    p = every_force(events=[chance])
    trace = np.repeat(rows_of(p, size), 400, axis=0)
    ratio = gains_along(p, trace)["total"] / gains_along(plain, rows_of(plain, size))["total"]
    first = (ratio[..., 0] < 0.75).argmax(axis=1)
    came = (ratio[..., 0] < 0.75).any(axis=1)
    assert (first[came] % (STEPS + 1) > 0).all()  # never overnight
    assert first[came].min() > STEPS + 1  # not on the first day
    assert came.mean() == pytest.approx(1 - np.exp(-hazard * 5), abs=0.05)
    later = gains_along(p, trace[100:], first_path=100)["total"]
    assert (later == gains_along(p, trace)["total"][100:]).all()


def test_the_largest_leaves_out_the_end() -> None:
    p = every_force()
    trace = rows_of(p)
    trace["attention"][0, :, 0] = np.linspace(0.02, 0.3, trace.shape[1])
    gains, most = gains_along(p, trace), largest(p, trace)
    last = trace.shape[1] - 2
    assert gains["total"][0, :-1, 0].argmax() == last
    for key, values in most.items():
        assert values.shape == (1, 2)
        assert values[0, 0] == gains[key][0, last, 0]


def test_restriction_events_stop_the_crowd() -> None:
    stop = event("restriction", None, 4, on=True, rows=3, names="N00")
    trace = rows_of(p := every_force(events=[stop]))
    gain = gains_along(p, trace)["crowd_shares"][0] > 0
    assert gain[:, 0].tolist() == [True] * 4 + [False] * 3 + [True] * 3
    assert gain[:, 1].all()
    lift = event("restriction", None, 4, on=False, rows=3)
    trace = rows_of(p := every_force(events=[lift]), restricted=1.0)
    gain = gains_along(p, trace)["crowd_shares"][0] > 0
    assert gain[:, 0].tolist() == [False] * 4 + [True] * 3 + [False] * 3


@pytest.mark.parametrize("name", ["reference", "native"])
def test_traces_begin_where_the_start_is(name: str) -> None:
    try:
        engine = backend(name)
    except BackendUnavailable as why:
        pytest.skip(str(why))
    p = every_force()
    trace = engine.simulate(p, path_ids(3), trace=True).trace
    assert trace is not None
    gains = gains_along(p, trace, [0])
    for channel, values in loop_gain(p).items():
        np.testing.assert_allclose(gains[channel][:, 0], np.tile(values, (3, 1)), rtol=2e-6)


def test_gains_along_real_paths_are_the_two_back_ends() -> None:
    """On the first day the reference and the native back end still make the same path."""
    try:
        engine = backend("native")
    except BackendUnavailable as why:
        pytest.skip(str(why))
    p = every_force(days=1)
    one, two = (
        gains_along(p, e.simulate(p, path_ids(20), trace=True).trace)["total"]  # type: ignore[arg-type]
        for e in (engine, backend("reference"))
    )
    assert one.std() > 0.01
    assert np.median(np.abs(one - two)) < 1e-4
