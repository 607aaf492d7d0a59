"""A corner ends in a close-out: the ledger balances, and all readings of the model agree."""

from typing import Any

import numpy as np
import pytest

from powderkeg.engine.validate.cases.whole import residual
from powderkeg.kernels import reference as reference_room
from powderkeg.kernels.backends import native
from powderkeg.kernels.backends.native import Native
from powderkeg.kernels.packed import Simulate
from powderkeg.scenarios.errors import InputError
from tests.helpers.builders import packed, path_ids
from tests.helpers.everything import everything
from tests.laws.test_limits import each_back_end

CORNERED: dict[str, Any] = {
    "corner_ratio": 0.95,
    "settlement_multiple": 1.1,
    "days": 5,
    "steps_per_day": 8,
}


@each_back_end
def test_the_ledger_balances_in_a_corner(simulate: Simulate) -> None:
    out = simulate(everything(5, **CORNERED), path_ids(200), trace=True)
    t = out.trace
    assert residual(out) == 0 and t is not None
    closed = t["floor"][:, -1] > 0
    assert 0.01 < closed.mean() < 0.99
    assert (np.diff(t["cohort"], axis=1).min(axis=1) < -0.1)[closed].all()  # at one stroke
    assert (t["locked"] >= 0).all() and (t["crowd_shares"] >= 0).all()


def test_native_and_reference_agree_and_all_builds_give_the_same_bits() -> None:
    scenario, ids = everything(5, **CORNERED), path_ids(64)
    ours, theirs = native.simulate(scenario, ids), reference_room.simulate(scenario, ids)
    off = np.abs(ours.pnl - theirs.pnl)
    assert np.median(off) < 1e-5 and np.quantile(off, 0.9) < 1e-3
    for build in native.available():
        assert Native(build).simulate(scenario, ids).paths.tobytes() == ours.paths.tobytes()
    without = everything(5, **CORNERED | {"corner_ratio": None})
    assert np.abs(native.simulate(without, ids).pnl - ours.pnl).max() > 0.01


def test_a_path_that_would_start_in_a_corner_is_refused() -> None:
    with pytest.raises(InputError, match="so the path would start in a corner"):
        packed(short_interest=0.9, locked=0.3, corner_ratio=1.9)
