"""Who holds, trades and restricts: one declaration a file, beside two laws written by hand."""

from . import (
    anchor,
    book,
    borrow,
    clearing,
    clearing_rule,
    crowd,
    dealers,
    derivatives,
    funds,
    implied_vol,
    issuer,
    leader,
    levered_longs,
    locked,
    new_shorts,
    pauses,
    programmes,
    restriction,
    shorts,
)
from .declaration import Field, Holder, Holding, Quantity, Switch

HOLDERS: tuple[Holder, ...] = tuple(
    each.HOLDER
    for each in (
        anchor,
        clearing,
        implied_vol,
        crowd,
        shorts,
        new_shorts,
        dealers,
        levered_longs,
        locked,
        issuer,
        leader,
        programmes,
        book,
        derivatives,
        funds,
        borrow,
        restriction,
        clearing_rule,
        pauses,
    )
)
"""In the order in which orders are added up and filled (docs/model.md, 8)."""

__all__ = ["HOLDERS", "Field", "Holder", "Holding", "Quantity", "Switch"]
