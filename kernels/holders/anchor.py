"""The anchor: what elastic holders believe the share is worth (docs/model.md, 6)."""

from __future__ import annotations

import math

import numpy as np

from ..kinds import NO_MIXING
from .declaration import Field, Holder, Quantity, Record
from .subject import Subject


def pack(name: Subject) -> Record:
    anchor = name.p.anchor
    jumps = -math.expm1(-anchor.jump_rate)
    grows = math.expm1(anchor.jump_mean + anchor.jump_sd**2 / 2)
    return {
        "stream": name.setting.stream,
        "sigma": name.sigma,
        "factor_variance": float(np.sum(name.setting.loadings**2)),
        "attention_share": float(np.sum(name.setting.attention_loadings**2)),
        "drift": anchor.drift,
        "adaptation": anchor.adaptation,
        "attention_volatility": anchor.attention_volatility,
        "clustering": anchor.clustering,
        "anchor0": -anchor.premium,
        "mixing": name.setting.mixing,
        "jump_probability": jumps,
        "jump_mean": anchor.jump_mean,
        "jump_sd": anchor.jump_sd,
        "jump_compensator": math.log1p(jumps * grows),
    }


HOLDER = Holder(
    "anchor",
    fields=(
        Field("stream", "hash of the symbol", kind=np.uint32),
        Field("sigma", "per square-root day"),
        Field("factor_variance", "sum of squared loadings, per day, on factors that do not scale"),
        Field("attention_share", "attention factors' part of the variance beyond those"),
        Field("drift", "per day"),
        Field("adaptation", "of the distance from anchor to price, per day at attention 1"),
        Field("attention_volatility", "a_sigma"),
        Field("clustering", "part of the own variance that follows realised variance"),
        Field("anchor0", "w(0) = -premium"),
        Field("mixing", "row of Packed.mixing, or NO_MIXING", padding=NO_MIXING, kind=np.int32),
        Field("jump_probability", "of a day"),
        Field("jump_mean"),
        Field("jump_sd"),
        Field("jump_compensator", "ln(1 + p (e^(mean + sd^2/2) - 1)) a day"),
    ),
    quantities=(Quantity("anchor", "1", "anchor w, log price", "anchor0"),),
    pack=pack,
)
