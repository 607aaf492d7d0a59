"""The leader builds, is followed and sells."""

import math

import numpy as np
import pytest

from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.events import news
from tests.helpers.traces import DAY, DT, LOT, STILL, one_name, one_path


def test_the_leader_builds_a_block_and_sells_it_into_the_crowd() -> None:
    scenario = packed(
        **STILL,
        channels=Channel.LEADER,
        leader0=0.01,
        leader_block=0.03,
        leader_rate=0.06,
        leader_sell_above=0.5,
        leader_participation=0.2,
        adv=0.1,
        events=[news(0.6, DAY)],
    )
    held = one_name(one_path(scenario))["leader"]
    built = np.minimum(0.01 + 0.06 * DT * np.arange(9), 0.03)
    np.testing.assert_allclose(held[1 : DAY + 1], built, atol=3 * LOT)
    sold = np.diff(held[DAY + 1 :])
    np.testing.assert_allclose(sold, -0.2 * 0.1 * DT, atol=2 * LOT)


@pytest.mark.parametrize("on", [True, False])
def test_the_crowd_follows_what_the_leader_holds(on: bool) -> None:
    """Bass's innovation: nobody is attentive, and new = 1 - e^(-following K (1 - stay)/g)."""
    channels = Channel.CROWD | (Channel.LEADER if on else Channel(0))
    scenario = packed(**STILL, channels=channels, leader0=0.03, following=2.0)
    gone = -math.expm1(-0.1 * DT)
    new = -math.expm1(-2.0 * 0.03 * gone / 0.1)
    expected = new if on else 0.0
    assert one_name(one_path(scenario))["attention"][2] == pytest.approx(expected, rel=1e-5)
