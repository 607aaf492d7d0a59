"""The dealers' static hedge, from a chain or from assumed calls."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from powderkeg.kernels.packing.chain import Options, chain_hedge
from powderkeg.kernels.records import (
    NO_CHAIN,
)
from tests.helpers.packs import pack
from tests.helpers.small_packs import GME, NO, changed
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE


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
