"""The small run, packed, with whoever a test adds to it."""

from typing import Any

from powderkeg.kernels.packed import Packed
from powderkeg.kernels.records import (
    Channel,
)
from powderkeg.scenarios import Scenario
from tests.helpers.packs import pack
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE

GME, NO, SPY = range(3)
DT = 1 / 8
FIRST_NINE = Channel(511)  # what the squeeze uses: no fund, leader, issuer, ...


def changed(scenario: Scenario = CALM, **sections: Any) -> Scenario:
    return Scenario.model_validate({**scenario.model_dump(exclude_unset=True), **sections})


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


def timeline(*events: dict[str, object], **sections: Any) -> Packed:
    """Events over two days of eight steps: rows 0 .. 17, overnight 0 and 9."""
    return pack(BOOK, MARKET, CHAIN, changed(timeline=list(events), **sections), seed=1)
