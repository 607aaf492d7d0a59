"""The anchor w: what the price would do if nobody but the elastic holders traded.

    beyond = (1 - c) (sigma^2 (1 + a_sigma A)^2 - omega^2) + c (min(rv^2 / 252, 1) - omega^2)+
    own    = (1 - sum_g a_g^2) beyond,    common = (sum_g a_g^2) beyond
    dw  = sqrt(h) (sqrt(W_F) (sum_f omega_f z_f + sqrt(beyond) sum_g a_g z_g) + sqrt(W_i own) z)
          - h (W_F (omega^2 + common) + W_i own)/2 + h (drift + adaptation A (x - w))

over the share h of a day: f overnight, (1 - f) dt in a step; factors f keep their variance, g are
attention factors; W_F and W_i are the day's variances (tails.py), 1 where returns are normal. e^w
is a martingale without drift and adaptation, which wants a crowd. docs/model.md, 6 and 8.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..records import Channel, Feature
from .parameters import ONE, ZERO, Array, Model
from .state import State


class News(NamedTuple):
    """What moves the anchor in a step."""

    draws: Array  # normals, (names + factors, paths), factors last
    jump: Array = ZERO  # log move by events and jumps
    name_variance: Array = ONE  # W_i of the day, (names, paths)
    factor_variance: Array = ONE  # W_F of the day, (paths,)


def move(model: Model, state: State, share: float, news: News) -> Array:
    """The anchor's log move over `share` of a day, (names, paths)."""
    p, names, attention = model.name, len(state.attention), state.attention
    last = names + model.loadings.shape[1]  # of the draws of factors that do not scale
    variance = np.square(p.sigma * (1 + p.attention_volatility * attention)) - p.factor_variance
    np.maximum(variance, 0, out=variance)
    if Feature.CLUSTERING in model.features:
        realised = np.maximum(np.minimum(state.realised_vol**2 / 252, 1) - p.factor_variance, 0)
        variance = (1 - p.clustering) * variance + p.clustering * realised
    if Feature.ATTENTION_FACTORS in model.features:
        own, common = (1 - p.attention_share) * variance, p.attention_share * variance
        of_factors = np.sqrt(variance) * (model.attention_loadings @ news.draws[last:])
    else:
        own, common, of_factors = variance, ZERO, ZERO
    if last > names:
        of_factors = of_factors + model.loadings @ news.draws[names:last]
        common = common + p.factor_variance
    own = own * news.name_variance
    moved = np.sqrt(own) * news.draws[:names] + np.sqrt(news.factor_variance) * of_factors
    variance = own + news.factor_variance * common
    moved *= np.sqrt(share)
    drift = p.drift
    if Channel.CROWD in model.on:
        drift = drift + p.adaptation * attention * (state.log_price - state.anchor)
    moved += share * (drift - variance / 2) + news.jump
    return moved
