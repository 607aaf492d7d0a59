"""The clearing rule: the crowd's broker restricts buying when its margin call is too dear.

    U += P (R' - R) - c(1/settlement_days) U        bought and not settled, of a name
    r  = sum_i broker_value_i v_i (U_i)+            required over excess net capital
    restricted for broker_duration days where (r - 1)+ r > premium_limit

NSCC rule 15, excess capital premium. docs/model.md, section 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .parameters import Array, Model
from .state import State

ROUNDING = 1e-3  # of a step: what a rest of whole steps may leave


@dataclass
class Broker:
    """How many days buying stays restricted, (paths,)."""

    rest: Array

    def update(self, state: State, model: Model, crowd_before: Array) -> None:
        """After an intraday step; `crowd_before` is R before it."""
        run = model.packed.run
        bought = state.price * (state.crowd_shares - crowd_before)
        state.unsettled = state.unsettled + bought - float(run["settlement_c"]) * state.unsettled
        unsettled = np.maximum(state.unsettled, 0)
        required = model.total(model.name.broker_value * state.implied_vol * unsettled)
        premium = np.maximum(required - 1, 0) * required
        exceeded = premium > float(run["premium_limit"])
        rest = np.maximum(self.rest - model.dt, 0)
        self.rest = np.where(exceeded, float(run["broker_duration"]), rest)

    def restricts(self, dt: float) -> npt.NDArray[np.bool_]:
        return self.rest > ROUNDING * dt
