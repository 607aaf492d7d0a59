"""Calibration finds parameters again: 90 % intervals of the identified hold the truth as often as
they should, over synthetic episodes that share one bank of simulated sets. (docs/calibration.md has
the full size.)"""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from powderkeg.engine.calibrate.recovery import _quantiles, recover
from powderkeg.engine.calibrate.simulator import Simulator
from powderkeg.kernels import backend
from powderkeg.scenarios import Chain, InputError, Market, MarketRow, Scenario
from powderkeg.scenarios.priors import load_priors
from tests.helpers.small_run import work_on

MARKET = Market({"GME": MarketRow("GME", 20.0, 5e7, 6e7, 1e7, 0.8, 1.4, 0.28)}, date(2021, 1, 12))
PRIORS = """\
parameters:
  crowd.infection: {law: lognormal, median: 0.5, sd: 0.6, source: a}
  clearing.impact_factor: {law: lognormal, median: 1, sd: 0.5, source: b}
  crowd.exit_rate: {law: lognormal, median: 0.1, sd: 0.8, source: c}
  crowd.never_sell: {law: uniform, low: 0, high: 0.6, source: d}
"""


def simulator(tmp_path: Path) -> Simulator:
    (tmp_path / "p.yaml").write_text(PRIORS)
    base = Scenario.model_validate({"id": "x", "steps_per_day": 4,
                                    "dealers": {"call_capacity": None},
                                    "crowd": {"initial_attention": 0.02}})  # fmt: skip
    priors = load_priors(str(tmp_path / "p.yaml"))
    return Simulator(
        "GME", MARKET, Chain(()), base, priors, tuple(range(1, 16)), 48, 1, backend("native")
    )


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_should(tmp_path: Path) -> None:
    with work_on() as work:
        found = recover(work, simulator(tmp_path), 1500, 50)
    share, error = found.coverage()
    assert found.identified[:, 0].mean() > 0.5  # infection is told by most episodes
    assert found.identified[:, 3].mean() < 0.1  # who never sells hardly by any
    assert error < 0.05
    assert 0.80 <= share <= 0.97
    assert np.median(found.effective) > 60
    # and they say something: nearer to the truth than the prior's middle
    middle = (found.low + found.high) / 2
    near = np.abs(middle - found.truth)[:, 0].mean()
    assert near < 0.8 * np.abs(found.truth)[:, 0].mean()


def test_weighted_quantiles_are_those_of_repeated_draws() -> None:
    rng = np.random.default_rng(2)
    z, counts = rng.standard_normal((40, 2)), rng.integers(0, 5, (40, 3))
    found = _quantiles(z, counts / counts.sum(axis=0), 0.3)
    for k in range(2):
        for e in range(3):
            draws = np.sort(np.repeat(z[:, k], counts[:, e]))
            assert found[e, k] == draws[int(np.ceil(0.3 * len(draws) - 1e-9)) - 1]


def test_too_few_squeezes_are_told(tmp_path: Path) -> None:
    too_few = r"only \d+ of 30 synthetic episodes peak high enough"
    with pytest.raises(InputError, match=too_few), work_on() as work:
        recover(work, simulator(tmp_path), 300, 30, least_peak=500.0)
