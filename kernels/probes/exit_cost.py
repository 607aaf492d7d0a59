"""What closing the book costs by how long it takes, under the liquidity of the start.

A position of b floats is traded evenly over T days, v = |b|/T a day, against the model's own laws
and nobody else:

    cost = |int_0^T v (e^x - 1) dt|,   x = -+M ln(1 -+ v t/E0) + J,   J = -+(k/rho)(1 - e^(-rho t)),
    k = eta sigma v / (V + v),   V = ADV (1 + a_V A0)

minus signs for a sale (E grows). To first order it is half the linear impact of the whole and a
steady order's transient impact (Obizhaeva & Wang 2013, J. Financial Markets 16),

    1/2 (M/E0) b^2 + eta sigma b^2/(V + v) (rho T - 1 + e^(-rho T))/(rho T)^2

docs/model.md, 4 and 11.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..packed import Packed
from ..records import Channel

Array = npt.NDArray[np.float64]

DAYS = (1, 5, 10, 20)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)


def exit_days(packed: Packed) -> Array:
    """Days to close every position at the book's share of volume. Shape: (names,); 0: none."""
    p = packed.names[: int(packed.run["names"])]
    pace = participation(packed) * _volume(p)
    held = np.abs(p["book0"].astype(float))
    days = np.where(held > 0, np.inf, 0.0)
    np.divide(held, pace, out=days, where=pace > 0)
    return days


def exit_cost(packed: Packed, days: npt.ArrayLike) -> Array:
    """Cost of closing every position within so many days, as a fraction of the book's equity.

    Shape: days () or (names,); returns (names,). Infinite where a short is more than elastic
    holders sell up to the price of their floor.
    """
    p = packed.names[: int(packed.run["names"])]
    held, elastic, m = (p[f].astype(float) for f in ("book0", "elastic0", "elasticity"))
    time = np.broadcast_to(np.asarray(days, float), held.shape)
    trades = (held != 0) & (time > 0)
    span = np.where(trades & np.isfinite(time), time, 1.0)[:, None]
    bought = -held[:, None]  # signed: a short is bought back
    rate = bought / span
    impact = p["transient_impact"].astype(float)[:, None]
    if not int(packed.run["channels"]) & Channel.TRANSIENT_IMPACT:
        impact = np.zeros_like(impact)
    rho = -np.log1p(-p["transient_decay_c"].astype(float))[:, None] / float(packed.run["dt"])
    t = span * (NODES + 1) / 2
    push = impact * rate / (_volume(p)[:, None] + np.abs(rate))
    transient = (
        push * t * np.where(rho * t > 0, -np.expm1(-rho * t) / np.maximum(rho * t, 1e-12), 1)
    )
    room = elastic - p["elastic_min"]
    left = np.maximum(elastic[:, None] - np.minimum(rate * t, room[:, None]), 1e-12)
    rise = np.expm1(m[:, None] * np.log(elastic[:, None] / left) + transient)
    cost = (span / 2 * rate * rise) @ WEIGHTS * np.abs(p["book_value"].astype(float))
    cost[trades & (-held > room)] = np.inf
    return np.where(trades, cost, 0.0)


def participation(packed: Packed) -> float:
    """The share of volume that the book trades at most."""
    return float(packed.run["book_participation_dt"]) / float(packed.run["dt"])


def _volume(p: npt.NDArray[np.void]) -> Array:
    """Floats a day at the start."""
    return np.asarray(p["adv"].astype(float) * (1 + p["attention_volume"] * p["attention0"]))
