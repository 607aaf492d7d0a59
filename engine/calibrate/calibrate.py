"""From a request to an ensemble: read, check, fit."""

from __future__ import annotations

from dataclasses import dataclass

from ...kernels import backend
from ..campaign import campaign
from ..progress import Progress
from .fit import Fit, fit
from .inputs import Episode, read_episode
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
    request.size.check()
    episode = read_episode(request)
    episode.check_members(request.size.members)
    engine = backend(request.backend)
    return Calibration(
        request, episode, episode.simulator(request.size.paths, request.seed, engine)
    )


def run_calibration(plan: Calibration, progress: Progress | None = None) -> Fit:
    """Draw the ensemble. Raises InputError, Incomplete."""
    request, simulator = plan.request, plan.simulator
    with campaign(request.placement, simulator.engine.name, progress) as work:
        return fit(work, simulator, plan.episode.observed, request.size)


def calibrate(request: CalibrationRequest, progress: Progress | None = None) -> Fit:
    """A scenario's ensemble fitted to an episode. Raises as its two halves."""
    return run_calibration(plan_calibration(request), progress)
