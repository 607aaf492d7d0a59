"""The epidemic of attention, against Kermack and McKendrick."""

from typing import Any

import numpy as np
import pytest

from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.traces import traced


@pytest.mark.slow
def test_the_crowd_without_prices_is_the_epidemic_of_kermack_and_mckendrick() -> None:
    """R0 = 2: final size r = 1 - e^{-2r} = .7968 and peak 1 - (1 + ln 2)/2 = .1534."""
    scenario = packed(
        days=120,
        steps_per_day=52,
        channels=Channel.CROWD,
        sigma=1e-4,
        overnight_share=0.0,
        attention0=1e-5,
        infection=0.6,
        exit_rate=0.3,
        momentum=0.0,
        stampede=0.0,
        shared=0.5,
    )
    t = traced(scenario, 1)
    assert t["removed"][0, -1, 0] + t["attention"][0, -1, 0] == pytest.approx(0.7968, abs=2e-3)
    assert t["attention"].max() == pytest.approx(0.1534, abs=1e-3)


def test_attention_is_shared_between_names() -> None:
    """A name nobody looks at catches only what is shared; weights are those of the seeded."""
    quiet: dict[str, Any] = {"channels": Channel.CROWD, "days": 2, "momentum": 0.0}
    alone = traced(packed(3, attention0=[0.02, 0.0, 0.0], shared=0.0, **quiet), 2)
    assert alone["attention"][:, -1, 1:].max() == 0
    both = traced(packed(3, attention0=[0.02, 0.0, 0.0], shared=[0.3, 0.3, 0.0], **quiet), 2)
    assert both["attention"][:, -1, 1].min() > 0
    assert both["attention"][:, -1, 2].max() == 0
    first = both["attention"][0, 2]
    gone = -np.expm1(-0.1 / 8)
    force = 0.15 * 0.3 * 0.02 * gone / 0.1
    assert first[1] == pytest.approx(-np.expm1(-force), rel=1e-5)
