"""Shorts who must cover, their mirror, who else releases shares (docs/model.md, 7)."""

# long: the cases of a channel in one table

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np
from scipy.special import ndtr

from ....kernels.packed import Packed
from ....kernels.records import Channel
from .. import exact
from ..case import Array, Computed, Kind, Run, Sampled, case
from ..setting import Name, final, last, setting, turning_point

COHORT = "kernels/reference/test_shorts::test_covering_is_the_tolerance_law_of_the_running_maximum"
FIXED_POINT = "exact at any step: each step climbs to the next value of a rising function"
VOLUME = "exact at any step: a share of volume"


def news(size: float, day: int = 1) -> dict[str, Any]:
    """The anchor moves by `size` in log price before the first step."""
    return {"type": "anchor_news", "day": day, "size": float(np.expm1(size))}


@case(
    "cohort-tolerance",
    "shorts",
    "shorts left on a driftless price without impact",
    "E S_c/S_c(0) = 1 - int F'(h) P(max_k x_k > h) dh, by quadrature over the steps",
    header="shorts.h",
    test=COHORT,
    step="the exact value is of these steps, less the last",
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.06, 0.04, 0.1),
        "mu": (0.1, 0.05, 0.15),
        "sd": (0.1, 0.05, 0.15),
        "days": (3, 2, 5),
        "steps": (8, 4, 13),
        "overnight": (0.3, 0.05, 0.6),
    },
)
def cohort_tolerance(p: Parameters) -> Sampled:
    shorts = {"tolerance": p.mu, "tolerance_sd": p.sd, "participation": 10.0}
    name = Name(p.sigma, adv=2.0, short_interest=0.3, sections={"shorts": shorts})
    packed = setting(
        name, seed=p.seed, channels=Channel.SHORTS, days=p.days, steps=p.steps,
        overnight=p.overnight,
    )  # fmt: skip
    day = [p.overnight] + [(1 - p.overnight) / p.steps] * p.steps
    variances = [p.sigma**2 * share for share in day * p.days][:-1]  # covering sees the step before
    h, weights = np.polynomial.legendre.leggauss(200)
    top = p.mu + 8 * p.sd
    h, weights = top * (h + 1) / 2, top * weights / 2
    density = np.exp(-(((h - p.mu) / p.sd) ** 2) / 2) / np.sqrt(2 * np.pi) / p.sd
    reached = 1 - exact.survival(variances, h)
    covered = weights @ (density * reached) / (1 - ndtr(-p.mu / p.sd))
    return Sampled(float(1 - covered), packed, left, trace=True)


def left(out: Any) -> Array:
    """What is left of the cohort at the end, as a fraction."""
    share: Array = final(out, "cohort") / out.trace["cohort"][:, 0, 0].astype(float)
    return share


def cohort(p: Parameters, shock: float, **top: Any) -> Packed:
    """Fast shorts alone, whose loop gain is at most `p.gain`, and news of `shock`."""
    shorts = {"tolerance": p.mu, "tolerance_sd": p.sd, "participation": 10.0}
    sections = {"shorts": shorts, "clearing": {"impact_per_float": impact(p)}}
    name = Name(adv=10.0, short_interest=p.short, sections=sections)
    return setting(
        name, seed=p.seed, channels=Channel.SHORTS, days=2, steps=390, timeline=[news(shock)],
        **top,
    )  # fmt: skip


def impact(p: Parameters) -> float:
    """Impact per float for a largest gain M S F'/E0 of `p.gain`."""
    return float(p.gain / p.short * p.sd * np.sqrt(2 * np.pi))


def squeeze(p: Parameters, shock: float, sign: float = 1.0) -> float:
    """Where fast covering (sign 1) or selling (-1) of a cohort ends after news of `shock`."""
    elastic = 1 + p.short if sign > 0 else 1 - p.short
    m = impact(p) * elastic

    def answer(x: float) -> float:
        moved = p.short * float(exact.normal_share(sign * x, p.mu, p.sd))
        return float(sign * shock - m * np.log1p(-sign * moved / elastic))

    return float(exact.climb(answer, sign * shock))


def threshold(p: Parameters) -> float:
    """The shock from which the price jumps: the top of w(x) = x - M ln(E0/(E0 - S F(x)))."""
    elastic = 1 + p.short

    def shock(x: Any) -> Any:
        moved = p.short * exact.normal_share(x, p.mu, p.sd)
        return x + impact(p) * elastic * np.log1p(-moved / elastic)

    x = np.linspace(0, p.mu + 2 * p.sd, 20_001)
    w = shock(x)
    first = int(np.argmax(np.diff(w) < 0))  # the first maximum
    fine = np.linspace(x[max(first - 1, 0)], x[first + 1], 10_001)
    return float(shock(fine).max())


