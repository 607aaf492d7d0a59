"""Shares bought and sold, of names that the book holds and of others."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import powderkeg
from powderkeg.engine.whatif.book_change import Change, Terms, changed, changed_book
from powderkeg.engine.whatif.effects import whatif
from powderkeg.engine.whatif.question import ask
from powderkeg.engine.whatif.shares import Shares
from powderkeg.kernels import backend
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.scenario import pack, prepare
from powderkeg.kernels.probes.utilisation import utilisation
from powderkeg.results import open_results
from powderkeg.scenarios import Book, InputError, Market, Position, Scenario, bind, load_market
from powderkeg.scenarios.book import maintenance_margin
from tests.engine.test_whatif import STORY
from tests.helpers.cli_runs import RUN, command, folder
from tests.helpers.small_run import BOOK, CHAIN, MARKET, SQUEEZE

__all__ = ["folder"]  # a fixture

GME, SPY, NO = BOOK.positions
PAIR = Book((GME, NO), cash=117.5e6)  # the book before it buys SPY; both are worth 62 million
OWN = Market({s: MARKET[s] for s in PAIR.symbols}, MARKET.as_of)
ROUNDING = 1e-6  # of sums of float32 losses near 1
# The crowd of every name shares its attention, and a fund has a position in SPY.
COUPLED = Scenario.model_validate(
    {
        **SQUEEZE.model_dump(exclude_unset=True),
        "id": "coupled",
        "crowd": {"initial_attention": 0.05, "infection": 1.0, "shared": 0.5},
        "funds": {"f": {"equity": 1e8, "threshold": 0.005, "positions": {"SPY": 2, "GME": -1}}},
        "names": {
            "shorts": {"clearing": {"impact_factor": 1.5}},
            "SPY": {"borrow": {"lendable_elastic": 0.2, "lendable_locked": 0.0}},
        },
    }
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pair under a story without and one with what couples names, 1,000 paths."""
    into = tmp_path_factory.mktemp("shares") / "s.zarr"
    powderkeg.run(PAIR, OWN, [SQUEEZE, COUPLED], into, chain=CHAIN, paths=1000, seed=3)
    return into


def losses(packed: Packed, paths: int = 1000) -> np.ndarray[Any, np.dtype[np.float64]]:
    ran = backend("auto").simulate(packed, np.arange(paths, dtype=np.uint64))
    return -ran.paths["worst_pnl"].astype(float)


def with_shares(quantity: float, row: str = "SPY", market: Market = MARKET) -> tuple[Book, Market]:
    """The book file and the market that hold the position from the start: cash is what it cost,
    and what is sold short was reported."""
    quote = market[row]
    rate = maintenance_margin(quantity, quote.price)
    held = Position("x", row, quantity, quote.price, rate)
    book = Book((*PAIR.positions, held), PAIR.cash - quantity * quote.price)
    more = replace(quote, short_interest=quote.short_interest + max(-quantity, 0.0))
    return book, replace(market, rows={**market.rows, row: more})


@pytest.mark.parametrize("quantity", [100_000, -60_000])
@pytest.mark.parametrize("index", [0, 1], ids=["alone", "coupled"])
def test_an_added_name_is_a_run_of_the_larger_book(
    store: Path, quantity: int, index: int, tmp_path: Path
) -> None:
    """To the bit, under both stories: what couples names sees the same names."""
    question = ask(store, add={"spy": quantity}, market=MARKET, rate=0.0)
    case = next(case for case in question.cases if case.scenario == index)
    assert question.added == ("SPY",) and case.scale == pytest.approx(1, rel=1e-12)
    book, market = with_shares(quantity)
    run = powderkeg.run(book, market, [(SQUEEZE, COUPLED)[index]], tmp_path / "s.zarr",
                        chain=CHAIN, paths=1000, seed=3)  # fmt: skip
    stored = open_results(run)["losses"].to_dataset()["worst_pnl"].values[0]
    np.testing.assert_array_equal(-losses(case.model.packed()), stored.astype(float))


def test_no_shares_of_a_name_change_nothing_where_nothing_couples_names(store: Path) -> None:
    question = ask(store, add={"SPY": 1e5}, market=MARKET)
    before = losses(pack(bind(SQUEEZE, PAIR, OWN, CHAIN), seed=3))
    np.testing.assert_allclose(losses(question.bases[0].packed()), before, atol=ROUNDING)
    # elsewhere they do, and the book as it is runs again with the name in it
    coupled = losses(pack(bind(COUPLED, PAIR, OWN, CHAIN), seed=3))
    assert np.abs(losses(question.bases[1].packed()) - coupled).max() > 1000 * ROUNDING
    assert question.again and question.runs == 4


