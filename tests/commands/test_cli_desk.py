"""`market build` and `book import` as a person meets them, to a run of what they wrote."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from powderkeg.commands import options_of
from powderkeg.scenarios.calendar import sessions
from tests.helpers.cli_runs import command

DAYS = sessions(date(2020, 9, 1), date(2021, 1, 15))
SCHWAB = (
    '"Positions for account Demo ...000 as of 04:00 PM ET, 2021/01/15"\n\n'
    '"Symbol","Description","Qty (Quantity)","Price","Mkt Val (Market Value)"\n'
    '"ZAP","ZAP CORP","-100,000","$20.00","-$2,000,000.00"\n'
    '"Cash & Cash Investments","--","--","--","$60,000,000.00"\n'
)
USA = (
    "#BOF|2021.01.15|12:15:04\n#SYM|CUR|NAME|CON|ISIN|REBATERATE|FEERATE|AVAILABLE|\n"
    "ZAP|USD|ZAP CORP|1|US0|-15.17|20.50|45000|\n#EOF|1\n"
)
BUILD = ("market", "build", "book.csv", "-o", "market.csv", "--prices", "ZAP.csv", "--shares",
         "shares_2021-01-15.csv", "--known-by", "2021-01-27")  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    close = 20 * np.exp(np.random.default_rng(1).normal(0, 0.02, len(DAYS)).cumsum()[::-1])
    lines = [f"{d},{c},5000000" for d, c in zip(DAYS, close / close[-1] * 20, strict=True)]
    Path("ZAP.csv").write_text("date,close,volume\n" + "\n".join(lines) + "\n")
    Path("usa.txt").write_text(USA)
    Path("schwab.csv").write_text(SCHWAB)
    Path("shares_2021-01-15.csv").write_text(
        "Ticker,Float,Shares_Outstanding,Shares_Sold_Short\nZAP,50M,60M,40M\n"
    )


def test_from_an_export_and_downloads_to_a_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = command(capsys, monkeypatch, "book", "import", "schwab.csv", "-o", "book.csv")
    assert code == 0 and out == "wrote book.csv: 2 rows from Schwab\n"
    assert "columns not read: Description" in err
    code, out, err = command(capsys, monkeypatch, *BUILD)
    assert code == 2 and "wrote market.csv" in out
    assert "missing: borrow_fee of ZAP: IBKR's file of shortable stocks" in err
    code, _, err = command(capsys, monkeypatch, *BUILD, "--borrow", "usa.txt")
    assert code == 1 and "market.csv: is there already" in err
    for file in ("market.csv", "market.sources.csv"):
        Path(file).unlink()
    code, _, _ = command(capsys, monkeypatch, *BUILD, "--borrow", "usa.txt")
    assert code == 0
    run = ("run", "book.csv", "--market", "market.csv", "--scenario", "calm", "--paths", "128")
    code, out, _ = command(capsys, monkeypatch, *run, "-o", "o.zarr")
    assert code == 0


def test_a_vendors_file_given_as_a_market_says_what_separates_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its header begins with #, so its first row of names was taken for one."""
    run = ("run", "book.csv", "--market", "usa.txt", "--scenario", "calm", "-o", "o.zarr")
    code, _, err = command(capsys, monkeypatch, *run)
    assert code == 1 and "columns are separated by |, as in vendors' files" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*BUILD, "--as-of", "soon"), '--as-of: "soon" is not a date'),
        ((*BUILD, "--max-age", "price"), '--max-age: "price" is not of the form price=0'),
        ((*BUILD, "--shares", "none.csv"), "none.csv: no such file"),
        (("book", "import", "usa.txt", "-o", "b.csv"), "usa.txt: not an export of ibkr-activity"),
        (("book", "import", "schwab.csv", "-o", "no/b.csv"), "no/b.csv: the folder no does not ex"),
    ],
)
def test_mistakes(
    words: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("book.csv").write_text("symbol,instrument_type,quantity\nZAP,equity,-1\n,cash,100\n")
    code, _, err = command(capsys, monkeypatch, *words)
    assert code == 1 and message in err and err.count("\n") == 1


def test_options_of_a_command_within_a_command() -> None:
    assert options_of(["market", "build"])["known_by"] == "--known-by"
    assert options_of(["book", "import"])["form"] == "--format"
