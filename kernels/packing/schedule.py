"""The steps of a path: one overnight step and n intraday steps a day (docs/model.md, 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..kinds import SESSION_MINUTES
from ..kinds import TRADING_DAYS as TRADING_DAYS
from ..records import STEP, StepKind

TAU_FLOOR = 1e-3
"""An option's time to expiry is never below this fraction of a step."""
WEEK = 5  # trading days
OPENING_MINUTES, CLOSING_MINUTES = 15, 25
"""When pause bands are doubled (limit-up/limit-down plan)."""


def schedule(
    days: int,
    steps_per_day: int,
    expiries: Sequence[int],
    *,
    monthly: Sequence[int] | None = None,
    normals_per_step: int = 1,
    tau_floor: float = TAU_FLOOR,
    ladder: bool = False,
) -> npt.NDArray[np.void]:
    """STEP records, shape (days * (steps_per_day + 1),).

    `expiries` are the days (from 1) at whose close the crowd's weekly calls expire, in order, up to
    at least one after the last day; `monthly` the same of its monthly calls (None: as the weekly
    ones). On a `ladder` these are the weekly ones too, each time the one after the next, and no
    step is a monthly expiry.
    Raises ValueError if no expiry follows the last day.
    """
    per_day = steps_per_day + 1
    rows = np.zeros(days * per_day, STEP)
    day = np.repeat(np.arange(days), per_day)
    step = np.tile(np.arange(-1, steps_per_day), days)
    overnight = step < 0
    close = step == steps_per_day - 1

    time = day + (step + 1) / steps_per_day
    middle = (step + 0.5) / steps_per_day * SESSION_MINUTES
    kind = np.where(overnight, StepKind.OVERNIGHT, 0) | np.where(close, StepKind.CLOSE, 0)
    opening = ~overnight & (middle <= OPENING_MINUTES)
    closing = middle >= SESSION_MINUTES - CLOSING_MINUTES
    kind = kind | np.where(opening, StepKind.OPENING, 0) | np.where(closing, StepKind.CLOSING, 0)
    rows["day"] = day
    rows["step_of_day"] = step + 1
    rows["draw"] = np.where(overnight, day, (day * steps_per_day + step) * normals_per_step)
    rows["time"] = time
    later = expiries if monthly is None else monthly
    for ends, flag, name, rung in (
        (expiries, StepKind.EXPIRY, "sqrt_tau", 0),
        (later, StepKind.MONTHLY_EXPIRY, "sqrt_tau_month", int(ladder)),
    ):
        if not ends or ends[-1] <= days:
            raise ValueError(f"expiries must reach beyond day {days}, got {list(ends)}")
        upcoming = np.searchsorted(ends, day + 1) + rung
        expiry = np.array([*ends, ends[-1] + WEEK] if rung else ends, float)
        on_expiry = close & (expiry[upcoming] == day + 1)
        tau = np.maximum(expiry[upcoming] - time, tau_floor / steps_per_day)
        following = expiry[np.minimum(upcoming + 1, len(expiry) - 1)]
        buying = np.sqrt(np.maximum(tau, 1.0) / TRADING_DAYS)
        kind = kind | np.where(on_expiry, flag, 0)
        rows[name] = np.sqrt(tau / TRADING_DAYS)
        rows[f"{name}_buy"] = buying
        rolling = np.sqrt(np.maximum(following - time, 0) / TRADING_DAYS)
        rows[f"{name}_roll"] = np.where(on_expiry, rolling, buying)
    rows["kind"] = kind
    return rows
