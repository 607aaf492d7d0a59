"""Option dealers: they hold the delta of what they are short, and chase it at rate kappa.

    H*(x) = sign chain(x, v, t) + o N(d(x)) + o_m N(d_m(x)),
    d = (x - l)/s + s/2,   s = max(v sqrt(tau), 1e-4)

Dealers short gamma (gain G = (M/E') dH*/dx >= 0): exponential step along the linearised price.
Dealers long gamma (G < .01): price and hedge are solved together, between the price xh and the one
a full explicit order would make.
docs/model.md, sections 8 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ..records import Feature
from . import calls, clearing
from .orders import Order
from .parameters import Array, Columns, Model
from .state import State

ROUNDS = 12  # of Newton's method
LONG_GAMMA_BELOW = 0.01  # gain below which price and hedge are solved together
Mask = npt.NDArray[np.bool_]
SQRT_2PI = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class Chain:
    """One time slice of the static chain's table, looked up at one implied vol per element."""

    table: npt.NDArray[np.float32]  # (chains, vol nodes, price nodes), flattened
    nodes: int  # price nodes
    corner: npt.NDArray[np.intp]  # index of the element's lower vol node at the first price
    vol_share: Array  # weight of the upper vol node
    sign: Array
    start: Array
    inverse_step: Array

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """sign x chain and its slope in x: bilinear, constant beyond the ends."""
        last = self.nodes - 1
        place = (x - self.start) * self.inverse_step
        inside = (place >= 0) & (place <= last)
        np.clip(place, 0, last, out=place)
        cell = np.minimum(place.astype(np.intp), last - 1)
        place -= cell
        cell += self.corner
        level, rise = self.table[cell], self.table[cell + 1]
        cell += self.nodes
        level = level + self.vol_share * (self.table[cell] - level)
        rise = rise + self.vol_share * (self.table[cell + 1] - rise)
        rise -= level
        return self.sign * (level + place * rise), self.sign * self.inverse_step * rise * inside

    def at(self, where: Mask) -> Chain:
        """The same slice at some of its elements only."""
        return replace(
            self,
            corner=np.broadcast_to(self.corner, where.shape)[where],
            vol_share=some(self.vol_share, where),
            sign=some(self.sign, where),
            start=some(self.start, where),
            inverse_step=some(self.inverse_step, where),
        )


@dataclass(frozen=True)
class Calls:
    """The crowd's calls of one expiry."""

    number: Array
    strike: Array  # log
    width: Array  # s

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """Their delta and its slope in x."""
        d = (x - self.strike) / self.width + self.width / 2
        density = np.exp(-0.5 * d * d) / SQRT_2PI
        return self.number * ndtr(d), self.number / self.width * density

    def at(self, where: Mask) -> Calls:
        """The same calls at some of their elements only."""
        return Calls(*(some(a, where) for a in (self.number, self.strike, self.width)))


@dataclass(frozen=True)
class Target:
    """The hedge dealers want at a price, with everything else held fixed."""

    chain: Chain | None
    calls: tuple[Calls, ...] = ()

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """H*(x) and dH*/dx."""
        hedge, slope = (np.zeros_like(x), np.zeros_like(x)) if not self.chain else self.chain(x)
        for expiry in self.calls:
            delta, rise = expiry(x)
            hedge += delta
            slope += rise
        return hedge, slope

    def at(self, where: Mask) -> Target:
        """The same target at some of its elements only."""
        chain = self.chain and self.chain.at(where)
        return Target(chain, tuple(expiry.at(where) for expiry in self.calls))


def some(values: Array, where: Mask) -> Array:
    """The elements of an array that broadcasts to `where`, as one row."""
    return np.asarray(np.broadcast_to(values, where.shape)[where])


