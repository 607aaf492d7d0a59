"""The clearing rule: a broker stops customers who buy more than its capital bears (9)."""

from __future__ import annotations

import math

from ..kinds import TRADING_DAYS
from . import crowd
from .declaration import Field, Holder, Quantity, Record, Switch
from .subject import Subject
from .use import Use


def pack(name: Subject) -> Record:
    row, broker, value = name.row, name.setting.broker, 0.0
    if broker.excess_net_capital is not None:
        purchases = broker.crowd_share * row.price * row.rate * row.float_shares
        daily = broker.var_multiple / math.sqrt(TRADING_DAYS)
        value = purchases * daily / broker.excess_net_capital
    return {"broker_value": value}


def asks(use: Use) -> bool:
    return crowd.trades_shares(use) and use.some("broker_value")


HOLDER = Holder(
    "clearing_rule",
    fields=(
        Field(
            "broker_value",
            "VaR / ENC per P(0) x float of unsettled purchases and implied vol",
        ),
    ),
    quantities=(
        Quantity(
            "unsettled",
            "floats",
            "what the crowd bought and has not settled, at the prices paid",
            undone=True,
        ),
    ),
    switches=(Switch("CLEARING_RULE", 32768, asks),),
    pack=pack,
)