def test_a_tiny_position_has_a_tiny_effect(store: Path) -> None:
    """One share can move no path by more than what it may lose: SPY moves by less than half."""
    bound = 0.5 * 375 / PAIR.equity + ROUNDING
    for effects in whatif(store, add={"SPY": 1}, market=MARKET).effects.values():
        (effect,) = effects
        assert effect.change == "buy 1 SPY"
        for shift in effect.es.values():
            assert 0 < abs(shift.change.value) + shift.change.standard_error < bound
        assert effect.margin_call.change.value == 0


def test_added_names_stand_in_the_ranking_with_all_together(store: Path) -> None:
    found = whatif(store, close=["GME"], add={"SPY": -50_000}, market=MARKET)
    for effects in found.effects.values():
        by_change = {effect.change: effect for effect in effects}
        assert set(by_change) == {"close GME", "sell 50,000 SPY", "all together"}
        assert len({effect.main.before for effect in effects}) == 1
        cost = by_change["close GME"].cost + by_change["sell 50,000 SPY"].cost
        assert by_change["all together"].cost == pytest.approx(cost)
    tree = found.as_json()
    assert tree["added"] == ["SPY"] and json.dumps(tree, allow_nan=False)


def test_cost_cash_and_equity() -> None:
    """1/2 lambda q^2 P(0), cash falls by what is bought, equity by the cost alone."""
    larger = replace(PAIR, positions=(*PAIR.positions, replace(SPY, quantity=0.0)))
    buy, terms = Shares(MARKET["SPY"], 1e5), Terms(MARKET, {"SPY": 3.0})
    cost = buy.cost(larger, terms)
    assert cost == pytest.approx(0.5 * 3.0 * (1e5 / 9e8) ** 2 * 9e8 * 375)
    assert buy.cost(larger, Terms(MARKET, {"SPY": 3.0}, 0.01)) == pytest.approx(0.01 * 1e5 * 375)
    after = changed_book(larger, [buy], cost)
    assert after.cash == pytest.approx(PAIR.cash - 1e5 * 375 - cost, rel=1e-14)
    assert after.equity == pytest.approx(PAIR.equity - cost, rel=1e-14)
    short = changed_book(larger, [replace(buy, quantity=-1e5)], cost)
    assert short.cash == pytest.approx(PAIR.cash + 1e5 * 375 - cost, rel=1e-14)
    assert buy.premium(larger) == 0


def test_a_new_short_is_the_inverse_of_closing_one() -> None:
    """Borrowed shares go to elastic holders, reported short interest rises, nobody else moves."""
    larger = replace(PAIR, positions=(*PAIR.positions, replace(SPY, quantity=0.0)))
    bound = bind(SQUEEZE, larger, MARKET, CHAIN)
    none = prepare(bound, seed=1).packed
    sold = changed_book(larger, [Shares(MARKET["SPY"], -9e5)], 0.0)
    short = pack(changed(bound, sold), seed=1)
    i, floats = none.symbols.index("SPY"), 9e5 / 9e8
    assert short.names["book0"][i] == pytest.approx(-floats, abs=1e-6)  # whole lots
    rise = float(short.names["elastic0"][i]) - float(none.names["elastic0"][i])
    assert rise == pytest.approx(floats, abs=1e-6)
    assert short.names["cohort0"][i] == none.names["cohort0"][i]
    back = changed_book(sold, [Change("SPY", 0.0)], 0.0)
    again = pack(changed(changed(bound, sold), back), seed=1)
    np.testing.assert_array_equal(again.names, none.names)


def test_a_held_name_takes_more_shares(store: Path) -> None:
    """Half of a short bought back is the short halved, to the bit."""
    (bought, halved) = (
        ask(store, **orders) for orders in ({"add": {"GME": 500_000}}, {"halve": ["GME"]})
    )  # fmt: skip
    assert bought.added == () and not bought.again
    for one, other in zip(bought.cases, halved.cases, strict=True):
        assert (one.cost, one.scale) == (other.cost, other.scale)
        np.testing.assert_array_equal(one.model.packed().names, other.model.packed().names)


