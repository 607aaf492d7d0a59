"""Changes of a book from a file: what a row means, and what is wrong with one."""

import json
from pathlib import Path

import pytest

from powderkeg.engine.whatif.book_change import Change, Terms
from powderkeg.engine.whatif.hedge import hedge_of
from powderkeg.engine.whatif.question import ask
from powderkeg.engine.whatif.shares import Shares
from powderkeg.engine.whatif.trades import read_trades
from powderkeg.scenarios import Book, InputError, Position
from tests.engine.test_whatif import stores
from tests.helpers.cli_runs import RUN, command, folder
from tests.helpers.small_run import MARKET

__all__ = ["folder", "stores"]  # fixtures

HELD = Book(
    (
        Position("1", "GME", -1_000_000, 35.5, 0.3),
        Position("2", "AMC", -2_000_000, 2.3, 1.0),
        Position("3", "SPY", 10_000, 375.0, 0.25),
    ),
    cash=90e6,
)
HEAD = "action,symbol,quantity,price\n"


def test_every_action(tmp_path: Path) -> None:
    file = tmp_path / "trades.csv"
    rows = "Close,amc,,\nhalve,GME,,\nscale,SPY,.7,\nbuy,gme   210129c00115000,2500,30\n"
    file.write_text(HEAD + rows + "buy,GME210129C00120000,10,\n")
    *changes, dear, fair = read_trades(file, HELD, MARKET, 0.1)
    assert changes == [Change("AMC", 0), Change("GME", 0.5), Change("SPY", 0.7)]
    assert dear == hedge_of("GME210129C00115000=2500@30", HELD, MARKET)
    assert fair == hedge_of("GME210129C00120000=10", HELD, MARKET, 0.1)
    assert fair.cost(HELD, Terms(MARKET, {})) > 0
    file.write_text(HEAD + "buy,no,500.5,\nSell,GME,1000,\n")  # held or not
    assert read_trades(file, HELD, MARKET) == (
        Shares(MARKET["NO"], 500.5),
        Shares(MARKET["GME"], -1000),
    )
    file.write_text("symbol,action\nGME,close\n")  # other columns are for other actions
    assert read_trades(file, HELD, MARKET) == (Change("GME", 0),)


