"""Packing: every number of a record by its formula in docs/model.md."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from powderkeg.kernels.chain import Options, chain_hedge
from powderkeg.kernels.layout import (
    LOTS_PER_FLOAT,
    NAME,
    NO_CHAIN,
    Channel,
    StepKind,
    stream,
)
from powderkeg.kernels.pack import pack, prepare
from powderkeg.kernels.pack_holdings import lots
from powderkeg.kernels.schedule import schedule
from powderkeg.scenarios import Chain, InputError, Scenario
from tests.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE

GME, NO, SPY = range(3)
DT = 1 / 8
FIRST_NINE = Channel(511)  # what the squeeze uses: no fund, leader, issuer, ...


@pytest.fixture(scope="module")
def names() -> np.ndarray:
    return pack(BOOK, MARKET, CHAIN, SQUEEZE, seed=7).names


def changed(scenario: Scenario = CALM, **sections: object) -> Scenario:
    return Scenario.model_validate({**scenario.model_dump(exclude_unset=True), **sections})


def test_symbols_are_sorted_and_slots_padded() -> None:
    packed = pack(BOOK, MARKET, CHAIN, SQUEEZE, seed=7)
    assert packed.symbols == ("GME", "NO", "SPY")
    assert packed.names.shape == (3,)  # one lane of three names
    assert [int(s) for s in packed.names["stream"]] == [stream(s) for s in packed.symbols]
    assert packed.factor_streams.tolist() == [stream("factor:market")]
    assert int(packed.run["seed"]) == 7


def test_padding_is_a_calm_name_nobody_holds() -> None:
    rows = {f"N{i}": replace(MARKET["NO"], symbol=f"N{i}") for i in range(5)}
    positions = [replace(BOOK.positions[2], symbol=s, position_id=s) for s in rows]
    book, market = replace(BOOK, positions=tuple(positions)), replace(MARKET, rows=rows)
    packed = pack(book, market, Chain(), CALM, seed=1)
    assert len(packed.names) == 6
    spare = packed.names[5]
    for field in ("book_weight", "sigma", "cohort0", "attention0", "share_budget", "fee0"):
        assert spare[field] == 0, field
    assert spare["chain"] == NO_CHAIN
    assert spare["elastic0"] == 1
    assert all(np.isfinite(spare[f]) for f in NAME.names)


def test_book_and_ledger(names: np.ndarray) -> None:
    gme = names[GME]
    assert gme["book_weight"] == np.float32(-1e6 * 35.5 / BOOK.equity)
    assert gme["book_margin"] == np.float32(0.3 * 1e6 * 35.5 / BOOK.equity)
    assert gme["book_short"] == lots(1e6 / 5.144e7)
    assert gme["book_long"] == 0
    assert gme["cohort0"] == np.float32(lots(6.178e7 / 5.144e7) - lots(1e6 / 5.144e7))
    held = sum(np.float64(gme[f]) for f in ("locked", "hedge0", "elastic0", "book_long"))
    assert held == 1 + np.float64(gme["cohort0"]) + np.float64(gme["book_short"])
    for field in ("locked", "hedge0", "elastic0", "cohort0", "book_short"):
        assert (np.float64(gme[field]) * LOTS_PER_FLOAT).is_integer(), field
    assert names[SPY]["book_long"] == lots(1e5 / 9e8)


def test_square_root_law_moves_the_price_as_it_says(names: np.ndarray) -> None:
    no = names[NO]
    sigma = 0.6 / math.sqrt(252)
    impact = no["elasticity"] / no["elastic0"]
    assert impact * 0.1 == pytest.approx(sigma * math.sqrt(0.1 / 0.02), rel=1e-6)
    floor = 30 ** (-1 / no["elasticity"])
    assert no["elastic_min"] == pytest.approx(no["elastic0"] * max(floor, 1e-4), rel=1e-5)


def test_impact_given_by_the_scenario_is_shown_as_such() -> None:
    scenario = changed(names={"NO": {"clearing": {"impact_per_float": 2.0}}})
    prepared = prepare(BOOK, MARKET, Chain(), scenario, seed=1)
    assert [i.source for i in prepared.impacts] == [
        "square-root law",
        "scenario",
        "square-root law",
    ]
    no = prepared.packed.names[NO]
    assert no["elasticity"] == pytest.approx(2 * no["elastic0"], rel=1e-6)


def test_rates_carry_the_step(names: np.ndarray) -> None:
    gme, p = names[GME], SQUEEZE.for_name("GME", True)
    fields = {
        "transient_decay_c": p.clearing.transient_decay,
        "hedging_c": p.dealers.hedging_rate,
        "vol_c": p.implied_vol.rate,
        "momentum_c": p.crowd.momentum_rate,
        "recall_c": p.borrow.recall_rate,
    }
    for field, rate in fields.items():
        assert gme[field] == pytest.approx(1 - math.exp(-rate * DT), rel=1e-6), field
    assert gme["participation_dt"] == pytest.approx(p.shorts.participation * DT)
    assert gme["restriction_hazard_dt"] == pytest.approx(p.restriction.hazard * DT)
    assert gme["attention0"] == np.float32(0.05)
    assert gme["infection"] == 1.0
    assert gme["call_strike_exp"] == pytest.approx(math.exp(p.crowd.call_strike))
    assert gme["transient_impact"] == pytest.approx(0.548 * 1.06 / math.sqrt(252))


def test_tolerance_is_truncated_at_zero(names: np.ndarray) -> None:
    p = SQUEEZE.shorts
    below = norm.cdf(-p.tolerance / p.tolerance_sd)
    assert names[GME]["tolerance_floor"] == pytest.approx(below, rel=1e-6)
    assert names[GME]["tolerance_inverse_mass"] == pytest.approx(1 / (1 - below), rel=1e-6)


def test_lendable_matches_the_market_file_where_it_is_given(names: np.ndarray) -> None:
    no, gme = names[NO], names[GME]
    lendable = no["lendable_elastic"] * no["elastic0"] + no["lendable_locked"] * no["locked"]
    assert lendable == pytest.approx(0.4, rel=1e-6)
    assert no["lendable_elastic"] / no["lendable_locked"] == pytest.approx(0.75 / 0.9)
    assert no["fee_excess0"] == 0
    assert (gme["lendable_elastic"], gme["lendable_locked"]) == (np.float32(0.75), np.float32(0.9))
    lendable = 0.75 * gme["elastic0"] + 0.9 * gme["locked"]
    borrowed = gme["cohort0"] + gme["book_short"]
    assert gme["fee_excess0"] == pytest.approx(max(borrowed / lendable - 0.8, 0), rel=1e-5)


def test_fee_of_a_position_replaces_the_market(names: np.ndarray) -> None:
    assert names[NO]["fee0"] == np.float32(0.05)
    assert names[GME]["fee0"] == np.float32(0.28)


def test_starting_hedge_is_the_chains_delta(names: np.ndarray) -> None:
    options = Options(
        log_strike=np.log(np.array([40.0, 60.0, 20.0]) / 35.5),
        expiry_day=np.array([4, 23, 23]),  # 18 January and 15 February 2021 are holidays
        is_call=np.array([True, True, False]),
        open_interest=np.array([60_000, 30_000, 40_000]) * 100 / 5.144e7,
    )
    exact = float(chain_hedge(options, 0.0, 2.69, 0.0))
    assert names[GME]["hedge0"] == pytest.approx(exact, abs=2e-3)
    assert names[GME]["chain_low"] < names[GME]["hedge0"] < names[GME]["chain_high"]
    assert names[GME]["long_gamma"] == 0
    assert names[NO]["chain"] == NO_CHAIN


def test_dealers_who_are_long_hedge_the_other_way() -> None:
    scenario = changed(names={"GME": {"dealers": {"sign": -0.5}}})
    short = pack(BOOK, MARKET, CHAIN, CALM, seed=1).names[GME]
    long = pack(BOOK, MARKET, CHAIN, scenario, seed=1).names[GME]
    assert long["hedge0"] == pytest.approx(-short["hedge0"] / 2, abs=1e-6)
    assert long["chain_high"] == pytest.approx(-short["chain_low"] / 2)
    assert long["chain_low"] == pytest.approx(-short["chain_high"] / 2)
    assert long["long_gamma"] == 1


def test_assumed_calls_where_the_chain_has_none() -> None:
    scenario = changed(dealers={"open_interest": 0.4, "log_strike": 0.1})
    packed = pack(BOOK, MARKET, CHAIN, scenario, seed=1)
    assert packed.chain.shape[0] == 3
    # one expiry, on day 4, is the first at or after a horizon of 2 days
    delta = norm.cdf(-0.1 / (0.7 * math.sqrt(4 / 252)) + 0.35 * math.sqrt(4 / 252))
    assert packed.names[NO]["hedge0"] == pytest.approx(0.4 * delta, abs=2e-3)


def test_chain_tables_are_shared_between_scenarios() -> None:
    first, second = (pack(BOOK, MARKET, CHAIN, s, seed=1).chain for s in (SQUEEZE, CALM))
    assert first is second


def test_index_that_is_all_factor_keeps_something_to_itself() -> None:
    packed = pack(BOOK, MARKET, CHAIN, CALM, seed=1)
    spy = packed.names[SPY]
    assert 0.95 < spy["factor_variance"] / spy["sigma"] ** 2 < 1
    gme = packed.names[GME]
    assert gme["factor_variance"] == pytest.approx(0.16**2 / 252, rel=1e-6)
    assert packed.loadings[GME, 0] == pytest.approx(0.16 / math.sqrt(252), rel=1e-6)


def test_correlated_factors_go_through_cholesky() -> None:
    scenario = changed(
        factors={"market": 0.16, "retail": 0.4},
        factor_correlation={"market": {"retail": 0.5}},
        betas={"retail": 0.5},
    )
    packed = pack(BOOK, MARKET, CHAIN, scenario, seed=1)
    loads = packed.loadings[[GME, NO]].astype(float)
    a, b = np.array([0.16, 0.2]), np.array([1.2 * 0.16, 0.2])
    corr = np.array([[1, 0.5], [0.5, 1]])
    assert loads[0] @ loads[1] == pytest.approx(a @ corr @ b / 252, rel=1e-5)


def test_attention_weights_sum_to_one() -> None:
    both = {"initial_attention": 0.01}
    scenario = changed(names={"GME": {"crowd": both}, "NO": {"crowd": both}})
    weights = pack(BOOK, MARKET, CHAIN, scenario, seed=1).names["attention_weight"]
    assert weights.tolist() == [0.5, 0.5, 0]
    assert pack(BOOK, MARKET, CHAIN, CALM, seed=1).names["attention_weight"].tolist() == [0, 0, 0]


def test_channels_follow_the_scenario_unless_given() -> None:
    scenario = changed(SQUEEZE, channels={"crowd": False, "recall": False})
    packed = pack(BOOK, MARKET, CHAIN, scenario, seed=1)
    assert int(packed.run["channels"]) == FIRST_NINE & ~(Channel.CROWD | Channel.RECALL)
    packed = pack(BOOK, MARKET, CHAIN, scenario, seed=1, channels=Channel.SHORTS)
    assert int(packed.run["channels"]) == Channel.SHORTS


def test_schedule() -> None:
    rows = schedule(3, 2, [2, 7], [1, 3], normals_per_step=4)
    assert rows["day"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    on, close, expiry = StepKind.OVERNIGHT, StepKind.CLOSE, StepKind.EXPIRY
    kind = rows["kind"] & (on | close | expiry)
    assert kind.tolist() == [on, 0, close, on, 0, close | expiry, on, 0, close]
    assert rows["draw"].tolist() == [0, 0, 4, 1, 8, 12, 2, 16, 20]
    assert rows["time"].tolist() == [0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3]
    assert rows["horizon"].tolist() == [-1, -1, 0, -1, -1, -1, -1, -1, 1]
    tau = [2, 1.5, 1, 1, 0.5, 1e-3 / 2, 5, 4.5, 4]
    assert rows["sqrt_tau"] == pytest.approx(np.sqrt(np.array(tau) / 252), rel=1e-5)
    assert rows["sqrt_tau_buy"][4] == pytest.approx(math.sqrt(1 / 252), rel=1e-5)
    assert rows["sqrt_tau_roll"][5] == pytest.approx(math.sqrt(5 / 252), rel=1e-5)
    with pytest.raises(ValueError, match="reach beyond day 3"):
        schedule(3, 2, [3], [3])


def refusal(scenario: Scenario = CALM, **changes: object) -> str:
    market = MARKET
    if changes:
        row = replace(MARKET["NO"], **changes)  # type: ignore[arg-type]
        market = replace(MARKET, rows={**MARKET.rows, "NO": row})
    with pytest.raises(InputError) as caught:
        pack(BOOK, market, CHAIN, scenario, seed=1)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_too_little_elastic_float_is_refused() -> None:
    said = refusal(changed(names={"NO": {"locked": {"share": 1.15}}}))
    assert said == (
        "NO: only 0.05 floats are left to trade with (1 + short interest 0.20 - locked 1.15 - "
        "dealers' hedge 0.00 - book 0.00), and the model needs 0.1; lower locked.share or the open "
        "interest"
    )


def test_what_does_not_fit_is_refused() -> None:
    assert refusal(short_interest=1e6).startswith(
        "NO: the book is short 2,000,000 shares, more than the reported short interest of 1,000,000"
    )
    assert refusal(short_interest=3.5e8, lendable=None) == (
        "NO: short interest of 3.50 floats; at most 3 can be simulated; check float_shares"
    )
    assert "so nobody would be left" in refusal(changed(shorts={"tolerance": -4.0}))
    nothing = changed(borrow={"lendable_elastic": 0.0, "lendable_locked": 0.0})
    assert "nothing can be borrowed" in refusal(nothing)


def test_names_missing_from_the_market_are_refused() -> None:
    market = replace(MARKET, rows={"GME": MARKET["GME"]})
    with pytest.raises(InputError, match="NO is in the book but not in the market file"):
        pack(BOOK, market, CHAIN, CALM, seed=1)
