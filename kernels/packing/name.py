"""One name's record: market row, position and parameters in the units of the kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ...scenarios.book import Position
from ...scenarios.market import MarketRow
from ...scenarios.scenario import NameParameters
from ..holders import HOLDERS
from ..holders.subject import Setting, Subject
from ..kinds import TRADING_DAYS
from .holdings import starting_holdings

LAW_SHARE = 0.1  # of the float: where the square-root law is read off


@dataclass(frozen=True)
class Impact:
    """How much a name's price answers to buying, for display.

    `per_float` is the log price per float bought at the start (lambda), `elasticity` M, `elastic`
    the elastic float E0.
    """

    symbol: str
    per_float: float
    elasticity: float
    elastic: float
    source: str


def square_root_law(sigma: float, adv: float) -> float:
    """Impact per float: 10 % of the float moves the price by `sigma sqrt(.1 / ADV)`.

    sigma per square-root day, adv in floats a day. Toth et al., Phys. Rev. X 1 (2011) 021006.
    """
    return sigma * math.sqrt(LAW_SHARE / adv) / LAW_SHARE


def name_record(
    row: MarketRow, position: Position, p: NameParameters, setting: Setting
) -> tuple[dict[str, Any], Impact]:
    """Fields of the NAME record (docs/model.md), and the impact for display.

    Raises InputError if the starting holdings leave too little to trade with or do not fit.
    """
    held = starting_holdings(row, position, p, setting)
    per_float, source = p.clearing.impact_per_float, "scenario"
    if per_float is None:
        sigma, adv = row.volatility / math.sqrt(TRADING_DAYS), row.adv / row.float_shares
        per_float, source = square_root_law(sigma, adv), "square-root law"
    per_float *= p.clearing.impact_factor
    name = Subject(row, position, p, setting, held, per_float * held.elastic)
    record: dict[str, Any] = {}
    for holder in HOLDERS:
        for each in holder.quantities:
            if isinstance(each.start, str) and each.name in held.of:
                record[each.start] = held.of[each.name]
        if holder.pack is not None:
            record |= holder.pack(name)
    return record, Impact(row.symbol, per_float, name.elasticity, held.elastic, source)
