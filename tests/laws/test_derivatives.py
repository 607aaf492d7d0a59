"""Options and futures of the book: marks, expiry, margin, components (docs/model.md, 11)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

from powderkeg.engine.replay.derivative_pnl import pnl_by_derivative
from powderkeg.engine.run.execute import run
from powderkeg.kernels import reference as reference_room
from powderkeg.kernels.backends import native
from powderkeg.kernels.backends.native import Native
from powderkeg.kernels.packed import Packed, Simulate
from powderkeg.kernels.records import CALM, Channel, DerivativeKind, Moment, Policy
from powderkeg.results import open_results
from powderkeg.scenarios import load_book, load_market
from powderkeg.scenarios.derivatives import implied_vol, option_price
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.events import news
from tests.helpers.everything import everything
from tests.helpers.holding import Contract, holding
from tests.laws.test_limits import each_back_end

CALL, PUT, FUTURE = DerivativeKind.CALL, DerivativeKind.PUT, DerivativeKind.FUTURE
QL = {CALL: ql.Option.Call, PUT: ql.Option.Put}
MIXED = (
    Contract(0, CALL, 1.2, 0.3, 3),
    Contract(0, PUT, 0.9, -0.2, 5, 1.3),
    Contract(0, FUTURE, 1.0, -0.3),
    Contract(0, CALL, 3.0, -0.4, 100, 0.8),
)


def quantlib(c: Contract, price: float, vol: float, days: float) -> float:
    """Black's formula at zero rates, relative to the price at the start."""
    if c.kind is FUTURE:
        return price - c.strike
    width = vol * c.vol_ratio * np.sqrt(max(days, 0.0) / 252)
    return float(ql.blackFormula(QL[c.kind], c.strike, price, width))


def worth(c: Contract, trace: Any, row: int, time: float) -> float:
    price = float(np.exp(trace["log_price"][row, c.name].astype(float)))
    vol = float(trace["implied_vol"][row, c.name])
    return c.units * quantlib(c, price, vol, c.expiry_day - time)


@each_back_end
def test_option_pnl_is_that_of_quantlib_on_given_paths(simulate: Simulate) -> None:
    """Every row of paths in the middle of a squeeze: alive by Black, at expiry and after frozen."""
    scenario = holding(gme_like(days=6, steps_per_day=13), MIXED)
    out = simulate(scenario, path_ids(6), trace=True)
    assert out.trace is not None
    time = np.append(0.0, scenario.schedule["time"])
    vol0 = float(scenario.names["vol0"][0])
    start = sum(c.units * quantlib(c, 1.0, vol0, c.expiry_day) for c in MIXED)
    assert scenario.names["derivatives0"][0] == pytest.approx(start, abs=1e-7)
    assert np.ptp(out.trace["log_price"]) > 0.3
    for trace in out.trace:
        for row in (1, 5, 14, 27, 41, 42, 43, 60, 84):
            value = 0.0
            for c in MIXED:
                ends = c.expiry_day * 14 if c.expiry_day <= 6 else 1 << 30
                value += worth(c, trace, min(row, ends), time[min(row, ends)])
            # float32: prices of several times the start, .9 of them held
            highest = float(np.exp(trace["log_price"][: row + 1].max()))
            assert trace["derivative_pnl"][row, 0] == pytest.approx(
                value - start, abs=2e-6 * highest
            )


@each_back_end
def test_an_option_held_to_expiry_earns_nothing_on_a_fair_price(simulate: Simulate) -> None:
    """Implied as realised volatility, no feedback: the mean P&L of every contract is 0."""
    sigma, paths = 0.05, 20_000
    still = {"attention0": 0.0, "vol0": sigma * np.sqrt(252), "attention_volatility": 0.0}
    base = packed(days=5, steps_per_day=4, sigma=sigma, channels=CALM, **still).at_moment(5)
    for kind in (CALL, PUT):
        scenario = holding(base, [Contract(0, kind, 1.05, 1.0, 5)])
        gain = simulate(scenario, path_ids(paths)).paths["derivative_pnl"].astype(float)
        assert abs(gain.mean()) < 3 * gain.std() / np.sqrt(paths)
        assert gain.std() > 0.02


@pytest.mark.slow
@pytest.mark.parametrize("netted", [False, True])
@pytest.mark.parametrize("names", [1, 7])
def test_native_and_reference_agree_and_all_builds_give_the_same_bits(
    names: int, netted: bool
) -> None:
    contracts = [*MIXED, Contract(names - 1, PUT, 1.1, 0.2, 4), Contract(0, CALL, 1.0, 0.1, 1)]
    scenario = holding(everything(names, days=4), contracts, netted=netted)
    ids = path_ids(48)
    ours, theirs = native.simulate(scenario, ids), reference_room.simulate(scenario, ids)
    off = np.abs(ours.pnl - theirs.pnl)
    assert np.median(off) < 1e-5 and np.quantile(off, 0.9) < 1e-3
    for field in ("derivative_pnl", "price_pnl"):
        assert np.median(np.abs(ours.paths[field] - theirs.paths[field])) < 1e-5
    for build in native.available():
        assert Native(build).simulate(scenario, ids).paths.tobytes() == ours.paths.tobytes()


