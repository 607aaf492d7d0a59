"""The parameters of the market and of everybody who trades in it, one file per agent.

Every section but `broker` holds for each name of the book and can be overridden under `names`.
Words and symbols are those of docs/model.md, whose section is given.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..parameter import CHOICE, Section, parameter
from .anchor import Anchor
from .borrow import Borrow
from .broker import Broker
from .clearing import Clearing
from .crowd import Crowd
from .dealers import Dealers
from .implied_vol import ImpliedVol
from .issuer import Issuer
from .leader import Leader
from .levered_longs import LeveredLongs
from .locked import Locked
from .new_shorts import NewShorts
from .pauses import Pauses
from .restriction import Restriction
from .shorts import Shorts

__all__ = [
    "Anchor",
    "Borrow",
    "Broker",
    "Channels",
    "Clearing",
    "Crowd",
    "Dealers",
    "ImpliedVol",
    "Issuer",
    "Leader",
    "LeveredLongs",
    "Locked",
    "NameParameters",
    "NewShorts",
    "Pauses",
    "Restriction",
    "Shorts",
]

Beta = Annotated[float, Field(ge=-20, le=20)]


class Channels(Section):
    """What can be switched off; a switched-off channel keeps its starting holding."""

    dealers: bool = parameter(True, "option dealers hedge", "switch", CHOICE)
    crowd: bool = parameter(True, "attention spreads", "switch", CHOICE)
    crowd_shares: bool = parameter(True, "the crowd trades shares", "switch", CHOICE)
    crowd_calls: bool = parameter(True, "the crowd buys calls", "switch", CHOICE)
    shorts: bool = parameter(True, "the cohort of shorts covers", "switch", CHOICE)
    new_shorts: bool = parameter(True, "new shorts enter and leave", "switch", CHOICE)
    recall: bool = parameter(True, "lenders recall", "switch", CHOICE)
    restriction: bool = parameter(True, "brokers can restrict buying", "switch", CHOICE)
    transient_impact: bool = parameter(True, "J moves", "switch", CHOICE)
    funds: bool = parameter(True, "funds cut as they lose", "switch", CHOICE)
    levered_longs: bool = parameter(True, "longs on margin are sold out", "switch", CHOICE)
    locked_release: bool = parameter(True, "locked holders sell high", "switch", CHOICE)
    issuer: bool = parameter(True, "issuers sell new shares", "switch", CHOICE)
    leader: bool = parameter(True, "a leader builds, is followed and sells", "switch", CHOICE)
    pauses: bool = parameter(True, "limit-up/limit-down pauses", "switch", CHOICE)
    clearing_rule: bool = parameter(
        True, "the clearing house can stop the crowd's broker", "switch", CHOICE
    )
    programmes: bool = parameter(
        True, "buying, call buying and issuance of the timeline", "switch", CHOICE
    )
    book: bool = parameter(True, "the book trades as its policy says", "switch", CHOICE)


class NameParameters(Section):
    """What holds for one name: a section per agent, and loadings that replace the market file's."""

    anchor: Anchor = Anchor()
    clearing: Clearing = Clearing()
    locked: Locked = Locked()
    dealers: Dealers = Dealers()
    implied_vol: ImpliedVol = ImpliedVol()
    crowd: Crowd = Crowd()
    shorts: Shorts = Shorts()
    new_shorts: NewShorts = NewShorts()
    borrow: Borrow = Borrow()
    restriction: Restriction = Restriction()
    levered_longs: LeveredLongs = LeveredLongs()
    issuer: Issuer = Issuer()
    leader: Leader = Leader()
    pauses: Pauses = Pauses()
    betas: dict[str, Beta] = parameter(
        {},
        "loadings on factors, by factor name; each replaces the beta_ column of the market file",
        "1",
        CHOICE,
    )
