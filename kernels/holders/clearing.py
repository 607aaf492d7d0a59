"""Clearing: elastic holders around the anchor, and transient impact (docs/model.md, 4 and 8)."""

from __future__ import annotations

import math

from ...scenarios.errors import InputError
from .declaration import Field, Holder, Quantity, Record, Switch
from .subject import Subject

SMALLEST_FLOOR = 1e-4
LARGEST_PREMIUM = 40.0  # in units of M: e^40 times the elastic float is no float


def pack(name: Subject) -> Record:
    """The supply of elastic holders: E*, where price and anchor meet, and the floor."""
    clearing, m, elastic = name.p.clearing, name.elasticity, name.held.elastic
    premium = name.p.anchor.premium / m
    if abs(premium) > LARGEST_PREMIUM:
        raise InputError(
            f"{name.row.symbol}: anchor.premium {name.p.anchor.premium:g} is {abs(premium):,.0f} "
            f"times what selling the elastic float would move the price (M {m:.2g}); bring it "
            "nearer to 0, or raise the impact"
        )
    normal = elastic * math.exp(premium)
    floor = max(clearing.max_multiple ** (-1 / m), SMALLEST_FLOOR)
    return {
        "elasticity": m,
        "elastic0": elastic,
        "elastic_normal": normal,
        "elastic_min": min(normal * floor, elastic),
        "transient_impact": clearing.transient_impact * name.sigma,
        "transient_decay_c": name.c(clearing.transient_decay),
        "adv": name.adv,
        "attention_volume": clearing.attention_volume,
        "depth_volatility": clearing.depth_volatility,
        "corner_ratio": _corner_ratio(name),
        "settlement": math.log(clearing.settlement_multiple),
    }


def _corner_ratio(name: Subject) -> float:
    """0 where no corner is closed out. Raises InputError for a path that starts in one."""
    ratio, of = name.p.clearing.corner_ratio, name.held.of
    owed = of["cohort"] + of["new_shorts"] + max(-of["book"], 0.0)
    if ratio is not None and name.held.elastic < ratio * owed:
        raise InputError(
            f"{name.row.symbol}: elastic holders have {name.held.elastic:.3g} of the float and the "
            f"shorts owe {owed:.3g}, so the path would start in a corner; lower "
            "clearing.corner_ratio, locked.share or the short interest"
        )
    return ratio or 0.0


HOLDER = Holder(
    "clearing",
    fields=(
        Field("elasticity", "M", padding=1.0),
        Field("elastic0", "E0", padding=1.0),
        Field(
            "elastic_normal",
            "E* = E0 e^(premium/M): the price is the anchor's at E = E*",
            padding=1.0,
        ),
        Field("elastic_min", "E_min", padding=1e-3),
        Field("transient_impact", "eta sigma"),
        Field("transient_decay_c"),
        Field("adv", "floats a day", padding=1.0),
        Field("attention_volume", "a_V"),
        Field("depth_volatility"),
        Field("corner_ratio", "of E to what is owed, below which shorts are closed out; 0: never"),
        Field("settlement", "log of what is paid then over the last close"),
    ),
    quantities=(
        Quantity("log_price", "1", "log price relative to the start", undone=True),
        Quantity("price", start=1.0, traced=False, undone=True),
        Quantity("transient", "1", "transient impact J, log price", undone=True),
        Quantity("elastic", "floats", "shares of elastic holders", "elastic0", undone=True),
        Quantity("log_price_max", "1", "highest log price so far", undone=True),
        Quantity("log_price_close", traced=False),
        Quantity("floor", "1", "1 once it ran out of elastic float or shorts were closed out"),
        Quantity("fails", "floats", "unfilled buys of crowd, dealers, leader, programmes so far"),
        Quantity(
            "fill_price",
            "1",
            "mean price of the step's fills, relative to the start",
            1.0,
            stored=False,
        ),
        Quantity("volume", "floats", "net buying of the step", stored=False),
    ),
    switches=(Switch("TRANSIENT_IMPACT", 256, lambda use: use.some("transient_impact")),),
    pack=pack,
)