IGNITION = {
    "gain": (2.0, 1.6, 3.0), "short": (0.3, 0.1, 0.5), "mu": (0.3, 0.25, 0.5),
    "sd": (0.06, 0.04, 0.08),
}  # fmt: skip


@case(
    "cohort-threshold",
    "shorts",
    "the news from which a squeeze ignites",
    "max w(x) before w falls, w = x - M ln(E0/(E0 - S F(x))): where M S F'/E = 1",
    header="shorts.h",
    test=COHORT,
    step=FIXED_POINT + "; 780 of them",
    tolerance=2e-3,
    ranges=IGNITION,
)
def cohort_threshold(p: Parameters) -> Computed:
    value = threshold(p)

    def measure(run: Run) -> float:
        jumped = (squeeze(p, 0.99 * value) + squeeze(p, 1.01 * value)) / 2

        def ignites(shock: float) -> bool:
            return last(run(cohort(p, shock)), "log_price") > jumped

        return sum(turning_point(ignites, 0.8 * value, 1.2 * value, 12)) / 2

    return Computed(value, measure)


@case(
    "cohort-below",
    "shorts",
    "price after news 3 % short of it",
    "x = w + M ln(E0/(E0 - S F(x)))",
    header="shorts.h",
    test=COHORT,
    step=FIXED_POINT,
    tolerance=2e-3,
    ranges=IGNITION,
)
def cohort_below(p: Parameters) -> Computed:
    shock = 0.97 * threshold(p)
    return Computed(squeeze(p, shock), lambda run: last(run(cohort(p, shock)), "log_price"))


@case(
    "cohort-above",
    "shorts",
    "price after news 3 % beyond it: nearly all have covered",
    "x = w + M ln(E0/(E0 - S F(x))), the upper root",
    header="shorts.h",
    test=COHORT,
    step=FIXED_POINT,
    tolerance=2e-3,
    ranges=IGNITION,
)
def cohort_above(p: Parameters) -> Computed:
    shock = 1.03 * threshold(p)
    return Computed(squeeze(p, shock), lambda run: last(run(cohort(p, shock)), "log_price"))


@case(
    "participation",
    "shorts",
    "covering takes no more than its share of volume",
    "S_c = S_c(0) - part V T while more is called",
    header="shorts.h",
    test="kernels/reference/test_shorts::test_covering_takes_no_more_than_its_share_of_volume",
    step=VOLUME,
    tolerance=1e-4,
    ranges={
        "short": (0.4, 0.2, 0.6),
        "part": (0.2, 0.05, 0.3),
        "adv": (0.2, 0.1, 0.3),
        "days": (3, 1, 4),
        "steps": (26, 5, 52),
        "m": (0.5, 0.1, 1.0),
    },
)
def participation(p: Parameters) -> Computed:
    p.short = max(p.short, 1.2 * p.part * p.adv * p.days)
    sections = {
        "shorts": {"tolerance": 0.2, "tolerance_sd": 0.02, "participation": p.part},
        "clearing": {"impact_per_float": p.m},
    }
    packed = setting(
        Name(adv=p.adv, short_interest=p.short, sections=sections), seed=p.seed,
        channels=Channel.SHORTS, days=p.days, steps=p.steps, timeline=[news(0.6)],
    )  # fmt: skip
    return Computed(p.short - p.part * p.adv * p.days, lambda run: last(run(packed), "cohort"))


@case(
    "new-shorts-enter",
    "new_shorts",
    "new shorts fill what can be borrowed above the anchor",
    "dS_n = spare (1 - e^(-rate gap dt)), gap = premium - threshold - M ln(1 + S_n/E0), by steps",
    header="new_shorts.h",
    test="laws/test_validate::test_every_case_passes",
    step="the exact value is of this step",
    tolerance=1e-3,
    ranges={
        "premium": (0.8, 0.6, 1.0),
        "threshold": (0.3, 0.2, 0.5),
        "rate": (0.5, 0.2, 1.0),
        "days": (3, 1, 5),
        "steps": (26, 5, 52),
        "locked": (0.4, 0.2, 0.5),
        "short": (0.1, 0.0, 0.15),
        "impact": (0.3, 0.2, 0.6),
    },
)
def new_shorts_enter(p: Parameters) -> Computed:
    sections = {
        "anchor": {"premium": p.premium},
        "clearing": {"impact_per_float": p.impact},
        "locked": {"share": p.locked},  # the only lenders, so that Y stands
        "borrow": {"lendable_elastic": 0.0, "lendable_locked": 1.0, "recall_rate": 0.0},
        "new_shorts": {
            "entry_rate": p.rate, "entry_threshold": p.threshold, "entry_horizon": 0.0,
            "stop_loss": 10.0, "take_profit": 10.0,
        },
    }  # fmt: skip
    packed = setting(
        Name(short_interest=p.short, sections=sections), seed=p.seed,
        channels=Channel.NEW_SHORTS, days=p.days, steps=p.steps,
    )  # fmt: skip
    elastic = 1 + p.short - p.locked
    entered = 0.0
    for _ in range(p.days * p.steps):
        gap = p.premium - p.threshold - p.impact * elastic * np.log1p(entered / elastic)
        room = p.locked - p.short - entered
        entered += room * -np.expm1(-p.rate * max(gap, 0.0) / p.steps)
    return Computed(float(entered), lambda run: last(run(packed), "new_shorts"))


