"""Expiry by delivery: what changes hands, and what is bought and sold for it (docs/model.md, 9)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np

from ....kernels.packed import Packed
from ....kernels.records import Channel
from ..case import Computed, case
from ..setting import Name, last, setting
from .calls import call
from .dealers import DEALERS, FAST, vol_node

DEEP = -1.2  # log strike of calls that are in the money whatever happens
ALWAYS = "laws/test_validate::test_every_case_passes"
CROWD = Channel.CROWD | Channel.CROWD_CALLS | Channel.CROWD_SHARES | Channel.DEALERS


def chained(
    p: Parameters, strike: float, expiry: int, *, days: int, news: float = 0.0, locked: float = 0.0,
    impact: float, adv: float = 0.05, **dealers: Any,
) -> Packed:  # fmt: skip
    """Dealers alone with customers' calls of one strike and expiry; news before the second day."""
    sections = {
        "dealers": {
            "sign": 1.0, "hedging_rate": FAST, "open_interest": p.interest, "log_strike": strike,
            "expiries": (expiry,), **dealers,
        },
        "clearing": {"impact_per_float": impact},
        "locked": {"share": locked},
    }  # fmt: skip
    events = [{"type": "anchor_news", "day": 2, "size": float(np.expm1(news))}] if news else []
    name = Name(implied_vol=vol_node(2), adv=adv, sections=sections)
    return setting(name, seed=p.seed, channels=Channel.DEALERS, days=days, timeline=events)


@case(
    "delivery-hedged",
    DEALERS,
    "dealers who hold what they deliver: the price stands",
    "x = 0 a day after",
    header="delivery.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=2e-6,
    absolute=True,
    ranges={"interest": (0.3, 0.1, 0.6), "m": (1.2, 0.5, 2.0), "rate": (3.0, 0.5, 20.0)},
)
def delivery_hedged(p: Parameters) -> Computed:
    packed = chained(p, DEEP, 1, days=2, impact=p.m, hedging_rate=p.rate, exercised=1.0)
    return Computed(0.0, lambda run: last(run(packed), "log_price"))


@case(
    "delivery-half-hedged",
    DEALERS,
    "dealers who hold a part of it: the price moves by what they buy in",
    "x = news - M ln(1 - O (1 - e^(-2 kappa))/E0) a day after, of which e^(-kappa) are bought in",
    header="delivery.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-3,
    ranges={
        "interest": (0.3, 0.1, 0.5),
        "m": (1.2, 0.5, 2.0),
        "rate": (0.7, 0.3, 1.5),
        "news": (1.6, 1.4, 2.0),
    },
)
def delivery_half_hedged(p: Parameters) -> Computed:
    packed = chained(p, 1.0, 2, days=3, news=p.news, impact=p.m, hedging_rate=p.rate, exercised=1.0)
    value = p.news - p.m * np.log1p(p.interest * np.expm1(-2 * p.rate))
    return Computed(float(value), lambda run: last(run(packed), "log_price"))


@case(
    "chain-delivered",
    DEALERS,
    "shares that holders of the chain's calls keep",
    "L = L0 + exercised O",
    header="delivery.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-5,
    ranges={
        "interest": (0.3, 0.1, 0.5), "exercised": (0.4, 0.1, 1.0), "close_out": (0.0, 0.0, 2.0),
        "locked": (0.2, 0.0, 0.3),
    },
)  # fmt: skip
def chain_delivered(p: Parameters) -> Computed:
    packed = chained(
        p, DEEP, 1, days=2, locked=p.locked, impact=1e-6, exercised=p.exercised,
        close_out=p.close_out,
    )  # fmt: skip
    value = p.locked + p.exercised * p.interest
    return Computed(float(value), lambda run: last(run(packed), "locked"))


@case(
    "chain-closed-out",
    DEALERS,
    "what holders close out before an expiry, dealers sell",
    "x = -M ln(1 + O (1 - exercised)(1 - days left/close_out)/E0)",
    header="dealers.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-4,
    ranges={
        "interest": (0.3, 0.1, 0.6), "exercised": (0.1, 0.0, 0.6), "close_out": (3.0, 2.0, 4.0),
        "m": (1.2, 0.5, 2.0), "left": (1, 1, 2),
    },
)  # fmt: skip
def chain_closed_out(p: Parameters) -> Computed:
    elastic = 1 - p.interest
    packed = chained(
        p, DEEP, 5, days=5 - p.left, impact=p.m / elastic, exercised=p.exercised,
        close_out=p.close_out,
    )  # fmt: skip
    closed = (1 - p.exercised) * max(1 - p.left / p.close_out, 0.0)
    value = -p.m * np.log1p(p.interest * closed / elastic)
    return Computed(float(value), lambda run: last(run(packed), "log_price"))


