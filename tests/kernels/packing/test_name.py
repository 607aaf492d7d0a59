"""One name's record: every number by its formula in docs/model.md."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from powderkeg.kernels.holders.pauses import pause_band
from powderkeg.scenarios import Chain
from powderkeg.scenarios.agents.pauses import Pauses
from powderkeg.scenarios.overrides import for_name
from tests.helpers.packs import pack, prepare
from tests.helpers.small_packs import DT, EVERYBODY, GME, NO, changed
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE


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


def test_price_and_anchor_meet_at_the_normal_float() -> None:
    gme = pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1).names[GME]
    m, elastic, normal = (float(gme[f]) for f in ("elasticity", "elastic0", "elastic_normal"))
    assert gme["anchor0"] + m * math.log(normal / elastic) == pytest.approx(0, abs=1e-5)
    assert gme["anchor0"] == -0.5
    # the floor is the multiple over the anchor, 30 times
    assert m * math.log(normal / gme["elastic_min"]) == pytest.approx(math.log(30), rel=1e-4)
    law = pack(BOOK, MARKET, CHAIN, CALM, seed=1).names[GME]
    assert m / elastic == pytest.approx(2 * law["elasticity"] / law["elastic0"], rel=1e-6)


def test_numbers_of_the_other_agents() -> None:
    packed = pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1)
    gme, p = packed.names[GME], for_name(EVERYBODY, "GME", True)
    jumps = 1 - math.exp(-0.1)
    assert gme["jump_probability"] == pytest.approx(jumps)
    grows = math.exp(0.05 + 0.1**2 / 2) - 1
    assert gme["jump_compensator"] == pytest.approx(math.log(1 + jumps * grows))
    assert gme["call_capacity_inverse"] == 2
    assert packed.names[NO]["call_capacity_inverse"] == 20  # the default
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


def test_clearing_rule_of_january_2021() -> None:
    """A requirement of 1,400 M against capital of 544 M is a premium of 2,203 M."""
    packed = pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1)
    value = float(packed.names[GME]["broker_value"])
    assert value == pytest.approx(0.3 * 35.5 * 5.144e7 * 2.33 / math.sqrt(252) / 544e6)
    unsettled, vol = 0.25, 1400e6 / 544e6 / value / 0.25
    ratio = value * vol * unsettled
    assert (ratio - 1) * ratio * 544e6 == pytest.approx(2203e6, rel=1e-4)
    assert packed.run["premium_limit"] == pytest.approx(1e9 / 544e6)
    assert packed.run["settlement_c"] == pytest.approx(1 - math.exp(-DT / 2))
    off = pack(BOOK, MARKET, CHAIN, SQUEEZE, seed=1)
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
    gme = pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1).names[GME]
    assert gme["band_up"] == pytest.approx(math.log(1.1))
    assert gme["band_down"] == pytest.approx(-math.log(0.9))
    assert gme["reference_c"] == pytest.approx(1 - math.exp(-78 / 8))
    assert gme["pause_steps"] == 1
    fine = pack(BOOK, MARKET, CHAIN, changed(EVERYBODY, steps_per_day=390), seed=1)
    assert fine.names[GME]["pause_steps"] == 5
    assert fine.names[NO]["band_up"] == 0
