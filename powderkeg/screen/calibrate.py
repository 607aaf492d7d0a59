"""A fit as tables for a person."""

from __future__ import annotations

import numpy as np

from ..engine.calibrate.fit import IDENTIFIED, Fit

COLUMNS = ("parameter", "prior 5-95 %", "fitted 5 %", "median", "95 %", "sd left", "")
Z95 = 1.6448536269514722


def rows(fit: Fit) -> list[tuple[str, ...]]:
    """Every parameter, the best identified first: prior, ensemble, and what the data sd_ratio."""
    priors = fit.simulator.priors
    ends = [priors.values(np.full(len(fit.sd_ratio), z)) for z in (-Z95, Z95)]
    fitted = np.quantile(fit.members, (0.05, 0.5, 0.95), axis=0)
    made = []
    for k in np.argsort(fit.sd_ratio, kind="stable"):
        words = "identified" if fit.sd_ratio[k] < IDENTIFIED else "at its prior"
        if IDENTIFIED <= fit.sd_ratio[k] < (1 + IDENTIFIED) / 2:
            words = "partly"
        prior = f"{ends[0][k]:.3g} - {ends[1][k]:.3g}"
        sd_ratio = f"{fit.sd_ratio[k]:.2f}"
        made.append(
            (priors.parameters[k], prior, *(f"{v:.3g}" for v in fitted[:, k]), sd_ratio, words)
        )
    return made
