"""Arrays of float64 that broadcast over names and paths, and the two that stand for nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
ZERO: Array = np.zeros((1, 1))
ONE: Array = np.ones((1, 1))
ZERO.flags.writeable = ONE.flags.writeable = False
