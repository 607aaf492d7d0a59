"""Parameters of pauses."""

from __future__ import annotations

from ..parameter import Section, parameter


class Pauses(Section):
    """Limit-up/limit-down trading pauses (section 8)."""

    tier: int = parameter(
        0,
        "0: none; 1: S&P 500, Russell 1000 and large funds, bands of 5 %; 2: all others, 10 %; "
        "wider at or below 3 a share",
        "1",
        "Plan to Address Extraordinary Market Volatility (Regulation NMS), appendix A",
        ge=0,
        le=2,
    )
