"""The end of a corner: shorts who owe more than anybody would sell are closed out.

    owed = S_c + S_n + B-,   cornered where E < corner_ratio owed
    part = min((R + L + K)/owed, 1)

Crowd, locked holders and the leader hand over what they hold in proportion, as far as it goes, and
the cohort, new shorts and the book pay settlement_multiple times the last close. docs/model.md, 8.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..records import HIGHEST_X, LOWEST_X
from . import policy
from .clearing import lots
from .parameters import Model
from .state import State

LENT_OUT = ("crowd_shares", "locked", "leader")


def settle(state: State, model: Model, trading: npt.NDArray[np.bool_]) -> None:
    """After the fills of a step."""
    p = model.name
    owed = {
        "cohort": state.cohort,
        "new_shorts": state.new_shorts,
        "book": np.maximum(-state.book, 0),
    }
    total = sum(owed.values())
    cornered = trading & (p.corner_ratio > 0) & (state.elastic < p.corner_ratio * total)
    if not model.on or not cornered.any():
        return
    held = sum(getattr(state, holder) for holder in LENT_OUT)
    part = cornered * np.minimum(held / np.maximum(total, 1e-12), 1)
    bought = {who: lots(part * shares) for who, shares in owed.items()}
    moved = sum(bought.values())
    handed = {
        holder: np.minimum(
            lots(getattr(state, holder) * (moved / np.maximum(held, 1e-12))), getattr(state, holder)
        )
        for holder in LENT_OUT
    }
    for holder, shares in handed.items():
        setattr(state, holder, getattr(state, holder) - shares)
    state.cohort = state.cohort - bought["cohort"]
    state.new_shorts = state.new_shorts - bought["new_shorts"]
    state.book = state.book + bought["book"]
    state.elastic = state.elastic + (sum(handed.values()) - moved)
    state.floor = np.maximum(state.floor, cornered)
    price = np.exp(np.clip(state.log_price_close + p.settlement, LOWEST_X, HIGHEST_X))
    policy.pay(state, model, bought["book"], price, state.price)
