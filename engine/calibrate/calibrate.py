"""From a request to an ensemble: read, check, fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...kernels import backend
from ...results.store.durable import write_file
from ...scenarios.errors import InputError
from ..campaign import campaign
from ..checks import asked, check_folder, check_seed
from ..executors import check_back_end
from ..progress import Progress
from . import document
from .fit import Fit, check_prior, fit
from .inputs import Episode, read_episode
from .pairing import paired
from .request import CalibrationRequest
from .simulator import Simulator


@dataclass(frozen=True)
class Calibration:
    """A fit that was checked and waits to be run."""

    request: CalibrationRequest
    episode: Episode
    simulator: Simulator


def plan_calibration(request: CalibrationRequest) -> Calibration:
    """Read everything and check it. Raises InputError, BackendUnavailable."""
    if request.output is not None:
        _check_output(Path(request.output))
    check_back_end(request.backend)
    check_seed(request.seed)
    request.size.check()
    check_prior(request.no_crowd_prior)
    episode = read_episode(request)
    episode.check_members(request.size.members)
    engine = backend(request.backend)
    return Calibration(
        request, episode, episode.simulator(request.size.paths, request.seed, engine)
    )


def run_calibration(plan: Calibration, progress: Progress | None = None) -> Fit:
    """Draw the ensemble and write its scenario. Raises InputError, Incomplete."""
    request, simulator = plan.request, plan.simulator
    with campaign(request.placement, simulator.engine.name, progress) as work:
        observed, prior = plan.episode.observed, request.no_crowd_prior
        found = paired(work, fit(work, simulator, observed, request.size, prior))
    if request.output is not None:
        output = Path(request.output)
        write_file(output, document.yaml(found, plan.episode, output).encode())
    return found


def calibrate(*inputs: Any, progress: Progress | None = None, **options: Any) -> Fit:
    """Fit a scenario to an episode: an ensemble of parameter sets that its prices allow.

    Source: draws of prior x exp(-4 loss), a generalised posterior (Bissiri, Holmes & Walker 2016,
    JRSS B 78), the loss an energy score of simulated paths; docs/calibration.md.

    Parameters
    ----------
    inputs
        A `CalibrationRequest`, or the first of its fields: prices, market, output.
    progress
        What hears how far it is; None: nobody.
    options
        Any other field by name, such as `last=date(2021, 2, 19)`, `priors="squeeze"`,
        `size=Size(draws, paths, members)`.

    Returns
    -------
    The fit; `members` (members, parameters) in the order of `simulator.priors.parameters`, `closes`
    (paths, closes) log prices of its paths over the first close, `scores` beside baselines.
    `no_crowd` is the case that no crowd comes, with its `weight` and `members`; `outlook.told()`
    what ten sessions may bring, unconditional and in each case.

    Units: parameters in those of `powderkeg scenarios`, closes as log multiples of the first.

    Raises
    ------
    InputError
        A file, date or size that makes no fit, an output that exists.
    BackendUnavailable
        The back end that was asked for cannot run here.
    Incomplete
        Pieces of work failed for good.

    Example
    -------
    >>> import powderkeg
    >>> few = powderkeg.Size(draws=256, paths=16, members=8)
    >>> fit = powderkeg.calibrate("prices.csv", "market.csv", "fitted.yaml", size=few)
    >>> fit.members.shape == (8, len(fit.simulator.priors.parameters))
    True
    """
    request = asked(CalibrationRequest, CalibrationRequest, inputs, options)
    return run_calibration(plan_calibration(request), progress)


def _check_output(output: Path) -> None:
    """Raises InputError for a file that is there, has no folder, or is no YAML."""
    if output.suffix not in (".yaml", ".yml"):
        raise InputError(f"output: {output} is a scenario; let its name end in .yaml")
    if output.exists() or output.is_symlink():
        raise InputError(f"{output} exists; nothing is overwritten, choose another name")
    check_folder(output)
