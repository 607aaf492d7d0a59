"""The scenario as a whole: names, slots, factors, schedule, channels."""

import math
from dataclasses import replace

import numpy as np
import pytest

from powderkeg.kernels import reference
from powderkeg.kernels.packing.mixing import mixing_table
from powderkeg.kernels.packing.schedule import schedule
from powderkeg.kernels.records import (
    ALL_CHANNELS,
    NAME,
    NO_CHAIN,
    NO_MIXING,
    Channel,
    Feature,
    StepKind,
)
from powderkeg.kernels.streams import stream_of
from powderkeg.scenarios import Chain, Scenario
from powderkeg.scenarios.overrides import variants
from tests.helpers.builders import path_ids
from tests.helpers.packs import pack
from tests.helpers.small_packs import EVERYBODY, FIRST_NINE, GME, NO, SPY, changed, timeline
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE


def test_symbols_are_sorted_and_slots_padded() -> None:
    packed = pack(BOOK, MARKET, CHAIN, SQUEEZE, seed=7)
    assert packed.symbols == ("GME", "NO", "SPY")
    assert packed.names.shape == (3,)  # one lane of three names
    assert [int(s) for s in packed.names["stream"]] == [stream_of(s) for s in packed.symbols]
    assert packed.factor_streams.tolist() == [stream_of("factor:market")]
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
    assert all(np.isfinite(spare[f]) for f in NAME.names or ())


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
    rows = schedule(3, 2, [2, 7], normals_per_step=4)
    assert rows["day"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    on, close, expiry = StepKind.OVERNIGHT, StepKind.CLOSE, StepKind.EXPIRY
    kind = rows["kind"] & (on | close | expiry)
    assert kind.tolist() == [on, 0, close, on, 0, close | expiry, on, 0, close]
    assert rows["draw"].tolist() == [0, 0, 4, 1, 8, 12, 2, 16, 20]
    assert rows["time"].tolist() == [0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3]
    tau = [2, 1.5, 1, 1, 0.5, 1e-3 / 2, 5, 4.5, 4]
    assert rows["sqrt_tau"] == pytest.approx(np.sqrt(np.array(tau) / 252), rel=1e-5)
    assert rows["sqrt_tau_buy"][4] == pytest.approx(math.sqrt(1 / 252), rel=1e-5)
    assert rows["sqrt_tau_roll"][5] == pytest.approx(math.sqrt(5 / 252), rel=1e-5)
    with pytest.raises(ValueError, match="reach beyond day 3"):
        schedule(3, 2, [3])


def test_a_mixing_table_for_every_law_in_use() -> None:
    names = {"GME": {"anchor": {"dof": 4}}, "NO": {"anchor": {"dof": 4, "tail_cap": 9}}}
    packed = pack(BOOK, MARKET, CHAIN, changed(names=names, factor_dof=4), seed=1)
    assert packed.names["mixing"].tolist() == [0, 1, -1]
    assert packed.run["factor_mixing"] == 0
    np.testing.assert_array_equal(packed.mixing[1], mixing_table(4, 9))
    calm = pack(BOOK, MARKET, CHAIN, CALM, seed=1)
    assert calm.run["factor_mixing"] == NO_MIXING and calm.mixing.shape == (0, 1024)
    assert Feature(int(packed.run["features"])) == Feature.FACTOR_TAILS | Feature.NAME_TAILS
    assert calm.run["features"] == 0


def test_features_follow_what_is_asked_for() -> None:
    packed = pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1)
    every = Feature.FACTOR_TAILS | Feature.NAME_TAILS | Feature.JUMPS | Feature.MONTHLY_CALLS
    assert Feature(int(packed.run["features"])) == every
    assert Feature(int(timeline({"type": "trade_cancellation", "day": 1}).run["features"])) == (
        Feature.EVENTS | Feature.CANCELLATION
    )


def test_channels_nobody_uses_are_off() -> None:
    on = Channel(int(pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1).run["channels"]))
    assert on == ALL_CHANNELS & ~(Channel.PROGRAMMES | Channel.BOOK)
    calm = Channel(int(pack(BOOK, MARKET, Chain(), CALM, seed=1).run["channels"]))
    shorts = Channel.SHORTS | Channel.NEW_SHORTS | Channel.RECALL
    assert calm == shorts | Channel.RESTRICTION | Channel.TRANSIENT_IMPACT


def test_a_variation_holds_for_every_name() -> None:
    varied = changed(variation={"impact": 0.5, "dealer_sign": -1})
    before, after = (pack(BOOK, MARKET, CHAIN, s, seed=1).names for s in (CALM, varied))
    law = before["elasticity"] / before["elastic0"]
    assert after["elasticity"] / after["elastic0"] == pytest.approx(law / 2, rel=1e-6)
    assert after["dealer_sign"].tolist() == [-1, -1, -1]
    assert after["hedge0"][GME] == -before["hedge0"][GME]
    for variant in variants(CALM):
        pack(BOOK, MARKET, CHAIN, variant, seed=1)


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
    packed = pack(book, market, CHAIN, Scenario.model_validate(tree), seed=1)
    assert len(packed.names) == 6
    found = reference.simulate(packed, path_ids(4), trace=True)
    assert found.trace is not None
    for field in ("log_price", "elastic", "implied_vol", "fee", "fund_1"):
        assert np.isfinite(found.trace[field]).all(), field
