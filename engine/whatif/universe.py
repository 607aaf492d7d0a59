"""The names that a what-if simulates: the book's, and those that its changes add.

A name that the book does not hold joins it with no shares before anything is bought, and the book
as it is runs once more so. The names of the book keep their random numbers, which go by symbol, but
what a scenario shares among names (the crowd's attention, a fund with a position in the new name)
sees one name more: on both sides, so a difference is that of the position alone. All changes of a
question share these names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from ...scenarios.book import Book, ChangedBook, Position, maintenance_margin
from ...scenarios.chain import Chain, parse_chain
from ...scenarios.errors import InputError, did_you_mean, shown
from ...scenarios.market import Market, MarketRow, load_market, parse_market
from ..job import Job, input_texts
from ..stored import Finished
from .book_change import Trade, applied

File = str | Path | Market


@dataclass(frozen=True)
class Universe:
    """Inputs with the `added` names among the book's, none of them held."""

    book: Book
    market: Market
    chain: Chain
    added: tuple[str, ...]


def known_market(source: Finished, given: File | None = None) -> Market:
    """The run's market with every name that can be traded: those of the market file that the store
    keeps, and for names that the book does not hold those of `given`. Raises InputError.
    """
    job, text = source.job, input_texts(source.store).get("market", "")
    rows = dict(parse_market(f"{source.store}: market", text).rows) if text else {}
    rows |= job.market.rows
    if given is not None:
        more = given if isinstance(given, Market) else load_market(given)
        _check_close(more, job.market)
        held = job.book.symbols
        rows |= {symbol: row for symbol, row in more.rows.items() if symbol not in held}
    return replace(job.market, rows=rows)


def _check_close(given: Market, market: Market) -> None:
    """Raises InputError for rows of another close, in another currency, at another rate."""
    file = given.file or "market"
    if given.as_of != market.as_of:
        found, wanted = (day or "no date" for day in (given.as_of, market.as_of))
        raise InputError(f"{file}: as_of: {found}, and the store's is {wanted}; give that close")
    if given.currency != market.currency:
        raise InputError(
            f"{file}: currency: {given.currency}, and the store's is {market.currency}; give "
            f"prices of other currencies with `# rate_{given.currency}: ...`"
        )
    for currency, rate in given.rates.items():
        if market.rates.get(currency, rate) != rate:
            raise InputError(
                f"{file}: rate_{currency}: {rate:g}, and the store's is "
                f"{market.rates[currency]:g}; give that"
            )


def row_of(symbol: str, market: Market) -> MarketRow:
    """The row of a name that may be traded. Raises InputError, without saying where it was asked.

    `market` as `known_market` gives it.
    """
    if symbol not in market:
        near = did_you_mean(symbol, market.rows)
        way_out = f"{near}{' Else' if near else ';'} give its row with `market`"
        raise InputError(f"{shown(symbol)} has no row in the run's market file{way_out}")
    return market[symbol]


def enlarged(source: Finished, market: Market, changes: Sequence[Trade]) -> Universe:
    """The universe of changes of names of `market`.

    A name that the changes together make a short is one of `shorts`, of which scenarios speak, as
    if it had been held from the start: a squeeze comes to it whoever is short.
    """
    job = source.job
    book = job.book
    names = dict.fromkeys(change.symbol for change in changes)
    added = tuple(symbol for symbol in names if symbol not in book.symbols)
    if not added:
        return Universe(book, job.market, job.chain, ())
    none = tuple(_no_shares(market[symbol]) for symbol in added)
    larger = replace(book, positions=(*book.positions, *none))
    shorts = book.shorts | (applied(larger, changes).shorts & set(added))
    given = {field.name: getattr(larger, field.name) for field in fields(Book)}
    rows = {**job.market.rows, **{symbol: market[symbol] for symbol in added}}
    return Universe(
        ChangedBook(**given, before=shorts),
        replace(job.market, rows=rows),
        _with_options(source, job, added),
        added,
    )


def _no_shares(row: MarketRow) -> Position:
    margin = maintenance_margin(0, row.price * row.rate)
    return Position(f"shares {row.symbol}", row.symbol, 0.0, row.price, margin, rate=row.rate)


def _with_options(source: Finished, job: Job, added: Sequence[str]) -> Chain:
    """The chain with the options listed on added names, as far as the run's file has them."""
    texts = input_texts(source.store)
    if "chain" not in texts or "market" not in texts:
        return job.chain
    market = parse_market(f"{source.store}: market", texts["market"])
    chain = parse_chain(f"{source.store}: chain", texts["chain"], market)
    listed = tuple(row for row in chain.rows if row.symbol in added)
    return replace(job.chain, rows=(*job.chain.rows, *listed))
