"""A fit as tables for a person."""

from __future__ import annotations

import numpy as np

from ..engine.calibrate.fit import IDENTIFIED, Fit

COLUMNS = ("parameter", "prior 5-95 %", "fitted 5 %", "median", "95 %", "sd left", "")
OUTLOOK_COLUMNS = ("", "unconditional", "error", "if a crowd comes", "error", "if none", "error")
Z95 = 1.6448536269514722


def outlook_rows(fit: Fit) -> list[tuple[str, ...]]:
    """What the sessions ahead may bring: the weighted law of both cases first, then each."""
    made = []
    for told in fit.outlook.told():
        cells = [told.name]
        for value in (told.unconditional, told.crowd, told.nobody):
            numbers = value.value, value.standard_error
            money = told.name.startswith("ES")
            cells += [f"{x:.2f}" if money else f"{x:.2%}" for x in numbers]
        made.append(tuple(cells))
    return made


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
