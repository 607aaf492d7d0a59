"""The option chain: customers' open interest per symbol, expiry and strike."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, cast

from .errors import InputError
from .market import Market
from .table import Row, Table, choice, parse_table, read_table

SHARES_PER_CONTRACT = 100
COLUMNS = ("symbol", "expiry", "strike", "option_type", "open_interest")
OPTION_TYPES = {"call": "call", "put": "put", "c": "call", "p": "put"}
NO_CHAIN = (
    "no option chain given: dealers start without a hedge and answer the crowd's calls alone; "
    "give `chain`, or dealers.open_interest in the scenario"
)


@dataclass(frozen=True)
class ChainRow:
    """One listed option. Units: strike in currency, open_interest in contracts of 100 shares."""

    symbol: str
    expiry: date
    strike: float
    option_type: Literal["call", "put"]
    open_interest: float


@dataclass(frozen=True)
class Chain:
    """Every option read; empty where no file is given."""

    rows: tuple[ChainRow, ...] = ()
    file: str = ""
    text: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()

    def for_symbol(self, symbol: str) -> tuple[ChainRow, ...]:
        """The rows of one symbol, in file order."""
        return tuple(row for row in self.rows if row.symbol == symbol)


def load_chain(path: str | Path | None, market: Market) -> Chain:
    """Read and check an option chain.

    Parameters
    ----------
    path
        A CSV file, one row a listed option with its open interest in contracts; None for none.
    market
        The snapshot of the same close; its as-of date says how long options live.

    Returns
    -------
    The chain; an empty one with a note where `path` is None.

    Raises
    ------
    InputError
        One line with file, row and column, what was found and what to do.

    Example
    -------
    >>> from powderkeg.scenarios import load_chain, load_market
    >>> load_chain(None, load_market("market.csv")).for_symbol("GME")
    ()
    """
    if path is None:
        return Chain(notes=(NO_CHAIN,))
    return _chain(read_table(Path(path), COLUMNS, COLUMNS), market)


def parse_chain(file: str, text: str, market: Market) -> Chain:
    """The chain of a text that was read already, as `load_chain`; `file` opens its errors."""
    return _chain(parse_table(file, text, COLUMNS, COLUMNS), market)


def _chain(table: Table, market: Market) -> Chain:
    if market.as_of is None:
        raise InputError(
            f"{table.file}: expiries need an as-of date; "
            f"add a first line `# as_of: 2021-01-15` to {market.file}"
        )
    rows: list[ChainRow] = []
    seen: set[tuple[str, date, float, str]] = set()
    totals: dict[str, float] = {}
    for row in table.rows:
        option = _option(row, market, market.as_of)
        key = (option.symbol, option.expiry, option.strike, option.option_type)
        if key in seen:
            words = f"{option.symbol} {option.expiry} {option.strike:g} {option.option_type}"
            raise row.error("strike", f"{words} is there twice; add up the two rows")
        seen.add(key)
        rows.append(option)
        shares = option.open_interest * SHARES_PER_CONTRACT
        totals[option.symbol] = totals.get(option.symbol, 0.0) + shares
    if not rows:
        raise InputError(f"{table.file}: no rows under the header; leave `chain` out instead")
    notes = tuple(
        f"{table.file}: open interest in {symbol} is {total / market[symbol].float_shares:.1f} "
        "times its float; check that it is in contracts"
        for symbol, total in totals.items()
        if total > 2 * market[symbol].float_shares
    )
    return Chain(tuple(rows), table.file, table.text, notes)


def _option(row: Row, market: Market, as_of: date) -> ChainRow:
    """One option of the chain."""
    symbol = row.symbol(market.rows)
    expiry = row.iso_date("expiry")
    if expiry <= as_of:
        raise row.error("expiry", f"{expiry} is not after the as-of date {as_of}; remove the row")
    strike = row.positive("strike", "give the strike in currency")
    option_type = cast(Literal["call", "put"], choice(row, "option_type", OPTION_TYPES))
    interest = row.not_negative("open_interest", "give contracts")
    if interest is None:
        raise row.error("open_interest", "is empty; give contracts, 0 if none")
    return ChainRow(symbol, expiry, strike, option_type, interest)
