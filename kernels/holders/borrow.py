"""The borrow market: what can be lent, what it costs, the recall (docs/model.md, 7 and 9)."""

from __future__ import annotations

from ...scenarios.errors import InputError
from ..kinds import LOTS_PER_FLOAT
from . import book, new_shorts
from .declaration import Field, Holder, Quantity, Record, Switch
from .subject import Subject
from .use import Use


def pack(name: Subject) -> Record:
    borrow, position = name.p.borrow, name.position
    lendable_elastic, lendable_locked, utilisation = lending(name)
    return {
        "lendable_elastic": lendable_elastic,
        "lendable_locked": lendable_locked,
        "lendable_crowd": borrow.lendable_crowd,
        "recall_c": name.c(borrow.recall_rate),
        "fee0": name.row.borrow_fee if position.borrow_fee is None else position.borrow_fee,
        "fee_slope": borrow.fee_slope,
        "fee_threshold": borrow.fee_threshold,
        "fee_excess0": max(utilisation - borrow.fee_threshold, 0.0),
        "fee_min": borrow.fee_min,
        "repricing_c": name.c(borrow.repricing_rate),
    }


def lending(name: Subject) -> tuple[float, float, float]:
    """Lendable shares of elastic and locked holders, scaled to the market file; utilisation."""
    row, held = name.row, name.held
    of_elastic, of_locked = name.p.borrow.lendable_elastic, name.p.borrow.lendable_locked
    of_crowd = name.p.borrow.lendable_crowd * held.of["crowd_shares"]
    lendable = of_elastic * held.elastic + of_locked * held.of["locked"]
    if row.lendable is not None and lendable > 0:
        scale = max(row.lendable / row.float_shares - of_crowd, 0.0) / lendable
        of_elastic, of_locked, lendable = of_elastic * scale, of_locked * scale, lendable * scale
    lendable += of_crowd
    if lendable < 1 / LOTS_PER_FLOAT:
        raise InputError(
            f"{row.symbol}: nothing can be borrowed; give lendable in the market file, or "
            "borrow.lendable_elastic above 0"
        )
    return of_elastic, of_locked, held.borrowed / lendable


def recall(use: Use) -> bool:
    somebody = new_shorts.trade(use) or use.some("cohort0") or book.recallable(use)
    return use.some("recall_c") and somebody


HOLDER = Holder(
    "borrow",
    fields=(
        Field("lendable_elastic", "l_E", padding=1.0),
        Field("lendable_locked", "l_L"),
        Field("lendable_crowd", "l_R"),
        Field("recall_c"),
        Field("fee0", "per annum"),
        Field("fee_slope"),
        Field("fee_threshold"),
        Field("fee_excess0", "(u0 - fee_threshold)+"),
        Field("fee_min"),
        Field("repricing_c", "existing loans towards the fee of new ones"),
    ),
    quantities=(
        Quantity("fee", "1/year", "borrow fee", stored=False),
        Quantity("utilisation", "1", "borrowed over lendable shares"),
        Quantity("fee_paid", "1", "borrow cost of a short since the start, as a log run-up"),
        Quantity("fee_existing", "1/year", "borrow fee of existing loans"),
    ),
    switches=(Switch("RECALL", 64, recall),),
    pack=pack,
)
