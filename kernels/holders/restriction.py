"""Brokers restrict the crowd's buying above a price (docs/model.md, 9)."""

from __future__ import annotations

from .declaration import Field, Holder, Quantity, Record, Switch
from .subject import Subject


def pack(name: Subject) -> Record:
    restriction = name.p.restriction
    return {
        "restriction_hazard_dt": restriction.hazard * name.dt,
        "restriction_threshold": restriction.threshold,
        "restriction_duration": restriction.duration,
    }


HOLDER = Holder(
    "restriction",
    fields=(
        Field("restriction_hazard_dt"),
        Field("restriction_threshold", "x", padding=100.0),
        Field("restriction_duration", "days"),
    ),
    quantities=(
        Quantity(
            "restriction_clock",
            "trading days",
            "time to the broker restriction, negative: since",
        ),
        Quantity("restricted", "1", "1 while brokers restrict buying", stored=False),
    ),
    switches=(Switch("RESTRICTION", 128, lambda use: use.some("restriction_hazard_dt")),),
    pack=pack,
)
