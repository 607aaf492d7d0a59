"""A short at its worst moment, and what happens by a day (docs/model.md, 11).

All on a driftless lognormal price without feedback, whose highest point on the run's own steps has
a law by quadrature: every loss, call and ruin of a short is a passage of that price.
"""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np

from ....kernels.packed import Packed, Simulated
from .. import exact
from ..case import Array, Kind, Sampled, case
from ..setting import Name, setting
from .anchor import EXACT_STEP, NONE

THESE_STEPS = "the exact value is of these very steps, the longer overnight one included"
HEADER = "book.h"

SHORT = {
    "sigma": (0.06, 0.03, 0.08), "days": (5, 3, 8), "steps": (13, 4, 26),
    "overnight": (0.3, 0.05, 0.6), "weight": (1.0, 0.5, 2.0), "level": (0.99, 0.95, 0.995),
}  # fmt: skip
BY_DAY = {
    "sigma": (0.08, 0.05, 0.1), "days": (5, 4, 8), "steps": (13, 4, 26),
    "overnight": (0.3, 0.05, 0.6), "weight": (2.0, 1.5, 2.4), "margin": (0.3, 0.25, 0.35),
    "day": (2, 1, 4),
}  # fmt: skip


def short(p: Parameters) -> Packed:
    """A short of `weight` x equity whose margin is asked of it but never acted upon."""
    name = Name(sigma=p.sigma, weight=-p.weight, margin_rate=getattr(p, "margin", 0.3))
    return setting(name, seed=p.seed, days=p.days, steps=p.steps, overnight=p.overnight)


def rows(p: Parameters, days: int) -> list[float]:
    """Variances of the steps of so many days, opens included."""
    day = [p.overnight] + [(1 - p.overnight) / p.steps] * p.steps
    return [p.sigma**2 * share for share in day * days]


def var_of(p: Parameters, variances: list[float], variable: str) -> Sampled:
    """VaR as a mean: the exact one plus how far its odds are off, over the density (Bahadur)."""
    tail, a = exact.worst_short(variances, p.weight, p.level), 1 - p.level

    def sample(out: Simulated) -> Array:
        beyond = -out.paths[variable].astype(float) > tail.var
        return np.asarray(tail.var + (beyond - a) / tail.density)

    return Sampled(tail.var, short(p), sample)


def es_of(p: Parameters, variances: list[float], variable: str) -> Sampled:
    """ES as a mean: the excess over the exact VaR."""
    tail, a = exact.worst_short(variances, p.weight, p.level), 1 - p.level

    def sample(out: Simulated) -> Array:
        loss = -out.paths[variable].astype(float)
        return np.asarray(tail.var + np.maximum(loss - tail.var, 0) / a)

    return Sampled(tail.es, short(p), sample)


@case(
    "worst-var",
    NONE,
    "value at risk of a short at its worst moment",
    "a (e^m - 1), P(max(0, max_k ln P_k) <= m) = p, by quadrature over the steps",
    header=HEADER,
    test="laws/test_worst::test_var_and_es_of_the_measures_are_the_exact_ones",
    step=THESE_STEPS,
    kind=Kind.MEAN,
    ranges=SHORT,
)
def worst_var(p: Parameters) -> Sampled:
    return var_of(p, rows(p, p.days), "worst_pnl")


@case(
    "worst-es",
    NONE,
    "expected shortfall of a short at its worst moment",
    "VaR + a int_m^inf e^y P(max_k ln P_k > y) dy / (1 - p), m the quantile of worst-var",
    header=HEADER,
    test="laws/test_worst::test_var_and_es_of_the_measures_are_the_exact_ones",
    step=THESE_STEPS,
    kind=Kind.MEAN,
    ranges=SHORT,
)
def worst_es(p: Parameters) -> Sampled:
    return es_of(p, rows(p, p.days), "worst_pnl")


@case(
    "worst-close-var",
    NONE,
    "value at risk of a short at its worst close",
    "as worst-var with one step a day",
    header=HEADER,
    test="laws/test_worst::test_var_and_es_of_the_measures_are_the_exact_ones",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges=SHORT,
)
def worst_close_var(p: Parameters) -> Sampled:
    return var_of(p, [p.sigma**2] * p.days, "worst_close_pnl")


@case(
    "worst-close-es",
    NONE,
    "expected shortfall of a short at its worst close",
    "as worst-es with one step a day",
    header=HEADER,
    test="laws/test_worst::test_var_and_es_of_the_measures_are_the_exact_ones",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges=SHORT,
)
def worst_close_es(p: Parameters) -> Sampled:
    return es_of(p, [p.sigma**2] * p.days, "worst_close_pnl")


@case(
    "worst-never",
    NONE,
    "probability that a short never loses: the atom of its worst loss",
    "P(max_k ln P_k <= 0) over the steps, opens after long nights among them",
    header=HEADER,
    test="laws/test_worst::test_var_and_es_of_the_measures_are_the_exact_ones",
    step=THESE_STEPS,
    kind=Kind.PROBABILITY,
    ranges={**SHORT, "steps": (1, 1, 3), "overnight": (0.6, 0.4, 0.8)},
)
def worst_never(p: Parameters) -> Sampled:
    value = float(exact.survival(rows(p, p.days), 0.0))
    return Sampled(value, short(p), lambda out: out.paths["worst_pnl"] == 0)


@case(
    "worst-day",
    NONE,
    "probability that the worst moment is past by the close of a day",
    "sum over k of P(the steps back from k stay below it) P(the steps after k never pass it), each "
    "by quadrature",
    header=HEADER,
    test="laws/test_worst::test_where_a_walk_is_highest_agrees_with_brute_force",
    step=THESE_STEPS,
    kind=Kind.PROBABILITY,
    ranges={**BY_DAY, "days": (4, 4, 5), "steps": (6, 4, 8)},
)
def worst_day(p: Parameters) -> Sampled:
    packed = short(p)
    value = exact.first_highest(rows(p, p.days))[: packed.row_of_close(p.day) + 1].sum()
    return Sampled(
        min(float(value), 1.0),
        packed,
        lambda out: out.paths["worst_step"] <= packed.row_of_close(p.day),
    )


def by_day(p: Parameters, multiple: float, variable: str) -> Sampled:
    """The price has been beyond a multiple of the start by the close of the day."""
    packed = short(p)
    value = 1 - float(exact.survival(rows(p, p.day), np.log(multiple)))
    return Sampled(value, packed, lambda out: out.paths[variable] <= packed.row_of_close(p.day))


@case(
    "call-by-day",
    NONE,
    "probability of a first margin call of a short by the close of a day",
    "P(max P_k > (1 + a)/(a (1 + m))) over the steps to that close, a = short / equity",
    header=HEADER,
    test="laws/test_worst::test_odds_by_day_are_the_exact_ones",
    step=THESE_STEPS,
    kind=Kind.PROBABILITY,
    ranges=BY_DAY,
)
def call_by_day(p: Parameters) -> Sampled:
    return by_day(p, (1 + p.weight) / (p.weight * (1 + p.margin)), "call_step")


@case(
    "ruin-by-day",
    NONE,
    "probability that a short has lost all equity by the close of a day",
    "P(max P_k >= 1 + 1/a) over the steps to that close",
    header=HEADER,
    test="laws/test_worst::test_odds_by_day_are_the_exact_ones",
    step=THESE_STEPS,
    kind=Kind.PROBABILITY,
    ranges={**BY_DAY, "sigma": (0.2, 0.15, 0.25)},
)
def ruin_by_day(p: Parameters) -> Sampled:
    return by_day(p, 1 + 1 / p.weight, "ruin_step")
