"""Who holds what of a name at the start, and who lends it (docs/model.md, sections 3 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import numpy as np
from scipy.special import ndtr

from ...scenarios.book import Position
from ...scenarios.errors import InputError
from ...scenarios.market import MarketRow
from ...scenarios.scenario import NameParameters
from ..holders import HOLDERS
from ..holders.subject import Holdings, Setting
from ..records import HOLDINGS, LOTS_PER_FLOAT

SMALLEST_ELASTIC = 0.1
LARGEST_HOLDINGS = 4.0
ALWAYS_SHOWN = ("locked", "hedge", "book")
ROUNDING = 8 / LOTS_PER_FLOAT  # what whole lots of eight holders can differ from their sum


def lots(floats: float) -> float:
    """The nearest whole number of lots, in floats; ties to even."""
    return float(np.rint(floats * LOTS_PER_FLOAT)) / LOTS_PER_FLOAT


def starting_holdings(
    row: MarketRow, position: Position, p: NameParameters, setting: Setting
) -> Holdings:
    """The ledger of one name at the as-of close. Raises InputError where holdings do not fit."""
    of = {h.quantity: lots(h.start(p)) for h in HOLDINGS if h.start is not None}
    of["book"] = lots(position.quantity / row.float_shares)
    of["new_shorts"] = lots(p.new_shorts.initial)
    shorts = {"the book": max(-of["book"], 0.0), "new shorts": of["new_shorts"]}
    shorts |= {f"fund {name}": max(-held, 0.0) for name, held in setting.funds.items()}
    of["cohort"] = _cohort(row, position, p, shorts)
    sold = of["cohort"] + sum(shorts.values())

    calls = p.crowd.initial_calls
    delta = _call_delta(p.crowd.initial_call_strike, row, setting.root_tau)
    of["hedge"] = lots(setting.hedge.start + calls * delta)
    longs = {
        words: max(of[quantity], 0.0) if quantity == "book" else of[quantity]
        for quantity, words in _longs().items()
    }
    longs |= {f"fund {name}": max(held, 0.0) for name, held in setting.funds.items()}
    elastic = 1 + sold - sum(longs.values())
    if elastic < SMALLEST_ELASTIC:
        _refuse_longs(row, longs, sold, elastic)
    issuable = p.issuer.maximum + setting.issuance
    if 1 + sold + issuable > LARGEST_HOLDINGS:
        issued = f" and {issuable:.2f} that can be issued" if issuable else ""
        raise InputError(
            f"{row.symbol}: short interest of {sold:.2f} floats{issued}; at most "
            f"{LARGEST_HOLDINGS - 1:g} can be simulated; check float_shares"
        )
    return Holdings(of, elastic, borrowed=sold + max(-of["hedge"], 0.0))


def _longs() -> dict[str, str]:
    """Who is long at the start, by quantity, in words: first those that are always shown."""
    words = {q.name: q.holder for holder in HOLDERS for q in holder.quantities}
    others = [h.quantity for h in HOLDINGS if h.start is not None]
    return {q: words[q] or q for q in dict.fromkeys([*ALWAYS_SHOWN, *others])}


def _cohort(
    row: MarketRow, position: Position, p: NameParameters, shorts: Mapping[str, float]
) -> float:
    """What is reported short, in floats, less whose shorts are told apart."""
    reported, known = row.short_interest / row.float_shares, sum(shorts.values())
    # what is known to be short, and reported, is there however small a draw of the rest
    cohort = lots(max(reported + p.shorts.unreported, min(reported, known))) - known
    if cohort < -ROUNDING:
        _refuse_shorts(row, position, shorts, p.shorts.unreported)
    return max(cohort, 0.0)


def _refuse_longs(
    row: MarketRow, longs: Mapping[str, float], sold: float, elastic: float
) -> NoReturn:
    always = list(longs)[: len(ALWAYS_SHOWN)]
    shown = [who for who, floats in longs.items() if who in always or floats]
    held = "".join(f" - {who} {longs[who]:.2f}" for who in shown)
    others = "" if len(shown) == len(always) else ", or what the others hold"
    raise InputError(
        f"{row.symbol}: only {elastic:.2f} floats are left to trade with (1 + short interest "
        f"{sold:.2f}{held}), and the model needs {SMALLEST_ELASTIC}; lower locked.share or the "
        f"open interest{others}"
    )


def _refuse_shorts(
    row: MarketRow, position: Position, shorts: Mapping[str, float], unreported: float
) -> NoReturn:
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
