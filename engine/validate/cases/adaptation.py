"""What the crowd pays becomes what the share is believed to be worth (docs/model.md, 6)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np

from ....kernels.records import Channel
from ..case import Kind, Sampled, case
from ..setting import Name, setting
from .anchor import EXACT_STEP, price


@case(
    "adaptation",
    "crowd",
    "a price above the anchor becomes the value, under constant attention",
    "E P = exp(adaptation A premium D), nobody trading",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_the_price_becomes_the_value_while_a_crowd_attends",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.03, 0.01, 0.05),
        "days": (10, 2, 20),
        "overnight": (0.3, 0.0, 0.6),
        "attention": (0.4, 0.1, 0.8),
        "adaptation": (0.1, 0.02, 0.3),
        "premium": (0.7, -1.0, 1.5),
    },
)
def adaptation(p: Parameters) -> Sampled:
    sections = {
        "anchor": {"adaptation": p.adaptation, "premium": p.premium},
        "clearing": {"impact_per_float": 1.0},
        "crowd": {"initial_attention": p.attention, "infection": 0.0, "exit_rate": 0.0},
    }
    packed = setting(
        Name(p.sigma, weight=1.0, sections=sections),
        seed=p.seed, channels=Channel.CROWD, days=p.days, steps=2, overnight=p.overnight,
    )  # fmt: skip
    value = float(np.exp(p.adaptation * p.attention * p.premium * p.days))
    return Sampled(value, packed, price)
