"""The book: holding, margin terms, what its policy makes it trade (docs/model.md, 11)."""

from __future__ import annotations

from ..kinds import Policy
from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Margin, Subject
from .use import Use

ALL = 1e9  # floats


def pack(name: Subject) -> Record:
    position, row, book = name.position, name.row, name.held.of["book"]
    weight = position.quantity * row.price * row.rate / name.setting.equity
    inverse = 1 / book if book else 0.0
    located = None if position.locate is None else position.locate / row.float_shares
    return {
        "book0": book,
        "book_weight": weight,
        "book_inverse": inverse,
        "book_value": weight * inverse,
        "book_located": ALL if located is None else located,
        **margin_fields(name.setting.margin, weight),
    }


def margin_fields(margin: Margin, weight: float) -> Record:
    """The margin of a position worth `weight` of the book's equity."""
    a = abs(weight)
    record = {
        "book_margin": margin.rate * a,
        "margin_five": margin.five,
        "margin_max": margin.most * a,
    }
    for key, (slope, start) in (
        ("float", margin.float_),
        ("volume", margin.volume),
        ("interest", margin.interest),
        ("fee", margin.fee),
    ):
        record |= {f"margin_{key}": slope * a, f"margin_{key}_from": start}
    return record


def recallable(use: Use) -> bool:
    """Whether lenders can call back a part of the book's short."""
    short = -use.names["book0"] > use.names["book_located"]
    return Policy.RECALL in use.policy and bool(short.any())


def trades(use: Use) -> bool:
    acts = bool(use.policy & ~Policy.RECALL) and use.run["book_participation_dt"] > 0
    return recallable(use) or bool(acts and (use.names["book0"] != 0).any())


HOLDER = Holder(
    "book",
    fields=(
        Field("book0", "B+ - B-"),
        Field("book_weight", "a, signed value / equity"),
        Field("book_inverse", "1 / book0, 0 where the book holds less than half a lot"),
        Field("book_value", "a / book0: P(0) x float in units of the book's equity"),
        Field("book_located", "floats of its short that lenders cannot recall"),
        # margin, times |a| but for the prices and the places where add-ons begin
        Field("book_margin", "margin rate x |a|"),
        Field("margin_five", "5 a share over P(0): the rule of low prices, 0: none"),
        Field("margin_max"),
        Field("margin_float", "per float held beyond"),
        Field("margin_float_from"),
        Field("margin_volume", "per day of volume held beyond"),
        Field("margin_volume_from"),
        Field("margin_interest", "per part of the short interest held beyond"),
        Field("margin_interest_from"),
        Field("margin_fee", "per unit of borrow fee beyond"),
        Field("margin_fee_from"),
    ),
    quantities=(
        Quantity("book", "floats", "shares of the book, negative: short", "book0", undone=True),
        Quantity(
            "spent", "1", "money that the book's trades cost so far, fraction of equity",
            undone=True,
        ),
        Quantity(
            "slippage", "1", "slippage of the book's trades so far, fraction of equity",
            undone=True,
        ),
        Quantity("stopped", traced=False, undone=True),
        Quantity("borrow_paid", "1", "borrow fees paid so far, fraction of equity"),
        Quantity(
            "margin", "1", "margin requirement of the name, fraction of equity at the start",
            stored=False,
        ),
    ),
    switches=(Switch("BOOK", 131072, trades),),
    holding=Holding("book", ("BOOK",)),
    pack=pack,
)  # fmt: skip