@case(
    "new-shorts-stop",
    "new_shorts",
    "new shorts stopped out after news",
    "S_n = S_n(0) e^(-rate N((x - stop)/sd) T)",
    header="new_shorts.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-3,
    ranges={
        "held": (0.2, 0.1, 0.4),
        "size": (0.8, 0.5, 1.2),
        "stop": (0.9, 0.6, 1.2),
        "sd": (0.4, 0.3, 0.6),
        "days": (2, 1, 3),
        "steps": (26, 5, 52),
    },
)
def new_shorts_stop(p: Parameters) -> Computed:
    new = {
        "initial": p.held, "entry_threshold": 5.0, "stop_loss": p.stop, "stop_sd": p.sd,
        "take_profit": 10.0, "take_profit_sd": 0.1, "stop_rate": 1.0,
    }  # fmt: skip
    packed = setting(
        Name(short_interest=p.held, sections={"new_shorts": new}), seed=p.seed,
        channels=Channel.NEW_SHORTS, days=p.days, steps=p.steps, timeline=[news(p.size)],
    )  # fmt: skip
    share = ndtr((p.size - p.stop) / p.sd)
    return Computed(
        float(p.held * np.exp(-share * p.days)), lambda run: last(run(packed), "new_shorts")
    )


@case(
    "recall",
    "recall",
    "lenders recall what is borrowed beyond what can be lent",
    "D - Y = (D - Y)(0) e^(-rate T)",
    header="borrow.h",
    test="kernels/reference/test_borrow::test_recall_decays_what_is_borrowed_beyond_what_can_be_lent",
    step="exact at any step",
    tolerance=1e-3,
    ranges={
        "short": (0.5, 0.3, 0.6),
        "locked": (0.2, 0.1, 0.25),
        "rate": (0.4, 0.1, 1.0),
        "days": (3, 1, 5),
        "steps": (26, 5, 52),
        "m": (0.5, 0.1, 1.0),
    },
)
def recall(p: Parameters) -> Computed:
    sections = {
        "locked": {"share": p.locked},
        "borrow": {"lendable_elastic": 0.0, "lendable_locked": 1.0, "recall_rate": p.rate},
        "clearing": {"impact_per_float": p.m},
    }
    packed = setting(
        Name(short_interest=p.short, sections=sections), seed=p.seed, channels=Channel.RECALL,
        days=p.days, steps=p.steps,
    )  # fmt: skip
    value = p.locked + (p.short - p.locked) * np.exp(-p.rate * p.days)
    return Computed(float(value), lambda run: last(run(packed), "cohort"))


@case(
    "lendable-recall",
    "recall",
    "lenders withdraw, and loans are called",
    "D - f Y = (D - f Y)(0) e^(-rate T)",
    header="timeline.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-3,
    ranges={
        "short": (0.3, 0.25, 0.35),
        "locked": (0.4, 0.36, 0.5),
        "taken": (0.7, 0.5, 0.9),
        "rate": (0.4, 0.1, 1.0),
        "days": (3, 1, 5),
        "steps": (26, 5, 52),
    },
)
def lendable_recall(p: Parameters) -> Computed:
    sections = {
        "locked": {"share": p.locked},
        "borrow": {"lendable_elastic": 0.0, "lendable_locked": 1.0, "recall_rate": p.rate},
    }
    packed = setting(
        Name(short_interest=p.short, sections=sections), seed=p.seed, channels=Channel.RECALL,
        days=p.days, steps=p.steps,
        timeline=[{"type": "lendable_recall", "day": 1, "size": p.taken}],
    )  # fmt: skip
    lent = (1 - p.taken) * p.locked
    value = lent + (p.short - lent) * np.exp(-p.rate * p.days)
    return Computed(float(value), lambda run: last(run(packed), "cohort"))


