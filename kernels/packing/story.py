"""Funds and the timeline as the back ends read them (docs/model.md, sections 1 and 7)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...scenarios.book import Book
from ...scenarios.factors import betas
from ...scenarios.market import Market
from ...scenarios.scenario import Scenario
from ...scenarios.timeline import (
    AnchorNews,
    AnyEvent,
    AttentionSeed,
    BuyingProgramme,
    CallProgramme,
    DepthChange,
    ElasticityChange,
    ImpliedVolShock,
    Issuance,
    Lasting,
    LendableRecall,
    LockUp,
    MarginRate,
    MarketShock,
    RestrictionEvent,
    Spread,
    TradeCancellation,
    TradingHalt,
    labels,
)
from ..holders.subject import step_fraction
from ..records import EVENT, FUND, LOTS_PER_FLOAT, POSITION, EventType
from ..streams import stream_of
from .holdings import lots

FACTORS = (EventType.LENDABLE, EventType.ELASTICITY, EventType.DEPTH, EventType.IMPLIED_VOL)


@dataclass(frozen=True)
class Timeline:
    """Events (V,) EVENT records, sizes (slots, V), and what they issue (names,) in floats."""

    events: npt.NDArray[np.void]
    sizes: npt.NDArray[np.float32]
    issuance: npt.NDArray[np.float64]


def event_streams(scenario: Scenario) -> tuple[str, ...]:
    """Labels of the random-number streams of the scenario's events."""
    return tuple(f"event:{label}" for label in labels(scenario.timeline))


def pack_timeline(
    scenario: Scenario,
    book: Book,
    rates: Mapping[str, float],
    market: Market,
    symbols: Sequence[str],
    slots: int,
) -> Timeline:
    """The scenario's events; a size of 0, or of 1 for a factor, leaves a name alone.

    `rates` are the names' margin rates before any event.
    """
    n = scenario.steps_per_day
    timeline, streams = scenario.timeline, event_streams(scenario)
    events = np.zeros(len(timeline), EVENT)
    sizes = np.zeros((slots, len(timeline)), np.float32)
    issuance = np.zeros(len(symbols))
    for k, (event, label) in enumerate(zip(timeline, streams, strict=True)):
        start = start_row(event, n)
        rows = length(event, n, scenario.horizon_days)
        # an event at random starts within a session, so the first step stands for its start
        trading = trading_rows(start if start >= 0 else 1, rows, n)
        kind, size_of = _meaning(event, scenario, book, rates, market, trading / n)
        events[k] = (
            int(kind), stream_of(label), start, event.hazard or 0.0, event.from_day or 0.0, rows
        )  # fmt: skip
        sizes[:, k] = 1.0 if kind in FACTORS else 0.0
        for i, symbol in enumerate(symbols):
            if event.touches(symbol, symbol in book.shorts):
                sizes[i, k] = size_of(symbol)
                if isinstance(event, Issuance):
                    issuance[i] += event.size
    return Timeline(events, sizes, issuance)


def start_row(event: AnyEvent, steps_per_day: int) -> int:
    """Row of the schedule where a dated event starts, -1 for one at random."""
    if event.day is None:
        return -1
    opening = (event.day - 1) * (steps_per_day + 1)
    if event.at is None:
        return opening
    # a hair above, so that .29 of 100 steps is the 29th and not the 28th
    return opening + 1 + min(int(event.at * steps_per_day + 1e-9), steps_per_day - 1)


def length(event: AnyEvent, steps_per_day: int, days: int) -> int:
    """How many rows of the schedule an event is on."""
    if not isinstance(event, Lasting | Spread):
        return 1
    if event.duration is None:
        return days * (steps_per_day + 1)
    return max(1, math.floor(event.duration * (steps_per_day + 1) + 0.5))


def trading_rows(start: int, rows: int, steps_per_day: int) -> int:
    """How many of so many rows from `start` are intraday, at least 1."""
    per_day = steps_per_day + 1
    nights = (start + rows - 1) // per_day - (start - 1) // per_day
    return max(rows - nights, 1)


def _meaning(
    event: AnyEvent,
    scenario: Scenario,
    book: Book,
    rates: Mapping[str, float],
    market: Market,
    trading_days: float,
) -> tuple[EventType, Callable[[str], float]]:
    """The kernels' type of an event, and its size for a name."""
    kind, size = _KINDS[type(event)], getattr(event, "size", 1.0)
    match event:
        case AnchorNews():
            size = math.log1p(size)
        case MarketShock():
            shock = math.log1p(size)
            return (
                kind,
                lambda symbol: (
                    shock
                    * betas(scenario, market, symbol, symbol in book.shorts).get(event.factor, 0.0)
                ),
            )
        case LockUp() | Issuance():
            size /= trading_days
        case LendableRecall():  # a factor of 0 would read as a name that is left alone
            size = max(1 - size, 1 / LOTS_PER_FLOAT)
        case ImpliedVolShock():
            size += 1
        case RestrictionEvent():
            size = 1.0 if event.on else -1.0
        case MarginRate():
            return (
                kind,
                lambda symbol: (size - rates[symbol]) * abs(book[symbol].value / book.equity),
            )
    return kind, lambda symbol: size


_KINDS = {
    AnchorNews: EventType.ANCHOR,
    MarketShock: EventType.ANCHOR,
    LockUp: EventType.PROGRAMME,
    BuyingProgramme: EventType.PROGRAMME,
    CallProgramme: EventType.CALL_PROGRAMME,
    LendableRecall: EventType.LENDABLE,
    AttentionSeed: EventType.ATTENTION,
    ElasticityChange: EventType.ELASTICITY,
    DepthChange: EventType.DEPTH,
    ImpliedVolShock: EventType.IMPLIED_VOL,
    Issuance: EventType.ISSUANCE,
    RestrictionEvent: EventType.RESTRICTION,
    MarginRate: EventType.MARGIN,
    TradingHalt: EventType.HALT,
    TradeCancellation: EventType.CANCELLATION,
}


def pack_funds(
    scenario: Scenario, book: Book, market: Market, symbols: Sequence[str], slots: int
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
    """FUND records (G,) and POSITION records (slots, G)."""
    dt = 1 / scenario.steps_per_day
    records = np.zeros(len(scenario.funds), FUND)
    positions = np.zeros((slots, len(scenario.funds)), POSITION)
    for k, fund in enumerate(scenario.funds.values()):
        records[k] = (
            fund.threshold,
            fund.slope,
            fund.kept_at_start,
            step_fraction(fund.cut_rate, dt),
            step_fraction(fund.rebuild_rate, dt),
        )
        for i, symbol in enumerate(symbols):
            row = market[symbol]
            price = row.price * row.rate
            value = price * row.float_shares / fund.equity
            copied = fund.copies * book[symbol].quantity * price / book.equity
            weight = fund.positions.get(symbol, copied)
            positions[i, k] = (lots(weight / value), value)
    return records, positions
