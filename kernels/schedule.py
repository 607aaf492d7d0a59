"""The steps of a path: one overnight step and n intraday steps a day (docs/model.md, 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .layout import STEP, StepKind

TRADING_DAYS = 252
TAU_FLOOR = 1e-3
"""An option's time to expiry is never below this fraction of a step."""


def schedule(
    days: int,
    steps_per_day: int,
    expiries: Sequence[int],
    horizons: Sequence[int],
    *,
    normals_per_step: int = 1,
    tau_floor: float = TAU_FLOOR,
) -> npt.NDArray[np.void]:
    """STEP records, shape (days * (steps_per_day + 1),).

    `expiries` are the days (from 1) at whose close the crowd's weekly calls expire, in order, up to
    at least one after the last day; `horizons` the days (from 1) at whose close pnl is kept.
    Raises ValueError if no expiry follows the last day.
    """
    if not expiries or expiries[-1] <= days:
        raise ValueError(f"the weekly expiries must reach beyond day {days}, got {list(expiries)}")
    per_day = steps_per_day + 1
    rows = np.zeros(days * per_day, STEP)
    day = np.repeat(np.arange(days), per_day)
    step = np.tile(np.arange(-1, steps_per_day), days)
    overnight = step < 0
    close = step == steps_per_day - 1

    time = day + (step + 1) / steps_per_day
    upcoming = np.searchsorted(expiries, day + 1)
    expiry = np.asarray(expiries, float)
    on_expiry = close & (expiry[upcoming] == day + 1)
    tau = np.maximum(expiry[upcoming] - time, tau_floor / steps_per_day)
    after = np.minimum(upcoming + 1, len(expiry) - 1)

    kind = np.where(overnight, StepKind.OVERNIGHT, 0)
    kind = kind | np.where(close, StepKind.CLOSE, 0) | np.where(on_expiry, StepKind.EXPIRY, 0)
    rows["kind"] = kind
    rows["day"] = day
    rows["draw"] = np.where(overnight, day, (day * steps_per_day + step) * normals_per_step)
    rows["horizon"] = -1
    for index, horizon in enumerate(horizons):
        rows["horizon"][close & (day + 1 == horizon)] = index
    rows["time"] = time
    rows["sqrt_tau"] = np.sqrt(tau / TRADING_DAYS)
    rows["sqrt_tau_buy"] = np.sqrt(np.maximum(tau, 1.0) / TRADING_DAYS)
    rows["sqrt_tau_roll"] = np.where(
        on_expiry, np.sqrt((expiry[after] - time) / TRADING_DAYS), rows["sqrt_tau_buy"]
    )
    return rows
