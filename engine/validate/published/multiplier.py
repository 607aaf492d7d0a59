"""How far a purchase moves the price: Bouchaud (2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....kernels.packed import Packed, Simulate, Simulated
from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from ....scenarios.example import example
from ....scenarios.market import load_market
from ..case import Array
from ..runner import in_pieces
from ..setting import Name, setting
from .table import DEFAULTS, Claim, Figure, Measured, Published, figure, mean

BUYING, AFTER = 5, 5  # days: bought over one week, looked at a week later
SIZE = 0.01  # of the float
SIGMA, TURNOVER = 0.02, 0.005  # a day: a large company's
SIGMAS, TURNOVERS = (0.01, 0.04), (0.0025, 0.02)


def purchase(sigma: float, turnover: float, size: float) -> Packed:
    """One name of which somebody buys `size` floats, evenly; nobody else trades."""
    bought = {"type": "lock_up", "day": 1, "duration": BUYING, "size": size}
    name = Name(sigma=sigma, weight=1.0, adv=turnover, sections=DEFAULTS)
    channels = Channel.PROGRAMMES | Channel.TRANSIENT_IMPACT
    return setting(name, seed=1, channels=channels, days=BUYING + AFTER, timeline=(bought,))


def multipliers(
    simulate: Simulate, paths: int, sigma: float, turnover: float, size: float = SIZE
) -> Array:
    """Log price moved per float bought, at the end of the buying and a week later: (paths, 2)."""
    packed = purchase(sigma, turnover, size)
    without = packed.without("programmes")
    assert without is not None

    def moved(bought: Simulated, nothing: Simulated) -> Any:
        rise = np.log1p(bought.pnl.astype(float)) - np.log1p(nothing.pnl.astype(float))
        return rise[[BUYING - 1, BUYING + AFTER - 1]].T / size

    return in_pieces((packed, without), moved, simulate, np.arange(paths, dtype=np.uint64))


def exponent(what: str, by: Mapping[float, Array], reported: str) -> Figure:
    """d ln M / d ln of what M is given by, from its smallest value to its largest."""
    low, high = min(by), max(by)

    def slope(a: Array, b: Array) -> float:
        return float(np.log(b.mean() / a.mean()) / np.log(high / low))

    return figure(what, slope, by[low], by[high], reported=reported)


def of_the_example(simulate: Simulate, paths: int) -> Figure:
    """The median over the names of the example book's market."""
    rows = load_market(example() / "market.csv").rows.values()
    each = [
        multipliers(simulate, paths, row.volatility / TRADING_DAYS**0.5, row.adv / row.float_shares)
        for row in rows
    ]
    return figure(
        f"median M of the {len(each)} names of examples/january-2021",
        lambda later: np.median(later.mean(axis=0)),
        np.column_stack([found[:, 1] for found in each]),
        reported="order 1",
    )


def measure(simulate: Simulate, paths: int) -> Measured:
    ending, later = multipliers(simulate, paths, SIGMA, TURNOVER).T
    larger = multipliers(simulate, paths, SIGMA, TURNOVER, 5 * SIZE)[:, 1]
    by_sigma = {s: multipliers(simulate, paths, s, TURNOVER)[:, 1] for s in SIGMAS}
    by_turnover = {t: multipliers(simulate, paths, SIGMA, t)[:, 1] for t in TURNOVERS}
    m = mean("M at a volatility of 2 % and a turnover of .5 % a day", later, "order 1")
    median = of_the_example(simulate, paths)
    sigma = exponent("exponent of volatility", by_sigma, "above 0")
    turnover = exponent("exponent of turnover", by_turnover, "below 0")
    calm, wild = (mean(f"M at a volatility of {100 * s:g} %", by_sigma[s]) for s in SIGMAS)
    rare, busy = (mean(f"M at a turnover of {100 * t:g} %", by_turnover[t]) for t in TURNOVERS)
    figures = (
        m,
        mean("the same at the end of the buying", ending),
        mean("the same of 5 % of the float", larger),
        *(calm, wild, rare, busy),
        sigma,
        turnover,
        median,
    )
    claims = (
        Claim("M is of order 1 (between 1/3 and 3) for a large company and for the example's names",
              all(x.above(1 / 3) and x.below(3) for x in (m, median))),
        Claim("M rises with volatility", wild.above(calm)),
        Claim("M falls with turnover", busy.below(rare)),
    )  # fmt: skip
    return Measured(figures, claims)


TABLE = Published(
    id="multiplier",
    title="by how much a purchase raises what a company is worth",
    paper="Bouchaud (2021), The inelastic market hypothesis: a microstructural interpretation, "
    "arXiv:2108.00242",
    reports="The multiplier M, by how many dollars the market value goes up for a dollar bought, "
    "is of order unity, increases with the volatility of the stock and decreases with the "
    "fraction of the market capitalisation traded a day.",
    read="the abstract and the author's note of June 2022 (one dollar for one dollar); its "
    "formula was not read, so no exponent is compared",
    simulated="One name without news of its own and nobody else in it; 1 % of the float is bought "
    "over five days (`lock_up`) under the default law of impact. M is the log price over that of "
    "the same paths without the purchase, five days later, per float bought.",
    differs="The signs and the size are those of the square-root law read off at 10 % of the "
    "float (A02), so the exponents are 1 and -1/2 by construction, and M hardly depends on how "
    "much is bought: the law is linear below that size, where a square root would make a share "
    "dearer the fewer are bought. M counts floats; of market value, where a part of the shares "
    "never trades, it is larger in proportion.",
    paths=256,
    measure=measure,
)
