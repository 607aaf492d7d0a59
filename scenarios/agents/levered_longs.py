"""Parameters of levered longs."""

from __future__ import annotations

from ..parameter import CHOICE, Section, parameter


class LeveredLongs(Section):
    """Longs on margin who must sell as the price falls, the mirror of the shorts (section 7)."""

    share: float = parameter(0.0, "Y: what they hold at the start", "floats", CHOICE, ge=0, le=1)
    tolerance: float = parameter(
        0.37,
        "log fall at which the median of them is sold out",
        "log price",
        "half borrowed (Regulation T): maintenance of 25 % (FINRA rule 4210) calls after a log "
        "fall of .41, house rules of 30 % after .34",
        ge=-5,
        le=10,
    )
    tolerance_sd: float = parameter(
        0.15, "sd of that fall over them", "log price", CHOICE, ge=0.01, le=10
    )
    participation: float = parameter(
        0.116, "selling is at most this share of volume", "1", CHOICE + ": the shorts'", ge=0, le=10
    )
    refinancing: float = parameter(
        0.5,
        "part of a run-up that they borrow against: falls count from this part of the highest log "
        "price",
        "1",
        CHOICE,
        ge=0,
        le=1,
    )
