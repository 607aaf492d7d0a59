"""Inputs of a moment, and a book at the prices of another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from ...scenarios import InputError, Scenario
from ...scenarios.book import Book, Position, maintenance_margin
from ...scenarios.bound import bind
from ...scenarios.chain import Chain
from ...scenarios.derivatives import Derivative, at_close_of
from ...scenarios.market import Market
from ..job import Job
from ..model import Model

Held = TypeVar("Held", Position, Derivative)


@dataclass(frozen=True)
class State:
    """One scenario with the inputs of a moment; equal keys give equal losses to the last bit."""

    book: Book
    market: Market
    chain: Chain
    scenario: Scenario
    seed: int
    back_end: str
    model: str

    @cached_property
    def key(self) -> tuple[str, str]:
        """Everything that decides the losses of a path: no labels, no order of positions."""
        positions = sorted(self.book.positions, key=lambda p: p.symbol)
        book = replace(
            self.book,
            positions=tuple(map(without_label, positions)),
            derivatives=tuple(map(without_label, self.book.derivatives)),
        )
        rows = {s: replace(row, source="") for s, row in self.market.rows.items()}
        inputs = (book, replace(self.market, rows=rows), self.chain, (self.scenario,))
        job = Job(*inputs, 1, 1, self.back_end, seed=self.seed)
        return job.fingerprint, self.model

    def packed(self) -> Model:
        """What is to run, packed. Raises InputError where the inputs do not fit together."""
        for d in self.book.derivatives:
            if d.expiry is not None and (d.expiry_day or 0) < 1:
                raise InputError(f"{d.label} has expired by {self.market.as_of}")
        return Model(bind(self.scenario, self.book, self.market, self.chain), self.seed).pack()


def without_label(held: Held) -> Held:
    """A position or a contract without its id, which moves no number."""
    return replace(held, position_id="")


def filled(market: Market, other: Market) -> Market:
    """A market with the rows that only the other one has."""
    return replace(market, rows={**other.rows, **market.rows})


def at_prices_of(market: Market, job: Job) -> Book:
    """The job's book at the prices of a market; margin rates by default follow the price. At its
    own close a contract keeps its mark, to the last bit.
    """
    positions = []
    for p in job.book.positions:
        quote, margin = market[p.symbol], p.margin_rate
        if margin == maintenance_margin(p.quantity, p.price * p.rate):
            margin = maintenance_margin(p.quantity, quote.price * quote.rate)
        positions.append(replace(p, price=quote.price, rate=quote.rate, margin_rate=margin))
    derivatives = tuple(
        d
        if _close(market, d.symbol) == _close(job.market, d.symbol)
        else at_close_of(d, market, job.market)
        for d in job.book.derivatives
    )
    return replace(job.book, positions=tuple(positions), derivatives=derivatives)


def _close(market: Market, symbol: str) -> tuple[object, ...]:
    """What the marks of a name's contracts follow."""
    row = market[symbol]
    return market.as_of, row.price, row.implied_vol, row.rate
