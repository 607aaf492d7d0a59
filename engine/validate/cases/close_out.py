"""A corner ends in a close-out (docs/model.md, 8)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np

from ....kernels.packed import Packed
from ....kernels.records import Channel
from ..case import Computed, case
from ..setting import Name, last, setting

RANGES = {
    "locked": (0.6, 0.55, 0.7),
    "bought": (0.15, 0.13, 0.16),  # a day
    "short": (0.4, 0.3, 0.5),
    "held": (0.1, 0.05, 0.2),  # of which by the book
    "weight": (0.5, 0.2, 1.0),
    "multiple": (1.2, 0.5, 2.0),
    "m": (0.4, 0.1, 0.6),
    "steps": (26, 13, 52),
}


def cornered(p: Parameters, ratio: float = 1.0) -> Packed:
    """Somebody buys what is left until elastic holders have less than the shorts owe."""
    sections = {
        "locked": {"share": p.locked},
        "clearing": {
            "impact_per_float": p.m / (1 + p.short - p.locked),
            "corner_ratio": ratio, "settlement_multiple": p.multiple,
        },
    }  # fmt: skip
    return setting(
        Name(weight=-p.weight, short_interest=p.short, sections=sections), seed=p.seed,
        channels=Channel.PROGRAMMES, days=4, steps=p.steps, floats=p.held / p.weight,
        timeline=({"type": "buying_programme", "day": 1, "size": p.bought, "duration": 4.0},),
    )  # fmt: skip


@case(
    "corner-released",
    "none",
    "what locked holders hand over to shorts in a corner",
    "L = L0 - S",
    header="close_out.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-4,
    ranges=RANGES,
)
def corner_released(p: Parameters) -> Computed:
    return Computed(p.locked - p.short, lambda run: last(run(cornered(p)), "locked"))


@case(
    "corner-settled",
    "none",
    "P&L of a short that is closed out",
    "-w (multiple (E0/(E0 - q d))^M - 1), d closes before E0 - q t = S",
    header="close_out.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-3,
    ranges=RANGES,
)
def corner_settled(p: Parameters) -> Computed:
    elastic = 1 + p.short - p.locked
    closes = int((1 - p.locked) / p.bought)
    close = (elastic / (elastic - closes * p.bought)) ** p.m
    value = -p.weight * (p.multiple * close - 1)
    return Computed(value, lambda run: float(run(cornered(p), trace=False).pnl[-1, 0]))


@case(
    "no-corner",
    "none",
    "the last price of a corner that nobody closes out",
    "P = (E0/(E0 - 4 q))^M",
    header="close_out.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-3,
    ranges={**RANGES, "ratio": (0.2, 0.1, 0.3)},
)
def no_corner(p: Parameters) -> Computed:
    elastic = 1 + p.short - p.locked
    value = (elastic / (elastic - 4 * p.bought)) ** p.m

    return Computed(
        float(value), lambda run: float(np.exp(last(run(cornered(p, p.ratio)), "log_price")))
    )
