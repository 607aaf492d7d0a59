"""Integer histograms of every name at every close. Bins: kernels/records.py."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..histogram_bins import HISTOGRAM_BINS, LINEAR_BINS, QUANTITIES
from .parameters import Array, Model
from .state import State


def price_bin(price: Array) -> npt.NDArray[np.intp]:
    """32 bins of equal width to the octave, from 2^-7 to 2^9."""
    fraction, exponent = np.frexp(price)  # fraction in [1/2, 1)
    index = (exponent - 1 + 7) * 32 + ((2 * fraction - 1) * 32).astype(np.intp)
    return np.asarray(np.clip(index, 0, HISTOGRAM_BINS - 1))


def linear_bin(quantity: str, values: Array) -> npt.NDArray[np.intp]:
    low, width = LINEAR_BINS[quantity]
    return np.asarray(np.clip((values - low) / width, 0, HISTOGRAM_BINS - 1).astype(np.intp))


def counts(bins: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """How many paths fall in each bin, (names, paths) -> (names, HISTOGRAM_BINS)."""
    names = len(bins)
    flat = bins + HISTOGRAM_BINS * np.arange(names)[:, None]
    return np.bincount(flat.ravel(), minlength=names * HISTOGRAM_BINS).reshape(names, -1)


def add_close(closes: npt.NDArray[np.uint32], state: State, model: Model) -> None:
    """Adds the chunk's paths to one day's histograms, (names, quantities, bins)."""
    values = {
        "short_interest": state.cohort + state.new_shorts + np.maximum(-state.book, 0),
        "utilisation": state.utilisation,
        "borrow_fee": state.fee,
        "dealer_hedge": state.hedge,
        "implied_vol": state.implied_vol,
        "attention": state.attention,
    }
    for column, quantity in enumerate(QUANTITIES):
        bins = (
            price_bin(state.price)
            if quantity == "price"
            else linear_bin(quantity, values[quantity])
        )
        closes[:, column] += counts(bins).astype(np.uint32)


def add_peaks(peaks: npt.NDArray[np.uint32], state: State) -> None:
    peaks += counts(price_bin(np.exp(state.log_price_max))).astype(np.uint32)
