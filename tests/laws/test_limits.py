"""Exact limits (docs/model.md, 15) on both back ends: fast dealers, short and long gamma."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from scipy import stats

from powderkeg.engine.validate.cases.whole import residual
from powderkeg.kernels import reference
from powderkeg.kernels.backends import native
from powderkeg.kernels.packed import Packed, Simulate
from powderkeg.kernels.records import Channel
from tests.helpers.builders import adjust, listed, lots, packed, path_ids, with_table
from tests.helpers.strategies import packed_strategy

Array = npt.NDArray[np.float64]


each_back_end = pytest.mark.parametrize(
    "simulate",
    [
        pytest.param(
            native.simulate,
            id="native",
            marks=pytest.mark.skipif(not native.available(), reason="no native library was built"),
        ),
        pytest.param(reference.simulate, id="reference"),
    ],
)


@pytest.mark.slow
@each_back_end
@given(scenario=packed_strategy(max_names=4, days=26, steps_per_day=26))
@settings(max_examples=15, deadline=None)
def test_the_ledger_balances_to_the_bit_after_26_days(simulate: Simulate, scenario: Packed) -> None:
    """What is held is what was issued or sold short: every path, every step, any parameters."""
    assert residual(simulate(scenario, path_ids(32), trace=True)) == 0


@pytest.mark.slow
@each_back_end
@pytest.mark.parametrize("steps", [26, 390])
def test_dealers_long_gamma_pin_the_price(simulate: Simulate, steps: int) -> None:
    """.2 floats of calls at .05, M 1.5, E0 1, driftless w with sigma .1, one day."""
    vol = 0.0916 * np.sqrt(252)  # d1 has + s/2; so H(0) = -.2 N(-.5) as published
    options = listed((0.05, 1, True, 0.2))
    scenario = packed(
        days=1,
        steps_per_day=steps,
        channels=Channel.DEALERS,
        overnight_share=0.0,
        options=options,
        dealer_sign=-1.0,
        elasticity=1.5,
        sigma=0.1,
        drift=0.005,
        attention0=0.0,
        hedging=1e4,
        locked=0.2 * stats.norm.cdf(-0.5),
        short_interest=0.0,
        lendable_elastic=1.0,
        vol0=vol,
        vol_rate=0.0,
    )
    root, hedge = np.sqrt(vol), float(lots(-0.2 * stats.norm.cdf(-0.5)))
    scenario = with_table(
        scenario, options, vol_range=(root, root + 0.1), vol_nodes=2, resolution=0.0025
    )
    assert float(scenario.names["hedge0"][0]) == pytest.approx(hedge, abs=1e-3)
    scenario = adjust(scenario, hedge0=hedge, elastic0=1.0, elastic_normal=1.0)
    assert float(scenario.names["hedge0"][0]) == pytest.approx(
        -0.2 * stats.norm.cdf(-0.5), abs=1e-5
    )
    assert float(scenario.names["elastic0"][0]) == pytest.approx(1, abs=1e-5)
    x = terminal(simulate, scenario, 20_000)[0]
    assert (np.abs(x - 0.05) < 0.005).mean() == pytest.approx(0.6870, abs=0.01)
    assert x.std() == pytest.approx(0.0431, rel=0.03)


def terminal(
    simulate: Simulate, scenario: Packed, paths: int, chunk: int = 1000
) -> tuple[Array, Array]:
    """Log price and anchor of the first name at the end."""
    x, w = [], []
    for first in range(0, paths, chunk):
        out = simulate(scenario, path_ids(chunk, first), trace=True)
        assert out.trace is not None
        x.append(out.trace["log_price"][:, -1, 0])
        w.append(out.trace["anchor"][:, -1, 0])
    return np.concatenate(x).astype(float), np.concatenate(w).astype(float)


@pytest.mark.slow
@each_back_end
@pytest.mark.parametrize(("gain", "tolerance"), [(0.25, 0.01), (0.5, 0.01), (0.8, 0.03)])
def test_fast_dealers_short_gamma_amplify_by_one_over_one_less_gain(
    simulate: Simulate, gain: float, tolerance: float
) -> None:
    """One call, far from expiry: G = (M/E0) O n(d1)/s, and sd(x)/sd(w) = 1/(1 - G)."""
    root, day, interest, m = 0.2 + 3 * 3 / 23, 250, 0.3, 1.0  # a node of the table
    s = root**2 * np.sqrt(day / 252)
    delta, density = stats.norm.cdf(s / 2), stats.norm.pdf(s / 2) / s
    elastic = m * interest * density / gain
    locked = 1 - interest * delta - elastic
    short = max(0.0, -locked)
    scenario = packed(
        days=1,
        steps_per_day=390,
        channels=Channel.DEALERS,
        overnight_share=0.0,
        options=listed((0.0, day, True, interest)),
        elasticity=m,
        max_multiple=100.0,
        sigma=0.001,
        attention0=0.0,
        hedging=1e4,
        locked=max(0.0, locked),
        short_interest=short,
        vol0=root**2,
        vol_rate=0.0,
    )
    assert float(scenario.names["elastic0"][0]) == pytest.approx(elastic, rel=1e-3)
    x, w = terminal(simulate, scenario, 2000)
    assert x.std() / w.std() == pytest.approx(1 / (1 - gain), rel=tolerance)
