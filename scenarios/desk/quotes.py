"""Quotes of listed options as read from any vendor's chain, and the volatility at the money.

At the money: the two strikes beside the price, calls and puts averaged, interpolated in the strike;
for 30 days, total variance interpolated between the two expiries beside them, as Cboe does for its
indices of volatility.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from ..derivatives import implied_vol

MONTH = 30
SOONEST = 7  # days: what is nearer says little of a month
LOW, HIGH = 0.011, 20.0  # outside, a vendor's volatility is a placeholder: 1e-5, 0.01, 34
AGREE = 1.5  # factor between a vendor's volatility and its own quotes'


@dataclass(frozen=True)
class Quote:
    """One listed option. Units: strike, bid and ask in currency, open_interest in contracts,
    vol per annum as a decimal; None where the file does not say."""

    expiry: date
    strike: float
    kind: str
    open_interest: float | None = None
    vol: float | None = None
    bid: float | None = None
    ask: float | None = None

    @property
    def mid(self) -> float | None:
        """Between bid and ask, None where nobody bids."""
        return (self.bid + self.ask) / 2 if self.bid and self.ask else None


@dataclass(frozen=True)
class ChainFile:
    """The options of one name on one day. `spot` is None where the file does not say."""

    symbol: str
    source: str
    as_of: date
    spot: float | None
    quotes: tuple[Quote, ...]
    notes: tuple[str, ...] = ()


def at_the_money(chain: Sequence[Quote], spot: float, as_of: date) -> float | None:
    """Implied volatility of 30 days at the money, per annum; None where no quote tells.

    Source: Cboe, Volatility Index Methodology: total variance linear in time between expiries.
    """
    found: list[tuple[int, float]] = []
    for expiry in sorted({q.expiry for q in chain if (q.expiry - as_of).days >= SOONEST}):
        vol = _of_expiry([q for q in chain if q.expiry == expiry], spot, (expiry - as_of).days)
        if vol is not None:
            found.append(((expiry - as_of).days, vol))
    before = [each for each in found if each[0] <= MONTH][-1:]
    after = [each for each in found if each[0] > MONTH][:1]
    if not (before and after):
        return next((vol for _, vol in before + after), None)
    (near, low), (far, high) = before[0], after[0]
    weight = (MONTH - near) / (far - near)
    variance = (1 - weight) * low**2 * near + weight * high**2 * far
    return float(np.sqrt(variance / MONTH))


def spot_by_parity(chain: Iterable[Quote]) -> float | None:
    """The price by put-call parity at the strike where call and put cost the same, first expiry."""
    mids: dict[tuple[date, float], dict[str, float]] = {}
    for quote in chain:
        if quote.mid is not None:
            mids.setdefault((quote.expiry, quote.strike), {})[quote.kind] = quote.mid
    both = {key: pair["call"] - pair["put"] for key, pair in mids.items() if len(pair) == 2}
    if not both:
        return None
    first = min(expiry for expiry, _ in both)
    gaps = {strike: gap for (expiry, strike), gap in both.items() if expiry == first}
    strike = min(gaps, key=lambda k: abs(gaps[k]))
    return strike + gaps[strike]


def _of_expiry(chain: Sequence[Quote], spot: float, days: int) -> float | None:
    by_strike: dict[float, list[float]] = {}
    for quote in chain:
        vol = _vol(quote, spot, days / 365)
        if vol is not None:
            by_strike.setdefault(quote.strike, []).append(vol)
    below = [k for k in sorted(by_strike) if k <= spot][-1:]
    above = [k for k in sorted(by_strike) if k > spot][:1]
    strikes = below + above
    if not strikes or all(abs(np.log(k / spot)) > 0.2 for k in strikes):
        return None
    vols = [float(np.mean(by_strike[k])) for k in strikes]
    return float(np.interp(spot, strikes, vols))


def _vol(quote: Quote, spot: float, years: float) -> float | None:
    """A vendor's volatility where it is none of its placeholders and its own quotes agree, else
    that of the quotes."""
    own = None
    if quote.mid is not None:
        own = implied_vol(quote.kind, quote.mid, spot, quote.strike, years)
        own = own if own is not None and LOW < own < HIGH else None
    vendor = quote.vol if quote.vol is not None and LOW < quote.vol < HIGH else None
    if vendor is None or (own is not None and not 1 / AGREE < vendor / own < AGREE):
        return own
    return vendor
