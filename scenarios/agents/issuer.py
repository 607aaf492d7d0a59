"""Parameters of issuer."""

from __future__ import annotations

from ..parameter import CHOICE, Section, parameter


class Issuer(Section):
    """A company that sells new shares into the rally (section 7)."""

    maximum: float = parameter(
        0.0,
        "most that it sells",
        "floats",
        "0: none; AMC sold 187 M shares at the market in December 2020 and January 2021, GameStop "
        "registered 3.5 M in April 2021 (company statements)",
        ge=0,
        le=3,
    )
    threshold: float = parameter(
        0.7, "log price above which it sells", "log price", CHOICE + ": twice the start", ge=-5,
        le=10,
    )  # fmt: skip
    participation: float = parameter(
        0.1, "selling is at most this share of volume", "1", CHOICE, ge=0, le=10
    )
