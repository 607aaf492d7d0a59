"""Option dealers: they hold the delta of what they are short, and chase it at rate kappa.

    H*(x) = sign chain(x, v, t) + n N(d(x)),   d = (x - l)/s + s/2,   s = max(v sqrt(tau), 1e-4)

Dealers short gamma (gain G = (M/E') dH*/dx >= 0): exponential step along the linearised price.
Dealers long gamma (G < .01): price and hedge are solved together, between the price xh and the one
a full explicit order would make.
docs/model.md, sections 8 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from .parameters import Array, Model
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
class Target:
    """The hedge dealers want at a price, with everything else held fixed."""

    chain: Chain | None
    calls: Array | None  # None: the crowd has no calls
    strike: Array
    width: Array  # s

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """H*(x) and dH*/dx."""
        hedge, slope = (np.zeros_like(x), np.zeros_like(x)) if not self.chain else self.chain(x)
        if self.calls is not None:
            d = (x - self.strike) / self.width + self.width / 2
            hedge += self.calls * ndtr(d)
            slope += self.calls / self.width * np.exp(-0.5 * d * d) / SQRT_2PI
        return hedge, slope

    def at(self, where: Mask) -> Target:
        """The same target at some of its elements only."""
        return Target(
            chain=self.chain and self.chain.at(where),
            calls=None if self.calls is None else some(self.calls, where),
            strike=some(self.strike, where),
            width=some(self.width, where),
        )


def some(values: Array, where: Mask) -> Array:
    """The elements of an array that broadcasts to `where`, as one row."""
    return np.asarray(np.broadcast_to(values, where.shape)[where])


def target(state: State, model: Model, step: int, sqrt_tau: float, calls: bool) -> Target:
    """The dealers' target at the end of step number `step`."""
    p, packed, run = model.name, model.packed, model.packed.run
    chain = None
    if packed.chain.size:
        last = int(run["vol_nodes"]) - 1
        place = (np.sqrt(state.implied_vol) - run["vol_start"]) * run["vol_inverse_step"]
        place = np.clip(place.astype(float), 0, last)
        lower = np.minimum(place.astype(np.intp), last - 1)
        row = np.maximum(p.chain, 0).astype(np.intp)
        chain = Chain(
            table=packed.chain[:, step].ravel(),
            nodes=int(run["price_nodes"]),
            corner=(row * (last + 1) + lower) * int(run["price_nodes"]),
            vol_share=place - lower,
            sign=np.where(p.chain >= 0, p.dealer_sign, 0),
            start=p.chain_start,
            inverse_step=p.chain_inverse_step,
        )
    width = np.maximum(state.implied_vol * sqrt_tau, 1e-4)
    return Target(chain, state.calls if calls else None, state.call_log_strike, width)


def relaxed(z: Array) -> Array:
    """h(z) = (1 - e^-z)/z, z at least -80; 1 - z/2 where |z| < 1e-3."""
    z = np.maximum(z, -80)
    small = np.abs(z) < 1e-3
    return np.where(small, 1 - z / 2, -np.expm1(-z) / np.where(small, 1, z))


def order(
    law: Target, state: State, model: Model, expected: Array, elastic: Array, step: int
) -> Array:
    """Shares dealers buy (sell where negative).

    `elastic` is E' after everybody else's orders and `expected` the price xh they make.
    """
    p, hedge = model.name, state.hedge
    wanted, slope = law(expected)
    gain = p.elasticity / elastic * slope
    # The range of targets; a hedge beyond it comes back at rate kappa, not at once.
    low = np.minimum(p.chain_low - hedge, 0)
    high = np.maximum(p.chain_high + state.calls - hedge, 0)
    y = (wanted - hedge) * p.hedging_dt * relaxed(p.hedging_dt * (1 - gain))
    y = np.clip(y, low, high)

    implicit = (p.long_gamma > 0) & (gain < LONG_GAMMA_BELOW)
    if implicit.any():
        row = np.maximum(p.chain, 0).astype(np.intp)
        guess = model.packed.steepest[row, step].astype(float)
        about = (hedge, wanted, expected, elastic, p.elasticity, p.elastic_min, p.hedging_c)
        y[implicit] = solve(law.at(implicit), *(some(a, implicit) for a in (*about, guess)))
    return y


def solve(
    law: Target,
    hedge: Array,
    wanted: Array,
    expected: Array,
    elastic: Array,
    m: Array,
    elastic_min: Array,
    share: Array,
    guess: Array,
) -> Array:
    """y = c (H*(x) - H) and x = xh + M ln(E'/(E' - y)) together, by bracketed Newton in x."""

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
