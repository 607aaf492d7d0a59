"""Funds and the timeline: rows, lengths and sizes."""

import math

import pytest

from powderkeg.kernels.packing.story import start_row
from powderkeg.kernels.records import (
    EventType,
)
from powderkeg.kernels.streams import stream_of
from powderkeg.scenarios import Scenario
from tests.helpers.packs import pack
from tests.helpers.small_packs import DT, EVERYBODY, GME, NO, SPY, timeline
from tests.helpers.small_run import BOOK, CHAIN, MARKET


def test_funds_by_weight_and_by_copy() -> None:
    packed = pack(BOOK, MARKET, CHAIN, EVERYBODY, seed=1)
    m, n = packed.funds
    assert m["kept0"] == pytest.approx(1 - 4 * 0.05)
    assert n["kept0"] == 1
    assert m["cut_c"] == pytest.approx(1 - math.exp(-2 * DT))
    held = packed.positions["holding0"].astype(float) * packed.positions["value"]
    weights = [p.quantity * MARKET[p.symbol].price / BOOK.equity for p in BOOK.positions]
    assert held[:, 0] == pytest.approx([-0.1, 0.5 * weights[2], 0.5 * weights[1]], rel=1e-4)
    assert held[:, 1] == pytest.approx([0, 0.02, 0], rel=1e-4)
    assert int(packed.run["funds"]) == 2


@pytest.mark.parametrize(
    ("when", "row"),
    [
        ({"day": 1}, 0),
        ({"day": 2}, 9),
        ({"day": 2, "at": 0.0}, 10),
        ({"day": 2, "at": 0.124}, 10),
        ({"day": 2, "at": 0.125}, 11),
        ({"day": 2, "at": 1.0}, 17),
        ({"hazard": 0.5}, -1),
    ],
)
def test_start_rows(when: dict[str, object], row: int) -> None:
    event = timeline({"type": "trading_halt", **when}).events[0]
    assert event["start_row"] == row
    assert event["hazard"] == when.get("hazard", 0)
    assert event["stream"] == stream_of("event:trading_halt")


@pytest.mark.parametrize(("duration", "rows"), [(None, 18), (1, 9), (0.5, 5), (0.01, 1), (2, 18)])
def test_lengths(duration: float | None, rows: int) -> None:
    event = timeline({"type": "trading_halt", "day": 1, "duration": duration}).events[0]
    assert event["rows"] == rows


def test_a_fraction_of_a_day_is_what_it_says_on_any_grid() -> None:
    event = Scenario.model_validate(
        {"id": "s", "timeline": [{"type": "trading_halt", "day": 1, "at": 0.29}]}
    ).timeline[0]
    assert start_row(event, 100) == 30


@pytest.mark.parametrize(
    ("event", "kind", "sizes"),
    [
        ({"type": "anchor_news", "size": 0.2}, EventType.ANCHOR, [math.log(1.2)] * 3),
        (
            {"type": "market_shock", "size": -0.1},
            EventType.ANCHOR,
            [math.log(0.9) * beta for beta in (1, 1.2, 1)],
        ),
        ({"type": "lock_up", "size": 0.3}, EventType.PROGRAMME, [0.3] * 3),
        ({"type": "lock_up", "size": 0.3, "duration": 2}, EventType.PROGRAMME, [0.15] * 3),
        ({"type": "buying_programme", "size": -0.1}, EventType.PROGRAMME, [-0.1] * 3),
        ({"type": "call_programme", "size": 0.01}, EventType.CALL_PROGRAMME, [0.01] * 3),
        ({"type": "lendable_recall", "size": 0.25}, EventType.LENDABLE, [0.75] * 3),
        ({"type": "lendable_recall", "size": 1}, EventType.LENDABLE, [2.0**-22] * 3),
        ({"type": "attention", "size": 0.2}, EventType.ATTENTION, [0.2] * 3),
        ({"type": "elasticity", "size": 2}, EventType.ELASTICITY, [2] * 3),
        ({"type": "depth", "size": 0.5}, EventType.DEPTH, [0.5] * 3),
        ({"type": "implied_vol", "size": 0.5}, EventType.IMPLIED_VOL, [1.5] * 3),
        ({"type": "issuance", "size": 0.2, "duration": 0.5}, EventType.ISSUANCE, [0.4] * 3),
        ({"type": "restriction", "on": True}, EventType.RESTRICTION, [1] * 3),
        ({"type": "restriction", "on": False}, EventType.RESTRICTION, [-1] * 3),
        ({"type": "trading_halt"}, EventType.HALT, [1] * 3),
        ({"type": "trade_cancellation"}, EventType.CANCELLATION, [1] * 3),
    ],
)
def test_what_events_do(event: dict[str, object], kind: EventType, sizes: list[float]) -> None:
    packed = timeline({**event, "day": 1})
    assert packed.events[0]["type"] == kind
    assert packed.event_sizes[:, 0] == pytest.approx(sizes)


def test_a_new_margin_rate_is_added_to_the_old() -> None:
    packed = timeline({"type": "margin_rate", "size": 1.0, "day": 1, "names": "shorts"})
    names = packed.names
    for i in (GME, NO):
        total = names["book_margin"][i] + packed.event_sizes[i, 0]
        assert total == pytest.approx(abs(names["book_weight"][i]))
    assert packed.event_sizes[SPY, 0] == 0


def test_names_an_event_does_not_touch_are_left_alone() -> None:
    packed = timeline(
        {"type": "depth", "size": 0.5, "day": 1, "names": ["NO"]},
        {"type": "anchor_news", "size": 0.5, "day": 1, "names": ["NO"]},
    )
    assert packed.event_sizes[:, 0].tolist() == [1, 0.5, 1]
    assert packed.event_sizes[[GME, SPY], 1].tolist() == [0, 0]


@pytest.mark.parametrize("when", [{"day": 1}, {"day": 1, "at": 0.3}, {"day": 2, "at": 0.9}])
@pytest.mark.parametrize("duration", [0.2, 0.5, 1, 1.6])
def test_a_lock_up_takes_what_it_says(when: dict[str, object], duration: float) -> None:
    event = {"type": "lock_up", "size": 0.3, "duration": duration, **when}
    packed = timeline(event, horizon_days=5)
    start, rows = int(packed.events[0]["start_row"]), int(packed.events[0]["rows"])
    trading = packed.schedule["step_of_day"][start : start + rows] > 0
    assert trading.sum() * packed.event_sizes[0, 0] / 8 == pytest.approx(0.3, rel=1e-6)