WRONG = {
    "": "t.csv: the file is empty; first row: action,symbol",
    HEAD: "t.csv: no trades; add a row such as `close,GME,,`",
    "action,symbol,factor\nscale,GME,.5\n": 't.csv: row 1: unknown column "factor"',
    HEAD + "short,GME,,\n": 't.csv: row 2, action: "short" is not known; ',
    HEAD
    + ",GME,,\n": "t.csv: row 2, action: is empty; give close or halve or scale or buy or sell",
    HEAD + "close,,,\n": "t.csv: row 2, symbol: is empty; give a ticker",
    HEAD + "close,GMEE,,\n": 't.csv: row 2, symbol: "GMEE" is not in the book, did you mean GME?',
    HEAD + "close,GME,100,\n": 't.csv: row 2, quantity: "100" in a row of close; leave it empty',
    HEAD + "scale,GME,.5,35\n": 't.csv: row 2, price: "35" in a row of scale; leave it empty',
    HEAD + "scale,GME,,\n": "t.csv: row 2, quantity: is empty; give the part that is kept, .7 for "
    "70 %",
    HEAD + "scale,GME,70,\n": 't.csv: row 2, quantity: "70" is not between 0 (closed) and 1 (left '
    "alone)",
    HEAD + "halve,GME,,\n\nclose,gme,,\n": "t.csv: row 4, symbol: GME is also in row 2; make it "
    "one change",
    HEAD + "close,GME210129C00115000,,\n": 't.csv: row 2, symbol: "GME210129C00115000" is an '
    "option; close GME takes all that is held on it",
    HEAD + "sell,GME,,\n": "t.csv: row 2, quantity: is empty; give a number of shares",
    HEAD + "sell,NO,-5,\n": 't.csv: row 2, quantity: "-5" is not above 0; give a number of shares',
    HEAD + "buy,GME,5,36\n": 't.csv: row 2, price: "36" in a row of shares, which are traded at '
    "the market file's; leave it empty",
    HEAD + "buy,QQQ,5,\n": 't.csv: row 2, symbol: "QQQ" has no row in the run\'s market file; give '
    "its row with `market`",
    HEAD + "sell,NO,2.1e7,\n": "t.csv: row 2, quantity: NO: 21,000,000 shares would be borrowed "
    "and 20,000,000 of 40,000,000 lendable are left; sell less",
    HEAD + "sell,GME,5,\nhalve,GME,,\n": "t.csv: row 3, symbol: GME is also in row 2; make it one "
    "change",
    HEAD + "sell,GME210129C00115000,5,\n": 't.csv: row 2, symbol: "GME210129C00115000" is an '
    "option; sell takes shares, scale GME all that is held on a name",
    HEAD + "buy,BB210129C00115000,5,\n": 't.csv: row 2, symbol: "BB" has no row in the run\'s '
    "market file; give its row with `market`",
    HEAD + "buy,GME210129C00115000,,\n": "t.csv: row 2, quantity: is empty; give a whole number of "
    "contracts",
    HEAD + "buy,GME210129C00115000,2.5,\n": 't.csv: row 2, quantity: "2.5" is not whole; give a '
    "whole number of contracts",
    HEAD + "buy,GME210129C00115000,-5,\n": 't.csv: row 2, quantity: "-5" is not above 0; give a '
    "whole number of contracts",
    HEAD + "buy,GME210129C00115000,5,.01\n": "t.csv: row 2, price: an ask of 0.01 is below ",
    HEAD + "buy,GME210115C00115000,5,\n": "t.csv: row 2, expiry: no trading day from the as-of "
    "date 2021-01-15 to 2021-01-15; remove the row",
    HEAD + "buy,GME211315C00115000,5,\n": 't.csv: row 2, symbol: "GME211315C00115000": 211315 is '
    "not a date; write yymmdd, 210129",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_one_line_with_its_row(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        read_trades("t.csv", HELD, MARKET)
    assert str(caught.value).startswith(WRONG[text])


def test_what_a_file_says_and_what_is_said_beside_it_are_one_question(
    stores: Path, tmp_path: Path
) -> None:
    file = tmp_path / "trades.csv"
    file.write_text(HEAD + "halve,GME,,\n")
    (case,) = ask(stores / "one.zarr", [], trades=file).cases
    (same,) = ask(stores / "one.zarr", [Change("GME", 0.5)]).cases
    assert (case.label, case.cost, case.scale) == (same.label, same.cost, same.scale)
    hedge = "GME210120C00043000=10"
    labels = [
        case.label for case in ask(stores / "one.zarr", [], trades=file, hedges=[hedge]).cases
    ]
    assert len(labels) == 3 and "halve GME" in labels
    with pytest.raises(InputError, match="GME is changed twice; give it one change"):
        ask(stores / "one.zarr", [Change("GME", 0.0)], trades=file)


@pytest.mark.slow
def test_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(capsys, monkeypatch, *RUN, "--paths", "1200")[0] == 0
    words = ("whatif", "out.zarr", "--trades", "t.csv")
    code, out, err = command(capsys, monkeypatch, *words)
    assert (code, out) == (1, "")
    assert err == "powderkeg: t.csv: no such file; check the name and the folder\n"
    Path("t.csv").write_text(HEAD + "close,GME,,\nscale,NO,.6,\n")
    code, out, err = command(capsys, monkeypatch, *words, "--json")
    assert code == 0, err
    (effects,) = json.loads(out)["scenarios"].values()
    assert {e["change"] for e in effects} == {"close GME", "NO x 0.6", "all together"}
