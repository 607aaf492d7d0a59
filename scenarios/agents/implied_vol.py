"""Parameters of implied vol."""

from __future__ import annotations

from ..parameter import GME_EQUATIONS, GME_FIT, Section, parameter


class ImpliedVol(Section):
    """What implied volatility follows (section 9). Its start is in the market file."""

    rate: float = parameter(
        0.7, "vol_rate: rate towards its target", "per day", GME_EQUATIONS, ge=0, le=100
    )
    realised_share: float = parameter(
        0.8, "vol_realised: share of realised volatility in the target", "1", GME_FIT, ge=0, le=3
    )
    demand: float = parameter(
        0.46,
        "vol_demand: target grows by (1 + vol_demand o) with o floats of crowd calls",
        "per float",
        GME_FIT,
        ge=0,
        le=100,
    )
    maximum: float = parameter(
        10.0, "vol_max: cap of the target", "per annum", GME_EQUATIONS, gt=0, le=15
    )
    realised_weight: float = parameter(
        0.25,
        "rv_weight: weight of the last day in realised variance",
        "1",
        GME_EQUATIONS,
        ge=0,
        le=1,
    )