@case(
    "fee-repricing",
    "none",
    "the fee on existing loans follows the fee on new ones",
    "fee(T) = fee_new + (fee_0 - fee_new) e^(-rate T)",
    header="borrow.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-3,
    ranges={
        "fee": (0.1, 0.02, 0.3),
        "slope": (2.0, 0.5, 3.0),
        "taken": (0.6, 0.4, 0.8),
        "rate": (0.5, 0.1, 2.0),
        "days": (3, 1, 6),
        "steps": (26, 5, 52),
        "short": (0.3, 0.2, 0.4),
    },
)
def fee_repricing(p: Parameters) -> Computed:
    borrow = {
        "fee_slope": p.slope, "fee_threshold": 0.1, "repricing_rate": p.rate,
        "lendable_elastic": 1.0,
    }  # fmt: skip
    packed = setting(
        Name(short_interest=p.short, borrow_fee=p.fee, sections={"borrow": borrow}),
        seed=p.seed, days=p.days, steps=p.steps,
        timeline=[{"type": "lendable_recall", "day": 1, "size": p.taken}],
    )  # fmt: skip
    before = p.short / (1 + p.short)
    after = before / (1 - p.taken)
    new = p.fee + p.slope * (after - max(before, 0.1))
    value = new + (p.fee - new) * np.exp(-p.rate * p.days)
    return Computed(float(value), lambda run: last(run(packed), "fee_existing"))


@case(
    "levered-longs",
    "levered_longs",
    "the long squeeze: price after bad news",
    "x = -w + M ln(E0/(E0 + Y F(-x))), the mirror of the shorts",
    header="levered_longs.h",
    test="laws/test_validate::test_every_case_passes",
    step=FIXED_POINT,
    tolerance=2e-3,
    ranges={
        "gain": (2.0, 0.5, 3.0),
        "short": (0.3, 0.1, 0.4),
        "mu": (0.3, 0.25, 0.5),
        "sd": (0.06, 0.04, 0.08),
        "size": (0.9, 0.7, 1.1),
    },
)
def levered_longs(p: Parameters) -> Computed:
    """`short` is what levered longs hold, in floats."""
    shock = p.size * p.mu
    sections = {
        "levered_longs": {
            "share": p.short, "tolerance": p.mu, "tolerance_sd": p.sd, "participation": 10.0,
            "refinancing": 0.0,
        },
        "clearing": {"impact_per_float": impact(p)},
    }  # fmt: skip
    packed = setting(
        Name(adv=10.0, sections=sections), seed=p.seed, channels=Channel.LEVERED_LONGS, days=2,
        steps=390, timeline=[news(-shock)],
    )  # fmt: skip
    return Computed(squeeze(p, shock, -1.0), lambda run: last(run(packed), "log_price"))


@case(
    "locked-release",
    "locked_release",
    "locked holders let go at a held price",
    "L = L0 (1 - share F(x) (1 - e^(-rate T)))",
    header="locked.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=2e-4,
    ranges={
        "locked": (0.4, 0.2, 0.6),
        "share": (0.8, 0.3, 1.0),
        "mu": (0.6, 0.3, 1.0),
        "sd": (0.4, 0.2, 0.6),
        "size": (0.8, 0.4, 1.2),
        "rate": (0.7, 0.2, 2.0),
        "days": (3, 1, 5),
        "steps": (26, 5, 52),
    },
)
def locked_release(p: Parameters) -> Computed:
    locked = {
        "share": p.locked, "release_rate": p.rate, "release_share": p.share,
        "release_mean": p.mu, "release_sd": p.sd,
    }  # fmt: skip
    packed = setting(
        Name(sections={"locked": locked}), seed=p.seed, channels=Channel.LOCKED_RELEASE,
        days=p.days, steps=p.steps, timeline=[news(p.size)],
    )  # fmt: skip
    released = p.share * float(exact.normal_share(p.size, p.mu, p.sd))
    value = p.locked * (1 + released * np.expm1(-p.rate * p.days))
    return Computed(float(value), lambda run: last(run(packed), "locked"))


@case(
    "issuer",
    "issuer",
    "an issuer sells into a rally: price",
    "x = w - M ln(1 + min(part V T, maximum)/E0)",
    header="issuer.h",
    test="laws/test_validate::test_every_case_passes",
    step=VOLUME,
    tolerance=5e-5,
    absolute=True,
    ranges={
        "size": (1.5, 1.2, 2.0),
        "part": (0.2, 0.05, 0.4),
        "adv": (0.2, 0.1, 0.3),
        "maximum": (0.1, 0.02, 0.3),
        "days": (3, 1, 5),
        "steps": (26, 5, 52),
        "m": (0.8, 0.2, 1.2),
    },
)
def issuer(p: Parameters) -> Computed:
    sections = {
        "issuer": {"maximum": p.maximum, "threshold": 0.5, "participation": p.part},
        "clearing": {"impact_per_float": p.m},
    }
    packed = setting(
        Name(adv=p.adv, sections=sections), seed=p.seed, channels=Channel.ISSUER, days=p.days,
        steps=p.steps, timeline=[news(p.size)],
    )  # fmt: skip
    sold = min(p.part * p.adv * p.days, p.maximum)
    return Computed(
        float(p.size - p.m * np.log1p(sold)), lambda run: last(run(packed), "log_price")
    )
