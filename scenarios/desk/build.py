"""A market file and a chain for the names of a book, from files that a desk has downloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..errors import InputError
from ..prices import PriceFile, read_price_file
from .chains.read import read_chain_file
from .choose import Choice, Rules, choose
from .figures import FIELDS, WHERE, Figure, load_figures, placed
from .finra import read_finra
from .ibkr_shortable import read_shortable
from .names import by_name, names_of_book, read_splits
from .price_figures import History, Windows, price_figures, read_history
from .quotes import ChainFile, at_the_money, spot_by_parity
from .request import BuildRequest
from .shares import read_shares
from .vintages import keep, known, load_vintages, with_corrections

NEEDED = ("price", "float_shares", "short_interest", "borrow_fee", "adv", "volatility")
PRICE_GAP = 0.01


@dataclass(frozen=True)
class Built:
    """What was found for every name: figures, chains, notes, and what is missing with where to get
    it."""

    as_of: date
    names: tuple[str, ...]
    indices: frozenset[str]
    currencies: Mapping[str, str]
    choice: Choice
    chains: tuple[ChainFile, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]


def build_market(request: BuildRequest) -> Built:
    """Read everything and choose. Raises InputError, one line.

    Nothing is written but vintages: figures that are new to the folder of `request.vintages`.
    """
    given = names_of_book(request.book)
    names = frozenset(given)
    files = by_name("prices", request.prices, names)
    prices = {name: [read_price_file(path) for path in paths] for name, paths in files.items()}
    as_of = request.as_of or _last_close(prices)
    histories, notes = _histories(request, prices, as_of)
    index_names = {name for name, paths in files.items()
                   if {p.resolve() for p in paths} & _paths(request.indices)}  # fmt: skip
    windows = _windows(request, as_of)
    fresh = _figures(request, names)
    fresh += [
        f for several in histories.values() for h in several for f in price_figures(h, windows)
    ]
    chains = _chains(request, names, as_of)
    fresh += _volatilities(chains, histories, as_of)
    rules = Rules(as_of, request.known_by or as_of, request.oldest, request.flag)
    figures = _with_vintages(request, fresh)
    choice = choose(figures, known(figures, as_of, rules.known_by), rules)
    notes += [note for chain in chains for note in chain.notes]
    notes += _other_prices(given, choice)
    return Built(
        as_of,
        tuple(given),
        frozenset(index_names) | {s.upper() for s in request.index_funds},
        {name: several[0].currency for name, several in histories.items()},
        choice,
        chains,
        (*notes, *choice.notes),
        _missing(tuple(given), choice),
    )


def _paths(indices: Mapping[str, str]) -> set[Path]:
    return {Path(file).resolve() for file in indices.values()}


def _last_close(prices: Mapping[str, Sequence[PriceFile]]) -> date:
    """The day on which most names' prices end: what ends before it is told to be old."""
    if not prices:
        raise InputError("prices: no file of a name of the book; give files, folders or GME=file")
    last = [several[0].rows[-1][1] for several in prices.values() if several[0].rows]
    if not last:
        raise InputError("prices: no rows in any file; download them again")
    return max(last, key=lambda day: (last.count(day), day))


def _histories(
    request: BuildRequest, prices: Mapping[str, Sequence[PriceFile]], as_of: date
) -> tuple[dict[str, list[History]], list[str]]:
    splits = read_splits(request.splits)
    found = {
        name: [read_history(file, name, as_of, splits.get(name, ())) for file in several]
        for name, several in prices.items()
    }
    return found, [note for several in found.values() for h in several for note in h.notes]


def _windows(request: BuildRequest, as_of: date) -> Windows:
    indices = {
        name: read_history(read_price_file(f), name, as_of) for name, f in request.indices.items()
    }
    return Windows(request.until or as_of, request.window, indices=indices)


def _figures(request: BuildRequest, names: frozenset[str]) -> list[Figure]:
    """What stands in files of many names, in the order in which they were given."""
    typed = [[f for f in load_figures(p) if f.symbol in names] for p in request.figures]
    read = [read_finra(path, names) for path in request.short_interest]
    read += [read_shares(path, names) for path in request.shares]
    read += [read_shortable(path, names) for path in request.borrow]
    return placed([*typed, *read])


def _chains(request: BuildRequest, names: frozenset[str], as_of: date) -> tuple[ChainFile, ...]:
    files = by_name("chains", request.chains, names)
    return tuple(
        read_chain_file(path, name, as_of) for name, paths in files.items() for path in paths
    )


def _volatilities(
    chains: Sequence[ChainFile], histories: Mapping[str, Sequence[History]], as_of: date
) -> list[Figure]:
    """Implied volatility of each name with a chain, all of its files of a day together."""
    found = []
    for symbol, day in dict.fromkeys((c.symbol, c.as_of) for c in chains):
        mine = [c for c in chains if (c.symbol, c.as_of) == (symbol, day)]
        quotes = [quote for chain in mine for quote in chain.quotes]
        closes = [h for h in histories.get(symbol, ()) if h.days[-1] == day]
        spot = next((c.spot for c in mine if c.spot), None)
        spot = spot or (float(closes[0].close[-1]) if closes else spot_by_parity(quotes))
        vol = at_the_money(quotes, spot, day) if spot else None
        if vol is not None:
            source = f"{mine[0].source}, 30 days at the money"
            found.append(Figure(symbol, "implied_vol", round(vol, 4), source, day, day))
    return found


def _with_vintages(request: BuildRequest, fresh: list[Figure]) -> list[Figure]:
    """All figures that are kept, and the fresh ones, which are kept from now on."""
    if request.vintages is None:
        return fresh
    kept, today = load_vintages(request.vintages), date.today()
    new = with_corrections(fresh, kept, today)
    keep(request.vintages, new, today)
    names = {f.symbol for f in fresh}
    return [*new, *(f for f in kept if f.symbol in names)]


def _other_prices(given: Mapping[str, float | None], choice: Choice) -> list[str]:
    """Names whose price is another in the book: of another day, or of shares of another size."""
    notes = []
    for symbol, price in given.items():
        figure = choice.used.get((symbol, "price"))
        if not price or figure is None or abs(price / figure.value - 1) <= PRICE_GAP:
            continue
        ratio = max(price / figure.value, figure.value / price)
        split = ratio > 1.4 and abs(ratio - round(ratio)) < 0.01 * ratio
        why = (
            f"{ratio:.0f} times the other: the file is restated for a later split, so give it in "
            f"`splits` ({symbol},DATE,{ratio:.0f})"
            if split
            else "of another day?"
        )
        notes.append(
            f"{symbol} price: {figure.value:g} ({figure.source}) but the book has {price:g}, {why}"
        )
    return notes


def _missing(names: Sequence[str], choice: Choice) -> tuple[str, ...]:
    """What a market file needs and nobody gave, by figure, with where it is to be had."""
    found = []
    for field in NEEDED:
        lacking = [name for name in names if (name, field) not in choice.used]
        if lacking:
            found.append(f"{field} of {', '.join(lacking)}: {WHERE[field]}")
    return tuple(found)


def fields_used(built: Built) -> tuple[str, ...]:
    """Fields of the market file in order, betas last."""
    used = {field for _, field in built.choice.used}
    betas = sorted({f for f in used if f not in FIELDS}, key=lambda f: (f != "beta_market", f))
    return (*(f for f in FIELDS if f in used or f in NEEDED), *betas)