def test_margin_of_a_side_that_was_not_held_is_the_rules() -> None:
    held = replace(NO, margin_rate=0.55)
    for shares, rate in ((-1e5, 0.55), (1e6, 0.55), (3e6, 0.25)):
        (after,) = Shares(MARKET["NO"], shares).apply(Book((held,), 1e9)).positions
        assert (after.quantity, after.margin_rate) == (-2e6 + shares, rate)
    (after,) = Shares(MARKET["NO"], -1e5).apply(Book((replace(NO, quantity=0.0),), 1e9)).positions
    assert after.margin_rate == maintenance_margin(-1, 10.0) == 0.5  # 5 a share, of 10


def test_an_added_short_is_one_of_the_shorts_that_a_scenario_speaks_of(store: Path) -> None:
    """On both sides of the difference; a long is none, and no name that was held changes side."""
    for quantity, times in ((-1e5, 1.5), (1e5, 1.0)):
        question = ask(store, add={"SPY": quantity}, market=MARKET)
        (case,) = [case for case in question.cases if case.scenario == 1]
        for model in (question.bases[1], case.model):
            spy = model.bound.parameters[model.bound.symbols.index("SPY")]
            assert spy.clearing.impact_factor == times
    crossed = ask(store, add={"GME": 2e6}, market=MARKET)
    assert crossed.cases[0].model.bound.book.shorts == PAIR.shorts


def test_funds_that_copy_the_book_copy_it_as_it_was(tmp_path: Path) -> None:
    store = powderkeg.run(PAIR, OWN, [STORY], tmp_path / "s.zarr", chain=CHAIN, paths=1000)
    question = ask(store, add={"SPY": 1e5}, market=MARKET)
    case, base = question.cases[0].model.packed(), question.bases[0].packed()
    assert (base.positions["holding0"] != 0).sum() == 2
    np.testing.assert_array_equal(case.positions, base.positions)


def test_rows_and_listed_options_are_those_of_the_files_that_the_store_keeps(folder: Path) -> None:
    """Dealers hedge what is listed on the name as if it had been in the book."""
    market, chain = Path("market.csv"), Path("chain.csv")
    market.write_text(market.read_text() + "SPY,375,900000000,100000000,.003,70000000,.16,.2,1.0\n")
    chain.write_text(
        "symbol,expiry,strike,option_type,open_interest\n"
        "GME,2021-01-22,40,call,60000\nSPY,2021-01-22,380,call,900000\n"
    )
    powderkeg.run("book.csv", market, [SQUEEZE], "s.zarr", chain=chain, paths=1000)
    question = ask("s.zarr", add={"SPY": 1000})
    (case,) = question.cases
    assert case.model.bound.market["SPY"] == load_market(market)["SPY"]
    for packed in (question.bases[0].packed(), case.model.packed()):
        hedged = packed.names["hedge0"][packed.symbols.index("SPY")]
        assert 0.01 < hedged < 0.1  # 900,000 contracts of 100 on 9e8 shares are .1 floats


def test_options_on_a_name_that_the_book_lacks(store: Path) -> None:
    question = ask(store, hedges=["SPY210129P00370000=100"], market=MARKET)
    assert question.added == ("SPY",)
    book = question.cases[0].model.bound.book
    assert book["SPY"].quantity == 0 and [d.label for d in book.derivatives] == [
        "SPY 2021-01-29 370 put"
    ]
    assert book.shorts == PAIR.shorts | {"SPY"}  # bought puts and no shares: bearish
    assert question.bases[0].bound.book.shorts == book.shorts
    assert question.cases[0].premium > question.cases[0].cost > 0


