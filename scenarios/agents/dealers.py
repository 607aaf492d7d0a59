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
    participation: float | None = parameter(
        None,
        "most of a day's volume that hedging takes, over a step; null: no limit",
        "fraction of volume",
        CHOICE,
        gt=0,
        le=100,
    )
    exercised: float = parameter(
        0.0,
        "part of the options in the money at an expiry whose holders exercise: shares change hands "
        "for the strike; the rest is closed out; 0: all is settled in cash",
        "1",
        CHOICE + " (OCC, customer and firm accounts, 2015: 71.3 % of options were closed, 7.0 % "
        "exercised, so .09 of those that did not end worthless)",
        ge=0,
        le=1,
    )
    close_out: float = parameter(
        0.0,
        "days before an expiry over which holders close out what they will not exercise, evenly in "
        "time; 0: at the close of the expiry",
        "days",
        CHOICE,
        ge=0,
        le=60,
    )
    covered: float = parameter(
        0.5,
        "part of the shares delivered on puts, and on calls that dealers hold, that the deliverer "
        "owns, as far as locked holders own them; the rest is sold short",
        "1",
        CHOICE,
        ge=0,
        le=1,
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
