"""Bins of the histograms that every back end counts into."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

HISTOGRAM_BINS = 512


# Histograms at every close: bins of HISTOGRAM_BINS. Price (and the peak, once per path) uses bins
# of equal width within an octave, 32 to the octave from 2^-7 to 2^9, read off the bits of the
# float, so 2, 5 and 10 are exact edges. The others are linear: bin = clip(int((y - low) / width)).
QUANTITIES = (
    "price",
    "short_interest",
    "utilisation",
    "borrow_fee",
    "dealer_hedge",
    "implied_vol",
    "attention",
)

LINEAR_BINS = {  # low, width; width is a power of two, so the bin is exact in float32
    "short_interest": (0.0, 2.0**-7),
    "utilisation": (0.0, 2.0**-7),
    "borrow_fee": (0.0, 2.0**-7),
    "dealer_hedge": (-2.0, 2.0**-7),
    "implied_vol": (0.0, 2.0**-5),
    "attention": (0.0, 2.0**-9),
}


def price_bin_edges() -> npt.NDArray[np.float64]:
    """Lower edges of the price bins and the upper edge of the last, shape (HISTOGRAM_BINS + 1,).

    The first bin also holds everything below, the last everything above.
    """
    index = np.arange(HISTOGRAM_BINS + 1)
    return np.asarray(2.0 ** (index // 32 - 7) * (1 + (index % 32) / 32))


def bin_edges(quantity: str) -> npt.NDArray[np.float64]:
    """Bin edges of a quantity, shape (HISTOGRAM_BINS + 1,), in its own units."""
    if quantity in ("price", "peak"):
        return price_bin_edges()
    low, width = LINEAR_BINS[quantity]
    return np.asarray(low + width * np.arange(HISTOGRAM_BINS + 1))