def target(state: State, model: Model, number: int) -> Target:
    """The dealers' target at the end of step `number`."""
    p, packed, run = model.name, model.packed, model.packed.run
    step = packed.schedule[number]
    chain = None
    if packed.chain.size:
        last = int(run["vol_nodes"]) - 1
        place = (np.sqrt(state.implied_vol) - run["vol_start"]) * run["vol_inverse_step"]
        place = np.clip(place.astype(float), 0, last)
        lower = np.minimum(place.astype(np.intp), last - 1)
        row = np.maximum(p.chain, 0).astype(np.intp)
        chain = Chain(
            table=packed.chain[:, number].ravel(),
            nodes=int(run["price_nodes"]),
            corner=(row * (last + 1) + lower) * int(run["price_nodes"]),
            vol_share=place - lower,
            sign=np.where(p.chain >= 0, p.dealer_sign, 0),
            start=p.chain_start,
            inverse_step=p.chain_inverse_step,
        )
    expiries = []
    if calls.held(model):
        expiries.append((state.calls, state.call_log_strike, step["sqrt_tau"]))
        if Feature.MONTHLY_CALLS in model.features:
            month = (state.monthly_calls, state.monthly_call_log_strike, step["sqrt_tau_month"])
            expiries.append(month)
    widths = (np.maximum(state.implied_vol * float(tau), 1e-4) for _, _, tau in expiries)
    return Target(
        chain, tuple(Calls(n, k, s) for (n, k, _), s in zip(expiries, widths, strict=True))
    )


def relaxed(z: Array) -> Array:
    """(1 - e^-z)/z, z at least -80; 1 - z/2 where |z| < 1e-3."""
    z = np.maximum(z, -80)
    small = np.abs(z) < 1e-3
    return np.where(small, 1 - z / 2, -np.expm1(-z) / np.where(small, 1, z))


def order(
    state: State, model: Model, number: int, m: Array, transient: Array, others: tuple[Array, Array]
) -> Order:
    """What dealers buy or sell in step `number`, after the buys and sells of all others.

    `m` is M times the factor of elasticity events; `transient` is J after its decay.
    """
    p, hedge = model.name, state.hedge
    buys, sells = others
    elastic = np.maximum(state.elastic - buys + sells, p.elastic_min)  # E'
    expected = clearing.log_price(state.anchor, elastic, transient, m, p.elastic_normal)  # xh
    law = target(state, model, number)
    wanted, slope = law(expected)
    gain = m / elastic * slope
    # The range of targets; a hedge beyond it comes back at rate kappa, not at once.
    low = np.minimum(p.chain_low - hedge, 0)
    high = np.maximum(p.chain_high + state.calls + state.monthly_calls - hedge, 0)
    y = (wanted - hedge) * p.hedging_dt * relaxed(p.hedging_dt * (1 - gain))
    y = np.clip(y, low, high)

    implicit = (p.long_gamma > 0) & (gain < LONG_GAMMA_BELOW)
    if implicit.any():
        row = np.maximum(p.chain, 0).astype(np.intp)
        guess = model.packed.steepest[row, number].astype(float)
        about = (hedge, wanted, expected, elastic, m, p.elastic_min, p.hedging_c)
        those = Market(*(some(a, implicit) for a in about))
        y[implicit] = solve(law.at(implicit), those, some(guess, implicit))
    return Order(np.maximum(y, 0), np.maximum(-y, 0))


def within_volume(order: Order, p: Columns, volume: Array) -> Order:
    """The order, at most `participation` of volume where there is such a limit."""
    limited = p.hedging_participation_dt > 0
    most = np.where(limited, p.hedging_participation_dt * volume, np.inf)
    return Order(np.minimum(order.buys, most), np.minimum(order.sells, most))


class Market(NamedTuple):
    """What dealers see before they trade: H, H*(xh), xh, E', M, its floor, and their c(kappa)."""

    hedge: Array
    wanted: Array
    expected: Array
    elastic: Array
    m: Array
    elastic_min: Array
    share: Array


def solve(law: Target, market: Market, guess: Array) -> Array:
    """y = c (H*(x) - H) and x = xh + M ln(E'/(E' - y)) together, by bracketed Newton in x."""
    hedge, wanted, expected, elastic, m, elastic_min, share = market

    def price(y: Array) -> Array:
        return expected + m * np.log(elastic / np.maximum(elastic - y, elastic_min))

    far = price(share * (wanted - hedge))
    left, right = np.minimum(expected, far), np.maximum(expected, far)
    x = np.clip(guess, left, right)
    for _ in range(ROUNDS):
        wanted, slope = law(x)
        y = share * (wanted - hedge)
        error = x - price(y)
        left, right = np.where(error < 0, x, left), np.where(error > 0, x, right)
        rest = elastic - y
        rise = np.where(rest > elastic_min, m * share * slope / np.maximum(rest, elastic_min), 0)
        falling = 1 - rise
        x = x - error / np.where(falling > 0, falling, np.inf)
        x = np.where((x >= left) & (x <= right) & (falling > 0), x, (left + right) / 2)
    return -elastic * np.expm1(-(x - expected) / m)
