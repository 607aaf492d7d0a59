"""Stores of a day and the next, and what a comparison of them must hold to."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import powderkeg
from powderkeg.engine.compare.result import Difference
from powderkeg.results import open_results
from powderkeg.results.measures import statistics as st
from powderkeg.scenarios import Book, Market, Scenario
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE

PATHS = 4000


def with_short(book: Book, shares: float) -> Book:
    """Another short in GME, its proceeds among the cash."""
    gme, *others = book.positions
    cash = book.cash + (shares + gme.quantity) * gme.price
    return replace(book, positions=(replace(gme, quantity=-shares), *others), cash=cash)


def priced(market: Market, **prices: float) -> Market:
    rows = {s: replace(row, price=prices.get(s, row.price)) for s, row in market.rows.items()}
    return replace(market, rows=rows)


def at_prices(book: Book, market: Market) -> Book:
    positions = (replace(p, price=market[p.symbol].price) for p in book.positions)
    return replace(book, positions=tuple(positions))


LOUDER = Scenario.model_validate(
    {
        **SQUEEZE.model_dump(exclude_unset=True),
        "names": {"GME": {"crowd": {"initial_attention": 0.08, "infection": 1.0}}},
    }
)
MORE = with_short(BOOK, 1_200_000)
LATER = priced(MARKET, GME=39.0, NO=9.0)


def store(
    into: Path,
    book: Book,
    market: Market,
    scenarios: Sequence[Scenario],
    *,
    seed: int = 7,
    paths: int = PATHS,
) -> Path:
    written: Path = powderkeg.run(
        book, market, scenarios, into, chain=CHAIN, paths=paths, seed=seed
    )
    return written


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("compare") / "yesterday.zarr"
    return store(into, BOOK, MARKET, [SQUEEZE, CALM])


def es(path: Path, paths: int | None = None, level: float = 0.975) -> st.Estimate:
    loss = -open_results(path)["losses"].to_dataset()["worst_pnl"].values[0, :paths].astype(float)
    return st.var_es(loss, level)[1]


def summed(parts: Iterable[st.Estimate]) -> float:
    return sum(part.value for part in parts)


def parts_of(found: Difference) -> dict[str, float]:
    """Values of the parts, when everything that must add up has been seen to."""
    parts, total = found.parts, found.total.value
    assert summed(parts.values()) == pytest.approx(total, abs=1e-14)
    assert summed(found.causes.values()) == pytest.approx(total, abs=1e-13)
    assert total == pytest.approx(found.tonight.value - found.yesterday.value, abs=1e-14)
    market = parts.get("market") or parts["book and market"]
    for way in (found.inputs, found.names):
        assert summed(way.values()) == pytest.approx(market.value, abs=1e-14)
    if "book" in parts:
        assert summed(found.trades.values()) == pytest.approx(parts["book"].value, abs=1e-14)
    for name, cells in found.cells.items():
        assert summed(cells.values()) == pytest.approx(found.names[name].value, abs=1e-14)
    return {name: part.value for name, part in parts.items()}
