"""A block of paths: what it keeps of the loop gains, and what that takes."""

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import powderkeg
from powderkeg.engine.run import blocks
from powderkeg.engine.run.blocks import (
    GAIN_PATHS,
    TRACED,
    largest_gains,
    traced_bytes,
    traced_paths,
)
from powderkeg.engine.run.execute import resume, run_plan
from powderkeg.engine.run.inputs import Inputs
from powderkeg.engine.run.plan import GAINS_OVER_TRACE
from powderkeg.kernels import backend
from powderkeg.kernels.probes.loop_gain import CHANNELS, largest, loop_gain
from powderkeg.results import StoreError, check_commit, open_results, store_digest
from powderkeg.results.report.summary import Summary
from powderkeg.results.store.records import chunk_key
from tests.helpers.builders import gme_like, path_ids
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, small_plan


def store_of(path: Path, **changes: Any) -> Path:
    plan = small_plan(**changes)
    inputs = Inputs(BOOK, MARKET, CHAIN, plan.job.scenarios)
    return run_plan(plan, path, inputs=inputs, workers=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tmp_path_factory.mktemp("gains") / "o.zarr", paths=300, block=128)


@pytest.mark.slow
def test_the_store_keeps_the_quantiles_over_paths(store: Path) -> None:
    plan = small_plan(paths=300, block=128)
    packed, engine = plan.packed[0], plan.back_end
    trace = engine.simulate(packed, path_ids(300), trace=True).trace
    assert trace is not None
    most = largest(packed, trace)
    gains = Summary(open_results(store)).gains(0)
    assert gains.channels == [channel.replace("_", " ") for channel in CHANNELS]
    quantiles = np.quantile(most["total"], (0.5, 0.95), axis=0)
    np.testing.assert_allclose(gains.total, quantiles.T, rtol=1e-6)
    for c, channel in enumerate(CHANNELS):
        quantiles = np.quantile(most[channel], (0.5, 0.95), axis=0)
        np.testing.assert_allclose(gains.largest[:, c], quantiles.T, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(gains.start[:, c], loop_gain(packed)[channel], rtol=1e-12)
    assert (gains.total[:, 0] >= gains.start.sum(axis=1) * (1 - 1e-6)).all()
    assert gains.total[0, 1] > gains.total[0, 0] > 0.1


@pytest.mark.slow
def test_gains_depend_on_the_scenario_alone(store: Path, tmp_path: Path) -> None:
    """Neither on how the run is cut into blocks nor on how many paths are traced at a time."""
    other = store_of(tmp_path / "o.zarr", paths=300, block=32)
    one, two = (open_results(path)["loop_gain"].to_dataset() for path in (store, other))
    for name in ("gain", "gain_max", "total_max"):
        assert one[name].values.tobytes() == two[name].values.tobytes()


def test_gains_do_not_depend_on_the_memory_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, packed = backend("auto"), gme_like(2, days=2, steps_per_day=4)
    before = largest_gains(engine, packed, 40)
    monkeypatch.setattr(blocks, "TRACE_BYTES", 1)
    assert traced_paths(packed) == 1
    after = largest_gains(engine, packed, 40)
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)


@pytest.mark.slow
def test_damaged_gains_are_found_and_made_again(store: Path, tmp_path: Path) -> None:
    copy = store_of(tmp_path / "o.zarr", paths=300, block=128)
    digest = store_digest(store)
    assert store_digest(copy) == digest
    for variable in ("gain_max", "total_max"):
        place = copy / chunk_key(variable, 1, 0)
        raw = bytearray(place.read_bytes())
        raw[5] ^= 1
        place.write_bytes(raw)
        with pytest.raises(StoreError, match=f"{variable} of scenario 1, block 0"):
            check_commit(copy)
        resume(copy, workers=1)
        assert store_digest(copy) == digest


def test_traces_stay_small() -> None:
    large = gme_like(40, days=2, steps_per_day=26)
    days = large.run.copy()
    assert traced_paths(large) == 32 == TRACED <= GAIN_PATHS
    days["steps"] *= 50
    longer = type(large)(**{**large.__dict__, "run": days})
    assert traced_paths(longer) & (traced_paths(longer) - 1) == 0
    assert traced_bytes(longer, 1000) <= blocks.TRACE_BYTES
    assert traced_bytes(large, 3) * 8 <= traced_bytes(large, 1000)


def test_gains_take_what_the_plan_says() -> None:
    engine, packed = backend("auto"), gme_like(12, days=5)
    largest_gains(engine, packed, 1)  # whatever is loaded once
    tracemalloc.start()
    largest_gains(engine, packed, 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    said = GAINS_OVER_TRACE * traced_bytes(packed, 64)
    assert 0.6 * said < peak < 1.1 * said


def test_a_shift_of_a_name_that_is_not_held_does_nothing(tmp_path: Path) -> None:
    """Its market row reaches the workers, where the shift is applied."""
    shift = {"symbol": "NO", "field": "volatility", "type": "relative", "size": 0.5}
    shifted = type(CALM).model_validate(
        {**CALM.model_dump(exclude_unset=True), "market_shifts": [shift]}
    )
    book = replace(BOOK, positions=BOOK.positions[:2])
    pnl = [
        open_results(powderkeg.run(book, MARKET, [scenario], tmp_path / name, paths=64))["losses"][
            "pnl"
        ].values
        for scenario, name in ((CALM, "a.zarr"), (shifted, "b.zarr"))
    ]
    np.testing.assert_array_equal(pnl[0], pnl[1])
