"""The law of a short's worst moment: quadrature against other quadrature, limits and the model."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtr

from powderkeg.engine.run.blocks import clock
from powderkeg.engine.validate import CASES
from powderkeg.engine.validate import exact as ex
from powderkeg.engine.validate.cases import worst
from powderkeg.kernels import reference
from powderkeg.kernels.backends import native
from powderkeg.kernels.packed import Simulate
from powderkeg.results.measures import closes
from powderkeg.results.measures.statistics import var_es
from tests.helpers.builders import path_ids

Array = npt.NDArray[np.float64]
FIVE_DAYS = [0.06**2 * share for share in ([0.3] + [0.7 / 13] * 13) * 5]
GRIDS = {"own steps": FIVE_DAYS, "closes": [0.06**2] * 5}
each_grid = pytest.mark.parametrize("variances", GRIDS.values(), ids=GRIDS)
each_back_end = pytest.mark.parametrize(
    ("simulate", "paths"),
    [
        pytest.param(
            native.simulate,
            200_000,
            id="native",
            marks=pytest.mark.skipif(not native.available(), reason="no native library was built"),
        ),
        pytest.param(reference.simulate, 20_000, id="reference", marks=pytest.mark.slow),
    ],
)


# --- the quadrature -------------------------------------------------------------------------------


def stays_below(variances: list[float], barrier: float, points: int) -> float:
    """P(max_k X_k < barrier) forwards: the density of the walk that is killed at the barrier, on an
    even grid by Simpson's rule."""
    low = -8 * np.sqrt(sum(variances))
    x, h = np.linspace(low, barrier, points, retstep=True)
    weights = h / 3 * np.array([1.0, *[4.0, 2.0] * ((points - 3) // 2), 4.0, 1.0])

    def density(step: Array, v: float) -> Array:
        return np.asarray(np.exp(-((step + v / 2) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v))

    kernels = {v: density(x[:, None] - x, v) * weights for v in set(variances)}
    alive = density(x, variances[0])
    for v in variances[1:]:
        alive = kernels[v] @ alive
    return float(weights @ alive)


@each_grid
def test_the_quadrature_has_converged(variances: list[float]) -> None:
    """VaR and ES to 1e-6 between nodes, and the odds of passing a level to another quadrature."""
    coarse, usual, fine = (ex.worst_short(variances, 1.0, 0.99, nodes=n) for n in (300, 600, 1200))
    assert usual == pytest.approx(coarse, abs=1e-6) and usual == pytest.approx(fine, abs=1e-8)
    for barrier in (0.05, 0.2, float(np.log1p(usual.var))):
        some, more = (stays_below(variances, barrier, points) for points in (801, 1601))
        assert some == pytest.approx(more, abs=1e-6)
        assert float(ex.survival(variances, barrier)) == pytest.approx(more, abs=1e-6)
    assert float(ex.survival(variances, np.log1p(usual.var))) == pytest.approx(0.99, abs=1e-10)


def test_one_step_has_closed_forms() -> None:
    """A walk of one step is highest at its end or at the start: Black-Scholes, atom and all."""
    sd = 0.1
    assert ex.worst_short([sd**2], 2.0, 0.99)[:2] == pytest.approx(
        np.array(ex.short_es(sd, 0.99)) * 2, rel=1e-9
    )
    never = float(ndtr(sd / 2))
    assert float(ex.survival([sd**2], 0.0)) == pytest.approx(never, rel=1e-12)
    below = ex.worst_short([sd**2], 2.0, never - 0.1)  # the quantile is the atom
    assert below.var == 0
    assert below.es == pytest.approx(2 * ex.black_scholes(1.0, sd) / (1.1 - never), rel=1e-9)
    above = ex.worst_short([sd**2], 2.0, never + 0.001)
    assert 0 < above.var < 0.01


@each_grid
def test_es_is_the_mean_of_the_tail_of_the_law(variances: list[float]) -> None:
    """Quantiles averaged over levels, and the density as the slope of the law."""
    levels = 1 - 0.01 * (np.arange(400) + 0.5) / 400
    tail = ex.worst_short(variances, 1.5, 0.99)
    law = ex.highest(variances)
    m = np.linspace(np.log1p(tail.var / 1.5), 8 * np.sqrt(sum(variances)), 20_001)
    quantiles = 1.5 * np.expm1(np.interp(levels, law(m), m))
    assert tail.es == pytest.approx(quantiles.mean(), rel=1e-3)  # the outermost slice is cut short
    wider = tail.var + 1e-4
    slope = (float(law(np.log1p(wider / 1.5))) - 0.99) / 1e-4
    assert tail.density == pytest.approx(slope, rel=1e-2)


@pytest.mark.parametrize("level", [0.02, 0.1, 0.3])
def test_continuous_time_bounds_the_grid_which_tends_to_it(level: float) -> None:
    """P(max x >= m) = N((-m - s^2/2)/s) + e^-m N((-m + s^2/2)/s): Brownian motion looks at all."""
    s, most = 0.15, 256

    def continuous(m: float) -> float:
        return float(ndtr((-m - s**2 / 2) / s) + np.exp(-m) * ndtr((-m + s**2 / 2) / s))

    grids = [[s**2 / steps] * steps for steps in (1, 4, 16, 64, most)]
    gaps = np.array([continuous(level) - 1 + float(ex.survival(grid, level)) for grid in grids])
    assert (gaps > 0).all() and (np.diff(gaps) < 0).all()
    # a discrete maximum falls short by .5826 sd of a step (Broadie, Glasserman & Kou 1997)
    moved = level + 0.5826 * s / np.sqrt(most)
    assert gaps[-1] == pytest.approx(continuous(level) - continuous(moved), abs=0.1 / most)
    # an open before the steps is one more look than the day's steps alone
    day = [s**2 * 0.3] + [s**2 * 0.7 / 16] * 16
    with_open, without = (float(ex.survival(v, level)) for v in (day, [day[0] + day[1], *day[2:]]))
    assert 1 - with_open > 1 - without


def test_where_a_walk_is_highest_agrees_with_brute_force() -> None:
    variances, paths = FIVE_DAYS[:28], 200_000
    exact = ex.first_highest(variances)
    assert exact.sum() == pytest.approx(1, abs=1e-9)
    moves = np.random.default_rng(3).standard_normal((paths, len(variances)))
    walk = (moves * np.sqrt(variances) - np.array(variances) / 2).cumsum(axis=1)
    first = np.hstack([np.zeros((paths, 1)), walk]).argmax(axis=1)
    found = np.bincount(first, minlength=len(exact)) / paths
    assert (np.abs(found - exact) < 4.5 * np.sqrt(exact * (1 - exact) / paths)).all()


# --- the model ------------------------------------------------------------------------------------


def usual(case: str) -> SimpleNamespace:
    return CASES[case].parameters()


@each_back_end
@pytest.mark.parametrize("case", ["worst-var", "worst-never"])
def test_var_and_es_of_the_measures_are_the_exact_ones(
    simulate: Simulate, paths: int, case: str
) -> None:
    """Order statistics and tail means as stores have them, within four of their own errors."""
    p = usual(case)
    out = simulate(worst.short(p), path_ids(paths))
    for variable, variances in (
        ("worst_pnl", worst.rows(p, p.days)),
        ("worst_close_pnl", [p.sigma**2] * p.days),
    ):
        for level in (0.95, 0.99):
            tail = ex.worst_short(variances, p.weight, level)
            var, es = var_es(-out.paths[variable].astype(float), level)
            assert abs(var.value - tail.var) < 4 * var.standard_error, (variable, level)
            assert abs(es.value - tail.es) < 4 * es.standard_error, (variable, level)
        never, atom = float(ex.survival(variances, 0.0)), (out.paths[variable] == 0).mean()
        assert abs(atom - never) < 4 * np.sqrt(never * (1 - never) / paths)


@each_back_end
@pytest.mark.parametrize(
    ("case", "event", "multiple"),
    [
        ("call-by-day", "margin call", lambda p: (1 + p.weight) / (p.weight * (1 + p.margin))),
        ("ruin-by-day", "all equity lost", lambda p: 1 + 1 / p.weight),
    ],
)
def test_odds_by_day_are_the_exact_ones(
    simulate: Simulate,
    paths: int,
    case: str,
    event: str,
    multiple: Callable[[SimpleNamespace], float],
) -> None:
    """Of every day, as the counts of a block have them."""
    p = usual(case)
    packed = worst.short(p)
    out = simulate(packed, path_ids(paths))
    step = {"margin call": "call_step", "all equity lost": "ruin_step"}[event]
    never = np.full(paths, np.nan, np.float32)
    known = dict.fromkeys(closes.EVENTS[:3], never)
    known[event] = clock(packed).day_of(out.paths[step])
    counts = closes.event_counts(out.pnl, out.excess, known)[closes.EVENTS.index(event)]
    seen = counts.cumsum() / paths
    level = np.log(multiple(p))
    exact, at_closes = (
        np.array([1 - float(ex.survival(steps(d), level)) for d in range(1, p.days + 1)])
        for steps in (lambda d: worst.rows(p, d), lambda d: [p.sigma**2] * d)
    )
    error = np.sqrt(exact * (1 - exact) / paths)
    assert (np.abs(seen - exact) < 4 * error).all()
    assert (seen - at_closes > 4 * error).all()  # opens and intraday steps are in it
