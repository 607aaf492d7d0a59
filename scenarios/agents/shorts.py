"""Parameters of shorts."""

from __future__ import annotations

from ..parameter import CHOICE, GME_FIT, Section, parameter


class Shorts(Section):
    """The cohort of reported short sellers other than the book (section 7)."""

    tolerance: float = parameter(
        0.963,
        "mu: run-up plus borrow cost at which the median short covers",
        "log price",
        GME_FIT,
        ge=-5,
        le=10,
    )
    tolerance_sd: float = parameter(
        0.547, "sd of the tolerance", "log price", GME_FIT, ge=0.01, le=10
    )
    participation: float = parameter(
        0.116, "covering is at most this share of volume", "1", GME_FIT, ge=0, le=10
    )
    margin_share: float = parameter(
        0.0,
        "part of the cohort that holds its shorts on margin and covers what a call leaves it no "
        "equity for; the others go by tolerance",
        "1",
        CHOICE,
        ge=0,
        le=1,
    )
    initial_margin: float = parameter(
        0.5,
        "i0: equity at the start over the value of the short, of those on margin",
        "1",
        "Regulation T, 12 CFR 220.12",
        ge=0.01,
        le=10,
    )
    maintenance_margin: float = parameter(
        0.3,
        "m0: equity over the value of the short below which they are called: at (1 + i0)/(1 + m0)",
        "1",
        "FINRA rule 4210(c)",
        ge=0.01,
        le=10,
    )
    unreported: float = parameter(
        0.0,
        "short beyond the reported figure, which is two weeks old when it comes; below 0: covered "
        "since",
        "floats",
        CHOICE,
        ge=-3,
        le=3,
    )
