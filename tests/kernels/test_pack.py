"""Packing: every number of a record by its formula in docs/model.md."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from powderkeg.kernels import reference
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.chain import Options, chain_hedge
from powderkeg.kernels.packing.holdings import lots
from powderkeg.kernels.packing.mixing import mixing_table
from powderkeg.kernels.packing.name import pause_band
from powderkeg.kernels.packing.scenario import pack, prepare
from powderkeg.kernels.packing.schedule import schedule
from powderkeg.kernels.packing.story import start_row
from powderkeg.kernels.records import (
    ALL_CHANNELS,
    LOTS_PER_FLOAT,
    NAME,
    NO_CHAIN,
    NO_MIXING,
    Channel,
    EventType,
    Feature,
    StepKind,
)
from powderkeg.kernels.streams import stream_of
from powderkeg.scenarios import Chain, InputError, Scenario, bind
from powderkeg.scenarios.agents.pauses import Pauses
from powderkeg.scenarios.overrides import for_name, variants
from tests.helpers.builders import path_ids
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE

GME, NO, SPY = range(3)
DT = 1 / 8
FIRST_NINE = Channel(511)  # what the squeeze uses: no fund, leader, issuer, ...


@pytest.fixture(scope="module")
def names() -> np.ndarray:
    return pack(bind(SQUEEZE, BOOK, MARKET, CHAIN), seed=7).names


def changed(scenario: Scenario = CALM, **sections: object) -> Scenario:
    return Scenario.model_validate({**scenario.model_dump(exclude_unset=True), **sections})


def test_symbols_are_sorted_and_slots_padded() -> None:
    packed = pack(bind(SQUEEZE, BOOK, MARKET, CHAIN), seed=7)
    assert packed.symbols == ("GME", "NO", "SPY")
    assert packed.names.shape == (3,)  # one lane of three names
    assert [int(s) for s in packed.names["stream"]] == [stream_of(s) for s in packed.symbols]
    assert packed.factor_streams.tolist() == [stream_of("factor:market")]
    assert int(packed.run["seed"]) == 7


def test_padding_is_a_calm_name_nobody_holds() -> None:
    rows = {f"N{i}": replace(MARKET["NO"], symbol=f"N{i}") for i in range(5)}
    positions = [replace(BOOK.positions[2], symbol=s, position_id=s) for s in rows]
    book, market = replace(BOOK, positions=tuple(positions)), replace(MARKET, rows=rows)
    packed = pack(bind(CALM, book, market, Chain()), seed=1)
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
    assert gme["book0"] == -lots(1e6 / 5.144e7)
    assert gme["book_value"] * gme["book0"] == pytest.approx(gme["book_weight"], rel=1e-6)
    assert gme["cohort0"] == np.float32(lots(6.178e7 / 5.144e7) - lots(1e6 / 5.144e7))
    held = sum(np.float64(gme[f]) for f in ("locked", "hedge0", "elastic0", "book0"))
    assert held == 1 + np.float64(gme["cohort0"])
    for field in ("locked", "hedge0", "elastic0", "cohort0", "book0"):
        assert (np.float64(gme[field]) * LOTS_PER_FLOAT).is_integer(), field
    assert names[SPY]["book0"] == lots(1e5 / 9e8)


def test_square_root_law_moves_the_price_as_it_says(names: np.ndarray) -> None:
    no = names[NO]
    sigma = 0.6 / math.sqrt(252)
    impact = no["elasticity"] / no["elastic0"]
    assert impact * 0.1 == pytest.approx(sigma * math.sqrt(0.1 / 0.02), rel=1e-6)
    floor = 30 ** (-1 / no["elasticity"])
    assert no["elastic_min"] == pytest.approx(no["elastic0"] * max(floor, 1e-4), rel=1e-5)


def test_impact_given_by_the_scenario_is_shown_as_such() -> None:
    scenario = changed(names={"NO": {"clearing": {"impact_per_float": 2.0}}})
    prepared = prepare(bind(scenario, BOOK, MARKET, Chain()), seed=1)
    assert [i.source for i in prepared.impacts] == [
        "square-root law",
        "scenario",
        "square-root law",
    ]
    no = prepared.packed.names[NO]
    assert no["elasticity"] == pytest.approx(2 * no["elastic0"], rel=1e-6)


def test_rates_carry_the_step(names: np.ndarray) -> None:
    gme, p = names[GME], for_name(SQUEEZE, "GME", True)
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
    borrowed = gme["cohort0"] - gme["book0"]
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
    short = pack(bind(CALM, BOOK, MARKET, CHAIN), seed=1).names[GME]
    long = pack(bind(scenario, BOOK, MARKET, CHAIN), seed=1).names[GME]
    assert long["hedge0"] == pytest.approx(-short["hedge0"] / 2, abs=1e-6)
    assert long["chain_high"] == pytest.approx(-short["chain_low"] / 2)
    assert long["chain_low"] == pytest.approx(-short["chain_high"] / 2)
    assert long["long_gamma"] == 1


def test_assumed_calls_where_the_chain_has_none() -> None:
    scenario = changed(dealers={"open_interest": 0.4, "log_strike": 0.1})
    packed = pack(bind(scenario, BOOK, MARKET, CHAIN), seed=1)
    assert packed.chain.shape[0] == 3
    # one expiry, on day 4, is the first at or after a horizon of 2 days
    delta = norm.cdf(-0.1 / (0.7 * math.sqrt(4 / 252)) + 0.35 * math.sqrt(4 / 252))
    assert packed.names[NO]["hedge0"] == pytest.approx(0.4 * delta, abs=2e-3)


def test_chain_tables_are_shared_between_scenarios() -> None:
    first, second = (pack(bind(s, BOOK, MARKET, CHAIN), seed=1).chain for s in (SQUEEZE, CALM))
    assert first is second


def test_index_that_is_all_factor_keeps_something_to_itself() -> None:
    packed = pack(bind(CALM, BOOK, MARKET, CHAIN), seed=1)
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
    packed = pack(bind(scenario, BOOK, MARKET, CHAIN), seed=1)
    loads = packed.loadings[[GME, NO]].astype(float)
    a, b = np.array([0.16, 0.2]), np.array([1.2 * 0.16, 0.2])
    corr = np.array([[1, 0.5], [0.5, 1]])
    assert loads[0] @ loads[1] == pytest.approx(a @ corr @ b / 252, rel=1e-5)


def test_attention_weights_sum_to_one() -> None:
    both = {"initial_attention": 0.01}
    scenario = changed(names={"GME": {"crowd": both}, "NO": {"crowd": both}})
    weights = pack(bind(scenario, BOOK, MARKET, CHAIN), seed=1).names["attention_weight"]
    assert weights.tolist() == [0.5, 0.5, 0]
    assert pack(bind(CALM, BOOK, MARKET, CHAIN), seed=1).names["attention_weight"].tolist() == [
        0,
        0,
        0,
    ]


def test_channels_follow_the_scenario_unless_given() -> None:
    scenario = changed(SQUEEZE, channels={"crowd": False, "recall": False})
    packed = pack(bind(scenario, BOOK, MARKET, CHAIN), seed=1)
    assert int(packed.run["channels"]) == FIRST_NINE & ~(Channel.CROWD | Channel.RECALL)
    packed = pack(bind(scenario, BOOK, MARKET, CHAIN), seed=1, channels=Channel.SHORTS)
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
        pack(bind(scenario, BOOK, market, CHAIN), seed=1)
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


def test_whoever_is_short_is_part_of_the_reported_interest() -> None:
    funds = {"m": {"equity": 1e9, "positions": {"NO": -0.15}}, "n": {"equity": 1e9, "copies": 1}}
    assert refusal(changed(funds=funds, new_shorts={"initial": 0.01})) == (
        "NO: the book 0.020, new shorts 0.010, fund m 0.150, fund n 0.323 floats short are more "
        "than the reported short interest of 0.200; lower one of them, or correct the market file"
    )
    assert refusal(changed(new_shorts={"initial": 0.19})).startswith(
        "NO: the book 0.020, new shorts 0.190 floats short are more than"
    )


def test_stories_that_cannot_start_are_refused() -> None:
    crowd = {"initial_attention": 0.6, "initial_removed": 0.5}
    assert refusal(changed(crowd=crowd)) == (
        "GME: crowd.initial_attention 0.6 and crowd.initial_removed 0.5 are more than the whole "
        "crowd; lower one of them"
    )
    said = refusal(changed(levered_longs={"share": 0.6}, crowd={"initial_shares": 0.6}))
    assert said == (
        "NO: only -0.33 floats are left to trade with (1 + short interest 0.20 - locked 0.33 - "
        "dealers' hedge 0.00 - book 0.00 - crowd 0.60 - levered longs 0.60), and the model needs "
        "0.1; lower locked.share or the open interest, or what the others hold"
    )
    event = {"type": "issuance", "day": 1, "size": 1.5, "names": ["NO"]}
    assert refusal(changed(timeline=[event], issuer={"maximum": 1.4})) == (
        "NO: short interest of 0.20 floats and 2.90 that can be issued; at most 3 can be "
        "simulated; check float_shares"
    )
    assert "locked.release_mean -4 is more than 4 sd" in refusal(
        changed(locked={"release_mean": -4.0})
    )
    assert "anchor.premium 5 is" in refusal(
        changed(anchor={"premium": 5.0}, clearing={"impact_per_float": 0.01})
    )


def test_names_missing_from_the_market_are_refused() -> None:
    market = replace(MARKET, rows={"GME": MARKET["GME"]})
    with pytest.raises(InputError, match="NO is in the book but not in the market file"):
        pack(bind(CALM, BOOK, market, CHAIN), seed=1)


# --- who holds what -------------------------------------------------------------------------------

EVERYBODY = changed(
    SQUEEZE,
    names={
        "GME": {
            "crowd": {
                "initial_attention": 0.05,
                "initial_removed": 0.1,
                "initial_shares": 0.05,
                "initial_calls": 0.04,
                "initial_call_strike": 0.1,
                "monthly_share": 0.3,
                "following": 0.5,
            },
            "anchor": {"premium": 0.5, "dof": 4, "jump_rate": 0.1, "jump_mean": 0.05},
            "clearing": {"depth_volatility": 1, "impact_factor": 2},
            "locked": {"release_rate": 0.2, "release_share": 0.5},
            "levered_longs": {"share": 0.03},
            "issuer": {"maximum": 0.07},
            "leader": {"initial": 0.02, "block": 0.1},
            "dealers": {"call_capacity": 0.5},
            "new_shorts": {"initial": 0.1},
            "pauses": {"tier": 2},
        }
    },
    funds={
        "m": {"equity": 1e9, "copies": 0.5, "positions": {"GME": -0.1}, "threshold": -0.05},
        "n": {"equity": 5e8, "positions": {"NO": 0.02, "ZZZ": 1}},
    },
    broker={"excess_net_capital": 544e6, "premium_limit": 1e9},
    borrow={"fee_threshold": 0.5},
    factor_dof=4,
)


def test_the_ledger_holds_everybody() -> None:
    packed = pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1)
    for i, gme in enumerate(packed.names):
        held = {field: float(gme[field]) for field in NAME.names or ()}
        funds = packed.positions["holding0"][i].astype(float)
        longs = ("elastic0", "locked", "crowd0", "hedge0", "leader0", "levered0", "book0")
        sold = held["cohort0"] + held["new_shorts0"]
        assert sum(held[f] for f in longs) + funds.sum() == 1 + sold, i
        for value in (*(held[f] for f in longs), *funds):
            assert (value * LOTS_PER_FLOAT).is_integer()
    gme = packed.names[GME]
    reported = lots(6.178e7 / 5.144e7)
    fund = float(packed.positions["holding0"][GME, 0])
    assert fund == lots(-0.1 * 1e9 / (35.5 * 5.144e7))
    others = lots(0.1) - float(gme["book0"]) - fund
    assert gme["cohort0"] == reported - others
    assert gme["new_shorts0"] == np.float32(lots(0.1))
    borrowed = reported + max(-float(gme["hedge0"]), 0)
    lendable = 0.75 * float(gme["elastic0"]) + 0.9 * float(gme["locked"])
    assert gme["fee_excess0"] == pytest.approx(borrowed / lendable - 0.5, rel=1e-5)


def test_calls_of_the_crowd_are_hedged_at_the_start() -> None:
    packed = pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1)
    alone = pack(bind(SQUEEZE, BOOK, MARKET, CHAIN), seed=1)
    s = 2.69 * math.sqrt(4 / 252)  # the next weekly expiry is on day 4
    delta = 0.04 * norm.cdf(-0.1 / s + s / 2)
    before, after = (p.names[GME]["hedge0"].astype(float) for p in (alone, packed))
    assert after - before == pytest.approx(delta, abs=1e-6)
    assert packed.names[GME]["calls0"] == np.float32(0.04)
    assert packed.names[GME]["call_log_strike0"] == np.float32(0.1)


def test_price_and_anchor_meet_at_the_normal_float() -> None:
    gme = pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1).names[GME]
    m, elastic, normal = (float(gme[f]) for f in ("elasticity", "elastic0", "elastic_normal"))
    assert gme["anchor0"] + m * math.log(normal / elastic) == pytest.approx(0, abs=1e-5)
    assert gme["anchor0"] == -0.5
    # the floor is the multiple over the anchor, 30 times
    assert m * math.log(normal / gme["elastic_min"]) == pytest.approx(math.log(30), rel=1e-4)
    law = pack(bind(CALM, BOOK, MARKET, CHAIN), seed=1).names[GME]
    assert m / elastic == pytest.approx(2 * law["elasticity"] / law["elastic0"], rel=1e-6)


def test_numbers_of_the_other_agents() -> None:
    packed = pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1)
    gme, p = packed.names[GME], for_name(EVERYBODY, "GME", True)
    jumps = 1 - math.exp(-0.1)
    assert gme["jump_probability"] == pytest.approx(jumps)
    grows = math.exp(0.05 + 0.1**2 / 2) - 1
    assert gme["jump_compensator"] == pytest.approx(math.log(1 + jumps * grows))
    assert gme["call_capacity_inverse"] == 2
    assert packed.names[NO]["call_capacity_inverse"] == 0
    assert gme["entry_fee_years"] == pytest.approx(10 / 252)
    assert gme["repricing_c"] == pytest.approx(1 - math.exp(-0.5 * DT))
    assert gme["release_c"] == pytest.approx(1 - math.exp(-0.2 * DT))
    assert gme["release_floor"] == pytest.approx(norm.cdf(-2.25 / 0.8))
    below = norm.cdf(-p.levered_longs.tolerance / p.levered_longs.tolerance_sd)
    assert gme["levered_floor"] == pytest.approx(below)
    assert gme["levered_inverse_mass"] == pytest.approx(1 / (1 - below))
    assert gme["levered_participation_dt"] == pytest.approx(0.116 * DT)
    assert gme["leader_rate_dt"] == pytest.approx(0.02 * DT)
    assert (gme["issue_maximum"], gme["leader_block"]) == (np.float32(0.07), np.float32(0.1))
    assert (gme["monthly_share"], gme["following"]) == (np.float32(0.3), 0.5)
    assert (gme["removed0"], gme["depth_volatility"]) == (np.float32(0.1), 1)


def test_funds_by_weight_and_by_copy() -> None:
    packed = pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1)
    m, n = packed.funds
    assert m["kept0"] == pytest.approx(1 - 4 * 0.05)
    assert n["kept0"] == 1
    assert m["cut_c"] == pytest.approx(1 - math.exp(-2 * DT))
    held = packed.positions["holding0"].astype(float) * packed.positions["value"]
    weights = [p.quantity * MARKET[p.symbol].price / BOOK.equity for p in BOOK.positions]
    assert held[:, 0] == pytest.approx([-0.1, 0.5 * weights[2], 0.5 * weights[1]], rel=1e-4)
    assert held[:, 1] == pytest.approx([0, 0.02, 0], rel=1e-4)
    assert int(packed.run["funds"]) == 2


def test_a_mixing_table_for_every_law_in_use() -> None:
    names = {"GME": {"anchor": {"dof": 4}}, "NO": {"anchor": {"dof": 4, "tail_cap": 9}}}
    packed = pack(bind(changed(names=names, factor_dof=4), BOOK, MARKET, CHAIN), seed=1)
    assert packed.names["mixing"].tolist() == [0, 1, -1]
    assert packed.run["factor_mixing"] == 0
    np.testing.assert_array_equal(packed.mixing[1], mixing_table(4, 9))
    calm = pack(bind(CALM, BOOK, MARKET, CHAIN), seed=1)
    assert calm.run["factor_mixing"] == NO_MIXING and calm.mixing.shape == (0, 1024)
    assert Feature(int(packed.run["features"])) == Feature.FACTOR_TAILS | Feature.NAME_TAILS
    assert calm.run["features"] == 0


def test_features_follow_what_is_asked_for() -> None:
    packed = pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1)
    every = Feature.FACTOR_TAILS | Feature.NAME_TAILS | Feature.JUMPS | Feature.MONTHLY_CALLS
    assert Feature(int(packed.run["features"])) == every
    assert Feature(int(timeline({"type": "trade_cancellation", "day": 1}).run["features"])) == (
        Feature.EVENTS | Feature.CANCELLATION
    )


def test_channels_nobody_uses_are_off() -> None:
    on = Channel(int(pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1).run["channels"]))
    assert on == ALL_CHANNELS & ~(Channel.PROGRAMMES | Channel.BOOK)
    calm = Channel(int(pack(bind(CALM, BOOK, MARKET, Chain()), seed=1).run["channels"]))
    shorts = Channel.SHORTS | Channel.NEW_SHORTS | Channel.RECALL
    assert calm == shorts | Channel.RESTRICTION | Channel.TRANSIENT_IMPACT


def test_clearing_rule_of_january_2021() -> None:
    """A requirement of 1,400 M against capital of 544 M is a premium of 2,203 M."""
    packed = pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1)
    value = float(packed.names[GME]["broker_value"])
    assert value == pytest.approx(0.3 * 35.5 * 5.144e7 * 2.33 / math.sqrt(252) / 544e6)
    unsettled, vol = 0.25, 1400e6 / 544e6 / value / 0.25
    ratio = value * vol * unsettled
    assert (ratio - 1) * ratio * 544e6 == pytest.approx(2203e6, rel=1e-4)
    assert packed.run["premium_limit"] == pytest.approx(1e9 / 544e6)
    assert packed.run["settlement_c"] == pytest.approx(1 - math.exp(-DT / 2))
    off = pack(bind(SQUEEZE, BOOK, MARKET, CHAIN), seed=1)
    assert not off.names["broker_value"].any()
    assert off.run["premium_limit"] > 1e20


@pytest.mark.parametrize(
    ("tier", "price", "band", "closing"),
    [
        (0, 35.5, 0, 1),
        (1, 35.5, 0.05, 2),
        (2, 35.5, 0.10, 1),
        (1, 3, 0.20, 2),
        (2, 3, 0.20, 2),
        (2, 0.75, 0.20, 2),
        (2, 0.5, 0.30, 2),
        (2, 0.1, 0.75, 2),
    ],
)
def test_price_bands(tier: int, price: float, band: float, closing: float) -> None:
    assert pause_band(Pauses(tier=tier), price) == pytest.approx((band, closing))


def test_pauses_are_five_minutes_or_a_step() -> None:
    gme = pack(bind(EVERYBODY, BOOK, MARKET, CHAIN), seed=1).names[GME]
    assert gme["band_up"] == pytest.approx(math.log(1.1))
    assert gme["band_down"] == pytest.approx(-math.log(0.9))
    assert gme["reference_c"] == pytest.approx(1 - math.exp(-78 / 8))
    assert gme["pause_steps"] == 1
    fine = pack(bind(changed(EVERYBODY, steps_per_day=390), BOOK, MARKET, CHAIN), seed=1)
    assert fine.names[GME]["pause_steps"] == 5
    assert fine.names[NO]["band_up"] == 0


def test_a_variation_holds_for_every_name() -> None:
    varied = changed(variation={"impact": 0.5, "dealer_sign": -1})
    before, after = (pack(bind(s, BOOK, MARKET, CHAIN), seed=1).names for s in (CALM, varied))
    law = before["elasticity"] / before["elastic0"]
    assert after["elasticity"] / after["elastic0"] == pytest.approx(law / 2, rel=1e-6)
    assert after["dealer_sign"].tolist() == [-1, -1, -1]
    assert after["hedge0"][GME] == -before["hedge0"][GME]
    for variant in variants(CALM):
        pack(bind(variant, BOOK, MARKET, CHAIN), seed=1)


# --- the timeline ---------------------------------------------------------------------------------


def timeline(*events: dict[str, object], **sections: object) -> Packed:
    """Events over two days of eight steps: rows 0 .. 17, overnight 0 and 9."""
    return pack(bind(changed(timeline=list(events), **sections), BOOK, MARKET, CHAIN), seed=1)


@pytest.mark.parametrize(
    ("when", "row"),
    [
        ({"day": 1}, 0),
        ({"day": 2}, 9),
        ({"day": 2, "at": 0.0}, 10),
        ({"day": 2, "at": 0.124}, 10),
        ({"day": 2, "at": 0.125}, 11),
        ({"day": 2, "at": 1.0}, 17),
        ({"hazard": 0.5}, -1),
    ],
)
def test_start_rows(when: dict[str, object], row: int) -> None:
    event = timeline({"type": "trading_halt", **when}).events[0]
    assert event["start_row"] == row
    assert event["hazard"] == when.get("hazard", 0)
    assert event["stream"] == stream_of("event:trading_halt")


@pytest.mark.parametrize(("duration", "rows"), [(None, 18), (1, 9), (0.5, 5), (0.01, 1), (2, 18)])
def test_lengths(duration: float | None, rows: int) -> None:
    event = timeline({"type": "trading_halt", "day": 1, "duration": duration}).events[0]
    assert event["rows"] == rows


def test_a_fraction_of_a_day_is_what_it_says_on_any_grid() -> None:
    event = Scenario.model_validate(
        {"id": "s", "timeline": [{"type": "trading_halt", "day": 1, "at": 0.29}]}
    ).timeline[0]
    assert start_row(event, 100) == 30


@pytest.mark.parametrize(
    ("event", "kind", "sizes"),
    [
        ({"type": "anchor_news", "size": 0.2}, EventType.ANCHOR, [math.log(1.2)] * 3),
        (
            {"type": "market_shock", "size": -0.1},
            EventType.ANCHOR,
            [math.log(0.9) * beta for beta in (1, 1.2, 1)],
        ),
        ({"type": "lock_up", "size": 0.3}, EventType.PROGRAMME, [0.3] * 3),
        ({"type": "lock_up", "size": 0.3, "duration": 2}, EventType.PROGRAMME, [0.15] * 3),
        ({"type": "buying_programme", "size": -0.1}, EventType.PROGRAMME, [-0.1] * 3),
        ({"type": "call_programme", "size": 0.01}, EventType.CALL_PROGRAMME, [0.01] * 3),
        ({"type": "lendable_recall", "size": 0.25}, EventType.LENDABLE, [0.75] * 3),
        ({"type": "lendable_recall", "size": 1}, EventType.LENDABLE, [2.0**-22] * 3),
        ({"type": "attention", "size": 0.2}, EventType.ATTENTION, [0.2] * 3),
        ({"type": "elasticity", "size": 2}, EventType.ELASTICITY, [2] * 3),
        ({"type": "depth", "size": 0.5}, EventType.DEPTH, [0.5] * 3),
        ({"type": "implied_vol", "size": 0.5}, EventType.IMPLIED_VOL, [1.5] * 3),
        ({"type": "issuance", "size": 0.2, "duration": 0.5}, EventType.ISSUANCE, [0.4] * 3),
        ({"type": "restriction", "on": True}, EventType.RESTRICTION, [1] * 3),
        ({"type": "restriction", "on": False}, EventType.RESTRICTION, [-1] * 3),
        ({"type": "trading_halt"}, EventType.HALT, [1] * 3),
        ({"type": "trade_cancellation"}, EventType.CANCELLATION, [1] * 3),
    ],
)
def test_what_events_do(event: dict[str, object], kind: EventType, sizes: list[float]) -> None:
    packed = timeline({**event, "day": 1})
    assert packed.events[0]["type"] == kind
    assert packed.event_sizes[:, 0] == pytest.approx(sizes)


def test_a_new_margin_rate_is_added_to_the_old() -> None:
    packed = timeline({"type": "margin_rate", "size": 1.0, "day": 1, "names": "shorts"})
    names = packed.names
    for i in (GME, NO):
        total = names["book_margin"][i] + packed.event_sizes[i, 0]
        assert total == pytest.approx(abs(names["book_weight"][i]))
    assert packed.event_sizes[SPY, 0] == 0


def test_names_an_event_does_not_touch_are_left_alone() -> None:
    packed = timeline(
        {"type": "depth", "size": 0.5, "day": 1, "names": ["NO"]},
        {"type": "anchor_news", "size": 0.5, "day": 1, "names": ["NO"]},
    )
    assert packed.event_sizes[:, 0].tolist() == [1, 0.5, 1]
    assert packed.event_sizes[[GME, SPY], 1].tolist() == [0, 0]


@pytest.mark.parametrize("when", [{"day": 1}, {"day": 1, "at": 0.3}, {"day": 2, "at": 0.9}])
@pytest.mark.parametrize("duration", [0.2, 0.5, 1, 1.6])
def test_a_lock_up_takes_what_it_says(when: dict[str, object], duration: float) -> None:
    event = {"type": "lock_up", "size": 0.3, "duration": duration, **when}
    packed = timeline(event, horizon_days=5)
    start, rows = int(packed.events[0]["start_row"]), int(packed.events[0]["rows"])
    trading = packed.schedule["step_of_day"][start : start + rows] > 0
    assert trading.sum() * packed.event_sizes[0, 0] / 8 == pytest.approx(0.3, rel=1e-6)


def test_everything_runs_with_padded_slots() -> None:
    rows = {f"N{i}": replace(MARKET["NO"], symbol=f"N{i}") for i in range(5)}
    positions = [replace(BOOK.positions[2], symbol=s, position_id=s) for s in rows]
    book, market = replace(BOOK, positions=tuple(positions)), replace(MARKET, rows=rows)
    tree = EVERYBODY.model_dump(exclude_unset=True)
    tree |= tree.pop("names")["GME"]
    tree["funds"] = {"m": {"equity": 1e9, "copies": 0.1}}
    tree["new_shorts"] = {"initial": 0.01}
    tree["timeline"] = [
        {"type": name, "day": 1, **({"on": True} if name == "restriction" else {"size": 0.1})}
        for name in ("anchor_news", "call_programme", "issuance", "depth", "restriction")
    ]
    packed = pack(bind(Scenario.model_validate(tree), book, market, CHAIN), seed=1)
    assert len(packed.names) == 6
    found = reference.simulate(packed, path_ids(4), trace=True)
    assert found.trace is not None
    for field in ("log_price", "elastic", "implied_vol", "fee", "fund_1"):
        assert np.isfinite(found.trace[field]).all(), field


def test_what_is_short_beyond_the_report_joins_the_cohort() -> None:
    def packed(floats: float) -> Packed:
        shorts = {"shorts": {"unreported": floats}}
        tree = {"id": "x", "names": {"GME": shorts}}
        return pack(bind(Scenario.model_validate(tree), BOOK, MARKET, CHAIN), seed=1)

    more, less = packed(0.125), packed(-0.0625)
    plain = pack(bind(Scenario(id="x"), BOOK, MARKET, CHAIN), seed=1)
    gme = plain.symbols.index("GME")
    added = [p.names["cohort0"][gme] - plain.names["cohort0"][gme] for p in (more, less)]
    assert added == pytest.approx([0.125, -0.0625], abs=1e-6)
    grown = more.names["elastic0"][gme] - plain.names["elastic0"][gme]
    assert grown == pytest.approx(0.125, abs=1e-6)
    assert packed(-3.0).names["cohort0"][gme] == 0  # the book's own short is there all the same
