"""Who holds what of a name at the start, and who lends it (docs/model.md, sections 3 and 5)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from ...scenarios.book import Position
from ...scenarios.errors import InputError
from ...scenarios.market import MarketRow
from ...scenarios.scenario import NameParameters
from ..records import LOTS_PER_FLOAT

SMALLEST_ELASTIC = 0.1
LARGEST_HOLDINGS = 4.0
ALWAYS_SHOWN = ("locked", "dealers' hedge", "book")
ROUNDING = 8 / LOTS_PER_FLOAT  # what whole lots of eight holders can differ from their sum


def lots(floats: float) -> float:
    """The nearest whole number of lots, in floats; ties to even."""
    return float(np.rint(floats * LOTS_PER_FLOAT)) / LOTS_PER_FLOAT


@dataclass(frozen=True)
class Holdings:
    """Holdings at the start in floats, whole lots; `book` is signed, `borrowed` D, `elastic` E0."""

    locked: float
    levered: float
    leader: float
    crowd: float
    new_shorts: float
    hedge: float
    cohort: float
    book: float
    elastic: float
    borrowed: float


def starting_holdings(
    row: MarketRow,
    position: Position,
    p: NameParameters,
    static_hedge: float,
    root_tau: float,
    funds: Mapping[str, float],
    issuance: float,
) -> Holdings:
    """The ledger of one name at the as-of close.

    `static_hedge` is the dealers' hedge of the chain, `root_tau` the square root of years to the
    next weekly expiry; `funds` what each fund holds and `issuance` what the timeline issues, in
    floats. Raises InputError where they do not fit.
    """
    book = lots(position.quantity / row.float_shares)
    shorts = {"the book": max(-book, 0.0), "new shorts": lots(p.new_shorts.initial)}
    shorts |= {f"fund {name}": max(-held, 0.0) for name, held in funds.items()}
    reported, known = row.short_interest / row.float_shares, sum(shorts.values())
    # what is known to be short, and reported, is there however small a draw of the rest
    cohort = lots(max(reported + p.shorts.unreported, min(reported, known))) - known
    if cohort < -ROUNDING:
        _refuse_shorts(row, position, shorts, p.shorts.unreported)
    cohort = max(cohort, 0.0)
    sold = cohort + known

    calls = p.crowd.initial_calls
    hedge = lots(static_hedge + calls * _call_delta(p.crowd.initial_call_strike, row, root_tau))
    longs = {
        "locked": lots(p.locked.share),
        "dealers' hedge": hedge,
        "book": max(book, 0.0),
        "crowd": lots(p.crowd.initial_shares),
        "levered longs": lots(p.levered_longs.share),
        "leader": lots(p.leader.initial),
    }
    longs |= {f"fund {name}": max(held, 0.0) for name, held in funds.items()}
    elastic = 1 + sold - sum(longs.values())
    if elastic < SMALLEST_ELASTIC:
        shown = [who for who, floats in longs.items() if who in ALWAYS_SHOWN or floats]
        held = "".join(f" - {who} {longs[who]:.2f}" for who in shown)
        others = "" if len(shown) == len(ALWAYS_SHOWN) else ", or what the others hold"
        raise InputError(
            f"{row.symbol}: only {elastic:.2f} floats are left to trade with (1 + short interest "
            f"{sold:.2f}{held}), and the model needs {SMALLEST_ELASTIC}; lower locked.share or the "
            f"open interest{others}"
        )
    issuable = p.issuer.maximum + issuance
    if 1 + sold + issuable > LARGEST_HOLDINGS:
        issued = f" and {issuable:.2f} that can be issued" if issuable else ""
        raise InputError(
            f"{row.symbol}: short interest of {sold:.2f} floats{issued}; at most "
            f"{LARGEST_HOLDINGS - 1:g} can be simulated; check float_shares"
        )
    return Holdings(
        locked=longs["locked"],
        levered=longs["levered longs"],
        leader=longs["leader"],
        crowd=longs["crowd"],
        new_shorts=shorts["new shorts"],
        hedge=hedge,
        cohort=cohort,
        book=book,
        elastic=elastic,
        borrowed=sold + max(-hedge, 0.0),
    )


def _refuse_shorts(
    row: MarketRow, position: Position, shorts: Mapping[str, float], unreported: float
) -> None:
    amounts = [f"{who} {floats:.3f}" for who, floats in shorts.items() if floats]
    if len(amounts) == 1 and position.quantity < 0 and not unreported:
        raise InputError(
            f"{row.symbol}: the book is short {-position.quantity:,.0f} shares, more than the "
            f"reported short interest of {row.short_interest:,.0f}; correct the book or the market "
            "file"
        )
    reported = row.short_interest / row.float_shares
    more = f" with shorts.unreported {unreported:.3f}" if unreported else ""
    raise InputError(
        f"{row.symbol}: {', '.join(amounts)} floats short are more than the reported short "
        f"interest of {reported:.3f}{more}; lower one of them, or correct the market file"
    )


def _call_delta(log_strike: float, row: MarketRow, root_tau: float) -> float:
    """N(d) of a call at the start, at least 1e-4 of standard deviation wide."""
    width = max(row.implied_vol * root_tau, 1e-4)
    return float(ndtr(-log_strike / width + width / 2))


def lending(row: MarketRow, p: NameParameters, held: Holdings) -> tuple[float, float, float]:
    """Lendable shares of elastic and locked holders, scaled to the market file; utilisation."""
    of_elastic, of_locked = p.borrow.lendable_elastic, p.borrow.lendable_locked
    lendable = of_elastic * held.elastic + of_locked * held.locked
    if row.lendable is not None and lendable > 0:
        scale = row.lendable / row.float_shares / lendable
        of_elastic, of_locked, lendable = of_elastic * scale, of_locked * scale, lendable * scale
    if lendable < 1 / LOTS_PER_FLOAT:
        raise InputError(
            f"{row.symbol}: nothing can be borrowed; give lendable in the market file, or "
            "borrow.lendable_elastic above 0"
        )
    return of_elastic, of_locked, held.borrowed / lendable


def truncated_normal(mean: float, sd: float) -> tuple[float, float]:
    """N(-mean/sd), and 1 over the mass that is left above 0."""
    return float(ndtr(-mean / sd)), 1 / max(float(ndtr(mean / sd)), math.ulp(0.0))