@each_back_end
@pytest.mark.parametrize("moment", [Moment.WORST, Moment.WORST_CLOSE, 2, 4])
def test_parts_add_up_where_the_loss_of_a_path_is_taken(simulate: Simulate, moment: int) -> None:
    scenario = holding(everything(7, days=4), MIXED).at_moment(moment)
    out = simulate(scenario, path_ids(200))
    paths = {f: out.paths[f].astype(float) for f in out.paths.dtype.names or ()}
    total = paths["price_pnl"] + paths["derivative_pnl"]
    total -= paths["borrow_cost"] + paths["financing_cost"] + paths["slippage"]
    worst = {Moment.WORST: paths["worst_pnl"], Moment.WORST_CLOSE: paths["worst_close_pnl"]}
    taken = worst[Moment(moment)] if moment <= 0 else out.pnl[moment - 1]
    assert taken == pytest.approx(total, abs=2e-6)
    assert (np.abs(paths["slippage"]) > 1e-4).mean() > 0.1
    assert not total[taken == 0].any() and (taken != out.pnl[0]).any()


# --- margin ---------------------------------------------------------------------------------------

QUIET: dict[str, Any] = {
    "days": 1,
    "steps_per_day": 2,
    "sigma": 1e-9,
    "attention0": 0.0,
    "channels": CALM,
    "vol0": 0.8,
    "vol_rate": 0.0,
}


def requirement(simulate: Simulate, scenario: Packed) -> float:
    out = simulate(scenario, path_ids(1), trace=True)
    assert out.trace is not None
    return float(out.trace["margin"][0, 0, 0])


@each_back_end
def test_a_short_option_alone_asks_for_its_value_and_a_part_of_the_underlying(
    simulate: Simulate,
) -> None:
    """FINRA rule 4210(f)(2): max(20 % - out of the money, 10 %) of the underlying, and the value;
    a put's 10 % are of the strike. The whole value of a long option; 10 % of a future."""
    for kind, strike, part in (
        (CALL, 1.0, 0.2),
        (CALL, 1.05, 0.15),
        (CALL, 1.5, 0.1),
        (PUT, 0.9, 0.1),
        (PUT, 0.6, 0.06),
    ):
        option = Contract(0, kind, strike, -2.0, 20)
        value = 2 * quantlib(option, 1.0, 0.8, 20)
        found = requirement(simulate, holding(packed(**QUIET), [option]))
        assert found == pytest.approx(value + 2 * part, abs=1e-5)
    long = Contract(0, CALL, 1.0, 2.0, 20)
    assert requirement(simulate, holding(packed(**QUIET), [long])) == pytest.approx(
        2 * quantlib(long, 1.0, 0.8, 20), abs=1e-5
    )
    future = Contract(0, FUTURE, 1.0, -3.0, margin=(0.1, 0.0, 0.0))
    assert requirement(simulate, holding(packed(**QUIET), [future])) == pytest.approx(0.3)


@each_back_end
def test_netted_margin_is_the_worst_of_ten_moves_of_all_that_is_held(simulate: Simulate) -> None:
    """FINRA rule 4210(g), shares and options together, by QuantLib at the same volatility."""
    shares = {**QUIET, "book_weight": -1.0, "margin_rate": 0.15}
    call = Contract(0, CALL, 1.05, 1.0, 20)
    hedged = holding(packed(**shares), [call], netted=True)
    now = quantlib(call, 1.0, 0.8, 20)
    losses = []
    for move in np.arange(-5, 6) * 0.03:
        losses.append(move - (quantlib(call, 1 + move, 0.8, 20) - now))
    assert requirement(simulate, hedged) == pytest.approx(max(losses), abs=1e-5)
    assert max(losses) < 0.1 < 0.15  # the call helps
    assert requirement(simulate, holding(packed(**shares), [], netted=True)) == pytest.approx(0.15)
    # what cannot lose asks for the minimum of the contracts
    covered = holding(
        packed(**QUIET), [Contract(0, CALL, 30.0, 1.0, 20), Contract(0, CALL, 40.0, 2.0, 20)],
        netted=True,
    )  # fmt: skip
    assert requirement(simulate, covered) == pytest.approx(2 * 0.001, rel=1e-3)


