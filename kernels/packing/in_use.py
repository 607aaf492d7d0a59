"""Which channels of a packed scenario can move anything at all.

A channel that is left out here has nobody behind it: no holding, no rate, no event. Switching it
off costs nothing and changes no number but what an agent who is not there remembers.
"""

from __future__ import annotations

from ..holders import HOLDERS
from ..holders.use import Use
from ..packed import Packed
from ..records import Channel


def channels_in_use(packed: Packed) -> Channel:
    """The channels that somebody in this scenario uses, whatever is switched off."""
    count = int(packed.run["names"])
    use = Use(
        run=packed.run,
        names=packed.names[:count],
        positions=packed.positions[:count],
        funds=packed.funds,
        events=packed.events,
        event_sizes=packed.event_sizes[:count],
    )
    on = Channel(0)
    for holder in HOLDERS:
        for switch in holder.switches:
            on |= Channel[switch.name] if switch.in_use(use) else Channel(0)
    return on
