"""Sums over names in their canonical order."""

import numpy as np
import pytest

from powderkeg.kernels.packed import tile
from powderkeg.kernels.reference import parameters


@pytest.mark.parametrize("names", [1, 2, 3, 4, 5, 7, 12, 20, 96])
def test_the_sum_over_names_keeps_the_canonical_order(names: int) -> None:
    rng = np.random.default_rng(names)
    values = rng.normal(size=(names, 3)) * 10 ** rng.uniform(-8, 8, (names, 1))
    lanes, per_lane = tile(names)
    slots = np.zeros((lanes * per_lane, 3))
    slots[:names] = values
    lane_sums = []
    for lane in range(lanes):
        v = slots[lane * per_lane : (lane + 1) * per_lane]
        lane_sums.append({1: lambda v: v[0], 2: lambda v: v[0] + v[1],
                          3: lambda v: (v[0] + v[1]) + v[2]}[per_lane](v))  # fmt: skip
    distance = lanes // 2
    while distance:
        lane_sums = [lane_sums[i] + lane_sums[i ^ distance] for i in range(lanes)]
        distance //= 2
    np.testing.assert_array_equal(parameters.total(values, lanes, per_lane), lane_sums[0])
