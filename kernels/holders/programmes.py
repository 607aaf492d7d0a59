"""Programmes of the timeline: they buy and sell whatever the price (docs/model.md, 1 and 7)."""

from __future__ import annotations

from ..kinds import EventType
from .declaration import Holder, Holding, Quantity, Switch
from .use import Use


def trade(use: Use) -> bool:
    return use.struck(EventType.PROGRAMME, EventType.CALL_PROGRAMME, EventType.ISSUANCE)


HOLDER = Holder(
    "programmes",
    quantities=(
        Quantity(
            "programme", "floats", "shares bought by programmes so far", undone=True,
            holder="programmes",
        ),
    ),
    switches=(Switch("PROGRAMMES", 65536, trade),),
    holding=Holding("programme", ("PROGRAMMES",), fails=True),
)  # fmt: skip
