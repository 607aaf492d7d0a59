"""A fit as tables for a person."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..engine.calibrate.fit import IDENTIFIED, Fit
from ..engine.calibrate.inputs import Episode
from ..results.measures.scores import BANDS

COLUMNS = ("parameter", "prior 5-95 %", "fitted 5 %", "median", "95 %", "sd left", "")
Z95 = 1.6448536269514722


def rows(fit: Fit) -> list[tuple[str, ...]]:
    """Every parameter, the best identified first: prior, ensemble, and what the data told."""
    priors = fit.simulator.priors
    ends = [priors.values(np.full(len(fit.told), z)) for z in (-Z95, Z95)]
    fitted = np.quantile(fit.members, (0.05, 0.5, 0.95), axis=0)
    made = []
    for k in np.argsort(fit.told, kind="stable"):
        words = "identified" if fit.told[k] < IDENTIFIED else "at its prior"
        if IDENTIFIED <= fit.told[k] < (1 + IDENTIFIED) / 2:
            words = "partly"
        prior = f"{ends[0][k]:.3g} - {ends[1][k]:.3g}"
        told = f"{fit.told[k]:.2f}"
        made.append((priors.parameters[k], prior, *(f"{v:.3g}" for v in fitted[:, k]), told, words))
    return made


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
