"""Levered longs are sold out as the price falls."""

from typing import Any

import numpy as np
import pytest

from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.by_hand import given_up
from tests.helpers.events import news
from tests.helpers.traces import DAY, DT, LOT, STILL, one_name, one_path


def test_levered_longs_sell_as_the_price_falls_below_their_entry() -> None:
    """Their entry is half the run-up: after +.4 and -.5, down is .5 x .4 + .1 = .3."""
    settings: dict[str, Any] = {
        **STILL,
        "channels": Channel.LEVERED_LONGS,
        "levered": 0.2,
        "levered_tolerance": 0.25,
        "levered_tolerance_sd": 0.1,
        "levered_refinancing": 0.5,
        "events": [news(0.4), news(-0.5, DAY)],
    }
    t = one_name(one_path(packed(levered_participation=10.0, adv=1.0, **settings)))
    assert (t["levered"][: DAY + 2] == t["levered"][0]).all()
    left = 0.2 * (1 - given_up(0.3, 0.25, 0.1))
    assert t["drawdown_max"][DAY + 2] == pytest.approx(0.3, abs=1e-6)
    assert t["levered"][DAY + 2] == pytest.approx(left, abs=2 * LOT)
    assert t["elastic"][DAY + 2] - t["elastic"][0] == pytest.approx(0.2 - left, abs=3 * LOT)
    slow = one_name(one_path(packed(levered_participation=0.3, adv=0.02, **settings)))
    np.testing.assert_allclose(-np.diff(slow["levered"][DAY + 1 :]), 0.3 * 0.02 * DT, atol=2 * LOT)
