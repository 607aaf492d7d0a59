"""What an ensemble makes of its episode, in sentences: for a person, and in the file it writes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...results.measures.scores import BANDS
from .fit import Fit
from .inputs import Episode


def sentences(fit: Fit, episode: Episode) -> Iterator[str]:
    """What the ensemble makes of the episode on paths that the fit has not seen."""
    days = len(fit.observed.closes)  # of which the close is known
    bands = [
        f"{count} of {days} closes lie in the {band[0]:.0%}-{band[1]:.0%} band"
        for band, count in fit.inside().items()
    ]
    yield f"{', '.join(bands)} ({days * (BANDS[0][1] - BANDS[0][0]):.0f} and " + (
        f"{days * (BANDS[1][1] - BANDS[1][0]):.0f} expected)"
    )
    scored = ", ".join(f"{name} {mean:.3f}" for name, (mean, _) in fit.scores.items())
    yield f"mean CRPS of the log close: {scored}"
    peaks = np.exp(np.quantile(fit.closes.max(axis=1), (0.05, 0.5, 0.95)))
    actual = float(np.exp(max(fit.observed.closes.max(), 0.0)))
    yield (
        f"peak close {actual:.2f} times the start, simulated median {peaks[1]:.2f} "
        f"(5-95 %: {peaks[0]:.2f} to {peaks[2]:.2f})"
    )
    error = 1 / np.sqrt(2 * fit.size.particles)  # of a sd; more where particles hang together
    yield f"sd left is told to {error:.0%} of itself at best, by {fit.size.particles} particles"
    if fit.impossible:
        yield f"{fit.impossible} of {fit.size.draws} draws of the prior fit no market like this one"
