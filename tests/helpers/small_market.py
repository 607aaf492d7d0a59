"""A market of four names, a book of three, and scenarios loaded against them."""

from datetime import date
from pathlib import Path

from powderkeg.scenarios import Book, Market, MarketRow, Position, Scenario, load_scenarios


def row(symbol: str) -> MarketRow:
    betas = {"market": 1.0}
    return MarketRow(symbol, 10.0, 1e6, 3e5, 1e5, 0.8, 0.9, 0.01, betas=betas)


MARKET = Market({s: row(s) for s in ("GME", "AMC", "AAPL", "NO")}, date(2021, 1, 15))
BOOK = Book(
    (
        Position("1", "GME", -1e5, 10, 0.3),
        Position("2", "AAPL", 1e5, 10, 0.25),
        Position("3", "NO", -1e5, 10, 0.3),
    ),
    cash=2e6,
)


def load(text: str, *more: str, **symbol_map: str) -> list[Scenario]:
    Path("f.yaml").write_text(text)
    return load_scenarios(["f.yaml", *more], MARKET, BOOK, symbol_map)


def load_one(text: str, **symbol_map: str) -> Scenario:
    (scenario,) = load(text, **symbol_map)
    return scenario
