"""Parameters of dealers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..parameter import CHOICE, GME_EQUATIONS, GME_FIT, Section, parameter

Days = Annotated[int, Field(ge=1, le=2520)]


class Dealers(Section):
    """Option dealers who hedge (sections 8 and 10), and the chain assumed where none is given."""

    sign: float = parameter(
        1.0,
        "1: dealers are short everything customers hold in the static chain, -1: long; "
        "SEC staff found dealers buying calls in January 2021, Mitts et al. (2022) dispute it",
        "1",
        CHOICE,
        ge=-1,
        le=1,
    )
    hedging_rate: float = parameter(
        40.0, "kappa: rate at which the hedge follows its target", "per day", GME_FIT, ge=0, le=1e4
    )
    open_interest: float = parameter(
        0.0,
        "calls assumed open in a name that has no rows in the chain file: their total, spread "
        "equally over `expiries`",
        "floats",
        CHOICE,
        ge=0,
        le=5,
    )
    log_strike: float = parameter(
        0.1, "log-moneyness of the assumed calls", "log price", GME_EQUATIONS, ge=-3, le=3
    )
    expiries: tuple[Days, ...] | None = parameter(
        None,
        "expiries of the assumed calls; null: every weekly expiry up to the first one at or "
        "after the horizon",
        "days from the as-of close",
        CHOICE,
        strict=False,
    )
    call_capacity: float | None = parameter(
        0.05,
        "most calls the crowd can hold: sellers withdraw as it fills; null: no limit",
        "floats of underlying",
        CHOICE + ": one or two weekly expiries; of GameStop's calls to 26 March 2021 .032 floats "
        "were open a week before",
        gt=0,
        le=100,
    )
