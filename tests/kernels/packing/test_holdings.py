"""Who holds what at the start, and what does not fit."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.holdings import lots
from powderkeg.kernels.records import (
    LOTS_PER_FLOAT,
    NAME,
)
from powderkeg.scenarios import InputError, Scenario
from tests.helpers.packs import pack
from tests.helpers.small_packs import EVERYBODY, GME, SPY, changed
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE


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
        pack(BOOK, market, CHAIN, CALM, seed=1)


def test_the_ledger_holds_everybody() -> None:
    packed = pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1)
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
    packed = pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1)
    alone = pack(BOOK, MARKET, CHAIN, SQUEEZE, seed=1)
    s = 2.69 * math.sqrt(4 / 252)  # the next weekly expiry is on day 4
    delta = 0.04 * norm.cdf(-0.1 / s + s / 2)
    before, after = (p.names[GME]["hedge0"].astype(float) for p in (alone, packed))
    assert after - before == pytest.approx(delta, abs=1e-6)
    assert packed.names[GME]["calls0"] == np.float32(0.04)
    assert packed.names[GME]["call_log_strike0"] == np.float32(0.1)


def test_what_is_short_beyond_the_report_joins_the_cohort() -> None:
    def packed(floats: float) -> Packed:
        shorts = {"shorts": {"unreported": floats}}
        tree = {"id": "x", "names": {"GME": shorts}}
        return pack(BOOK, MARKET, CHAIN, Scenario.model_validate(tree), seed=1)

    more, less = packed(0.125), packed(-0.0625)
    plain = pack(BOOK, MARKET, CHAIN, Scenario(id="x"), seed=1)
    gme = plain.symbols.index("GME")
    added = [p.names["cohort0"][gme] - plain.names["cohort0"][gme] for p in (more, less)]
    assert added == pytest.approx([0.125, -0.0625], abs=1e-6)
    grown = more.names["elastic0"][gme] - plain.names["elastic0"][gme]
    assert grown == pytest.approx(0.125, abs=1e-6)
    assert packed(-3.0).names["cohort0"][gme] == 0  # the book's own short is there all the same