LENT = replace(MARKET["NO"], symbol="LENT", lendable=21e6)
ROWS = replace(MARKET, rows={**MARKET.rows, "LENT": LENT})
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no-row": (
        {"add": {"QQQ": 5}},
        'add: "QQQ" has no row in the run\'s market file; give its row with `market`',
    ),
    "near": (
        {"add": {"GMEE": 5}},
        'add: "GMEE" has no row in the run\'s market file, did you mean GME? Else give its row '
        "with `market`",
    ),
    "no-underlying": (
        {"hedges": ["QQQ210129P00370000=100"]},
        'hedges: "QQQ" has no row in the run\'s market file; give its row with `market`',
    ),
    "nothing": (
        {"add": {"GME": 0}},
        "GME: 0 is no number of shares; give those to buy, negative: to sell",
    ),
    "nan": (
        {"add": {"GME": float("nan")}},
        "GME: nan is no number of shares; give those to buy, negative: to sell",
    ),
    "twice": (
        {"add": {"GME": 5}, "halve": ["GME"]},
        "GME is changed twice; give it one change",
    ),
    "float": (
        {"add": {"SPY": 9.1e8}},
        "SPY: the book would be long 910,000,000 shares and the float is 900,000,000; buy less",
    ),
    "elastic": (
        {"add": {"SPY": 9e8}, "rate": 0.0},
        "scenario squeeze, buy 900,000,000 SPY: SPY: only -0.22 floats are left to trade with",
    ),
    "lendable": (
        {"add": {"LENT": -2e6}},
        "LENT: 2,000,000 shares would be borrowed and 1,000,000 of 21,000,000 lendable are left; "
        "sell less",
    ),
    "assumed": (
        {"add": {"SPY": -1.8e8}, "rate": 0.0},
        "scenario coupled, sell 180,000,000 SPY: SPY: 1.",
    ),
    "date": (
        {"add": {"SPY": 5}, "market": replace(MARKET, as_of=None)},
        "market: as_of: no date, and the store's is 2021-01-15; give that close",
    ),
    "currency": (
        {"add": {"SPY": 5}, "market": replace(MARKET, currency="EUR")},
        "market: currency: EUR, and the store's is USD; give prices of other currencies with",
    ),
    "dear": (
        {"add": {"SPY": 1e8}, "rate": 0.1},
        "scenario squeeze: buy 100,000,000 SPY costs 3,750,000,000, no less than the equity of",
    ),
}


@pytest.mark.parametrize("orders", REFUSED)
def test_refusals_are_one_line(store: Path, orders: str) -> None:
    given, said = REFUSED[orders]
    with pytest.raises(InputError) as caught:
        ask(store, **{"market": ROWS, **given})
    assert str(caught.value).startswith(said)


def test_utilisation_is_that_of_the_first_row_of_a_trace() -> None:
    packed = pack(bind(STORY, BOOK, MARKET, CHAIN), seed=1)
    trace = backend("reference").simulate(packed, np.zeros(1, np.uint64), trace=True).trace
    assert trace is not None
    np.testing.assert_allclose(utilisation(packed), trace["utilisation"][0, 0], rtol=1e-6)


@pytest.mark.slow
def test_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name of the run's own market file needs no other; one that it lacks does."""
    head, *rows = Path("market.csv").read_text().splitlines(keepends=True)
    spy = "SPY,375,900000000,100000000,.003,70000000,.16,.2,1.0\n"
    Path("market.csv").write_text("".join([head, *rows, spy]))
    assert command(capsys, monkeypatch, *RUN, "--paths", "1200")[0] == 0
    words = ("whatif", "out.zarr", "--add", "spy=10000", "--add", "GME=-1000")
    code, out, err = command(capsys, monkeypatch, *words)
    assert code == 0, err
    assert err.startswith(
        "4 runs of 1,200 paths, the book as it is among them with no shares of SPY, about "
    )
    for text in ("buy 10,000", "SPY", "sell 1,000", "all together"):
        assert text in out
    Path("trades.csv").write_text("action,symbol,quantity,price\nbuy,SPY,10000,\nsell,GME,1000,\n")
    asked = [(*words, "--json"), ("whatif", "out.zarr", "--trades", "trades.csv", "--json")]
    one, other = (command(capsys, monkeypatch, *each)[1] for each in asked)
    assert json.loads(one) == json.loads(other)
    code, _, err = command(capsys, monkeypatch, "whatif", "out.zarr", "--add", "QQQ=5")
    assert (code, err) == (1, 'powderkeg: --add: "QQQ" has no row in the run\'s market file; give '
                           "its row with --market\n")  # fmt: skip
    more = "# as_of: 2021-01-{}\n" + rows[0] + spy.replace("SPY", "QQQ")
    Path("more.csv").write_text(more.format(15))
    Path("late.csv").write_text(more.format(19))
    other_names = ("whatif", "out.zarr", "--add", "QQQ=5", "--market")
    assert command(capsys, monkeypatch, *other_names, "more.csv")[0] == 0
    code, _, err = command(capsys, monkeypatch, *other_names, "late.csv")
    assert (code, err) == (1, "powderkeg: late.csv: as_of: 2021-01-19, and the store's is "
                           "2021-01-15; give that close\n")  # fmt: skip
    code, _, err = command(capsys, monkeypatch, "whatif", "out.zarr", "--add", "SPY=many")
    assert (code, err) == (1, 'powderkeg: --add: "many" is not a number; write SPY=10000\n')
