"""Clearing: price follows the inventory of elastic holders in closed form.

    x = w + M ln(E* / E) + J                     (Gabaix & Koijen 2021)
    J += eta sigma q / (V + |q|/dt)              (Obizhaeva & Wang 2013)
         x (1 + depth_volatility (v/v0 - 1))+ / depth
    P_fill = exp(w + J_mean + M ln(E*/E)) g((M-1) rho) / g(-rho),
             rho = ln(E/E1),  g(z) = (e^z - 1)/z

docs/model.md, sections 3, 4 and 8.
"""

from __future__ import annotations

import numpy as np

from ..records import HIGHEST_X, LOTS_PER_FLOAT, LOWEST_X
from .parameters import ONE, Array, Columns


def lots(quantity: Array) -> Array:
    """Rounded to whole lots of 2^-22 float, ties to even."""
    return np.rint(quantity * LOTS_PER_FLOAT) / LOTS_PER_FLOAT


def log_price(anchor: Array, elastic: Array, transient: Array, m: Array, normal: Array) -> Array:
    """`normal` is E*, the elastic float at which price and anchor meet."""
    return anchor + m * np.log(normal / elastic) + transient


def filled_share(buys: Array, sells: Array, elastic: Array, elastic_min: Array) -> Array:
    """The share of every buy order that fills before E reaches its floor; sells always fill."""
    available = np.maximum(elastic - elastic_min + sells, 0)
    if (buys <= available).all():
        return ONE
    full = np.ones_like(available)
    return np.divide(available, buys, out=full, where=buys > available)


def thinness(implied_vol: Array, p: Columns, depth: Array) -> Array:
    """By how much impact exceeds that of the start: the book thins as volatility rises."""
    return np.maximum(1 + p.depth_volatility * (implied_vol / p.vol0 - 1), 0) / depth


def impact(quantity: Array, daily_volume: Array, eta_sigma: Array, dt: float) -> Array:
    """Jump of J by a net order; the flow is part of the volume, so at most eta sigma a day."""
    return eta_sigma * quantity / (daily_volume + np.abs(quantity) / dt)


def mean_exponential(z: Array) -> Array:
    """g(z) = (e^z - 1)/z, 1 at 0."""
    z = np.asarray(z, float)
    return np.divide(np.expm1(z), z, out=np.ones_like(z), where=z != 0)


def fill_price(
    anchor: Array, transient: Array, before: Array, after: Array, m: Array, normal: Array
) -> Array:
    """Mean price (1/q) int P dE of a move of the elastic float from `before` to `after`.

    `transient` is the mean of J before and after. Exact for every M, 1 included; the price itself
    where nothing moves. Money is reckoned at bounded prices, so x before the move and the mean are.
    """
    rho = np.log(before / after)
    first = np.clip(log_price(anchor, before, transient, m, normal), LOWEST_X, HIGHEST_X)
    rise = mean_exponential(np.minimum((m - 1) * rho, 2 * HIGHEST_X))
    mean = np.exp(first) * rise / mean_exponential(-rho)
    return np.asarray(np.minimum(mean, np.exp(HIGHEST_X)))
