"""The option chain file: values, the empty chain, and its one-line errors."""

from datetime import date
from pathlib import Path

import pytest

from powderkeg.scenarios import Chain, InputError, Market, MarketRow, load_chain

HEAD = "symbol,expiry,strike,option_type,open_interest\n"
ROW = MarketRow("GME", 35.5, 1e6, 3e5, 1e5, 0.8, 0.8, 0.01)
MARKET = Market({"GME": ROW}, date(2021, 1, 15), file="m.csv")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_rows_as_read() -> None:
    text = HEAD + "gme,2021-01-22,40,C,1000\nGME,2021-01-22,40,put,250\nGME,2021-04-16,60,Call,0\n"
    Path("c.csv").write_text(text)
    chain = load_chain("c.csv", MARKET)
    assert chain.text == text
    assert [(r.expiry.day, r.strike, r.option_type, r.open_interest) for r in chain.rows] == [
        (22, 40, "call", 1000),
        (22, 40, "put", 250),
        (16, 60, "call", 0),
    ]
    assert chain.for_symbol("GME") == chain.rows
    assert chain.for_symbol("AMC") == ()
    assert chain.notes == ()


def test_no_chain_is_an_empty_one_that_says_so() -> None:
    chain = load_chain(None, MARKET)
    assert chain.rows == Chain().rows == ()
    assert "no option chain given" in chain.notes[0]


def test_open_interest_in_shares_is_noticed() -> None:
    Path("c.csv").write_text(HEAD + "GME,2021-01-22,40,C,100000\n")
    assert load_chain("c.csv", MARKET).notes == (
        "c.csv: open interest in GME is 10.0 times its float; check that it is in contracts",
    )


BAD = [
    (
        "",
        "c.csv: the file is empty; first row: symbol,expiry,strike,option_type,open_interest",
    ),
    (HEAD, "c.csv: no rows under the header; leave `chain` out instead"),
    (
        HEAD + "GMEE,2021-01-22,40,C,1\n",
        "c.csv: row 2, symbol: GMEE is not in the market file, did you mean GME?",
    ),
    (
        HEAD + "GME,22/01/2021,40,C,1\n",
        'c.csv: row 2, expiry: "22/01/2021" is not a date; write 2021-01-15',
    ),
    (
        HEAD + "GME,2021-01-15,40,C,1\n",
        "c.csv: row 2, expiry: 2021-01-15 is not after the as-of date 2021-01-15; remove the row",
    ),
    (
        HEAD + "GME,2021-01-22,0,C,1\n",
        'c.csv: row 2, strike: "0" is not above 0; give the strike in currency',
    ),
    (
        HEAD + "GME,2021-01-22,40,X,1\n",
        'c.csv: row 2, option_type: "X" is not known; give call or put or c or p',
    ),
    (
        HEAD + "GME,2021-01-22,40,C,-1\n",
        'c.csv: row 2, open_interest: "-1" is negative; give contracts',
    ),
    (
        HEAD + "GME,2021-01-22,40,C,\n",
        "c.csv: row 2, open_interest: is empty; give contracts, 0 if none",
    ),
    (
        HEAD + "GME,2021-01-22,40,C,1\nGME,2021-01-22,40.0,call,2\n",
        "c.csv: row 3, strike: GME 2021-01-22 40 call is there twice; add up the two rows",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[message[7:60] for _, message in BAD])
def test_every_bad_chain_is_one_line(text: str, message: str) -> None:
    Path("c.csv").write_text(text)
    with pytest.raises(InputError) as error:
        load_chain("c.csv", MARKET)
    assert str(error.value) == message


def test_expiries_need_a_date() -> None:
    Path("c.csv").write_text(HEAD + "GME,2021-01-22,40,C,1\n")
    with pytest.raises(InputError) as error:
        load_chain("c.csv", Market({"GME": ROW}, file="m.csv"))
    assert str(error.value) == (
        "c.csv: expiries need an as-of date; add a first line `# as_of: 2021-01-15` to m.csv"
    )
