"""Limit-up/limit-down pauses around a reference that follows the price over five minutes.

    paused:     rest -= 1, and when it reaches 0 the next step is the reopening (rest = -1)
    reopening:  x_ref = x, no check
    trading:    rest = pause_steps where x leaves [x_ref - band_down, x_ref + band_up],
                else x_ref += c(78) (x - x_ref)

Regulation NMS Plan to Address Extraordinary Market Volatility (2012). docs/model.md, section 8.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..records import StepKind
from .parameters import Columns
from .state import State

REOPENING = -1.0


def open_auction(state: State) -> None:
    """Overnight every pause ends and the reference starts anew."""
    state.rest = np.zeros_like(state.rest)
    state.reference = state.log_price.copy()


def update(state: State, p: Columns, kind: StepKind, halted: npt.NDArray[np.bool_]) -> None:
    """After the price of a step; `halted` by an event, where reference and rest stand."""
    wide = np.where(StepKind.CLOSING in kind, p.band_closing, 1)
    if StepKind.OPENING in kind:
        wide = wide * 2
    x, rest, reference = state.log_price, state.rest, state.reference
    left = (x > reference + wide * p.band_up) | (x < reference - wide * p.band_down)
    left &= p.band_up > 0
    paused, reopening = rest > 0, rest < 0
    after_pause = np.where(rest > 1, rest - 1, REOPENING)
    new_rest = np.where(paused, after_pause, np.where(left & ~reopening, p.pause_steps, 0))
    followed = np.where(paused | left, reference, reference + p.reference_c * (x - reference))
    new_reference = np.where(reopening, x, followed)
    state.rest = np.where(halted, rest, new_rest)
    state.reference = np.where(halted, reference, new_reference)
