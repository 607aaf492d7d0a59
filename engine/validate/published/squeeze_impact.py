"""What covering adds to the price after a large rise, and for how long: Xu and Liu (2012)."""

from __future__ import annotations

import numpy as np

from ....kernels.packed import Simulate
from ..case import Array
from .squeeze_days import HIGH, USUAL, SqueezeDays, squeeze_days
from .table import Claim, Figure, Measured, Published, figure, mean

TOP = 0.1
AVERAGE = 0.30  # per cent: the mean reversal of all events


def added(what: str, days: SqueezeDays, after: int, reported: str = "") -> Figure:
    """Per cent that covering has added by the close so many days after the rise."""
    return mean(what, 100 * np.expm1(days.impact[:, after]), reported)


def measure(simulate: Simulate, paths: int) -> Measured:
    usual, high = (squeeze_days(months, simulate, paths) for months in (USUAL, HIGH))
    top = high.strongest(TOP)
    impact = added("added by the next close, %: short .18 months of volume", usual, 1, ".30")
    more = added("the same, short 1 month", high, 1)
    most = added("the same, short 1 month, top tenth of rises", top, 1, "3.25")
    week, more_week = (
        added(f"added by the fifth close after, %: short {words}", days, 5)
        for words, days in ((".18 months", usual), ("1 month", high))
    )

    def left(values: Array) -> float:
        return float(values[:, 5].mean() / values[:, 1].mean())

    figures = (
        added("added by the close of the day, %: short .18 months of volume", usual, 0),
        impact,
        more,
        most,
        week,
        more_week,
        figure("fifth close over next close: short .18 months", left, usual.impact, reported="0"),
        figure("the same, top tenth of rises, short 1 month", left, top.impact, reported="0"),
        mean("return of the day after, %: short .18 months", 100 * usual.returns[:, 1], "-.30"),
        mean("the same, top tenth of rises, short 1 month", 100 * top.returns[:, 1], "-3.25"),
    )
    claims = (
        Claim(
            "covering adds to the price, and at the mean short interest of the events as much as "
            "their mean reversal, within a factor of 2",
            impact.above(AVERAGE / 2) and impact.below(2 * AVERAGE),
        ),
        Claim("it adds more after a larger rise", most.above(more)),
        Claim("with more shorts it has added more after a week", more_week.above(week)),
    )
    return Measured(figures, claims)


TABLE = Published(
    id="squeeze-impact",
    title="what covering adds to the price after a rise of 15 % in a day",
    paper="Xu and Liu (2012), Short squeeze, working paper, SSRN 2019361",
    reports="An average short squeeze has an impact of 3.25 % on the price that lasts for a day "
    "and a half; it grows with the day's return and with short interest. The figure is the "
    "reversal on the next day of 190 stocks in the top tenth of both, out of 26,343 rises of 15 % "
    "or more in 1995-2009, whose mean risk-adjusted reversal is .30 % and whose mean short "
    "interest is .18 months of volume.",
    read="the abstract, and for the second sentence a summary of the paper at CXO Advisory (12 "
    "April 2012); the border of the top tenth of short interest was not found, 1 month of volume "
    "is our choice",
    simulated="One name, 4 % a day with Student-t tails (4 degrees of freedom), 1 % of the float "
    "traded a day, shorts, new shorts and recalls by their defaults, no crowd and no dealers; the "
    "first close-to-close rise of 15 % or more on days 2 to 10. What covering adds is the price "
    "over that of the same path where nobody has to cover, since the close before.",
    differs="Smaller at the top, and it stays. Covering is at most a share of volume (11.6 %, the "
    "fit to GameStop), so on the first day a larger cohort covers no more than a small one, only "
    "for longer. And it does not reverse: who covers is out for good (A19), elastic holders ask a "
    "higher price as long as they hold less, and only transient impact decays; new shorts come in "
    "at twice the anchor, not at 15 % above it. So nothing here makes the reversal that the paper "
    "measures, which holds overreaction of every kind. A short squeezed over one day looks too "
    "cheap here, one over weeks is what the law was fitted to.",
    paths=200_000,
    measure=measure,
)
