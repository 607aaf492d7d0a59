"""Parameters of leader."""

from __future__ import annotations

from ..parameter import CHOICE, Section, parameter


class Leader(Section):
    """Somebody who builds a block, is followed, and sells into the crowd (section 7)."""

    initial: float = parameter(0.0, "what it holds at the start", "floats", CHOICE, ge=0, le=2)
    block: float = parameter(
        0.0, "what it builds up to; below `initial` it buys nothing", "floats", CHOICE, ge=0, le=2
    )
    build_rate: float = parameter(0.02, "speed of building", "floats a day", CHOICE, ge=0, le=10)
    sell_above: float = parameter(
        1.0, "highest log price from which on it sells", "log price", CHOICE, ge=-5, le=20
    )
    participation: float = parameter(
        0.1, "selling is at most this share of volume", "1", CHOICE, ge=0, le=10
    )
