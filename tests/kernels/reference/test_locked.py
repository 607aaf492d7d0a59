"""Locked holders let go at high multiples."""

import math

import pytest

from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.by_hand import given_up
from tests.helpers.events import news
from tests.helpers.traces import DT, LOT, STILL, one_name, one_path


def test_locked_holders_let_go_at_high_multiples() -> None:
    scenario = packed(
        **STILL,
        channels=Channel.LOCKED_RELEASE,
        locked=0.4,
        release_rate=0.5,
        release_share=0.7,
        release_mean=1.2,
        release_sd=0.4,
        events=[news(1.5)],
    )
    t = one_name(one_path(scenario))
    assert t["locked"][1] == pytest.approx(0.4, abs=LOT)
    sold = -math.expm1(-0.5 * DT) * 0.4 * 0.7 * given_up(1.5, 1.2, 0.4)
    assert sold > 0.01
    assert t["locked"][1] - t["locked"][2] == pytest.approx(sold, abs=2 * LOT)
    assert t["volume"][2] == pytest.approx(-sold, abs=2 * LOT)
