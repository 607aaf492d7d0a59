"""New shorts fade the rally: they enter, stop out or take profit (docs/model.md, 7)."""

from __future__ import annotations

from ..kinds import TRADING_DAYS
from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Subject
from .use import Use


def pack(name: Subject) -> Record:
    new = name.p.new_shorts
    return {
        "entry_rate_dt": new.entry_rate * name.dt,
        "entry_threshold": new.entry_threshold,
        "entry_fee_years": new.entry_horizon / TRADING_DAYS,
        "stop_rate_dt": new.stop_rate * name.dt,
        "stop_loss": new.stop_loss,
        "stop_inverse_sd": 1 / new.stop_sd,
        "take_profit_rate_dt": new.take_profit_rate * name.dt,
        "take_profit": new.take_profit,
        "take_profit_inverse_sd": 1 / new.take_profit_sd,
    }


def trade(use: Use) -> bool:
    delivering = use.some("exercised")  # of what `covered` says, locked holders may lack a part
    return use.some("new_shorts0") or use.some("entry_rate_dt") or delivering


HOLDER = Holder(
    "new_shorts",
    fields=(
        Field("new_shorts0", "S_n at the start"),
        Field("entry_rate_dt"),
        Field("entry_threshold"),
        Field("entry_fee_years", "over which new shorts weigh the fee"),
        Field("stop_rate_dt"),
        Field("stop_loss"),
        Field("stop_inverse_sd", padding=1.0),
        Field("take_profit_rate_dt"),
        Field("take_profit"),
        Field("take_profit_inverse_sd", padding=1.0),
    ),
    quantities=(
        Quantity(
            "new_shorts", "floats", "short interest of new shorts", "new_shorts0", undone=True,
            holder="new shorts",
        ),
        Quantity(
            "new_short_entry", "1", "mean log price at which new shorts entered", undone=True
        ),
    ),
    switches=(Switch("NEW_SHORTS", 32, trade),),
    holding=Holding("new_shorts", owed=True),
    pack=pack,
)  # fmt: skip
