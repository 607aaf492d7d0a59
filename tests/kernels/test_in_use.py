"""Channels that nobody uses: switching them off changes no number."""

import numpy as np
import pytest
from hypothesis import given, settings

from powderkeg.kernels import reference
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.in_use import channels_in_use
from powderkeg.kernels.records import ALL_CHANNELS, PATH, TRACE, Channel, Policy
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.events import event, fund
from tests.helpers.strategies import packed_strategy

# What an agent remembers for itself: where nobody is there, nobody reads it.
MEMORY = {
    "log_price_slow": Channel.CROWD,
    "drawdown_max": Channel.LEVERED_LONGS,
    "unsettled": Channel.CLEARING_RULE,
    "call_log_strike": Channel.CROWD_CALLS,  # of no calls
    "monthly_call_log_strike": Channel.CROWD_CALLS,
}


def same_without(whole: Packed) -> None:
    """The scenario gives the same numbers without the channels that nobody uses."""
    used = channels_in_use(whole)
    pruned = whole.with_channels(Channel(int(whole.run["channels"])) & used)
    one, other = (reference.simulate(p, path_ids(8), trace=True) for p in (whole, pruned))
    assert one.trace is not None and other.trace is not None
    for field in TRACE.names or ():
        if field not in MEMORY or MEMORY[field] in used:
            np.testing.assert_array_equal(one.trace[field], other.trace[field], err_msg=field)
    np.testing.assert_array_equal(one.pnl, other.pnl)
    for field in PATH.names or ():
        np.testing.assert_array_equal(one.paths[field], other.paths[field], err_msg=field)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(packed_strategy(max_names=3))
def test_nothing_changes_in_any_scenario(whole: Packed) -> None:
    same_without(whole)


OFF = {
    "attention0": 0.0,
    "short_interest": 0.0,
    "entry_rate": 0.0,
    "restriction_hazard": 0.0,
    "eta": 0.0,
}


@pytest.mark.parametrize(
    ("used", "changes"),
    [
        (Channel(0), {}),
        (Channel.TRANSIENT_IMPACT, {"eta": 0.5}),
        (Channel.SHORTS | Channel.RECALL, {"short_interest": 0.2}),
        (Channel.NEW_SHORTS | Channel.RECALL, {"entry_rate": 0.3}),
        (Channel.RESTRICTION, {"restriction_hazard": 0.3}),
        (
            Channel.CROWD | Channel.CROWD_SHARES | Channel.CROWD_CALLS | Channel.DEALERS,
            {"attention0": 0.1},
        ),
        (Channel.CROWD | Channel.CROWD_SHARES, {"crowd0": 0.1, "call_budget": 0.0}),
        (
            Channel.CROWD | Channel.CROWD_CALLS | Channel.DEALERS,
            {"calls0": 0.1, "share_budget": 0.0},
        ),
        (
            Channel.CROWD
            | Channel.CROWD_CALLS
            | Channel.DEALERS
            | Channel.NEW_SHORTS
            | Channel.RECALL,
            {"calls0": 0.1, "share_budget": 0.0, "hedging": 0.0, "exercised": 0.5},
        ),
        (Channel.CROWD, {"attention0": 0.1, "share_budget": 0.0, "call_budget": 0.0}),
        (Channel.LEADER, {"leader_block": 0.1}),
        (
            Channel.LEADER | Channel.CROWD | Channel.CROWD_SHARES,
            {"leader0": 0.1, "following": 1.0, "call_budget": 0.0},
        ),
        (Channel.LEVERED_LONGS, {"levered": 0.1}),
        (Channel.LOCKED_RELEASE, {"release_rate": 0.1}),
        (Channel.ISSUER, {"issue_maximum": 0.1}),
        (Channel.PAUSES, {"tier": 2}),
        (Channel(0), {"broker_value": 3.0}),  # nobody buys through it
        (
            Channel.CLEARING_RULE | Channel.CROWD | Channel.CROWD_SHARES,
            {"broker_value": 3.0, "crowd0": 0.1, "call_budget": 0.0},
        ),
        (Channel.FUNDS, {"funds": [fund([0.1], 2.0)]}),
        (Channel(0), {"funds": [fund([0.1], 2.0, slope=0.0)]}),
        (Channel.PROGRAMMES, {"events": [event("buying_programme", 0.1, 0)]}),
        (
            Channel.PROGRAMMES | Channel.CROWD | Channel.CROWD_CALLS | Channel.DEALERS,
            {"events": [event("call_programme", 0.01, 0)], "share_budget": 0.0},
        ),
        (
            Channel.CROWD | Channel.CROWD_SHARES,
            {"events": [event("attention", 0.1, 0)], "call_budget": 0.0},
        ),
        (Channel(0), {"events": [event("trading_halt", None, 0)]}),
    ],
)
def test_who_is_behind_a_channel(used: Channel, changes: dict[str, object]) -> None:
    whole = packed(days=2, **{**OFF, **changes})  # type: ignore[arg-type]
    assert channels_in_use(whole) == used
    same_without(whole)


def test_everybody_is_there() -> None:
    whole = gme_like(
        funds=[fund([-0.1], 2.0)],
        events=[event("issuance", 0.1, 0, rows=27)],
        levered=0.05,
        release_rate=0.1,
        issue_maximum=0.1,
        leader0=0.02,
        tier=2,
        broker_value=1.0,
        book_floats=0.1,
        book_weight=-0.3,
        policy=Policy.MARGIN,
    )
    assert channels_in_use(whole) == ALL_CHANNELS
