"""The leader, and the crowd that follows it (docs/model.md, 7)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np

from ....kernels.records import Channel
from .. import exact
from ..case import Computed, case
from ..setting import last
from .crowd import crowded


@case(
    "bass",
    "leader",
    "a crowd that follows a leader",
    "A = (1 - e^(-(p+q)t))/(1 + q/p e^(-(p+q)t)), p = following K (Bass)",
    header="crowd.h",
    test="laws/test_validate::test_every_case_passes",
    step="390 steps: first order, .1 %",
    tolerance=3e-3,
    ranges={
        "following": (0.5, 0.2, 2.0),
        "block": (0.2, 0.1, 0.5),
        "infection": (0.6, 0.2, 1.0),
        "days": (6, 2, 10),
    },
)
def bass(p: Parameters) -> Computed:
    crowd = {"following": p.following, "infection": p.infection, "exit_rate": 0.0}
    packed = crowded(
        p, crowd, channels=Channel.CROWD | Channel.LEADER, days=p.days, steps=390,
        leader={"initial": p.block, "sell_above": 10.0},
    )  # fmt: skip
    value = exact.bass(p.following * p.block, p.infection, p.days)
    return Computed(value, lambda run: last(run(packed), "attention"))


@case(
    "leader-builds",
    "leader",
    "the price after a leader has built its block",
    "x = M ln(E0/(E0 - block))",
    header="leader.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=5e-5,
    absolute=True,
    ranges={"block": (0.2, 0.05, 0.4), "rate": (0.15, 0.1, 0.3), "m": (1.2, 0.3, 2.0)},
)
def leader_builds(p: Parameters) -> Computed:
    leader = {"block": p.block, "build_rate": p.rate, "sell_above": 10.0}
    packed = crowded(
        p, {}, channels=Channel.LEADER, days=5, leader=leader,
        clearing={"impact_per_float": p.m},
    )  # fmt: skip
    return Computed(float(-p.m * np.log(1 - p.block)), lambda run: last(run(packed), "log_price"))


@case(
    "leader-sells",
    "leader",
    "and after it has sold into a rally, at its share of volume",
    "x = w - M ln(1 + part V T/E0)",
    header="leader.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=5e-5,
    absolute=True,
    ranges={
        "block": (0.4, 0.3, 0.5),
        "part": (0.2, 0.05, 0.4),
        "adv": (0.2, 0.1, 0.3),
        "m": (1.2, 0.3, 2.0),
        "news": (0.6, 0.4, 1.0),
        "days": (2, 1, 2),
    },
)
def leader_sells(p: Parameters) -> Computed:
    elastic = 1 - p.block
    sold = p.part * p.adv * p.days
    packed = crowded(
        p, {}, channels=Channel.LEADER, days=p.days, adv=p.adv,
        leader={"initial": p.block, "sell_above": 0.3, "participation": p.part},
        clearing={"impact_per_float": p.m / elastic},
        timeline=({"type": "anchor_news", "day": 1, "size": float(np.expm1(p.news))},),
    )  # fmt: skip
    value = p.news - p.m * np.log1p(sold / elastic)
    return Computed(float(value), lambda run: last(run(packed), "log_price"))
