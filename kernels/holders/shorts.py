"""The cohort of reported shorts covers as losses pass its tolerance (docs/model.md, 7)."""

from __future__ import annotations

from ...scenarios.errors import InputError
from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Subject


def pack(name: Subject) -> Record:
    shorts = name.p.shorts
    floor, inverse_mass = name.tolerance("shorts.tolerance", shorts.tolerance, shorts.tolerance_sd)
    initial, maintenance = shorts.initial_margin, shorts.maintenance_margin
    if initial < maintenance:
        raise InputError(
            f"{name.row.symbol}: shorts.initial_margin {initial:g} is below "
            f"shorts.maintenance_margin {maintenance:g}, a call before the start; raise it"
        )
    return {
        "tolerance": shorts.tolerance,
        "tolerance_inverse_sd": 1 / shorts.tolerance_sd,
        "tolerance_floor": floor,
        "tolerance_inverse_mass": inverse_mass,
        "participation_dt": shorts.participation * name.dt,
        "cohort_margin_share": shorts.margin_share,
        "cohort_margin_all": (1 + maintenance) / maintenance,
        "cohort_margin_left": (1 + initial) / maintenance,
    }


HOLDER = Holder(
    "shorts",
    fields=(
        Field("cohort0", "S_c at the start"),
        Field("tolerance", "mu", padding=1.0),
        Field("tolerance_inverse_sd", padding=1.0),
        Field("tolerance_floor", "N(-mu/sd)", padding=0.15865525),
        Field("tolerance_inverse_mass", "1 / (1 - N(-mu/sd))", padding=1.1885735),
        Field("participation_dt"),
        Field("cohort_margin_share", "of the cohort, on margin"),
        Field("cohort_margin_all", "(1 + m)/m"),
        Field("cohort_margin_left", "(1 + i)/m"),
    ),
    quantities=(
        Quantity(
            "cohort", "floats", "short interest of the cohort", "cohort0", undone=True,
            holder="shorts",
        ),
    ),
    switches=(Switch("SHORTS", 16, lambda use: use.some("cohort0", "participation_dt")),),
    holding=Holding("cohort", owed=True),
    pack=pack,
)  # fmt: skip
