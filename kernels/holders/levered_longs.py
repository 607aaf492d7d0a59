"""Levered longs, the mirror of the cohort: forced out as the price falls (docs/model.md, 7)."""

from __future__ import annotations

from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Subject


def pack(name: Subject) -> Record:
    longs = name.p.levered_longs
    floor, inverse_mass = name.tolerance(
        "levered_longs.tolerance", longs.tolerance, longs.tolerance_sd
    )
    return {
        "levered_tolerance": longs.tolerance,
        "levered_inverse_sd": 1 / longs.tolerance_sd,
        "levered_floor": floor,
        "levered_inverse_mass": inverse_mass,
        "levered_participation_dt": longs.participation * name.dt,
        "levered_refinancing": longs.refinancing,
    }


HOLDER = Holder(
    "levered_longs",
    fields=(
        Field("levered0", "Y at the start"),
        Field("levered_tolerance"),
        Field("levered_inverse_sd", padding=1.0),
        Field("levered_floor"),
        Field("levered_inverse_mass", padding=2.0),
        Field("levered_participation_dt"),
        Field("levered_refinancing"),
    ),
    quantities=(
        Quantity(
            "levered", "floats", "shares of levered longs", "levered0", undone=True,
            holder="levered longs",
        ),
        Quantity(
            "drawdown_max", "1", "worst drawdown of levered longs so far, log price", undone=True
        ),
    ),
    switches=(
        Switch(
            "LEVERED_LONGS", 1024, lambda use: use.some("levered0", "levered_participation_dt")
        ),
    ),
    holding=Holding(
        "levered", ("LEVERED_LONGS",), law="levered_longs", start=lambda p: p.levered_longs.share
    ),
    pack=pack,
    example={"share": 0.05},
)  # fmt: skip
