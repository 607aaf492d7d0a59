"""Implied volatility follows realised volatility and the demand for calls (docs/model.md, 9)."""

from __future__ import annotations

from .declaration import Field, Holder, Quantity, Record
from .subject import Subject


def pack(name: Subject) -> Record:
    vol = name.p.implied_vol
    return {
        "vol0": name.row.implied_vol,
        "vol_c": name.c(vol.rate),
        "vol_realised": vol.realised_share,
        "vol_demand": vol.demand,
        "vol_max": vol.maximum,
        "rv_weight": vol.realised_weight,
    }


HOLDER = Holder(
    "implied_vol",
    fields=(
        Field("vol0", "v0, per annum", padding=1.0),
        Field("vol_c"),
        Field("vol_realised"),
        Field("vol_demand"),
        Field("vol_max", padding=1.0),
        Field("rv_weight"),
    ),
    quantities=(
        Quantity("implied_vol", "1/year^0.5", "implied volatility", "vol0"),
        Quantity("realised_vol", "1/year^0.5", "realised volatility"),
    ),
    pack=pack,
)
