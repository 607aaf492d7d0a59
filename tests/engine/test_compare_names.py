"""What a change of ES owes to each name and each input: steps against runs of their own."""

from dataclasses import fields, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from powderkeg.engine.compare import plan as module
from powderkeg.engine.compare.compare import compare
from powderkeg.engine.compare.state import State, at_prices_of
from powderkeg.engine.compare.swaps import (
    INPUTS,
    NAMES_ALONE,
    NAMES_SPLIT,
    OTHER_NAMES,
    MarketSwap,
    by_trade,
)
from powderkeg.engine.job import Job
from powderkeg.scenarios import Book, Chain, Market, MarketRow, Position
from powderkeg.scenarios.derivatives import contract_of
from tests.helpers.compared import at_prices, es, parts_of, priced, store, yesterday
from tests.helpers.small_run import AS_OF, BOOK, CALM, CHAIN, MARKET, SQUEEZE

__all__ = ["yesterday"]  # a fixture


def with_row(market: Market, symbol: str, **columns: Any) -> Market:
    return replace(market, rows={**market.rows, symbol: replace(market[symbol], **columns)})


@pytest.mark.slow
def test_one_input_of_one_name_is_all_of_the_change(
    yesterday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tonight = store(
        tmp_path / "t.zarr", BOOK, with_row(MARKET, "GME", short_interest=4e7), [SQUEEZE]
    )
    monkeypatch.delattr(module, "simulate")  # both ends are known
    (difference,) = compare(yesterday, tonight).differences
    parts_of(difference)
    assert difference.total.value != 0
    for name, part in difference.inputs.items():
        assert name == "short interest" or (part.value, part.standard_error) == (0.0, 0.0)
    assert difference.inputs["short interest"] == difference.total
    assert difference.names["GME"] == difference.total
    assert [name for name, part in difference.names.items() if part.value] == ["GME"]
    assert difference.cells == {"GME": {"short interest": difference.total}}
    assert next(iter(difference.causes)) == "short interest of GME"
    assert [each.value for each in difference.causes.values()][1:] == [0.0] * (
        len(difference.causes) - 1
    )


@pytest.mark.slow
def test_steps_of_names_and_their_inputs_are_runs_of_their_own(
    yesterday: Path, tmp_path: Path
) -> None:
    """Prices of two names, short interest of the first; GME has the larger part of ES."""
    first = priced(MARKET, GME=39.0)
    both = with_row(first, "GME", short_interest=4e7)
    now = priced(both, NO=11.0)
    tonight = store(tmp_path / "t.zarr", at_prices(BOOK, now), now, [SQUEEZE])
    found = compare(yesterday, tonight)
    (difference,) = found.differences
    parts_of(difference)
    assert found.runs == 3  # prices of both; GME; price of GME
    dates, *names = difference.names
    assert (dates, names) == ("dates", ["GME", "NO"])
    assert [name for name, part in difference.inputs.items() if part.value] == [
        "price",
        "short interest",
    ]
    ways = {
        "price of GME": store(tmp_path / "1.zarr", at_prices(BOOK, first), first, [SQUEEZE]),
        "short interest of GME": store(tmp_path / "2.zarr", at_prices(BOOK, both), both, [SQUEEZE]),
        "price of NO": tonight,
    }
    before = yesterday
    for words, after in ways.items():
        change = es(after).value - es(before).value
        assert difference.causes[words].value == pytest.approx(change, rel=1e-9), words
        before = after
    gme = es(ways["short interest of GME"]).value - es(yesterday).value
    assert difference.names["GME"].value == pytest.approx(gme, rel=1e-9)
    sizes = [abs(part.value) for part in difference.causes.values()]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.slow
def test_a_trade_is_paid_in_cash_and_the_rest_of_the_cash_is_its_own(
    yesterday: Path, tmp_path: Path
) -> None:
    """Half the short in GME is bought back, NO is sold out, and 5 m are paid out."""
    gme, spy, no = BOOK.positions
    half = replace(gme, quantity=gme.quantity / 2)
    paid = BOOK.cash + gme.value / 2
    less = replace(BOOK, positions=(half, spy, no), cash=paid)
    book = Book((half, spy), cash=paid + no.value - 5e6)
    tonight = store(tmp_path / "t.zarr", book, MARKET, [SQUEEZE])
    (difference,) = compare(yesterday, tonight).differences
    assert parts_of(difference)["market"] == 0
    assert list(difference.trades) == ["GME", "NO", "cash"]
    assert less.equity == BOOK.equity
    before = yesterday
    for name, changed in {
        "GME": less,
        "NO": replace(book, cash=book.cash + 5e6),
        "cash": book,
    }.items():
        after = store(tmp_path / f"{name}.zarr", changed, MARKET, [SQUEEZE])
        change = es(after).value - es(before).value
        assert difference.trades[name].value == pytest.approx(change, rel=1e-9), name
        before = after
    assert {"position in GME", "position in NO", "cash"} <= set(difference.causes)


def test_labels_and_the_order_of_positions_run_nothing(
    yesterday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One price changed, so both ends are known, whatever else the files say."""
    later = priced(MARKET, GME=39.0)
    rows = {s: replace(row, source="another") for s, row in reversed(list(later.rows.items()))}
    book = at_prices(BOOK, later)
    positions = tuple(replace(p, position_id=f"x{p.symbol}") for p in reversed(book.positions))
    book, market = replace(book, positions=positions), replace(MARKET, rows=rows)
    tonight = store(tmp_path / "t.zarr", book, market, [SQUEEZE])
    monkeypatch.delattr(module, "simulate")
    found = compare(yesterday, tonight)
    (difference,) = found.differences
    assert found.runs == 0 and parts_of(difference)["market"] == difference.total.value != 0


def test_every_column_of_the_market_belongs_to_an_input() -> None:
    columns = [column for names in INPUTS.values() for column in names]
    expected = {field.name for field in fields(MarketRow)} - {"symbol", "source", "as_of"}
    assert len(columns) == len(set(columns)) and set(columns) == expected


def many(count: int, price: float, quantity: float = -1e4) -> tuple[Book, Market]:
    """A book short of many names."""
    names = [f"N{i}" for i in range(count)]
    rows = {s: replace(MARKET["NO"], symbol=s, price=price) for s in names}
    positions = tuple(Position(s, s, quantity, price, 0.3) for s in names)
    return Book(positions, cash=1e8), Market(rows, AS_OF)


def states(
    count: int, weight: dict[str, float], as_of: date = AS_OF
) -> tuple[State, State, MarketSwap]:
    """A day on which all prices and short interest changed, and the last name's chain."""
    (was, old), (now, new) = many(count, 10.0), many(count, 11.0)
    rows = {s: replace(row, short_interest=3e7) for s, row in new.rows.items()}
    new = replace(new, rows=rows, as_of=as_of)
    chain = Chain(tuple(replace(row, symbol=f"N{count - 1}") for row in CHAIN.rows))
    start = State(was, old, CHAIN, CALM, 7, "reference", "")
    end = replace(start, book=now, market=new, chain=chain)
    job = Job(now, new, chain, (CALM,), 1, 1, "reference")
    return start, end, MarketSwap(job, start, end, weight)


def test_the_heaviest_names_are_swapped_alone_and_the_others_as_one() -> None:
    _, end, swap = states(9, {"N7": 0.3, "N4": 0.2})
    steps = swap.by_name()
    names = [step.name for step in steps]
    assert names == ["dates", "N7", "N4", "N0", "N1", "N2", "N3", OTHER_NAMES]
    assert len(names) == NAMES_ALONE + 2
    for before, step in pairwise(steps[:-1]):
        moved = [s for s in end.market.rows if before.state.market[s] != step.state.market[s]]
        assert moved == [step.name] and step.state.market[step.name] == end.market[step.name]
    assert steps[-1].state is end
    assert swap.changed["N8"] == ("price", "short interest", "chain")
    assert swap.most_runs() == 2 + (NAMES_SPLIT - 1) * 1
    *_, last = states(NAMES_ALONE + 1, {})[2].by_name()
    assert last.name == f"N{NAMES_ALONE}"  # one that is left needs no other name


def test_both_ways_end_in_the_same_state_by_themselves() -> None:
    """The last state is set to the end; what the swaps make of it is the same without that."""
    _, end, swap = states(3, {}, as_of=date(2021, 1, 22))
    swapped = swap._with(swap.dated, swap.changed, INPUTS)
    assert swapped.key == end.key
    alive = [row.expiry for row in swap.dated.chain.rows]
    assert alive and min(alive) > date(2021, 1, 22)  # of the first, that day's have expired


def test_a_contract_keeps_the_mark_of_its_own_close() -> None:
    """Given by the broker, it is not quite what its volatility makes of it."""
    call = replace(contract_of("GME210129C00043000", 10, MARKET, "test"), price=9.87)
    job = Job(replace(BOOK, derivatives=(call,)), MARKET, CHAIN, (CALM,), 1, 1, "reference")
    assert at_prices_of(MARKET, job).derivatives == (call,)
    (moved,) = at_prices_of(priced(MARKET, GME=39.0), job).derivatives
    assert moved.price != call.price


def test_many_trades_share_a_step_and_move_no_equity() -> None:
    start, _, _ = states(9, {})
    end = replace(start, book=many(9, 10.0, quantity=-2e4)[0])
    *steps, last = by_trade(start, end, {"N5": 1.0})
    assert [s.name for s in steps] == ["N5", "N0", "N1", "N2", "N3", "N4", OTHER_NAMES]
    assert last == ("cash", "cash", end)
    for step in steps:
        assert step.state.book.equity == pytest.approx(start.book.equity, rel=1e-15)
