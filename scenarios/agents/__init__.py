"""The parameters of the market and of everybody who trades in it, one file per agent.

Every section but `broker` holds for each name of the book and can be overridden under `names`.
Words and symbols are those of docs/model.md, whose section is given.
"""

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
    "Clearing",
    "Crowd",
    "Dealers",
    "ImpliedVol",
    "Issuer",
    "Leader",
    "LeveredLongs",
    "Locked",
    "NewShorts",
    "Pauses",
    "Restriction",
    "Shorts",
]
