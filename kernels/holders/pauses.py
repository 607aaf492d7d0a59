"""Limit-up/limit-down pauses (docs/model.md, 8)."""

from __future__ import annotations

import math

from ...scenarios.agents import Pauses
from ..kinds import SESSION_MINUTES
from .declaration import Field, Holder, Quantity, Record, Switch
from .subject import Subject

PAUSE_MINUTES = 5


def pack(name: Subject) -> Record:
    band, closing = pause_band(name.p.pauses, name.price)
    per_day = SESSION_MINUTES / PAUSE_MINUTES
    return {
        "band_up": math.log1p(band),
        "band_down": -math.log1p(-band),
        "band_closing": closing,
        "reference_c": name.c(per_day),
        "pause_steps": max(1, round(1 / (per_day * name.dt))),
    }


def pause_band(pauses: Pauses, price: float) -> tuple[float, float]:
    """Price band as a fraction (0: none), and how much wider it is in the last 25 minutes.

    Plan to Address Extraordinary Market Volatility, appendix A, amendment 18; the price at the
    start stands for each day's reference.
    """
    if pauses.tier == 0:
        return 0.0, 1.0
    if price > 3:
        return (0.05, 2.0) if pauses.tier == 1 else (0.10, 1.0)
    return (0.20 if price >= 0.75 else min(0.75, 0.15 / price)), 2.0


HOLDER = Holder(
    "pauses",
    fields=(
        Field("band_up", "log price; 0: this name is never paused"),
        Field("band_down", "positive"),
        Field("band_closing", "2 where the band doubles near the close, else 1", padding=1.0),
        Field("reference_c"),
        Field("pause_steps", padding=1.0),
    ),
    quantities=(
        Quantity(
            "waiting", "floats", "net orders of the crowd that wait for the end of a halt",
            undone=True,
        ),
        Quantity("paused", "1", "1 while a limit-up/limit-down pause is on", stored=False),
        Quantity("rest", traced=False),  # steps of rest, -1 when reopening
        Quantity("reference", traced=False),  # log price that bands are measured from
    ),
    switches=(Switch("PAUSES", 16384, lambda use: use.some("band_up")),),
    pack=pack,
    example={"tier": 2},
)  # fmt: skip
