"""Broker restrictions start at random above a price."""

import numpy as np

from powderkeg.kernels import records as layout
from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.traces import traced


def test_a_restriction_starts_with_its_hazard_and_lasts_its_time() -> None:
    scenario = packed(
        days=10,
        channels=Channel.RESTRICTION,
        sigma=1e-4,
        restriction_threshold=-0.5,  # always above
        restriction_hazard=0.2,
        restriction_duration=1.5,
    )
    t = traced(scenario, 4000)
    trades = scenario.schedule["kind"] & layout.StepKind.OVERNIGHT == 0
    restricted = t["restricted"][:, 1:, 0][:, trades]
    started = restricted.any(axis=1)
    chance = -np.expm1(-0.2 * 10)
    assert abs(started.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / 4000)
    ended = started & (restricted[:, -1] == 0)
    lasted = restricted[ended].sum(axis=1) / 8
    assert abs(lasted - 1.5).max() <= 1 / 8
    never = packed(days=2, channels=Channel.RESTRICTION, sigma=1e-4, restriction_threshold=0.5)
    assert traced(never, 50)["restricted"].max() == 0
