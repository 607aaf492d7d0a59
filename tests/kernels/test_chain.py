"""The chain table against Black-Scholes deltas summed one option at a time."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import norm

from powderkeg.kernels.packing.chain import ChainTable, Options, build_chain, chain_hedge
from tests.helpers.builders import listed
from tests.helpers.strategies import options_strategy

DAYS, STEPS = 4, 8
TIMES = (np.arange(DAYS)[:, None] + np.arange(STEPS + 1) / STEPS).ravel()
TRADING = np.tile(np.arange(STEPS + 1) > 0, DAYS)


def by_hand(options: Options, x: float, v: float, t: float) -> float:
    """The hedge of dealers short these options, in the plainest words."""
    hedge = 0.0
    for k, day, call, interest in zip(
        options.log_strike,
        options.expiry_day,
        options.is_call,
        options.open_interest,
        strict=True,
    ):
        if day < t:
            continue
        s = v * np.sqrt(max(day - t, 1e-3 / STEPS) / 252)
        d1 = (x - k) / s + s / 2
        hedge += interest * (norm.cdf(d1) if call else -norm.cdf(-d1))
    return hedge


@given(options=options_strategy(DAYS))
@settings(max_examples=30, deadline=None)
def test_the_table_holds_the_black_scholes_hedge_at_its_nodes(options: Options) -> None:
    built = build_chain([options], TIMES, 1 / STEPS, trading=TRADING, resolution=0.05)
    x = built.start[0] + np.arange(built.table.shape[-1]) / built.inverse_step[0]
    interest = options.open_interest.sum()
    rng = np.random.default_rng(1)
    for step, v, j in zip(
        rng.choice(np.flatnonzero(TRADING), 60),
        rng.integers(0, 24, 60),
        rng.integers(0, len(x), 60),
        strict=True,
    ):
        vol = np.linspace(0.2, 3.2, 24)[v] ** 2
        s_least = vol * np.sqrt(1e-3 / STEPS / 252)
        if np.abs(x[j] - options.log_strike).min() < 6 * s_least + 0.005:
            continue  # at expiry the table is as sharp as its cells, not sharper
        expected = by_hand(options, x[j], vol, TIMES[step])
        assert built.table[0, step, v, j] == pytest.approx(expected, abs=2e-4 * interest + 1e-7)
        exact = chain_hedge(options, x[j], vol, TIMES[step], 1e-3 / STEPS)
        assert exact == pytest.approx(expected, abs=1e-12)


def test_an_option_is_there_up_to_its_close_and_gone_after() -> None:
    call = listed((0.0, 2, True, 0.1))
    built = build_chain([call], TIMES, 1 / STEPS, trading=TRADING)
    deep = built.table[0, :, 0, -1]
    np.testing.assert_allclose(deep[TRADING & (TIMES <= 2)], 0.1, rtol=1e-5)
    assert (deep[TIMES > 2] == 0).all()
    assert (deep[~TRADING] == 0).all()
    at_expiry = int(np.flatnonzero(TIMES == 2)[0])  # the close of day 2
    x = built.start[0] + np.arange(built.table.shape[-1]) / built.inverse_step[0]
    np.testing.assert_allclose(
        built.table[0, at_expiry, 0][np.abs(x) > 0.005], 0.1 * (x[np.abs(x) > 0.005] > 0), atol=1e-7
    )


def test_ranges_nodes_and_steepest() -> None:
    near = listed((0.0, 4, True, 0.1), (0.3, 4, False, 0.3))
    far = listed((-2.0, 90, True, 0.1), (4.0, 90, True, 0.1))
    built = build_chain([near, far], TIMES, 1 / STEPS, trading=TRADING)
    np.testing.assert_allclose(built.start, [-2.5, -3.0])
    last = built.start + (built.table.shape[-1] - 1) / built.inverse_step
    np.testing.assert_allclose(last, [4.5, 5.0])
    assert (1 / built.inverse_step <= 0.01 + 1e-12).all()
    np.testing.assert_allclose([built.low[0], built.high[0]], [-0.3, 0.1], atol=1e-5)
    assert abs(built.steepest[0, -1] - 0.3) <= 0.01  # the strike with most interest, at its expiry
    assert not built.falls.any()
    signed = listed((0.0, 4, True, 0.1), (0.3, 4, True, -0.3))
    assert build_chain([signed], TIMES, 1 / STEPS, trading=TRADING).falls[0]


def test_what_is_closed_out_before_an_expiry_is_hedged_no_more() -> None:
    kept, over = 0.2, 3.0
    plain = listed((0.0, 4, True, 0.1), (0.3, 3, False, 0.2), (0.1, 30, True, 0.3))
    closing = replace(plain, exercised=kept, close_out=over)
    for t in (0.0, 1.25, 2.75, 4.0):
        days = plain.expiry_day - t
        left = kept + (1 - kept) * np.minimum(np.maximum(days, 0) / over, 1)
        scaled = replace(plain, open_interest=plain.open_interest * left)
        for x in (-0.4, 0.05, 0.6):
            assert chain_hedge(closing, x, 0.9, t) == pytest.approx(by_hand(scaled, x, 0.9, t))
    built, other = (
        build_chain([each], TIMES, 1 / STEPS, trading=TRADING) for each in (closing, plain)
    )
    step = int(np.flatnonzero((TIMES == 2) & TRADING)[0])
    expected = chain_hedge(closing, 0.0, vol_of(12), 2.0)
    assert at(built, step, 12, 0.0) == pytest.approx(float(expected), abs=1e-4)
    assert abs(at(other, step, 12, 0.0) - expected) > 0.01


def test_the_night_after_an_expiry_holds_what_was_exercised() -> None:
    options = listed((0.0, 2, True, 0.1), (0.5, 2, False, 0.2), (0.0, 3, True, 0.4))
    built = build_chain([replace(options, exercised=0.3)], TIMES, 1 / STEPS, trading=TRADING)
    night = int(np.flatnonzero((TIMES == 2) & ~TRADING)[0])
    for x, expected in ((-0.5, -0.06), (0.25, 0.03 - 0.06), (1.0, 0.03)):
        for vol in (0, 23):
            assert at(built, night, vol, x) == pytest.approx(expected, abs=1e-6)
    nights = np.flatnonzero(~TRADING)
    filled = [int(n) for n in nights if built.table[0, n].any()]
    assert filled == [night, int(np.flatnonzero((TIMES == 3) & ~TRADING)[0])]
    assert not build_chain([options], TIMES, 1 / STEPS, trading=TRADING).table[0, nights].any()


def vol_of(node: int) -> float:
    return float(np.linspace(0.2, 3.2, 24)[node] ** 2)


def at(built: ChainTable, step: int, vol: int, x: float) -> float:
    """The table at its node nearest to x."""
    return float(built.table[0, step, vol, round((x - built.start[0]) * built.inverse_step[0])])


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equal length"):
        Options(np.zeros(2), np.ones(1, np.int64), np.ones(2, bool), np.zeros(2))


def test_nothing_else_is_made_in_the_size_of_the_table() -> None:
    options = listed((0.1, DAYS, True, 0.1))
    tracemalloc.start()
    built = build_chain([options] * 24, TIMES, 1 / STEPS, trading=TRADING)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * built.table.nbytes
