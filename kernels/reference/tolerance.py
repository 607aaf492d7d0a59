"""Who has given up: a tolerance that is normal over holders, truncated at zero.

    below(y; mu, sd) = (N((y - mu)/sd) - N(-mu/sd))+ / (1 - N(-mu/sd))

docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from .parameters import Array


def exceeded(
    value: Array, mean: Array, inverse_sd: Array, floor: Array, inverse_mass: Array
) -> Array:
    """The share of holders whose tolerance lies below `value`; `floor` is N(-mu/sd)."""
    share: Array = np.maximum(ndtr((value - mean) * inverse_sd) - floor, 0)
    share *= inverse_mass
    return share
