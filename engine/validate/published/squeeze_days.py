"""Days on which a name rises by 15 % or more, and what its shorts do on them and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ....kernels.packed import Packed, Simulate, Simulated
from ....kernels.records import Channel
from ....scenarios.agents.shorts import Shorts
from ..case import Array
from ..runner import in_pieces
from ..setting import Name, setting
from .table import DEFAULTS

RISE = 0.15
FIRST, LAST, AFTER = 2, 10, 14  # the event is on one of these days, and so many are followed after
MONTH = 21  # days of volume
SIGMA, TURNOVER, DOF = 0.04, 0.01, 4.0
MEAN_SHORT = 0.18
"""Short interest of the events in Xu and Liu (2012), their mean, in months of volume."""
USUAL, MIDDLE, HIGH = MEAN_SHORT, 0.5, 1.0


@dataclass(frozen=True)
class SqueezeDays:
    """Days of a large rise, the first of their path: a row each, columns the days from it on.

    Shape: returns and impact (events, 1 + AFTER): log returns, and what covering has added to the
    log price since the close before; covered (events, 2 + AFTER): what the cohort bought back, as
    a part of what it was short at the start, from the day before on.
    """

    returns: Array
    impact: Array
    covered: Array

    def strongest(self, part: float) -> SqueezeDays:
        """Those with the largest rise, so many of all."""
        top = self.returns[:, 0] >= np.quantile(self.returns[:, 0], 1 - part)
        return SqueezeDays(self.returns[top], self.impact[top], self.covered[top])


def shorted(months: float) -> Packed:
    """One name whose shorts have sold so many months of volume; no crowd, no dealers."""
    name = Name(
        sigma=SIGMA,
        weight=1.0,
        adv=TURNOVER,
        short_interest=months * MONTH * TURNOVER,
        sections={
            **DEFAULTS,
            "anchor": {"attention_volatility": 0.0, "dof": DOF},
            "shorts": Shorts().model_dump(),
        },
    )
    channels = Channel.SHORTS | Channel.NEW_SHORTS | Channel.RECALL | Channel.TRANSIENT_IMPACT
    return setting(name, seed=1, channels=channels, days=LAST + AFTER, overnight=0.3)


def squeeze_days(months: float, simulate: Simulate, paths: int) -> SqueezeDays:
    """Of so many paths those with a rise, beside the same paths where nobody has to cover."""
    packed = shorted(months)
    without = packed.without("shorts")
    assert without is not None
    ids = np.arange(paths, dtype=np.uint64)
    closes = in_pieces((packed,), log_closes, simulate, ids)
    rises = np.diff(closes[:, FIRST - 1 : LAST + 1], axis=1) >= np.log1p(RISE)
    found = np.flatnonzero(rises.any(axis=1))
    closes, day = closes[found], FIRST + rises[found].argmax(axis=1)  # the first of its path
    gap = closes - in_pieces((without,), log_closes, simulate, ids[found])
    rows = [packed.row_of_close(d) for d in range(packed.last_day + 1)]
    short = in_pieces(
        (packed,), lambda out: out.trace["cohort"][:, rows, 0], simulate, ids[found], trace=True
    )
    event, later = np.arange(len(found))[:, None], day[:, None] + np.arange(AFTER + 1)
    before = day[:, None] - 1
    bought = -np.diff(short, axis=1) / short[:, :1]
    return SqueezeDays(
        np.diff(closes, axis=1)[event, later - 1],
        gap[event, later] - gap[event, before],
        bought[event, np.hstack([before, later]) - 1],
    )


def log_closes(out: Simulated) -> Any:
    """ln P at the start and at every close. Shape: (paths, days + 1)."""
    log_price = np.log1p(out.pnl.T.astype(float))
    return np.hstack([np.zeros((len(log_price), 1)), log_price])
