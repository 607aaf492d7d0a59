"""What a fit is asked for, said once: files and dates of an episode, sizes, where it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ..executors.placement import EMBEDDED, Placement
from .fit import USUAL, Size


@dataclass(frozen=True)
class CalibrationRequest:
    """A fit, as Python and the command line ask for it.

    Parameters
    ----------
    prices
        Dates and closes, CSV.
    market
        The snapshot of the first close, CSV.
    output
        The scenario to write, a new YAML file; None: none.
    symbol
        Whose prices they are; None: the market file's only name.
    first, last
        First and last close; None: the market file's date and the last row.
    as_of
        Nothing after this day's close is used.
    series
        Further files by name: "short interest", "volume", "implied vol", "attention".
    chain
        Listed options of the first close, CSV.
    base
        Preset or YAML file whose events and other parameters hold.
    priors
        What is fitted and believed before: a name or a YAML file.
    beside
        Other names of the market file that are simulated with it, under the base.
    events
        Dated events, CSV: added to the base's, those after `as_of` left out.
    no_crowd_prior
        Probability, before the closes, that no crowd comes; None: by the base rate of the priors.
    size
        Draws of the prior, paths of a parameter set, members that are kept.
    seed, backend, placement
        As of a run.

    Example
    -------
    >>> import powderkeg
    >>> request = powderkeg.CalibrationRequest("prices.csv", "market.csv", seed=2)
    >>> request.priors
    'squeeze'
    """

    prices: str | Path
    market: str | Path
    output: str | Path | None = None
    symbol: str | None = None
    first: date | None = None
    last: date | None = None
    as_of: date | None = None
    series: Mapping[str, str | Path] = field(default_factory=dict)
    chain: str | Path | None = None
    base: str | None = None
    priors: str = "squeeze"
    beside: Sequence[str] = ()
    events: str | Path | None = None
    no_crowd_prior: float | None = None
    size: Size = USUAL
    seed: int = 1
    backend: str = "auto"
    placement: Placement = EMBEDDED
