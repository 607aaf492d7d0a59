"""One force at a time: each scenario of examples/signatures/ shows what docs/signatures.md says."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.kernels.backends import native
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import StepKind
from powderkeg.scenarios import bind, load_book, load_chain, load_market, load_scenarios
from tests.helpers.builders import path_ids

pytestmark = pytest.mark.skipif(not native.available(), reason="no native library was built")
FOLDER = Path(__file__).parents[2] / "examples" / "signatures"
PATHS = 1000
Array = npt.NDArray[np.float64]


@cache
def closes(force: str) -> dict[str, Array]:
    """Every traced quantity at the start and at the closes, (paths, days + 1), name MEME.

    `gap` is log price over anchor; `other` is that of GROW.
    """
    market = load_market(FOLDER / "market.csv")
    book = load_book(FOLDER / "book.csv", market)
    (scenario,) = load_scenarios([FOLDER / f"{force}-only.yaml"], market, book)
    packed = pack(bind(scenario, book, market, load_chain(None, market)), seed=7)
    trace = native.simulate(packed, path_ids(PATHS), trace=True).trace
    assert trace is not None
    rows = [0, *(np.flatnonzero(packed.schedule["kind"] & StepKind.CLOSE) + 1)]
    meme, grow = (packed.symbols.index(s) for s in ("MEME", "GROW"))
    found = {f: trace[f][:, rows, meme].astype(float) for f in trace.dtype.names or ()}
    found["gap"] = found["log_price"] - found["anchor"]
    other = trace[:, rows, grow]
    found["other"] = other["log_price"].astype(float) - other["anchor"]
    return found


def still(values: Array) -> bool:
    return bool((values == values[:, :1]).all())


def test_the_crowd_is_a_wave() -> None:
    it = closes("crowd")
    wave = np.median(it["gap"], axis=0)
    top = int(wave.argmax())
    assert 4 < top < 14 and wave[top] > 0.3 and wave[-1] < wave[top] / 2
    crowd = it["crowd_shares"].mean(axis=0)
    assert (np.diff(crowd[: top - 1]) > 0).all() and (np.diff(crowd[top + 2 :]) < 0).all()
    assert still(it["cohort"]) and still(it["hedge"]) and np.abs(it["other"]).max() < 1e-5


def test_the_shorts_are_a_ratchet() -> None:
    it = closes("shorts")
    assert (np.diff(it["gap"], axis=1) > -1e-5).all() and np.median(it["gap"][:, -1]) > 0.1
    assert (np.diff(it["cohort"], axis=1) <= 0).all()
    assert still(it["crowd_shares"]) and still(it["hedge"])


def test_the_dealers_are_an_amplifier_with_an_end() -> None:
    it = closes("dealers")
    news, expiry = 4, 10
    assert np.median(it["gap"][:, news]) > np.median(it["gap"][:, 0]) + 0.1
    assert np.abs(it["hedge"][:, expiry + 1 :]).max() < 1e-5
    # without a hedge the price is the anchor's, but for the hedge they started with
    left = it["gap"][:, expiry + 1 :]
    assert np.ptp(left) < 1e-5
    assert still(it["cohort"])


def test_the_funds_are_scissors() -> None:
    it = closes("funds")
    assert np.median(it["gap"][:, -1]) > 0.1 and np.median(it["other"][:, -1]) < -0.03
    day = 5  # cuts of the same day, up in one name and down in the other
    cut = np.diff(it["fund_1"], axis=1)[:, day] > 1e-3
    assert cut.mean() > 0.5
    assert (np.diff(it["gap"], axis=1)[cut, day] > 0).all()
    assert (np.diff(it["other"], axis=1)[cut, day] < 0).all()
    assert still(it["cohort"])


def test_levered_longs_are_a_slide() -> None:
    it = closes("longs")
    assert (np.diff(it["gap"], axis=1) < 1e-5).all() and np.median(it["gap"][:, -1]) < -0.1
    assert (np.diff(it["levered"], axis=1) <= 0).all()
    assert still(it["cohort"])
