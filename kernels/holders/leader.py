"""A leader builds a block that the crowd follows, then sells it (docs/model.md, 7)."""

from __future__ import annotations

from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Subject
from .use import Use


def pack(name: Subject) -> Record:
    leader = name.p.leader
    return {
        "leader_block": leader.block,
        "leader_rate_dt": leader.build_rate * name.dt,
        "leader_sell_above": leader.sell_above,
        "leader_participation_dt": leader.participation * name.dt,
    }


def trades(use: Use) -> bool:
    return use.some("leader0") or use.some("leader_block", "leader_rate_dt")


HOLDER = Holder(
    "leader",
    fields=(
        Field("leader0", "K at the start"),
        Field("leader_block", "floats"),
        Field("leader_rate_dt", "floats a step"),
        Field("leader_sell_above", "x"),
        Field("leader_participation_dt"),
    ),
    quantities=(
        Quantity(
            "leader", "floats", "shares of the crowd's leader", "leader0", undone=True,
            holder="leader",
        ),
    ),
    switches=(Switch("LEADER", 8192, trades),),
    holding=Holding(
        "leader", ("LEADER",), fails=True, law="leader", start=lambda p: p.leader.initial
    ),
    pack=pack,
    example={"initial": 0.01, "block": 0.05},
)  # fmt: skip
