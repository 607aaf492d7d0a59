"""Option dealers hedge the static chain and the crowd's calls (docs/model.md, 8 and 10)."""

from __future__ import annotations

import numpy as np

from ..kinds import NO_CHAIN
from . import crowd
from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Subject
from .use import Use


def pack(name: Subject) -> Record:
    dealers, hedge = name.p.dealers, name.setting.hedge
    return {
        "chain": hedge.index,
        "long_gamma": int(hedge.long_gamma),
        "chain_start": hedge.first_node,
        "chain_inverse_step": hedge.inverse_step,
        "chain_low": hedge.low,
        "chain_high": hedge.high,
        "dealer_sign": dealers.sign,
        "hedging_dt": dealers.hedging_rate * name.dt,
        "hedging_c": name.c(dealers.hedging_rate),
        "hedging_participation_dt": (dealers.participation or 0.0) * name.dt,
        "exercised": dealers.exercised,
        "covered": dealers.covered,
    }


def hedge(use: Use) -> bool:
    p = use.names
    hedged = (p["chain"] >= 0) & (p["dealer_sign"] != 0) | crowd.trades_calls(use)
    moving = (p["hedging_dt"] > 0) | (p["exercised"] > 0)  # who never trades still delivers
    return bool((hedged & moving).any())


HOLDER = Holder(
    "dealers",
    fields=(
        Field("chain", "index into Packed.chain, or NO_CHAIN", padding=NO_CHAIN, kind=np.int32),
        Field(
            "long_gamma",
            "1: dealers can be long gamma, price and hedge are solved together",
            kind=np.int32,
        ),
        Field("hedge0", "H at the start"),
        Field("dealer_sign"),
        Field("hedging_dt", "kappa dt"),
        Field("hedging_c"),
        Field("hedging_participation_dt", "0: no limit"),
        Field("exercised", "part of what is in the money at an expiry; 0: cash settlement"),
        Field("covered", "part of what is delivered to dealers that its deliverer owns"),
        Field("chain_start", "x of the first node"),
        Field("chain_inverse_step"),
        Field("chain_low", "range of sign x chain over all prices"),
        Field("chain_high"),
    ),
    quantities=(
        Quantity(
            "hedge", "floats", "net hedge of the option dealers", "hedge0", undone=True,
            holder="dealers' hedge",
        ),
    ),
    switches=(Switch("DEALERS", 1, hedge),),
    holding=Holding("hedge", fails=True),
    pack=pack,
)  # fmt: skip
