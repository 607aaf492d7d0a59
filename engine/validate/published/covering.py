"""How long forced covering goes on: Jiang, Liu, Schrowang and Xu (2024)."""

from __future__ import annotations

import numpy as np

from ....kernels.packed import Simulate
from ..case import Array
from .squeeze_days import AFTER, HIGH, MIDDLE, USUAL, squeeze_days
from .table import Claim, Figure, Measured, Published, figure, mean

WITHIN = 7
OVER = 0.1  # of its peak: covering that has subsided


def excess(covered: Array) -> Array:
    """Mean covering of every day from the rise on, over that of the day before."""
    flow = covered.mean(axis=0)
    return np.asarray(flow[1:] - flow[0])


def days_to_subside(covered: Array) -> float:
    """Days after the rise until the excess is a tenth of its peak; AFTER where it never is."""
    flow = excess(covered)
    peak = int(flow.argmax())
    if not flow[peak] > 0:
        return float("nan")  # nobody covers
    calm = np.flatnonzero(flow[peak:] <= OVER * flow[peak])
    if not len(calm):
        return float(AFTER)
    day = peak + int(calm[0])
    above, below = flow[day - 1], flow[day]
    return float(day - (OVER * flow[peak] - below) / (above - below))


def within(covered: Array) -> float:
    """Part of the excess of all days followed that falls on the first seven after the rise."""
    flow = excess(covered)
    return float(flow[: WITHIN + 1].sum() / flow.sum())


def measure(simulate: Simulate, paths: int) -> Measured:
    usual, middle, high = (
        squeeze_days(months, simulate, paths).covered for months in (USUAL, MIDDLE, HIGH)
    )

    def covered(day: int, when: str) -> Figure:
        what = f"covered {when}, % of short interest"
        return mean(what, 100 * usual[:, day + 1])

    before, first, seventh = (
        covered(-1, "on the day before"),
        covered(0, "on the day of the rise"),
        covered(WITHIN, "on the seventh day after"),
    )
    subsided = figure("days until covering has subsided", days_to_subside, usual, reported="7")
    later = figure("the same, short half a month of volume", days_to_subside, middle)
    early = figure("part of 14 days' covering done within 7", within, usual)
    slow = figure("the same, short 1 month of volume", within, high)
    claims = (
        Claim("covering jumps on the day of the rise", first.above(before)),
        Claim("and subsides: on the seventh day after it is less than half",
              seventh.below(first.value / 2)),
        Claim("within seven trading days", subsided.below(WITHIN)),
        Claim("more shorts take longer", later.above(subsided) and slow.below(early)),
    )  # fmt: skip
    figures = (before, first, covered(1, "on the day after"), covered(3, "on the third day after"),
               seventh, subsided, later, early, slow)  # fmt: skip
    return Measured(figures, claims)


TABLE = Published(
    id="covering",
    title="how long forced covering goes on",
    paper="Jiang, Liu, Schrowang and Xu (2024), Short squeezes, Financial Analysts Journal 80(2), "
    "152-173",
    reports="A short squeeze subsides within seven trading days on average, by daily short sale "
    "data.",
    read="the abstract and the journal's summary; its tables were not read",
    simulated="The days of `squeeze-impact`, short .18 months of volume where nothing else is "
    "said. Covering has subsided where what the cohort buys back in a day, less what it bought on "
    "the day before the rise, is a tenth of its peak.",
    differs="At the mean short interest of such days it does not. With more shorts it takes "
    "longer: who has given up waits for a place in 11.6 % of volume, and with half a month's "
    "volume short the queue outlasts the seven days, with a whole month's two weeks. What ends in "
    "the paper is a pressure on the price, what ends here a queue.",
    paths=200_000,
    measure=measure,
)
