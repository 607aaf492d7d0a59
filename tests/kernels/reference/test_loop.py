"""The whole loop: the ledger, the channels, batches, shapes."""

import numpy as np
import pytest
from hypothesis import given, settings

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.packed import Packed, Simulated
from powderkeg.kernels.records import ALL_CHANNELS, CALM, Channel
from tests.helpers.builders import gme_like, packed, path_ids
from tests.helpers.events import event, fund
from tests.helpers.strategies import packed_strategy
from tests.helpers.traces import LOT, Array, traced

HELD = (
    "elastic crowd_shares hedge locked programme leader levered book fund_1 fund_2 fund_3 fund_4"
).split()


SOLD = "issued cohort new_shorts".split()


SIGNED = {"hedge", "book", "fund_1", "fund_2", "fund_3", "fund_4"}


def ledger_residual(t: dict[str, Array]) -> Array:
    """Held less sold, docs/model.md 3; exact, as every holding is in whole lots below 4 floats."""
    held = sum(t[f] for f in HELD)
    sold = 1 + sum(t[f] for f in SOLD)
    return np.asarray(held - sold)


@pytest.mark.slow
@given(scenario=packed_strategy())
@settings(max_examples=60, deadline=None)
def test_no_path_creates_a_share(scenario: Packed) -> None:
    t = traced(scenario, 16)
    assert (ledger_residual(t) == 0).all()
    for field in (*HELD, *SOLD):
        assert (np.rint(t[field] / LOT) * LOT == t[field]).all(), field
        if field not in SIGNED:
            assert (t[field] >= 0).all(), field
    assert all(np.isfinite(values).all() for values in t.values())
    names = t["elastic"].shape[2]
    assert (t["elastic"] >= scenario.names["elastic_min"][:names] - 4 * LOT).all()
    assert (t["removed"] + t["attention"] <= 1 + 1e-6).all()
    assert (t["log_price_max"] >= t["log_price"] - 1e-6).all()


def test_the_whole_model_keeps_its_ledger_and_reaches_the_floor() -> None:
    scenario = gme_like(2, days=15, steps_per_day=13, max_multiple=4.0)
    t = traced(scenario, 64)
    assert (ledger_residual(t) == 0).all()
    assert t["floor"][:, -1].any()
    assert (t["fails"][:, -1] > 0).any()


FROZEN_BY = {
    Channel.DEALERS: ("hedge",),
    Channel.CROWD: ("attention", "removed", "crowd_shares", "calls", "log_price_slow"),
    Channel.CROWD_SHARES: ("crowd_shares",),
    Channel.CROWD_CALLS: ("calls", "call_log_strike"),
    Channel.SHORTS | Channel.RECALL: ("cohort",),
    Channel.NEW_SHORTS: ("new_shorts", "new_short_entry"),
    Channel.RESTRICTION: ("restriction_clock", "restricted"),
    Channel.TRANSIENT_IMPACT: ("transient",),
    Channel.FUNDS: ("fund_1", "fund_2"),
    Channel.LEVERED_LONGS: ("levered", "drawdown_max"),
    Channel.LOCKED_RELEASE: ("locked",),
    Channel.ISSUER | Channel.PROGRAMMES: ("issued",),
    Channel.LEADER: ("leader",),
    Channel.PAUSES: ("paused",),
    Channel.CLEARING_RULE: ("unsettled",),
    Channel.PROGRAMMES: ("programme",),
}


@pytest.fixture(scope="module")
def wild() -> Packed:
    return gme_like(
        days=12,
        steps_per_day=8,
        attention0=0.1,
        lendable_elastic=0.4,
        lendable_locked=0.4,
        funds=[fund([0.05], 40.0, threshold=0.0), fund([-0.05], 10.0)],
        levered=0.05,
        levered_refinancing=0.5,
        release_rate=0.2,
        issue_maximum=0.05,
        leader_block=0.03,
        tier=2,
        broker_value=1.0,
        events=[
            event("buying_programme", 0.01, 0, rows=40),
            event("issuance", 0.002, 0, rows=40),
        ],
    )


@pytest.mark.slow
@pytest.mark.parametrize("channel", FROZEN_BY, ids=str)
def test_a_channel_that_is_off_freezes_and_on_moves(wild: Packed, channel: Channel) -> None:
    on, off = traced(wild, 8), traced(wild.with_channels(ALL_CHANNELS & ~channel), 8)
    for field in FROZEN_BY[channel]:
        assert (off[field] == off[field][:, :1]).all(), field
        assert np.ptp(on[field]) > 1e-3, field


def test_with_every_channel_off_nobody_trades(wild: Packed) -> None:
    t = traced(wild.with_channels(CALM), 8)
    for field in (*HELD, *SOLD, "transient", "fee", "utilisation", "calls", "paused"):
        assert (t[field] == t[field][:, :1]).all(), field
    assert (t["log_price"] == t["anchor"]).all()
    assert (t["volume"] == 0).all()


@pytest.mark.slow
@given(scenario=packed_strategy(max_names=5))
@settings(max_examples=10, deadline=None)
def test_a_path_does_not_depend_on_its_batch(scenario: Packed) -> None:
    whole = reference.simulate(scenario, path_ids(12), trace=True)
    part = reference.simulate(scenario, path_ids(3, first=5), trace=True)
    assert whole.trace is not None and part.trace is not None
    assert whole.paths[5:8].tobytes() == part.paths.tobytes()
    assert whole.trace[5:8].tobytes() == part.trace.tobytes()
    np.testing.assert_array_equal(whole.pnl[:, 5:8], part.pnl)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = gme_like(3, days=2, steps_per_day=4, book_weight=[-0.2, 0.1, 0.0])
    whole = reference.simulate(scenario, path_ids(100))
    monkeypatch.setattr("powderkeg.kernels.reference.loop.ELEMENTS", 48)
    pieces = reference.simulate(scenario, path_ids(100))
    for field in ("pnl", "paths", "closes", "peaks"):
        assert getattr(whole, field).tobytes() == getattr(pieces, field).tobytes(), field


def test_shapes_of_what_comes_back() -> None:
    scenario = packed(5, days=3, horizons=[1, 3])
    out: Simulated = reference.simulate(scenario, path_ids(7))
    assert out.trace is None
    assert out.pnl.shape == (3, 7) and out.pnl.dtype == np.float32
    assert out.paths.shape == (7,) and out.paths.dtype == layout.PATH
    assert out.closes.shape == (3, 5, 7, 512) and out.peaks.shape == (5, 512)
    assert reference.simulate(scenario, path_ids(0)).paths.shape == (0,)
