"""Jumps of the anchor, at most one a day (Merton 1976).

With the odds of a day: a jump where uniform < odds; when = uniform/odds: overnight where when < f,
else in intraday step 1 + floor((when - f)/(1 - f) n). It moves w by jump_mean + jump_sd z. Every
overnight step subtracts ln(1 + odds (e^(mean + sd^2/2) - 1)), so e^w is a martingale from close to
close. docs/model.md, section 6.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import ZERO, Array
from ..packed import Packed
from ..records import Feature
from . import philox

NEVER = -1.0


class Jumps:
    """Draws the jumps of every day; `move` is what they do to w in a step."""

    def __init__(self, packed: Packed, path_ids: npt.NDArray[np.uint64]) -> None:
        self.run, self.names = packed.run, packed.names[: int(packed.run["names"])]
        self.path_ids = path_ids
        self.on = Feature.JUMPS in Feature(int(packed.run["features"]))
        self.step: Array = ZERO  # of the day: 0 overnight, 1 .. n, or NEVER
        self.size: Array = ZERO

    def draw(self, day: int) -> None:
        """The jumps of a day, before its overnight step."""
        if not self.on:
            return
        f, n = float(self.run["overnight_share"]), int(self.run["steps_per_day"])
        source = (int(self.run["seed"]), self.names["stream"], self.path_ids)
        u = philox.uniform(philox.words(*source, philox.JUMPS, day)[0])
        chance = np.broadcast_to(self._column("jump_probability"), u.shape)
        jumps = u < chance
        y = np.divide(u, chance, out=np.zeros_like(u), where=jumps)
        intraday = np.minimum(1 + np.floor((y - f) / max(1 - f, 1e-12) * n), n)
        self.step = np.where(jumps, np.where(y < f, 0, intraday), NEVER)
        z = philox.normals(*source, philox.JUMPS, day)[2]
        self.size = self._column("jump_mean") + self._column("jump_sd") * z

    def move(self, step_of_day: int) -> Array:
        """The log move of w in a step of the day, the overnight compensator included."""
        if not self.on:
            return ZERO
        move: Array = np.where(self.step == step_of_day, self.size, 0)
        return move - self._column("jump_compensator") if step_of_day == 0 else move

    def _column(self, field: str) -> Array:
        """Shape: (names, 1)."""
        return np.asarray(self.names[field].astype(float)[:, None])
