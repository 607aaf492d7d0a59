"""Locked holders let go at high multiples (docs/model.md, 7)."""

from __future__ import annotations

from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Subject


def pack(name: Subject) -> Record:
    locked = name.p.locked
    floor, inverse_mass = name.tolerance(
        "locked.release_mean", locked.release_mean, locked.release_sd
    )
    return {
        "release_c": name.c(locked.release_rate),
        "release_share": locked.release_share,
        "release_mean": locked.release_mean,
        "release_inverse_sd": 1 / locked.release_sd,
        "release_floor": floor,
        "release_inverse_mass": inverse_mass,
    }


HOLDER = Holder(
    "locked",
    fields=(
        Field("locked", "L at the start"),
        Field("release_c"),
        Field("release_share"),
        Field("release_mean"),
        Field("release_inverse_sd", padding=1.0),
        Field("release_floor"),
        Field("release_inverse_mass", padding=2.0),
    ),
    quantities=(
        Quantity(
            "locked", "floats", "shares of locked holders", "locked", undone=True, holder="locked"
        ),
    ),
    switches=(
        Switch(
            "LOCKED_RELEASE",
            2048,
            lambda use: (
                use.some("locked", "release_c", "release_share")
                or use.some("exercised", "release_c")
            ),
        ),
    ),
    holding=Holding(
        "locked", ("LOCKED_RELEASE",), law="locked", start=lambda p: p.locked.share
    ),
    pack=pack,
    example={"release_rate": 0.5},
)  # fmt: skip
