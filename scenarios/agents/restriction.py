"""Parameters of restriction."""

from __future__ import annotations

from ..parameter import GME_FIT, Section, parameter


class Restriction(Section):
    """Brokers stop new buying by the crowd, at random above a price (sections 7 and 9)."""

    hazard: float = parameter(
        0.385, "hazard while x is above the threshold", "per day", GME_FIT, ge=0, le=1000
    )
    threshold: float = parameter(
        2.485, "log price above which a restriction can come", "log price", GME_FIT, ge=-5, le=20
    )
    duration: float = parameter(
        6.0,
        "how long it lasts",
        "days",
        "Robinhood limited buying of GameStop from 28 January to 4 February 2021 "
        "(company statements): six sessions",
        ge=0,
        le=1000,
    )