LONG = {
    "interest": (0.3, 0.1, 0.5), "exercised": (0.6, 0.2, 1.0), "covered": (0.4, 0.0, 1.0),
    "m": (1.2, 0.5, 2.0),
}  # fmt: skip


def written(p: Parameters, locked: float = 0.0, **more: Any) -> Packed:
    """Dealers long the calls that customers wrote, a day after their expiry."""
    impact = p.m / (1 - locked + p.interest)
    return chained(
        p, DEEP, 1, days=2, sign=-1.0, impact=impact, covered=p.covered, locked=locked, **more
    )


@case(
    "writers-deliver",
    DEALERS,
    "the dealers' short hedge closes with what writers deliver: what is not exercised is bought",
    "x = -M ln(1 - O (1 - exercised)/E0)",
    header="delivery.h",
    test=ALWAYS,
    step="exact once dealers are on target",
    tolerance=1e-4,
    absolute=True,
    ranges=LONG,
)
def writers_deliver(p: Parameters) -> Computed:
    value = -p.m * np.log1p(-p.interest * (1 - p.exercised) / (1 + p.interest))
    packed = written(p, exercised=p.exercised)
    return Computed(float(value), lambda run: last(run(packed), "log_price"))


@case(
    "writers-own",
    DEALERS,
    "of it, what writers own",
    "L = L0 - covered exercised O",
    header="delivery.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-5,
    absolute=True,
    ranges=LONG,
)
def writers_own(p: Parameters) -> Computed:
    value = 0.5 - p.covered * p.exercised * p.interest
    packed = written(p, locked=0.5, exercised=p.exercised)
    return Computed(float(value), lambda run: last(run(packed), "locked"))


@case(
    "writers-short",
    DEALERS,
    "and what they sell short",
    "S_n = (1 - covered) exercised O",
    header="delivery.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-5,
    absolute=True,
    ranges=LONG,
)
def writers_short(p: Parameters) -> Computed:
    value = (1 - p.covered) * p.exercised * p.interest
    packed = written(p, locked=0.5, exercised=p.exercised)
    return Computed(float(value), lambda run: last(run(packed), "new_shorts"))


@case(
    "hedging-within-volume",
    DEALERS,
    "the hedge of calls that expired is sold within volume",
    "x = -M ln(1 + participation V (T - 1)/E0)",
    header="dealers.h",
    test=ALWAYS,
    step="exact at any step but for whole lots",
    tolerance=2e-4,
    ranges={
        "interest": (0.5, 0.4, 0.6), "m": (1.2, 0.5, 2.0), "part": (0.3, 0.1, 0.5),
        "adv": (0.2, 0.1, 0.3), "days": (3, 2, 3),
    },
)  # fmt: skip
def hedging_within_volume(p: Parameters) -> Computed:
    elastic = 1 - p.interest
    packed = chained(p, DEEP, 1, days=p.days, impact=p.m / elastic, adv=p.adv, participation=p.part)
    value = -p.m * np.log1p(p.part * p.adv * (p.days - 1) / elastic)
    return Computed(float(value), lambda run: last(run(packed), "log_price"))


def called(
    p: Parameters, days: int, *, strike: float = DEEP, dealers: dict[str, Any] | None = None,
    story: dict[str, Any] | None = None, vol: int = 2, **crowd: Any,
) -> Packed:  # fmt: skip
    """A crowd that keeps the calls it holds until the fifth day, and dealers who hedge them."""
    sections = {
        "crowd": {
            "initial_calls": p.calls, "initial_call_strike": strike, "infection": 0.0,
            "exit_rate": 0.0, "call_roll": 0.0, **crowd,
        },
        "dealers": {"hedging_rate": FAST, **(dealers or {})},
        "clearing": {"impact_per_float": p.m / (1 - p.calls)},
    }  # fmt: skip
    name = Name(implied_vol=vol_node(vol), sections=sections)
    return setting(name, seed=p.seed, channels=CROWD, days=days, **(story or {}))


CALLS = {"calls": (0.3, 0.1, 0.5), "m": (1.2, 0.5, 2.0), "exercised": (0.4, 0.1, 1.0)}


@case(
    "calls-delivered",
    "crowd_calls",
    "shares that a crowd takes delivery of",
    "R = exercised n",
    header="delivery.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-4,
    ranges=CALLS,
)
def calls_delivered(p: Parameters) -> Computed:
    packed = called(p, 5, dealers={"exercised": p.exercised})
    return Computed(p.exercised * p.calls, lambda run: last(run(packed), "crowd_shares"))


@case(
    "calls-not-delivered",
    "crowd_calls",
    "and what dealers sell of the hedge of the others",
    "x = -M ln(1 + (1 - exercised) n/E0) a day after",
    header="delivery.h",
    test=ALWAYS,
    step="exact once dealers are on target",
    tolerance=1e-4,
    absolute=True,
    ranges=CALLS,
)
def calls_not_delivered(p: Parameters) -> Computed:
    packed = called(p, 6, dealers={"exercised": p.exercised})
    value = -p.m * np.log1p((1 - p.exercised) * p.calls / (1 - p.calls))
    return Computed(float(value), lambda run: last(run(packed), "log_price"))