@each_back_end
def test_a_call_that_is_long_saves_the_short_from_its_margin_call(simulate: Simulate) -> None:
    """News of +60 %: naked the short is called and bought in, hedged under netted rules it is not.

    The call of the hedge is bought in full: what it loses is bounded by the strike."""
    setting: dict[str, Any] = {
        **QUIET, "book_weight": -2.0, "book_floats": 0.1, "margin_rate": 0.15,
        "policy": Policy.MARGIN, "channels": Channel.BOOK, "book_participation": 1e3,
        "elasticity": 1e-6, "overnight_share": 0.0, "events": [news(np.log(1.6), 1)],
        "fee0": 0.0, "fee_slope": 0.0, "fee_min": 0.0,
    }  # fmt: skip
    naked = simulate(packed(**setting), path_ids(1))
    assert not np.isnan(naked.paths["margin_call_day"][0])
    call = Contract(0, CALL, 1.0, 2.0, 20)
    hedged = simulate(holding(packed(**setting), [call], netted=True), path_ids(1))
    assert np.isnan(hedged.paths["margin_call_day"][0])
    assert np.isnan(hedged.paths["forced_day"][0])
    lost = 2 * quantlib(call, 1.0, 0.8, 20) - 2 * (quantlib(call, 1.6, 0.8, 19) - 0.6)
    assert -hedged.pnl[-1, 0] == pytest.approx(lost, abs=1e-5)


# --- from the book file to the tail ---------------------------------------------------------------

MARKET = """# as_of: 2021-01-15
symbol,price,float_shares,short_interest,borrow_fee,adv,volatility,implied_vol,beta_market
GME,35.5,5.144e7,6.178e7,.28,7.5e6,1.06,2.69,1
SPY,375.7,9e8,1e8,.003,7e7,.16,.2,1
"""
BOOK = """symbol,instrument_type,quantity,multiplier
GME,equity,-1000000,
GME   210122C00040000,option,3000,
GME210219P00020000,option,-500,
SPY,future,200,50
,cash,120000000,
"""


@pytest.mark.slow
def test_a_book_of_options_runs_and_its_tail_tells_them_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("market.csv").write_text(MARKET)
    Path("book.csv").write_text(BOOK)
    market = load_market("market.csv")
    book = load_book("book.csv", market)
    calls = option_price("call", 35.5, 40, 2.69, 4 / 252)  # Martin Luther King Day is none
    puts = option_price("put", 35.5, 20, 2.69, 23 / 252)
    assert book.equity == pytest.approx(1.2e8 - 3.55e7 + 300_000 * calls - 50_000 * puts)
    Path("s.yaml").write_text("id: s\nbase: gme-2021\nhorizon_days: 5\nsteps_per_day: 8\n")
    run("book.csv", "market.csv", "s.yaml", "out.zarr", paths=6000)
    tree = open_results("out.zarr")
    losses, tail = tree["losses"].to_dataset(), tree["tail"].to_dataset()
    parts = losses["price_pnl"] + losses["derivative_pnl"] - losses["borrow_cost"]
    parts = parts - losses["financing_cost"] - losses["slippage"]
    assert float(np.abs(parts - losses["worst_pnl"]).max()) < 3e-6
    assert list(tail["derivative"].values) == [
        "GME 2021-01-22 40 call", "GME 2021-02-19 20 put", "SPY future",
    ]  # fmt: skip
    # by contract they add up to what the names' options did on the tail
    weight = tail["weight"].values
    of_names = -np.einsum("k,skn->n", weight, tail["derivatives"].values.astype(float))
    of_contracts = tail["derivative_contribution"].values[0]
    assert of_names == pytest.approx([of_contracts[:2].sum(), of_contracts[2]], abs=1e-6)
    assert of_contracts[0] < -0.01  # long calls help where the short loses


def test_contracts_of_a_trace_add_up_to_the_name() -> None:
    scenario = holding(everything(3, days=4), [*MIXED, Contract(2, PUT, 1.1, 0.2, 2)])
    trace = native.simulate(scenario, path_ids(40), trace=True).trace
    assert trace is not None
    found = pnl_by_derivative(scenario, trace, np.full(40, trace.shape[1] - 1))
    names = np.stack([found[:, :4].sum(axis=1), found[:, 4]], axis=1)
    assert trace["derivative_pnl"][:, -1, [0, 2]] == pytest.approx(names, abs=2e-5)


def test_implied_vol_gives_the_price_back() -> None:
    for kind in ("call", "put"):
        price = option_price(kind, 100, 110, 0.9, 0.1)
        assert implied_vol(kind, price, 100, 110, 0.1) == pytest.approx(0.9, abs=1e-9)
    assert implied_vol("call", 101, 100, 110, 0.1) is None
    assert implied_vol("put", 5, 100, 110, 0.1) is None
