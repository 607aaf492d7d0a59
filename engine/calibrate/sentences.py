"""What an ensemble makes of its episode, in sentences: for a person, and in the file it writes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...results.measures.baselines import GARCH, WALK
from ...results.measures.scores import BANDS
from ...results.measures.statistics import Estimate
from ...scenarios.no_crowd import prior_weight
from .fit import Fit
from .outlook import SESSIONS, Told


def sentences(fit: Fit) -> Iterator[str]:
    """The unconditional law first, then what the ensemble makes of the episode."""
    told = fit.outlook.told()
    yield f"unconditional, the {SESSIONS} sessions from the first close: " + ", ".join(
        _said(each, each.unconditional) for each in told
    )
    yield from weight(fit)
    if fit.crowd_may_come:
        yield f"if a crowd comes: {', '.join(_said(each, each.crowd) for each in told)}"
    yield from verdict(fit)
    yield from described(fit)


def weight(fit: Fit) -> Iterator[str]:
    """How likely it is that no crowd comes, where one may."""
    if not fit.crowd_may_come:
        return
    case, rate = fit.no_crowd, fit.simulator.priors.crowds_per_year
    usual = case.prior == prior_weight(fit.simulator.days[-1], rate)
    why = f": a crowd comes to {rate:.0%} of names a year, on any day alike" if usual else ""
    yield (
        f"no crowd comes with weight {case.weight:.3g} +- {case.weight_error:.1g} after these "
        f"closes, {case.prior:.3g} before them{why}"
    )


def _said(told: Told, value: Estimate) -> str:
    if told.name.startswith("ES"):
        return f"{told.name} {value.value:.2f} +- {value.standard_error:.2f} first prices"
    return f"{told.name} {value.value:.2%} +- {value.standard_error:.2%}"


def verdict(fit: Fit) -> Iterator[str]:
    """That a law without a crowd describes the closes better, where one does."""
    scores = {name: fit.scores[name][0] for name in (WALK, GARCH) if name in fit.scores}
    best, own = min(scores, key=lambda name: scores[name]), fit.scores["scenario"][0]
    if scores[best] < own:
        yield (
            f"these closes show no squeeze; the tail is the prior's: a {best} has a mean CRPS of "
            f"{scores[best]:.3f}, paths of the ensemble {own:.3f}"
        )


def described(fit: Fit) -> Iterator[str]:
    """What the ensemble, a crowd in all of its sets, makes of the episode on paths that the fit has
    not seen.
    """
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
