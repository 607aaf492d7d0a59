"""Parameters of new shorts."""

from __future__ import annotations

from ..parameter import CHOICE, GME_EQUATIONS, GME_FIT, Section, parameter


class NewShorts(Section):
    """Short sellers who come in while the price stands far above the anchor (section 7)."""

    initial: float = parameter(
        0.0,
        "part of the reported short interest that is theirs at the start",
        "floats",
        CHOICE,
        ge=0,
        le=3,
    )
    entry_rate: float = parameter(
        0.279,
        "rate of borrowing what can be borrowed, per log price above entry_threshold",
        "per day",
        GME_FIT,
        ge=0,
        le=100,
    )
    entry_threshold: float = parameter(
        0.705, "x - w above which they enter", "log price", GME_FIT, ge=0, le=10
    )
    entry_horizon: float = parameter(
        10.0,
        "time over which they weigh the fee on new loans against the premium x - w",
        "days",
        CHOICE + ": two weeks",
        ge=0,
        le=252,
    )
    stop_rate: float = parameter(
        1.0, "rate of leaving beyond the stop", "per day", GME_EQUATIONS, ge=0, le=100
    )
    stop_loss: float = parameter(
        0.963, "run-up over their entry at which half of them stop out", "log price", GME_FIT,
        ge=0, le=10,
    )  # fmt: skip
    stop_sd: float = parameter(
        0.547, "sd of the stop over them", "log price", GME_FIT, ge=0.01, le=10
    )
    take_profit_rate: float = parameter(
        0.24, "rate of taking profit", "per day", GME_FIT, ge=0, le=100
    )
    take_profit: float = parameter(
        0.7, "fall under their entry at which half take profit", "log price", GME_EQUATIONS,
        ge=0, le=10,
    )  # fmt: skip
    take_profit_sd: float = parameter(
        0.25, "sd of the profit target over them", "log price", GME_EQUATIONS, ge=0.01, le=10
    )
