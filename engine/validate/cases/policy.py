"""The book as an agent: its margin, and what it trades (docs/model.md, 11)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np
from scipy import optimize

from ....kernels.packed import Packed, Simulated
from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from .. import exact
from ..case import Computed, Run, case
from ..setting import Name, last, setting, turning_point
from .shorts import news

BOOK = "book"
HERE = "laws/test_validate::test_every_case_passes"
ENOUGH = 1e3  # of volume: what is asked for trades in the step


def short(
    p: Parameters, size: float, rules: dict[str, Any], *, held: float = 0.2, m: float | None = None,
    days: int = 2, steps: int = 26, **name: Any,
) -> Packed:  # fmt: skip
    """A book short `size` times its equity in one name, `held` floats, and news in it."""
    clearing = {} if m is None else {"clearing": {"impact_per_float": m / (1 + held)}}
    return setting(
        Name(weight=-size, short_interest=held, adv=1.0, sections=clearing, **name),
        seed=p.seed, channels=Channel.BOOK, days=days, steps=steps, floats=held / size,
        book={"participation": ENOUGH, **rules}, timeline=[news(p.news)],
    )  # fmt: skip


def left(out: Simulated, name: int = 0) -> float:
    """Part of the position that is left at the end."""
    assert out.trace is not None
    book = out.trace["book"][0, :, name].astype(float)
    return float(book[-1] / book[0])


RULE = {
    "initial": (0.5, 0.4, 0.7), "maintenance": (0.3, 0.2, 0.35), "news": (0.1823, 0.175, 0.21),
}  # fmt: skip


@case(
    "forced-buy-in",
    BOOK,
    "what a margin call leaves of a short, without impact",
    "1 - psi, psi = (1 + m)/m - (1 + i)/(m p), p = e^news above (1 + i)/(1 + m)",
    header="policy.h",
    test="laws/test_policy::test_regulation_t_calls_where_it_should",
    step="exact at any step",
    tolerance=1e-3,
    ranges={**RULE, "steps": (26, 5, 52)},
)
def forced_buy_in(p: Parameters) -> Computed:
    # at the start equity is i of the short's value; the news comes `news` above the call
    called = np.log((1 + p.initial) / (1 + p.maintenance))
    price = np.exp(called + p.news)
    p.news = float(np.log(price))
    packed = short(p, 1 / p.initial, {"policy": "margin"}, margin_rate=p.maintenance, steps=p.steps)
    covered = (1 + p.maintenance) / p.maintenance - (1 + p.initial) / (p.maintenance * price)
    return Computed(float(1 - min(covered, 1)), lambda run: left(run(packed)))


@case(
    "margin-call-price",
    BOOK,
    "the price at which a short is called",
    "(1 + i)/(1 + m)",
    header="book.h",
    test="laws/test_policy::test_regulation_t_calls_where_it_should",
    step="exact at any step",
    tolerance=1e-4,
    ranges={"initial": (0.5, 0.4, 0.7), "maintenance": (0.3, 0.2, 0.35)},
)
def call_price(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        def called(size: float) -> bool:
            p.news = size
            packed = short(p, 1 / p.initial, {}, margin_rate=p.maintenance, days=1, steps=2)
            return not np.isnan(run(packed).paths["margin_call_day"][0])

        return float(np.exp(turning_point(called, 0.0, 1.0, 20)[1]))

    return Computed((1 + p.initial) / (1 + p.maintenance), measure)


@case(
    "forced-squeeze",
    BOOK,
    "price after a buy-in that pays its own impact",
    "p = f(q), (1 + i) S - int_0^q f = (1 + m)(S - q) f(q), f(q) = e^news (E0/(E0 - q))^M",
    header="policy.h",
    test="laws/test_policy::test_the_buy_in_feeds_on_itself_where_theory_says",
    step="fills at the mean price of the move: exact at any step; 780 of them to get there",
    tolerance=1e-3,
    ranges={**RULE, "news": (0.02, 0.005, 0.04), "held": (0.2, 0.1, 0.3), "gain": (0.8, 0.3, 0.95)},
)
def forced_squeeze(p: Parameters) -> Computed:
    elastic = 1 + p.held
    m = p.gain * p.maintenance / (1 + p.maintenance) * elastic / p.held
    p.news = float(np.log((1 + p.initial) / (1 + p.maintenance)) + p.news)
    bought = covered_with_impact(p.initial, p.maintenance, p.news, p.held, elastic, m)
    packed = short(
        p, 1 / p.initial, {"policy": "margin"}, held=p.held, m=m, margin_rate=p.maintenance,
        days=2, steps=390,
    )  # fmt: skip
    value = p.news - m * np.log1p(-bought / elastic)
    return Computed(float(np.exp(value)), lambda run: float(np.exp(last(run(packed), "log_price"))))


def covered_with_impact(
    initial: float, maintenance: float, shock: float, held: float, elastic: float, m: float
) -> float:
    """Floats bought until the margin is there again: the first root; all where there is none."""

    def short_of(q: float) -> float:
        price = np.exp(shock) * (elastic / (elastic - q)) ** m
        cost = np.exp(shock) * exact.cost_of_buying(q, elastic, m)
        return float((1 + maintenance) * (held - q) * price + cost - (1 + initial) * held)

    grid = np.linspace(0, held, 20_001)
    above = np.array([short_of(q) > 0 for q in grid[:-1]])
    if above.all():
        return held
    first = int(np.argmin(above))
    if first == 0:
        return 0.0
    return float(optimize.brentq(short_of, grid[first - 1], grid[first], xtol=1e-14))


@case(
    "constant-leverage",
    BOOK,
    "a short that keeps its leverage",
    "N'/N = (1 - L r)/(1 + r) where the price rises by r",
    header="policy.h",
    test="laws/test_policy::test_a_short_at_constant_leverage_buys_into_a_rise",
    step="exact at any step",
    tolerance=1e-4,
    ranges={"leverage": (2.0, 1.0, 4.0), "rise": (0.05, 0.02, 0.15), "steps": (26, 5, 52)},
)
def constant_leverage(p: Parameters) -> Computed:
    p.news = float(np.log1p(p.rise))
    packed = short(p, p.leverage, {"policy": "deleverage"}, steps=p.steps)
    value = (1 - p.leverage * p.rise) / (1 + p.rise)
    return Computed(value, lambda run: left(run(packed)))


@case(
    "stop",
    BOOK,
    "the price at which a short is stopped out, all of it",
    "1 + stop_loss",
    header="policy.h",
    test=HERE,
    step="exact at any step",
    tolerance=1e-4,
    ranges={"stop": (0.5, 0.2, 1.5)},
)
def stop(p: Parameters) -> Computed:
    rules = {"policy": "stop_loss", "stop_loss": p.stop}

    def measure(run: Run) -> float:
        def stopped(size: float) -> bool:
            p.news = size
            return left(run(short(p, 0.1, rules, days=1, steps=3))) < 1e-6

        return float(np.exp(turning_point(stopped, 0.0, 2.0, 20)[1]))

    return Computed(1 + p.stop, measure)


@case(
    "book-participation",
    BOOK,
    "forced trading takes no more than its share of volume",
    "b = b0 + part V T while more is called",
    header="policy.h",
    test=HERE,
    step="exact at any step",
    tolerance=1e-4,
    ranges={"part": (0.05, 0.01, 0.09), "days": (2, 1, 2), "steps": (26, 5, 52)},
)
def participation(p: Parameters) -> Computed:
    p.news = 0.6
    rules = {"policy": "margin", "participation": p.part}
    packed = short(p, 3.0, rules, held=0.3, days=p.days, steps=p.steps)
    return Computed(0.3 - p.part * p.days, lambda run: -last(run(packed), "book"))


@case(
    "grace",
    BOOK,
    "forced trading begins after the grace",
    "end of the first step after T_call + grace",
    header="book.h",
    test=HERE,
    step="the exact value is of whole steps",
    tolerance=1e-5,
    ranges={"grace": (0.5, 0.0, 0.9), "steps": (8, 4, 16)},
)
def grace(p: Parameters) -> Computed:
    p.news, steps = 0.4, int(p.steps)
    packed = short(p, 2.0, {"policy": "margin", "grace": p.grace}, days=2, steps=steps)
    # called at the open of day 1, which is time 0; each step adds one to the age of the call
    waited = np.ceil(p.grace * steps - 0.5)
    return Computed(
        float(waited + 1) / steps, lambda run: float(run(packed).paths["forced_day"][0])
    )


@case(
    "order-of-relief",
    BOOK,
    "the name that gives more relief per impact is bought in first",
    "score m E/(M |b|): all from TWO, whose position is a third as large, none from ONE",
    header="policy.h",
    test="laws/test_policy::test_relief_comes_from_the_cheapest_first",
    step="exact at any step",
    tolerance=1e-3,
    ranges={"news": (0.06, 0.045, 0.08), "steps": (26, 5, 52)},
)
def order_of_relief(p: Parameters) -> Computed:
    floats = 0.2
    packed = setting(
        Name(weight=-1.5, short_interest=0.3, adv=1.0),
        Name(weight=-0.5, short_interest=0.1, adv=1.0),
        seed=p.seed, channels=Channel.BOOK, days=1, steps=p.steps, floats=floats,
        book={"policy": "margin", "participation": ENOUGH},
        timeline=[{"type": "margin_rate", "day": 1, "size": 0.45}, news(p.news)],
    )  # fmt: skip
    rise = np.exp(p.news)
    need = 0.45 * 2 * rise - (1 - 2 * (rise - 1))  # requirement less equity
    covered = min(need / (0.45 * 0.5 * rise), 1)

    def measure(run: Run) -> float:
        out = run(packed)
        return left(out, 1) if left(out, 0) == 1 else np.nan

    return Computed(float(1 - covered), measure)


HOUSE = {
    "base": (0.3, 0.2, 0.5), "held": (0.2, 0.1, 0.3), "fee": (0.4, 0.2, 0.8),
    "news": (0.3, -0.2, 0.5), "slope": (0.8, 0.2, 2.0),
}  # fmt: skip


@case(
    "house-margin",
    BOOK,
    "a house's requirement: size of float, days of volume, part of the short interest, fee",
    "(base + sum slope (now - from)+) |a| P",
    header="book.h",
    test="laws/test_policy::test_a_static_house_margin_stays_as_it_began",
    step="exact at any step",
    tolerance=1e-5,
    ranges=HOUSE,
)
def house_margin(p: Parameters) -> Computed:
    house = {
        "base": p.base, "float_slope": p.slope, "float_from": 0.05, "volume_slope": 0.5,
        "volume_from": 0.04, "interest_slope": 0.7, "interest_from": 0.1, "fee_slope": 1.2,
        "fee_from": 0.1, "most": 20.0,
    }  # fmt: skip
    packed = setting(
        Name(weight=-0.4, short_interest=0.4, adv=1.0, borrow_fee=p.fee), seed=p.seed,
        channels=Channel.BOOK, floats=p.held / 0.4, timeline=[news(p.news)],
        book={"regime": "house", "house": house},
    )  # fmt: skip
    rate = p.base + p.slope * (p.held - 0.05) + 0.5 * (p.held - 0.04)
    rate += 0.7 * (p.held / 0.4 - 0.1) + 1.2 * (p.fee - 0.1)
    return Computed(0.4 * rate * np.exp(p.news), lambda run: last(run(packed), "margin"))


@case(
    "low-price-margin",
    BOOK,
    "Regulation T on a short whose price changes",
    "max(rate P, 5) from 5 a share, max(rate P, P, 2.50) below (FINRA rule 4210(c))",
    header="book.h",
    test="laws/test_policy::test_regulation_t_calls_where_it_should",
    step="exact at any step",
    tolerance=1e-5,
    ranges={"price": (8.0, 4.0, 30.0), "news": (-0.6, -1.5, 0.8)},
)
def low_price_margin(p: Parameters) -> Computed:
    packed = setting(
        Name(weight=-0.4, short_interest=0.4, price=p.price), seed=p.seed, channels=Channel.BOOK,
        floats=p.price, timeline=[news(p.news)], book={"regime": "reg_t"},
    )  # fmt: skip
    now = p.price * np.exp(p.news)
    share = max(0.3 * now, 5) if now >= 5 else max(now, 2.5)
    return Computed(float(0.4 * share / p.price), lambda run: last(run(packed), "margin"))


@case(
    "financing",
    BOOK,
    "interest on what longs are worth beyond equity",
    "c = (L - 1)(e^(rate T/252) - 1): what is paid is owed as well",
    header="book.h",
    test=HERE,
    step="first order in the rate of a step",
    tolerance=1e-3,
    ranges={"long": (1.8, 1.2, 3.0), "rate": (0.08, 0.02, 0.3), "days": (10, 5, 30)},
)
def financing(p: Parameters) -> Computed:
    packed = setting(Name(weight=p.long), seed=p.seed, days=p.days, book={"financing_rate": p.rate})
    value = (p.long - 1) * np.expm1(p.rate * p.days / TRADING_DAYS)
    return Computed(float(-value), lambda run: float(run(packed).pnl[-1, 0]))
