"""Parameters of locked."""

from __future__ import annotations

from ..parameter import CHOICE, Section, parameter


class Locked(Section):
    """Holders who lend and sell at high multiples at most: index funds (sections 3 and 7)."""

    share: float = parameter(
        0.33,
        "L: share of the float held by locked holders",
        "floats",
        "Chinco & Sammon (2024), The passive-ownership share is double what you think it is, JFE",
        ge=0,
        le=2,
    )
    release_rate: float = parameter(
        0.0, "rate at which they sell what they will; 0: they never sell", "per day", CHOICE, ge=0,
        le=100,
    )  # fmt: skip
    release_share: float = parameter(
        1.0, "share of them that sells at some price", "1", CHOICE, ge=0, le=1
    )
    release_mean: float = parameter(
        2.25,
        "run-up at which the median of them sells",
        "log price",
        "fit of a prototype to GameStop, January 2021",
        ge=-5,
        le=10,
    )
    release_sd: float = parameter(
        0.8,
        "sd of that run-up over them",
        "log price",
        "fit of a prototype to GameStop, January 2021",
        ge=0.01,
        le=10,
    )
