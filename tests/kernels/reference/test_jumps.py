"""Jumps of the anchor: their rate, time and compensator."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from powderkeg.kernels.records import CALM
from tests.helpers.builders import packed
from tests.helpers.traces import traced


def test_jumps_come_at_their_rate_and_their_time() -> None:
    """p = 1 - e^-rate a day; overnight with chance f, else in any step alike; compensated."""
    rate, mean, sd, f, days, paths = 0.4, 0.5, 0.05, 0.3, 10, 4000
    scenario = packed(
        days=days,
        steps_per_day=4,
        channels=CALM,
        sigma=1e-4,
        overnight_share=f,
        jump_rate=rate,
        jump_mean=mean,
        jump_sd=sd,
    )
    moves = np.diff(traced(scenario, paths)["anchor"][:, :, 0], axis=1).reshape(paths, days, 5)
    p = -np.expm1(-rate)
    moves[:, :, 0] += np.log1p(p * np.expm1(mean + sd**2 / 2))
    jumped = moves > mean / 2
    assert (jumped.sum(axis=2) <= 1).all()
    chance = p * np.r_[f, np.full(4, (1 - f) / 4)]
    counts, tries = jumped.sum(axis=(0, 1)), paths * days
    assert (np.abs(counts - tries * chance) < 4.5 * np.sqrt(tries * chance)).all()
    assert abs(moves[~jumped]).max() < 2e-3
    assert stats.kstest((moves[jumped] - mean) / sd, "norm").pvalue > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    "law",
    [
        {"dof": 3.0, "tail_cap": 10.0},
        {"factor_dof": 3.0, "factor_tail_cap": 10.0},
        {"jump_rate": 0.2, "jump_mean": -0.15, "jump_sd": 0.1},
        {"dof": 4.0, "factor_dof": 4.0, "jump_rate": 0.3, "jump_mean": 0.1, "jump_sd": 0.1},
    ],
    ids=["names", "factors", "jumps", "all"],
)
def test_the_anchor_is_a_martingale_with_tails_and_jumps(law: dict[str, Any]) -> None:
    """E e^w = 1 at every close, with a variance to see a missing compensator by."""
    scenario = packed(
        2,
        days=3,
        steps_per_day=2,
        channels=CALM,
        sigma=0.12,
        factors=["market"],
        loadings=[[0.08], [0.1]],
        **law,
    )
    prices = np.exp(traced(scenario, 40_000)["anchor"][:, 3::3])
    error = prices.std(axis=0) / np.sqrt(len(prices))
    assert (np.abs(prices.mean(axis=0) - 1) < 4 * error).all()
    assert error.max() < 0.004
