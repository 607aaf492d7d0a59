"""What must hold whatever the parameters: scaling, mirrors, order, independence, finite numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from powderkeg.kernels.backends import native
from powderkeg.kernels.packed import Packed, Simulated
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import CALM, Channel
from powderkeg.scenarios import Book, Chain, ChainRow, InputError, Market, MarketRow, Position, bind
from powderkeg.scenarios.describe import bound, section_of
from powderkeg.scenarios.scenario import NameParameters, Scenario
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.events import news

pytestmark = pytest.mark.skipif(not native.available(), reason="no native library was built")
Array = npt.NDArray[np.float64]
AS_OF = date(2021, 1, 15)


def same_packed(a: Packed, b: Packed, tolerance: float) -> None:
    for field in ("names", "funds", "positions", "events"):
        one, other = getattr(a, field), getattr(b, field)
        for column in one.dtype.names:
            np.testing.assert_allclose(one[column], other[column], tolerance, 1e-9, err_msg=column)
    np.testing.assert_allclose(a.chain, b.chain, atol=1e-6)
    np.testing.assert_allclose(a.event_sizes, b.event_sizes, tolerance)


# --- scaling of all shares and all prices ---------------------------------------------------------


def market_of(shares: float, price: float, size: float = 1.0) -> tuple[Book, Market, Chain]:
    """Two names and a book, everything counted in `shares` and paid in `price`."""
    rows = {
        symbol: MarketRow(
            symbol,
            start * price,
            5e7 * shares,
            interest * 5e7 * shares,
            4e6 * shares,
            vol,
            vol,
            0.05,
            betas={"market": 1.0},
        )
        for symbol, start, interest, vol in (("AAA", 20.0, 0.9, 1.1), ("BBB", 90.0, 0.2, 0.4))
    }
    positions = (
        Position("1", "AAA", -1e6 * shares * size, 20.0 * price, 0.3),
        Position("2", "BBB", 4e5 * shares * size, 90.0 * price, 0.25),
    )
    options = tuple(
        ChainRow("AAA", AS_OF + timedelta(days=days), 20.0 * price * k, "call", 3e4 * shares)
        for days in (7, 35)
        for k in (1.0, 1.3)
    )
    return (
        Book(positions, cash=1e9 * shares * price * size),
        Market(rows, AS_OF),
        Chain(options),
    )


STORY: dict[str, Any] = {
    "id": "story",
    "crowd": {"initial_attention": 0.03, "share_budget": 0.3, "call_budget": 0.01},
}


@pytest.mark.slow
@given(shares=st.floats(0.02, 50), price=st.floats(0.02, 50))
@settings(max_examples=15, deadline=None)
def test_a_market_ten_times_as_large_or_as_dear_is_the_same_market(
    shares: float, price: float
) -> None:
    """Shares count in floats, money in equity: a split or another currency changes nothing."""
    scenario = Scenario.model_validate(STORY)
    base, scaled = (
        pack(bind(scenario, *market_of(*units)), seed=7) for units in ((1.0, 1.0), (shares, price))
    )
    same_packed(base, scaled, 1e-6)


def test_powers_of_two_scale_to_the_bit() -> None:
    scenario = Scenario.model_validate(STORY)
    runs = [
        native.simulate(pack(bind(scenario, *market_of(*units)), seed=7), path_ids(500))
        for units in ((1.0, 1.0), (4.0, 0.125))
    ]
    assert runs[0].pnl.tobytes() == runs[1].pnl.tobytes()
    assert runs[0].paths.tobytes() == runs[1].paths.tobytes()


# --- order of rows, names without links -----------------------------------------------------------


def test_the_order_of_the_books_rows_changes_nothing() -> None:
    scenario = Scenario.model_validate(STORY)
    book, market, chain = market_of(1.0, 1.0)
    turned = replace(book, positions=book.positions[::-1])
    moved = replace(market, rows=dict(reversed(list(market.rows.items()))))
    shuffled = replace(chain, rows=chain.rows[::-1])
    a = pack(bind(scenario, book, market, chain), seed=3)
    b = pack(bind(scenario, turned, moved, shuffled), seed=3)
    out = [native.simulate(p, path_ids(300)) for p in (a, b)]
    assert out[0].pnl.tobytes() == out[1].pnl.tobytes()
    assert out[0].paths.tobytes() == out[1].paths.tobytes()
    assert out[0].closes.tobytes() == out[1].closes.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("names", [1, 3, 6, 12])
def test_a_name_without_links_leaves_the_others_alone(names: int) -> None:
    """Own random numbers, own ledger: only the order of the sums may show, in the last digits."""
    symbols = [f"N{i:02d}" for i in range(names)]
    weight = -0.5 / names
    few = gme_like(names, days=5, symbols=symbols, book_weight=weight, shared=0.3)
    more = gme_like(
        names + 1,
        days=5,
        symbols=[*symbols, "ZZZ"],
        book_weight=[*[weight] * names, 0.0],
        shared=0.3,
        attention0=[*[0.019] * names, 0.0],
        infection=[*[0.379] * names, 0.0],
    )
    ids = path_ids(500)
    a, b = (native.simulate(p, ids, trace=True) for p in (few, more))
    assert a.trace is not None and b.trace is not None
    gap = np.abs(a.trace["log_price"] - b.trace["log_price"][:, :, :names])
    assert np.quantile(gap, 0.999) < 1e-5
    np.testing.assert_allclose(a.pnl, b.pnl, rtol=1e-4, atol=1e-5)


# --- mirrors --------------------------------------------------------------------------------------


def test_a_long_book_earns_what_a_short_one_loses() -> None:
    """The book holds: prices do not see it, and without fees its pnl has the other sign."""
    free: dict[str, Any] = {"fee0": 0.0, "fee_slope": 0.0, "fee_min": 0.0}
    long, short = (
        native.simulate(gme_like(days=5, book_weight=weight, **free), path_ids(500))
        for weight in (0.3, -0.3)
    )
    np.testing.assert_array_equal(long.pnl, -short.pnl)
    assert long.closes.tobytes() == short.closes.tobytes()


@given(
    move=st.floats(0.05, 0.8),
    tolerance=st.floats(0.1, 0.6),
    sd=st.floats(0.05, 0.3),
    participation=st.floats(0.05, 1.0),
)
@settings(max_examples=20, deadline=None)
def test_levered_longs_are_shorts_in_the_mirror(
    move: float, tolerance: float, sd: float, participation: float
) -> None:
    """Where trades do not move the price, longs sell on -dw what shorts buy on +dw."""
    still: dict[str, Any] = {
        "days": 2,
        "sigma": 1e-6,
        "overnight_share": 0.0,
        "elasticity": 1e-3,  # next to no impact
        "max_multiple": 30.0,
        "fee0": 0.0,
        "fee_slope": 0.0,
        "fee_min": 0.0,
        "attention0": 0.0,
        "short_interest": 0.2,
        "levered": 0.2,
        "tolerance": tolerance,
        "tolerance_sd": sd,
        "participation": participation,
        "levered_tolerance": tolerance,
        "levered_tolerance_sd": sd,
        "levered_participation": participation,
    }
    up, down = (
        native.simulate(
            packed(
                channels=Channel.SHORTS | Channel.LEVERED_LONGS,
                events=[news(sign * move, 1)],
                **still,
            ),
            path_ids(2),
            trace=True,
        ).trace
        for sign in (1.0, -1.0)
    )
    assert up is not None and down is not None
    np.testing.assert_allclose(up["cohort"], down["levered"], atol=2e-3 * 0.2)
    assert np.ptp(up["levered"]) == np.ptp(down["cohort"]) == 0


# --- monotone where it is true --------------------------------------------------------------------


def worst_loss_es(**changes: Any) -> tuple[float, Array]:
    """ES 99 of the worst loss of a short where shorts alone trade, participation uncapped."""
    setting: dict[str, Any] = {
        "days": 5,
        "steps_per_day": 13,
        "channels": Channel.SHORTS,
        "sigma": 0.06,
        "attention0": 0.0,
        "short_interest": 0.6,
        "elasticity": 0.8,
        "tolerance": 0.5,
        "tolerance_sd": 0.3,
        "participation": 10.0,  # of a volume without end
        "adv": 1e3,
        "book_weight": -0.2,
        "fee0": 0.0,
        "fee_slope": 0.0,
        "fee_min": 0.0,
        "max_multiple": 1e4,
    }
    out = native.simulate(packed(**{**setting, **changes}), path_ids(8192))
    losses = -out.paths["worst_pnl"].astype(float)
    q = float(np.quantile(losses, 0.99, method="inverted_cdf"))
    excess = np.maximum(losses - q, 0) / 0.01
    es = q + float(excess.mean())
    return es, excess + q - es


@given(
    short_interest=st.floats(0.1, 1.0),
    tolerance=st.floats(0.1, 0.9),
    elasticity=st.floats(0.2, 1.2),
    what=st.sampled_from(["short_interest", "tolerance", "elasticity"]),
    step=st.floats(0.02, 0.3),
)
@settings(max_examples=30, deadline=None)
def test_more_shorts_less_patience_or_more_impact_is_never_safer(
    short_interest: float, tolerance: float, elasticity: float, what: str, step: float
) -> None:
    """The worst moment, not a fixed day: squeezes come and go sooner as they grow.

    Impact and short interest are set apart: elasticity M moves with E0, so that M / E0 stays.
    """
    # E0 = 1 + S - L: keep lambda = M / E0 where short interest grows
    held = {"short_interest": short_interest, "tolerance": tolerance}
    per_float = elasticity / (1 + short_interest - 0.3)
    worse = dict(held)
    if what == "short_interest":
        worse["short_interest"] = short_interest * (1 + step)
    elif what == "tolerance":
        worse["tolerance"] = tolerance - step / 2
    factor = 1 + step if what == "elasticity" else 1.0

    def es(given: dict[str, float], lam: float) -> tuple[float, Array]:
        return worst_loss_es(elasticity=lam * (1 + given["short_interest"] - 0.3), **given)

    (a, psi_a), (b, psi_b) = es(held, per_float), es(worse, per_float * factor)
    error = float((psi_b - psi_a).std()) / np.sqrt(len(psi_a))
    assert b >= a - 3 * error - 1e-6


# --- finite whatever is admissible ----------------------------------------------------------------


def values_of(field: Any) -> st.SearchStrategy[Any] | None:
    """Any admissible value of a numeric parameter, its ends most of all; None for other kinds."""
    if float not in (field.annotation, *get_args(field.annotation)):
        return None
    low = bound(field, "ge")
    low = bound(field, "gt") if low is None else low
    high = bound(field, "le")
    high = bound(field, "lt") if high is None else high
    if low is None or high is None:
        return None
    inside_low = low if bound(field, "ge") is not None else low + 1e-3 * (high - low)
    inside_high = high if bound(field, "le") is not None else high - 1e-3 * (high - low)
    return st.sampled_from([inside_low, inside_high]) | st.floats(inside_low, inside_high)


@st.composite
def extreme_sections(draw: st.DrawFn) -> dict[str, Any]:
    """Sections of a scenario with some parameters anywhere in their range."""
    tree: dict[str, Any] = {}
    for name, field in NameParameters.model_fields.items():
        section = section_of(field)
        if section is None:
            continue
        chosen = {
            key: draw(values)
            for key, parameter in section.model_fields.items()
            if (values := values_of(parameter)) is not None and draw(st.booleans())
        }
        if chosen:
            tree[name] = chosen
    return tree


def all_finite(out: Simulated) -> None:
    assert out.trace is not None
    for field in out.trace.dtype.names or ():
        assert np.isfinite(out.trace[field]).all(), field
    assert np.isfinite(out.pnl).all()
    assert np.isfinite(out.paths["worst_pnl"]).all()


@pytest.mark.slow
@given(
    tree=extreme_sections(),
    interest=st.floats(0.0, 2.5),
    vol=st.floats(0.01, 5.0),
    implied_vol=st.floats(0.01, 10.0),
    adv=st.floats(1e-5, 2.0),
)
@settings(max_examples=150, deadline=None)
def test_no_admissible_parameter_breaks_a_number(
    tree: dict[str, Any], interest: float, vol: float, implied_vol: float, adv: float
) -> None:
    """Float almost gone, implied vol of 1000 %, names that hardly trade: refused or finite."""
    rows = {
        "AAA": MarketRow("AAA", 20.0, 5e7, interest * 5e7, adv * 5e7, vol, implied_vol, 0.05),
        "BBB": MarketRow("BBB", 90.0, 5e7, 1e7, 1e6, 0.4, 0.4, 0.003),
    }
    positions = (
        Position("1", "AAA", -min(1e5, interest * 5e7), 20.0, 0.3),
        Position("2", "BBB", 4e5, 90.0, 0.25),
    )
    scenario = Scenario.model_validate(
        {"id": "x", "horizon_days": 6, "steps_per_day": 5, "names": {"AAA": tree}}
    )
    try:
        ready = pack(bind(scenario, Book(positions, 1e9), Market(rows, None), Chain()), seed=1)
    except InputError:
        assume(False)
    for array in (ready.names, ready.positions, ready.funds):
        for column in array.dtype.names or ():
            assert np.isfinite(array[column].astype(float)).all(), column
    all_finite(native.simulate(ready, path_ids(32), trace=True))
    all_finite(native.simulate(ready.with_channels(CALM), path_ids(32), trace=True))