@case(
    "calls-worthless",
    "crowd_calls",
    "calls out of the money are not delivered",
    "R = 0",
    header="delivery.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-9,
    absolute=True,
    ranges=CALLS,
)
def calls_worthless(p: Parameters) -> Computed:
    packed = called(p, 5, strike=-DEEP, dealers={"exercised": p.exercised})
    return Computed(0.0, lambda run: last(run(packed), "crowd_shares"))


@case(
    "calls-closed-out",
    "crowd_calls",
    "calls in the money that holders close out before an expiry",
    "n = n0 (kept + (1 - kept) days left/close_out), kept = roll + (1 - roll) exercised",
    header="calls.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-4,
    ranges={**CALLS, "roll": (0.2, 0.0, 0.5), "close_out": (3.0, 2.0, 4.0), "left": (1, 1, 2)},
)
def calls_closed_out(p: Parameters) -> Computed:
    packed = called(
        p, 5 - p.left, call_roll=p.roll,
        dealers={"exercised": p.exercised, "close_out": p.close_out, "hedging_rate": 0.0},
    )  # fmt: skip
    kept = p.roll + (1 - p.roll) * p.exercised
    value = p.calls * (kept + (1 - kept) * min(p.left / p.close_out, 1.0))
    return Computed(float(value), lambda run: last(run(packed), "calls"))


@case(
    "strike-unpaid",
    "crowd_shares",
    "delivered shares that a crowd sells to pay for them, over a session",
    "x = -M ln(1 + (n e^l - budget)+/E0)",
    header="crowd.h",
    test=ALWAYS,
    step="exact at any step",
    tolerance=1e-4,
    absolute=True,
    ranges={
        "calls": (0.3, 0.2, 0.5), "m": (1.2, 0.5, 2.0), "strike": (-1.2, -1.5, -0.9),
        "budget": (0.02, 0.0, 0.2),
    },
)  # fmt: skip
def strike_unpaid(p: Parameters) -> Computed:
    packed = called(
        p, 6, strike=p.strike, exercise_budget=p.budget, dealers={"exercised": 1.0}
    )  # fmt: skip
    sold = max(p.calls * np.exp(p.strike) - p.budget, 0.0)
    value = -p.m * np.log1p(sold / (1 - p.calls))
    return Computed(float(value), lambda run: last(run(packed), "log_price"))


LADDER = {
    "calls": (0.3, 0.1, 0.5), "m": (1.2, 0.5, 2.0), "roll": (0.3, 0.1, 0.6),
    "strike": (0.15, 0.0, 0.3), "vol": (8, 7, 10), "news": (0.3, 0.1, 0.5),
}  # fmt: skip


def laddered(p: Parameters) -> tuple[Packed, float, float]:
    """Calls closed out over two days and rolled a week on, news between; calls and mean strike."""
    packed = called(
        p, 5, vol=p.vol, call_roll=p.roll, call_strike=p.strike,
        dealers={"close_out": 2.0, "hedging_rate": 0.0},
        story={
            "call_ladder": True,
            "timeline": [{"type": "anchor_news", "day": 5, "size": float(np.expm1(p.news))}],
        },
    )  # fmt: skip
    bought = strikes = 0.0
    for k in range(52):
        x, left = (0.0 if k < 26 else p.news), 7 - (k + 1) / 26
        worth = p.calls / 52 * (1 - np.exp(DEEP - x))
        more = p.roll * worth / max(call(p.strike, vol_node(p.vol), left), 0.005)
        bought, strikes = bought + more, strikes + more * (x + p.strike)
    return packed, bought, strikes / bought


@case(
    "ladder-rolled",
    "crowd_calls",
    "calls rolled to the next rung of a ladder as they are closed out",
    "n = sum over steps of roll (n0 dt/close_out)(1 - e^(l - x)) / C(a week on)",
    header="calls.h",
    test=ALWAYS,
    step="the exact value is of this step",
    tolerance=2e-4,
    ranges=LADDER,
)
def ladder_rolled(p: Parameters) -> Computed:
    packed, bought, _ = laddered(p)
    return Computed(bought, lambda run: last(run(packed), "calls"))


@case(
    "ladder-strike",
    "crowd_calls",
    "and their mean strike when they are the next to expire",
    "l = sum n_k (x_k + km) / sum n_k",
    header="calls.h",
    test=ALWAYS,
    step="the exact value is of this step",
    tolerance=2e-4,
    absolute=True,
    ranges=LADDER,
)
def ladder_strike(p: Parameters) -> Computed:
    packed, _, strike = laddered(p)
    return Computed(strike, lambda run: last(run(packed), "call_log_strike"))
