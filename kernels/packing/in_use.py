"""Which channels of a packed scenario can move anything at all.

A channel that is left out here has nobody behind it: no holding, no rate, no event. Switching it
off costs nothing and changes no number but what an agent who is not there remembers.
"""

from __future__ import annotations

import numpy as np

from ..packed import Packed
from ..records import Channel, EventType, Policy

ORDERS = (EventType.PROGRAMME, EventType.CALL_PROGRAMME, EventType.ISSUANCE)


def channels_in_use(packed: Packed) -> Channel:
    """The channels that somebody in this scenario uses, whatever is switched off."""
    p = packed.names[: int(packed.run["names"])]
    positions = packed.positions[: len(p)]
    funds, types = packed.funds, packed.events["type"]

    def struck(*kinds: EventType) -> bool:
        return bool((packed.event_sizes[: len(p), np.isin(types, kinds)] != 0).any())

    def some(*fields: str) -> bool:
        """Whether every one of the fields is above 0 in some name."""
        return bool(np.logical_and.reduce([p[field] > 0 for field in fields]).any())

    cutting = (funds["slope"] > 0) & ((funds["cut_c"] > 0) | (funds["rebuild_c"] > 0))
    leader = some("leader0") or some("leader_block", "leader_rate_dt")
    call_programme = struck(EventType.CALL_PROGRAMME)
    caught = some("attention0") or struck(EventType.ATTENTION) or (leader and some("following"))
    crowd = caught or some("crowd0") or some("calls0") or call_programme
    shares = crowd and (some("crowd0") or some("share_budget"))
    calls = call_programme or (crowd and (some("calls0") or some("call_budget")))
    hedged = (p["chain"] >= 0) & (p["dealer_sign"] != 0) | calls
    new_shorts = some("new_shorts0") or some("entry_rate_dt")
    policy = Policy(int(packed.run["policy"]))
    recallable = Policy.RECALL in policy and bool((-p["book0"] > p["book_located"]).any())
    trading = bool(policy & ~Policy.RECALL) and packed.run["book_participation_dt"] > 0
    used = {
        Channel.DEALERS: bool((hedged & (p["hedging_dt"] > 0)).any()),
        Channel.CROWD: crowd,
        Channel.CROWD_SHARES: shares,
        Channel.CROWD_CALLS: calls,
        Channel.SHORTS: some("cohort0", "participation_dt"),
        Channel.NEW_SHORTS: new_shorts,
        Channel.RECALL: some("recall_c") and (new_shorts or some("cohort0") or recallable),
        Channel.RESTRICTION: some("restriction_hazard_dt"),
        Channel.TRANSIENT_IMPACT: some("transient_impact"),
        Channel.FUNDS: bool((positions["holding0"] != 0)[:, cutting].any()),
        Channel.LEVERED_LONGS: some("levered0", "levered_participation_dt"),
        Channel.LOCKED_RELEASE: some("locked", "release_c", "release_share"),
        Channel.ISSUER: some("issue_maximum", "issue_participation_dt"),
        Channel.LEADER: leader,
        Channel.PAUSES: some("band_up"),
        Channel.CLEARING_RULE: shares and some("broker_value"),
        Channel.PROGRAMMES: struck(*ORDERS),
        Channel.BOOK: recallable or bool(trading and (p["book0"] != 0).any()),
    }
    on = Channel(0)
    for channel, anybody in used.items():
        on |= channel if anybody else Channel(0)
    return on
