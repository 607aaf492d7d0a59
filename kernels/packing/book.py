"""What the kernels know of the book: holding, margin terms, policy (docs/model.md, 11)."""

from __future__ import annotations

import math
from typing import Any

from ...scenarios.book import Book, Position, maintenance_margin
from ...scenarios.market import MarketRow
from ...scenarios.policy import BookRules, House
from ..holders.subject import Margin
from ..kinds import TRADING_DAYS
from ..records import Policy

NO_STOP = 1e30  # log price that is never reached
FIVE = 5.0  # money a share, FINRA rule 4210(c)
PORTFOLIO_MOVE = 0.15  # FINRA rule 4210(g): the worst of +-15 %


def margin_of(position: Position, row: MarketRow, rules: BookRules) -> Margin:
    """The margin of a position under the rules of a scenario.

    Static rules are read off at the start; dynamic ones follow price, holdings and fee.
    """
    if rules.regime == "portfolio":
        return Margin(PORTFOLIO_MOVE)
    if rules.regime == "house":
        return _house(position, row, rules.house, rules.dynamic)
    if rules.regime == "reg_t" and rules.dynamic and position.quantity < 0:
        return Margin(
            maintenance_margin(position.quantity, math.inf), five=FIVE / (row.price * row.rate)
        )
    if rules.regime == "reg_t":
        return Margin(maintenance_margin(position.quantity, row.price * row.rate))
    return Margin(position.margin_rate)


def _house(position: Position, row: MarketRow, house: House, dynamic: bool) -> Margin:
    size = abs(position.quantity)
    fee = row.borrow_fee if position.borrow_fee is None else position.borrow_fee
    shorts = max(-position.quantity, 0.0) / max(row.short_interest, 1.0)
    terms = (
        (house.float_slope, house.float_from),
        (house.volume_slope, house.volume_from),
        (house.interest_slope, house.interest_from),
        (house.fee_slope, house.fee_from),
    )
    if dynamic:
        return Margin(house.base, 0.0, house.most, *terms)
    now = (size / row.float_shares, size / row.adv, shorts, fee * (position.quantity < 0))
    addons = sum(
        slope * max(value - start, 0.0) for (slope, start), value in zip(terms, now, strict=True)
    )
    return Margin(min(house.base + addons, house.most), without=house.base)


def run_fields(rules: BookRules, book: Book, dt: float) -> dict[str, Any]:
    """Fields of the RUN record."""
    policy = Policy(0)
    for word in rules.policy:
        policy |= Policy[word.upper()]
    gross = sum(abs(position.value) for position in book.positions) / book.equity
    stop = rules.stop_loss
    return {
        "policy": int(policy),
        "netted_margin": int(rules.regime == "portfolio"),
        "book_participation_dt": rules.participation * dt,
        "grace_steps": max(math.ceil(rules.grace / dt - 0.5), 0),
        "cushion": rules.cushion,
        "stop_up": math.log1p(stop),
        "stop_down": math.log1p(-stop) if stop < 1 else -NO_STOP,
        "leverage": gross if rules.leverage is None else rules.leverage,
        "financing_dt": rules.financing_rate * dt / TRADING_DAYS,
    }
