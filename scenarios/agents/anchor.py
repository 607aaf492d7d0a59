"""Parameters of anchor."""

from __future__ import annotations

from ..parameter import CHOICE, GME_FIT, Section, parameter


class Anchor(Section):
    """The value elastic holders trade around (section 6). Volatility is in the market file."""

    drift: float = parameter(
        0.0, "drift of the anchor", "log price per day", CHOICE, ge=-0.5, le=0.5
    )
    attention_volatility: float = parameter(
        1.92,
        "a_sigma: daily volatility is sigma (1 + a_sigma A) under attention A",
        "1",
        GME_FIT,
        ge=0,
        le=20,
    )
    clustering: float = parameter(
        0.0,
        "part of the day's own variance that follows realised variance, the rest is sigma's: a "
        "GARCH(1,1) with implied_vol.realised_weight, so that wild days come together and a crash "
        "is not followed by calm; realised variance counts up to 1 a day",
        "1",
        "form of Bollerslev (1986), J. Econometrics 31; 0: volatility answers to attention alone",
        ge=0,
        le=0.99,
    )
    adaptation: float = parameter(
        0.0,
        "how fast elastic holders take the price for the value while a crowd attends: under "
        "attention A the anchor moves towards the price by adaptation A times their distance",
        "per day",
        "form of Cagan (1956), The monetary dynamics of hyperinflation: adaptive expectations; 0: "
        "no price ever becomes a value",
        ge=0,
        le=5,
    )
    premium: float = parameter(
        0.0,
        "log price above the anchor at the start; below 0 for a name that starts under it",
        "log price",
        CHOICE,
        ge=-3,
        le=5,
    )
    dof: float | None = parameter(
        None,
        "degrees of freedom of the name's own daily Student-t returns; null: normal",
        "1",
        "null: normal; 3 to 5 for daily stock returns, Cont (2001), Empirical properties of asset "
        "returns, Quantitative Finance 1",
        gt=2,
        le=1000,
    )
    tail_cap: float = parameter(
        25.0,
        "cap of a day's variance under dof, in multiples of the mean: 5 times the usual volatility",
        "1",
        CHOICE,
        gt=1,
        le=1e4,
    )
    jump_rate: float = parameter(
        0.0,
        "jumps of the anchor, at most one a day",
        "per day",
        CHOICE + "; form of Merton (1976), J. Financial Economics 3",
        ge=0,
        le=10,
    )
    jump_mean: float = parameter(0.0, "mean of a jump", "log price", CHOICE, ge=-3, le=3)
    jump_sd: float = parameter(
        0.1, "sd of a jump; matters where jump_rate is above 0", "log price", CHOICE, ge=0, le=3
    )
