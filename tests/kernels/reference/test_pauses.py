"""Limit-up/limit-down pauses by hand."""

import math

import pytest

from powderkeg.kernels import records as layout
from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.events import event
from tests.helpers.traces import traced


@pytest.mark.parametrize("steps", [26, 390])
def test_pauses_by_hand(steps: int) -> None:
    """The automaton of docs/model.md, 8, in scalars, over the whole of wild paths."""
    band, paths = 0.05, 6
    scenario = packed(
        days=2,
        steps_per_day=steps,
        channels=Channel.PAUSES,
        sigma=0.25,
        attention0=0.0,
        tier=1,
        events=[event("trading_halt", None, steps // 2, rows=steps // 10)],
    )
    t = traced(scenario, paths)
    length = max(1, round(steps / 78))
    counted = dict.fromkeys(("up", "down", "wide"), 0)
    for path in range(paths):
        x, w, paused = (t[f][path, :, 0] for f in ("log_price", "anchor", "paused"))
        rest, reference_x = 0, 0.0
        for row, step in enumerate(scenario.schedule):
            after, halted = row + 1, steps // 2 <= row < steps // 2 + steps // 10
            if step["kind"] & layout.StepKind.OVERNIGHT:
                rest, reference_x = 0, x[after]
            elif halted or rest > 0:
                assert x[after] == x[row]
                if not halted:
                    rest = rest - 1 if rest > 1 else -1
            else:
                assert x[after] == pytest.approx(w[after], abs=1e-6)
                minute = (step["step_of_day"] - 0.5) / steps * 390
                wide = 2 if minute <= 15 or minute >= 365 else 1
                up, down = wide * math.log1p(band), -wide * math.log1p(-band)
                move = x[after] - reference_x
                assert min(abs(move - up), abs(move + down)) > 1e-7  # no toss-up
                if rest < 0:
                    rest, reference_x = 0, x[after]
                elif move > up or move < -down:
                    rest = length
                    counted["up" if move > 0 else "down"] += 1
                else:
                    reference_x += -math.expm1(-78 / steps) * move
                    counted["wide"] += abs(move) > math.log1p(band)
            assert paused[after] == (rest > 0), (path, row)
    assert min(counted.values()) > 3, counted
