"""A scenario against market and book: names known, shifts possible, factors loaded."""

from __future__ import annotations

from dataclasses import replace

from .book import Book
from .errors import InputError, did_you_mean
from .factors import betas, capped
from .market import Market, MarketRow
from .scenario import SHORTS, MarketShift, Scenario
from .whom import ALL
from .yamlfile import Mapping, Place, place_of

MAY_BE_ZERO = ("short_interest", "borrow_fee")


class ShiftError(InputError):
    """A shift that cannot be applied; `index` is its place in market_shifts."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


def _shifted_row(row: MarketRow, shift: MarketShift, index: int) -> MarketRow:
    value = getattr(row, shift.field)
    if value is None:
        raise ShiftError(f"the market file gives no {shift.field} for {row.symbol}", index)
    value = value * (1 + shift.size) if shift.type == "relative" else value + shift.size
    if value < 0 or (value == 0 and shift.field not in MAY_BE_ZERO):
        raise ShiftError(
            f"{shift.field} of {row.symbol} would become {value:g}; shift it less", index
        )
    return replace(row, **{shift.field: value})


def _symbols(shift: MarketShift, book: Book) -> tuple[str, ...]:
    if shift.symbol == ALL:
        return book.symbols
    return tuple(sorted(book.shorts)) if shift.symbol == SHORTS else (shift.symbol,)


def shifted_market(scenario: Scenario, market: Market, book: Book) -> Market:
    """The market as the scenario has it, which is what is packed. Raises InputError.

    `all` and `shorts` are names of the book, and leave a name alone where its column is empty.
    Lendable is in shares, so more short interest is more utilisation.
    """
    rows = dict(market.rows)
    for index, shift in enumerate(scenario.market_shifts):
        for symbol in _symbols(shift, book):
            if shift.symbol != symbol and getattr(rows[symbol], shift.field) is None:
                continue
            rows[symbol] = _shifted_row(rows[symbol], shift, index)
            position = next((p for p in book.positions if p.symbol == symbol), None)
            if position and -position.quantity > rows[symbol].short_interest:
                raise ShiftError(
                    f"short interest of {symbol} would become "
                    f"{rows[symbol].short_interest:,.0f}, less than the book's short of "
                    f"{-position.quantity:,.0f}; shift it less",
                    index,
                )
    return replace(market, rows=rows)


def _check_symbols(tree: Mapping, scenario: Scenario, market: Market, book: Book) -> list[str]:
    named = [symbol for symbol in scenario.names if symbol != SHORTS]
    places: dict[str, tuple[Place, str]] = {
        symbol: (place_of(tree, ("names", symbol)), f"names.{symbol}") for symbol in named
    }
    for index, shift in enumerate(scenario.market_shifts):
        if shift.symbol not in (ALL, SHORTS):
            place = place_of(tree, ("market_shifts", index, "symbol"))
            places.setdefault(shift.symbol, (place, f"market_shifts[{index}]"))
    for index, event in enumerate(scenario.timeline):
        for symbol in event.symbols:
            place = place_of(tree, ("timeline", index, "names"))
            places.setdefault(symbol, (place, f"timeline[{index}].names"))
    for name, factor in scenario.attention_factors.items():
        for symbol in factor.symbols:
            place = place_of(tree, ("attention_factors", name, "names"))
            places.setdefault(symbol, (place, f"attention_factors.{name}.names"))
    for symbol, (place, what) in places.items():
        if symbol not in market:
            help_ = did_you_mean(symbol, market.rows)
            raise InputError(
                f"{place}: {what}: the market file has no {symbol}{help_}; add its row, or put "
                f"the story on another name with `mapping` {symbol}=XYZ"
            )
    missing = [symbol for symbol in named if symbol not in book.symbols]
    if missing and len(missing) == len(named) and SHORTS not in scenario.names:
        place, what = places[missing[0]]
        raise InputError(
            f"{place}: {what}: the book does not hold {missing[0]}, so its overrides would do "
            f"nothing; put the story on a name it holds with `mapping` {missing[0]}=XYZ"
        )
    return [f"{scenario.id}: the book does not hold {s}; its overrides do nothing" for s in missing]


def _outside_the_book(scenario: Scenario, book: Book) -> list[str]:
    """Notes on events, attention factors and funds that find less in the book than they name."""
    held, notes = set(book.symbols), []
    for index, event in enumerate(scenario.timeline):
        if missing := [symbol for symbol in event.symbols if symbol not in held]:
            notes.append(
                f"{scenario.id}: the book does not hold {', '.join(missing)}; timeline[{index}] "
                "does nothing there"
            )
    for name, factor in scenario.attention_factors.items():
        touched = [s for s in book.symbols if factor.touches(s, s in book.shorts)]
        if len(touched) < 2:
            notes.append(
                f"{scenario.id}: attention factor {name} touches "
                f"{f'{touched[0]} alone' if touched else 'nothing'} that the book holds, so no two "
                "names move together by it"
            )
    for name, fund in scenario.funds.items():
        if missing := [symbol for symbol in fund.positions if symbol not in held]:
            notes.append(
                f"{scenario.id}: the book does not hold {', '.join(missing)}; fund {name} is "
                "simulated without"
            )
    return notes


def _check_betas(tree: Mapping, scenario: Scenario) -> None:
    """Every factor that betas name is one of the scenario's."""
    given: list[tuple[tuple[str, ...], dict[str, float]]] = [(("betas",), scenario.betas)]
    given += [(("names", key, "betas"), layer.betas) for key, layer in scenario.names.items()]
    for path, names in given:
        for name in names:
            if name not in scenario.factors:
                raise InputError(
                    f"{place_of(tree, (*path, name))}: {'.'.join((*path, name))}: no such factor"
                    f"{did_you_mean(name, scenario.factors)}; give its volatility under factors"
                )


def _check_factors(tree: Mapping, scenario: Scenario, market: Market, book: Book) -> list[str]:
    """Notes on factors; raises InputError for one that was asked for and that nobody loads on."""
    loaded: set[str] = set()
    for symbol in book.symbols:
        own = betas(scenario, market, symbol, symbol in book.shorts)
        loaded |= {name for name, beta in own.items() if beta}
    notes = []
    assumed = Scenario.model_fields["factors"].default
    for name in scenario.factors:
        if name in loaded:
            continue
        if name not in assumed:
            raise InputError(
                f"{place_of(tree, ('factors', name))}: factors.{name}: no name of the book loads "
                f"on it; add a column beta_{name} to the market file, or betas under names"
            )
        notes.append(
            f"{scenario.id}: the market file has no beta_{name}, so names do not move with it"
        )
    return notes


def check(tree: Mapping, scenario: Scenario, market: Market, book: Book) -> list[str]:
    """Check a scenario against market and book; returns notes that a reader should see.

    Raises InputError with file and line.
    """
    notes = _check_symbols(tree, scenario, market, book)
    notes += _outside_the_book(scenario, book)
    try:
        market = shifted_market(scenario, market, book)
    except ShiftError as error:
        place = place_of(tree, ("market_shifts", error.index))
        raise InputError(f"{place}: market_shifts[{error.index}]: {error}") from None
    _check_betas(tree, scenario)
    notes += _check_factors(tree, scenario, market, book)
    return [*notes, *capped(scenario, market, book)]
