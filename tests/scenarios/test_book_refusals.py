"""Options, futures and other currencies in the book file: the one line said to everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from powderkeg.scenarios import InputError
from tests.scenarios.test_book_derivatives import HEAD, MARKET, WIDE, book, market


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


OCC = "write root, yymmdd, C or P and eight digits of the strike in thousandths, GME210129C00115000"
BAD = [
    ("GME,call,0,,50,2021-01-29,", "row 2, quantity: is 0; remove the row"),
    ("GME,call,,,50,2021-01-29,", "row 2, quantity: is empty; give signed contracts"),
    (
        "GME,call,1,,,2021-01-29,",
        "row 2, strike: is empty; give the strike, or an OCC symbol in column symbol",
    ),
    (
        "GME,put,1,,-5,2021-01-29,",
        'row 2, strike: "-5" is not above 0; give the strike, or an OCC symbol in column symbol',
    ),
    ("GME,call,1,,50,,", "row 2, expiry: is empty; write a date like 2021-01-15"),
    (
        "GME,call,1,,50,29.1.2021,",
        'row 2, expiry: "29.1.2021" is not a date; write 2021-01-15',
    ),
    (
        "GME,call,1,,50,2021-01-15,",
        "row 2, expiry: no trading day from the as-of date 2021-01-15 to 2021-01-15; "
        "remove the row",
    ),
    (
        "GME210117C00050000,option,1,,,,",
        "row 2, expiry: no trading day from the as-of date 2021-01-15 to 2021-01-17; "
        "remove the row",
    ),
    (
        "GME,option,1,,50,2021-01-29,",
        "row 2, option_type: is empty; give call or put or c or p",
    ),
    (
        "GME,option,1,,50,2021-01-29,cal",
        'row 2, option_type: "cal" is not known; did you mean call?',
    ),
    (
        "GME,put,1,,50,2021-01-29,call",
        "row 2, instrument_type: put but the contract is a call; write option",
    ),
    (
        "GME210129C00050000,put,1,,,,",
        "row 2, instrument_type: put but the contract is a call; write option",
    ),
    (
        "GME210129C00050000,option,1,,55,,",
        'row 2, symbol: "GME210129C00050000" is 2021-01-29 50 call but the columns say '
        "2021-01-29 55 call; correct one, or leave them empty",
    ),
    (
        "GME210129C00050000,option,1,,50,2021-01-22,p",
        'row 2, symbol: "GME210129C00050000" is 2021-01-29 50 call but the columns say '
        "2021-01-22 50 put; correct one, or leave them empty",
    ),
    (
        "GME 210129C50,option,1,,,,",
        f'row 2, symbol: "GME 210129C50" is not an OCC symbol; {OCC}',
    ),
    (
        "GME210129C0050000,option,1,,,,",
        f'row 2, symbol: "GME210129C0050000" is not an OCC symbol; {OCC}',
    ),
    (
        "GME210230C00050000,option,1,,,,",
        'row 2, symbol: "GME210230C00050000": 210230 is not a date; write yymmdd, 210129',
    ),
    (
        "GME210129C00000000,option,1,,,,",
        'row 2, symbol: "GME210129C00000000": the strike is 0; write 115 as 00115000',
    ),
    (
        "GMEE210129C00050000,option,1,,,,",
        "row 2, symbol: GMEE is not in the market file, did you mean GME?",
    ),
    (
        "QQQQQ,call,1,,50,2021-01-29,",
        "row 2, symbol: QQQQQ is not in the market file; add its row there",
    ),
    (
        "GME,call,1,-1,50,2021-01-29,",
        'row 2, price: "-1" is negative; leave it empty to mark at the name\'s implied volatility',
    ),
    (
        "GME,call,1,41,50,2021-01-29,",
        'row 2, price: no volatility makes GME 2021-01-29 50 call worth "41" with the share at '
        "40; bring both to the same close, or leave it empty",
    ),
    (
        "GME,put,1,9.5,50,2021-01-29,",
        'row 2, price: no volatility makes GME 2021-01-29 50 put worth "9.5" with the share at '
        "40; bring both to the same close, or leave it empty",
    ),
    (
        "GME,call,1,,50,2021-01-29,\nGME210129C00050000,option,2,,,,",
        "row 3, symbol: GME 2021-01-29 50 call is also in row 2; net the two rows",
    ),
    (
        "SPY,future,1,,,2021-03-19,",
        'row 2, expiry: "2021-03-19" in a row of future, which is rolled for ever; leave it empty',
    ),
    (
        "SPY,future,1,,370,,",
        'row 2, strike: "370" in a row of future, which is rolled for ever; leave it empty',
    ),
    (
        "SPY,future,1,3768,,,",
        'row 2, price: "3768" is more than 5 % from the underlying\'s 375; give it in the '
        "underlying's units and the multiplier to match, or leave it empty",
    ),
    (
        "SPY,future,1,,,,",
        "row 2, multiplier: is empty; give units of the underlying a contract",
    ),
    ("ES,future,1,,,,", "row 2, symbol: ES is not in the market file; add its row there"),
]  # fmt: skip
PUT = "SPY210129P00300000,option"
BAD_WIDE = [
    (
        f"{PUT},-1,0,,,,,",
        'row 2, multiplier: "0" is not above 0; leave it empty for 100 shares a contract',
    ),
    (
        f"{PUT},-1,,-.2,,,,",
        'row 2, margin_rate: "-.2" is negative; give a decimal, .2 for 20 % of the underlying',
    ),
    (f"{PUT},-1,,20.5,,,,", 'row 2, margin_rate: "20.5" is above 20; .2 is 20 %'),
    (f"{PUT},-1,,,.1,,,", 'row 2, borrow_fee: ".1" in a row of option; leave it empty'),
    (f"{PUT},-1,,,,7,,", 'row 2, locate: "7" in a row of option; leave it empty'),
    ("SPY,future,-1,50,,,7,,", 'row 2, locate: "7" in a row of future; leave it empty'),
    (
        f"{PUT},-1,,,,,EUR,",
        'row 2, currency: "EUR" but the market file has SPY in USD; leave it empty, or change it '
        "there",
    ),
    (
        "VOW,equity,-1,,,,,USD,",
        'row 2, currency: "USD" but the market file has VOW in EUR; leave it empty, or change it '
        "there",
    ),
    (
        ",cash,1,,,,,CHF,",
        "row 2, currency: no rate of CHF; add a line `# rate_CHF: ...`, USD per CHF, above the "
        "header of market.csv",
    ),
    (",cash,1,,,,,€,", 'row 2, currency: "\\u20ac"; give three letters, USD'),
    ("USD,cash,1,,,,,EUR,", 'row 2, symbol: "USD" in a row of cash; leave empty'),
    (
        "VOW,equity,-1,,,,,,200",
        'row 2, price: "200" is more than 1 % from the market file\'s 160; bring both files to '
        "the same close, or leave it empty",
    ),
]


def ids(rows: list[tuple[str, str]]) -> list[str]:
    return [message[7:60] for _, message in rows]


@pytest.mark.parametrize(("row", "message"), BAD, ids=ids(BAD))
def test_every_bad_contract_is_one_line(row: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        book(f"{HEAD}{row}\n")
    assert str(error.value) == f"book.csv: {message}"


@pytest.mark.parametrize(("row", "message"), BAD_WIDE, ids=ids(BAD_WIDE))
def test_every_bad_term_is_one_line(row: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        book(f"{WIDE}{row}\n")
    assert str(error.value) == f"book.csv: {message}"


def test_options_need_an_as_of_date() -> None:
    with pytest.raises(InputError) as error:
        book(HEAD + "GME,call,1,,50,2021-01-29,\n", market(MARKET.replace("# as_of", "# day")))
    assert str(error.value) == (
        "book.csv: row 2, expiry: options need an as-of date; add a first line "
        "`# as_of: 2021-01-15` to market.csv"
    )


def test_more_contracts_than_a_run_holds() -> None:
    rows = "".join(f"SPY,put,1,,{k},2021-01-29,\n" for k in range(100, 601))
    with pytest.raises(InputError, match=r"^book\.csv: 501 options and futures; at most 500 in on"):
        book(HEAD + rows)
