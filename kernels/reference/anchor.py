"""The anchor w: what the price would do if nobody but the elastic holders traded.

    s^2 = sigma^2 (1 + a_sigma A)^2
    dw  = sqrt(h) (sum_f b_f z_f + sqrt(s^2 - b^2) z) - h s^2/2 + h drift

over the share h of a day: f overnight, (1 - f) dt in a step. e^w is a martingale without drift.
docs/model.md, sections 6 and 8.
"""

from __future__ import annotations

import numpy as np

from .parameters import Array, Model


def move(model: Model, attention: Array, share: float, draws: Array) -> Array:
    """The anchor's log move over `share` of a day.

    Shape: attention (names, paths); draws (names + factors, paths), factors last.
    """
    p = model.name
    variance = np.square(p.sigma * (1 + p.attention_volatility * attention))
    names = len(attention)
    news = np.sqrt(np.maximum(variance - p.factor_variance, 0)) * draws[:names]
    if model.loadings.shape[1]:
        news += model.loadings @ draws[names:]
    variance *= -0.5 * share
    variance += np.sqrt(share) * news
    variance += share * p.drift
    return variance
