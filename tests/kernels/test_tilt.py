"""Tilted random numbers: two implementations agree, and weights undo the tilt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.kernels import reference
from powderkeg.kernels.packed import Packed, Simulated
from powderkeg.kernels.packing.tilt import PLACES, SHARES, component_of, tilted
from powderkeg.kernels.records import CALM
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.everything import everything

native = pytest.importorskip("powderkeg.kernels.backends.native")

FIRST = 1 << 40


def some_tilts(scenario: Packed, seed: int = 1) -> npt.NDArray[np.float64]:
    """Means of both signs and clocks slower and faster than 1, (3, names + factors, 1 + days)."""
    names, streams = (
        int(scenario.run["names"]),
        int(scenario.run["names"] + scenario.run["factors"]),
    )
    random = np.random.default_rng(seed)
    tilts = random.normal(0, 0.3, (3, streams, 1 + int(scenario.run["days"])))
    tilts[:, :, 0] = random.uniform(-0.5, 1, (3, streams))
    tilts[:, names:, 0] = 0
    return tilts


def weights(done: Simulated) -> npt.NDArray[np.float64]:
    return done.paths["weight"].astype(float)


SCENARIOS = {
    "everything": everything(5, days=3, steps_per_day=6, expiry_every=2),
    "two factors": gme_like(7, days=2, factors=["a", "b"], loadings=np.full((7, 2), 0.01)),
    "coarse normals": gme_like(1, days=3, steps_per_day=4, normals_per_step=3),
}


@pytest.mark.parametrize("which", SCENARIOS)
def test_native_and_reference_agree(which: str) -> None:
    scenario = SCENARIOS[which]
    mixed = tilted(scenario, some_tilts(scenario))
    ids = path_ids(320, first=FIRST)
    one, two = native.simulate(mixed, ids), reference.simulate(mixed, ids)
    np.testing.assert_allclose(one.paths["weight"], two.paths["weight"], rtol=2e-5)
    # a lot rounded the other way moves a path as much as it does without a tilt
    np.testing.assert_allclose(one.pnl, two.pnl, atol=5e-3)
    assert np.quantile(np.abs(one.pnl - two.pnl), 0.9) < 1e-4


def test_no_tilt_changes_nothing() -> None:
    scenario = SCENARIOS["everything"]
    ids = path_ids(64, first=FIRST)
    none = tilted(scenario, np.zeros_like(some_tilts(scenario)))
    plain, mixed = (native.simulate(s, ids) for s in (scenario, none))
    assert plain.pnl.tobytes() == mixed.pnl.tobytes()
    np.testing.assert_allclose(mixed.paths["weight"], 1, atol=1e-6)
    np.testing.assert_array_equal(plain.paths["weight"], 1)


@pytest.mark.parametrize("build", native.available())
def test_every_build_gives_the_same_bytes(build: str) -> None:
    mixed = tilted(SCENARIOS["everything"], some_tilts(SCENARIOS["everything"]))
    ids = path_ids(37, first=FIRST + 3)
    one, best = native.Native(build).simulate(mixed, ids), native.simulate(mixed, ids)
    assert one.paths.tobytes() == best.paths.tobytes() and one.pnl.tobytes() == best.pnl.tobytes()


def test_a_path_is_of_the_component_that_its_id_says() -> None:
    ids = path_ids(160, first=FIRST)
    assert np.bincount(component_of(ids)).tolist() == [10 * n for n in PLACES]
    # every component has a mean of its own; without volatility by attention the price shows it
    scenario = packed(days=2, steps_per_day=3, sigma=0.03, channels=CALM, attention0=0.0)
    tilts = np.zeros((3, 1, 3))
    tilts[:, 0, 1:] = np.array([[1, 0.5], [-2, 1], [0, 3]])
    moved, still = (
        native.simulate(s, ids, trace=True).trace for s in (tilted(scenario, tilts), scenario)
    )
    assert moved is not None and still is not None
    shift = (moved["log_price"] - still["log_price"])[:, [4, 8], 0]
    wanted = 0.03 * np.cumsum([[0, 0], *tilts[:, 0, 1:]], axis=1)[component_of(ids)]
    np.testing.assert_allclose(shift, wanted, atol=1e-6)


def test_weights_undo_the_tilt() -> None:
    """Mean 1, none above one over the share of the untilted paths, means of what is untilted."""
    load = {"factors": ["f"], "loadings": [[0.02], [0.01]], "book_weight": [-0.5, 0.3]}
    scenario = gme_like(2, days=2, steps_per_day=6, **load).at_moment(2)
    ids = path_ids(100_000, first=FIRST)
    done = native.simulate(tilted(scenario, some_tilts(scenario)), ids)
    w = weights(done)
    assert w.max() <= 1 / SHARES[0] * (1 + 1e-5)
    assert abs(w.mean() - 1) < 3 * w.std() / np.sqrt(w.size)
    plain = native.simulate(scenario, path_ids(100_000))
    for field in ("worst_pnl", "worst_close_pnl", "borrow_cost"):
        a, b = (x.paths[field].astype(float) for x in (done, plain))
        error = np.sqrt((w * a).var() / a.size + b.var() / b.size)
        assert abs((w * a).mean() - b.mean()) < 3.5 * error, field
        assert abs(a.mean() - b.mean()) > 3.5 * error, field  # without weights it is off


def test_weights_belong_to_paths_and_not_to_launches() -> None:
    mixed = tilted(SCENARIOS["two factors"], some_tilts(SCENARIOS["two factors"]))
    ids = path_ids(100, first=FIRST)
    whole = native.simulate(mixed, ids).paths["weight"]
    parts = [native.simulate(mixed, ids[i : i + 7]).paths["weight"] for i in range(0, 100, 7)]
    assert whole.tobytes() == np.concatenate(parts).tobytes()
