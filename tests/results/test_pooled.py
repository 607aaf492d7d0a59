"""Means over blocks and their bootstrap, against answers that are known."""

import numpy as np
import pytest

from powderkeg.results.measures.blocks import Pooled, pooled


def test_the_mean_is_of_all_values_not_of_blocks() -> None:
    found = pooled([[1.0, 1.0, 1.0], [0.0]])
    assert found.value == pytest.approx(0.75)
    assert (found.low, found.high) == (0.0, 1.0)  # one block twice has a chance of a quarter


def test_blocks_that_are_the_same_leave_no_error_whatever_lies_within() -> None:
    assert pooled([[0.0, 1.0]] * 5) == Pooled(0.5, 0.5, 0.5)


def test_the_interval_is_the_normal_one_of_many_blocks() -> None:
    """100 independent blocks, days of one alike: 1.645 standard errors of the blocks' means."""
    means = np.random.default_rng(2).standard_normal(100)
    found = pooled([np.full(20, mean) for mean in means])
    half = 1.6449 * means.std() / 10
    assert found.low == pytest.approx(means.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(means.mean() + half, abs=0.1 * half)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """40 blocks of ten days that hang together: 90 %, a little less of so few."""
    rng = np.random.default_rng(3)
    held = [
        pooled((rng.standard_normal((40, 1)) + rng.standard_normal((40, 10))).tolist()).holds(0)
        for _ in range(200)
    ]
    assert 0.82 <= np.mean(held) <= 0.97
