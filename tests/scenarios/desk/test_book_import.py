"""Made-up exports in the shapes of brokers, to the rows of a book."""

from datetime import date
from pathlib import Path

import pytest

from powderkeg.scenarios import InputError, load_book
from powderkeg.scenarios.desk.positions.holding import Terms, option_terms
from powderkeg.scenarios.desk.positions.imported import Imported, import_book
from powderkeg.scenarios.desk.vendor import canonical, decimal_of, plain_number
from powderkeg.scenarios.market import parse_market

FLEX = """\
"ClientAccountID","CurrencyPrimary","AssetClass","Symbol","Description","Quantity","MarkPrice",\
"Strike","Expiry","Put/Call","Multiplier","LevelOfDetail"
"U0","USD","STK","GME","GAMESTOP","-400000","35.5","","","","1","SUMMARY"
"U0","USD","STK","GME","GAMESTOP","-400000","35.5","","","","1","LOT"
"U0","USD","OPT","GME   210129C00115000","GME 29JAN21 115.0 C","25","4.1","115","20210129","C",\
"100","SUMMARY"
"U0","EUR","STK","VOW3","VOLKSWAGEN","-20","98.5","","","","1","SUMMARY"
"U0","USD","BOND","T 2","TREASURY","5","99","","","","1","SUMMARY"
"ClientAccountID","CurrencyPrimary","EndingCash"
"U0","BASE_SUMMARY","999"
"U0","USD","1000000"
"U0","EUR","300"
"""
ACTIVITY = """\
Statement,Header,Field Name,Field Value
Statement,Data,Period,"January 15, 2021"
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity,Mult,Cost Price,\
Cost Basis,Close Price,Value,Unrealized P/L,Code
Open Positions,Data,Summary,Stocks,USD,GME,"-400,000",1,20,1,35.5,1,1,
Open Positions,Data,Lot,Stocks,USD,GME,"-400,000",1,20,1,35.5,1,1,
Open Positions,Total,,Stocks,USD,,,,,1,,1,1,
Open Positions,Data,Summary,Equity and Index Options,USD,GME 29JAN21 115.0 C,25,100,1,1,4.1,1,1,
Open Positions,Data,Summary,Stocks,EUR,VOW3,-20,1,20,1,98.5,1,1,
Cash Report,Header,Currency Summary,Currency,Total,Securities,Futures
Cash Report,Data,Starting Cash,USD,5,5,0
Cash Report,Data,Ending Cash,Base Currency Summary,999,999,0
Cash Report,Data,Ending Cash,USD,1000000,1000000,0
Cash Report,Data,Ending Cash,EUR,300,300,0
"""
SCHWAB = """\
"Positions for account Demo ...000 as of 04:00 PM ET, 2021/01/15"

"Symbol","Description","Qty (Quantity)","Price","Mkt Val (Market Value)","Asset Type"
"GME","GAMESTOP","-400,000","$35.50","-$14,200,000.00","Equity"
"GME 01/29/2021 115.00 C","CALL GAMESTOP","25","$4.10","$10,250.00","Option"
"VOW3","VOLKSWAGEN","(20)","$98.50","($1,970.00)","Equity"
"Cash & Cash Investments","--","--","--","$1,000,000.00","Cash and Money Market"
"Account Total","","--","--","$1.00","--"
"""
FIDELITY = """\
\ufeffAccount Number,Account Name,Symbol,Description,Quantity,Last Price,Last Price Change,\
Current Value,Type
Z1,One,GME,GAMESTOP,-300000,$35.50,+$1.00,"-$10,650,000.00",Margin
Z2,Two,GME,GAMESTOP,-100000,$35.50,+$1.00,"-$3,550,000.00",Margin
Z1,One, -GME210129C115,GME JAN 29 2021 $115 CALL,25,$4.10,-$1.00,"$10,250.00",Margin
Z1,One,VOW3,VOLKSWAGEN,-20,$98.50,$0.00,-$1970.00,Margin
Z1,One,SPAXX**,HELD IN MONEY MARKET,,,,"$999,750.00",Cash
Z1,One,Pending Activity,,,,,$250.00,

"The data and information in this spreadsheet is provided to you solely for your use."
"Date downloaded 01/15/2021 5:00 PM ET"
"""
PMS = """\
Fund;Ticker;Asset Class;Net Position;Mark;Ccy;Analyst
F1;GME;Common Stock;-400.000,00;35,50;USD;JB
F1;GME US 01/29/21 C115 Equity;Listed Option;25;4,10;USD;JB
F1;VOW3;Common Stock;(20);98,50;EUR;JB
F1;USD;Cash Balance;1.000.000,00;1;USD;
F1;EUR;Cash Balance;300,00;1;EUR;
Total;;;-1.000.000,00;;;
F1;TOTAL;;5;;;
"""
MAPPING = (
    "columns: {symbol: Ticker, quantity: Net Position, instrument_type: Asset Class, price: Mark,\n"
    "          currency: Ccy}\nwords: {Cash Balance: cash}\nskip: [Subtotal]\n"
)
EXPORTS = {"flex": FLEX, "activity": ACTIVITY, "schwab": SCHWAB, "fidelity": FIDELITY, "pms": PMS}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("map.yaml").write_text(MAPPING)


def imported(name: str, text: str = "") -> Imported:
    Path("export.csv").write_text(text or EXPORTS[name], encoding="utf-8")
    return import_book("export.csv", mapping="map.yaml" if name == "pms" else None)


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_is_the_same_book(name: str) -> None:
    made = imported(name)
    euros = name not in ("schwab", "fidelity")  # these do not say a currency
    rows = made.text.splitlines()[1:]
    assert sorted(rows) == sorted([
        "GME,equity,-400000,35.5,,,,,",
        "GME,option,25,4.1,115,2021-01-29,call,,",
        f"VOW3,equity,-20,98.5,,,,,{'EUR' if euros else ''}",
        ",cash,1000000,,,,,,",
        *([",cash,300,,,,,,EUR"] if euros else []),
    ])  # fmt: skip
    market = parse_market(
        "m.csv",
        "# as_of: 2021-01-15\n# rate_EUR: 1.2\n"
        "symbol,price,float_shares,short_interest,borrow_fee,adv,volatility,currency\n"
        "GME,35.5,5e7,6e7,.3,7e6,1,\n" + f"VOW3,98.5,2e8,4e6,0,1e6,.3,{'EUR' if euros else ''}\n",
    )
    Path("book.csv").write_text(made.text)
    with pytest.raises(InputError, match="equity is"):  # short 14.2 m against 1 m of cash
        load_book("book.csv", market)


def test_what_is_left_out_is_said() -> None:
    notes = "\n".join(imported("flex").notes)
    assert "row 3: GME: a lot" in notes and "row 6: T 2 is a BOND" in notes
    assert "columns not read: ClientAccountID" in notes
    notes = "\n".join(imported("activity").notes)
    assert "row 6: a row of totals" in notes and "cost price" in notes
    assert "row 8: Account Total, a row of totals" in "\n".join(imported("schwab").notes)
    notes = "\n".join(imported("fidelity").notes)
    assert "GME: rows 2, 3 are one position of -400000" in notes
    without = FLEX[: FLEX.rindex('"ClientAccountID"')]
    assert "no cash; add a row" in "\n".join(imported("flex", without).notes)
    notes = "\n".join(imported("pms").notes)
    assert "columns not read: Fund, Analyst" in notes
    assert "row 7: a row without a symbol, as totals are" in notes
    assert "row 8: a row of totals" in notes


@pytest.mark.parametrize(
    "text",
    [
        "GME   210129C00115000", "GME210129C00115000", "O:GME210129C00115000", ".GME210129C115",
        " -GME210129C115", "GME 01/29/2021 115.00 C", "GME 29JAN21 115.0 C",
        "GME US 01/29/21 C115 Equity", "GME 1/29/21 C115", "GME Jan 29 '21 $115 Call",
        "GME Jan 29 2021 115.00 Call", "CALL (GME) GAMESTOP CORPORATION JAN 29 21 $115 (100 SHS)",
    ],
)  # fmt: skip
def test_options_in_all_the_ways_they_are_written(text: str) -> None:
    assert option_terms(text) == Terms("GME", date(2021, 1, 29), 115.0, "call")


def test_what_is_no_option_and_what_is_an_adjusted_one() -> None:
    assert [option_terms(t) for t in ("GME", "BRK.B", "SPAXX**", "GME 01/32/2021 5 C")] == [
        None
    ] * 4
    found = option_terms("GME1 210129P00020500")
    assert found == Terms("GME", date(2021, 1, 29), 20.5, "put", adjusted=True)
    made = imported("schwab", SCHWAB.replace("GME 01/29/2021", "GME1 01/29/2021"))
    assert "option" not in made.text.split("\n", 1)[1]
    assert "is an adjusted option" in "\n".join(made.notes)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("(1,234.50)", "-1234.50"), ("-$2,000.00", "-2000.00"), ("51.4M", "51400000"), ("--", ""),
        ("1,234-", "-1234"), (">10000000", "10000000"), ("20.5 %", "20.5"), ("1.5e6", "1.5e6"),
        ("1,2,3", "1,2,3"), ("abc", "abc"), ("\u22125", "-5"), ("N/A", ""),
    ],
)  # fmt: skip
def test_numbers_as_vendors_write_them(text: str, plain: str) -> None:
    assert plain_number(text) == plain
    assert plain_number("-1.234.567,5", ",") == "-1234567.5"


def test_the_decimal_mark_is_the_files() -> None:
    assert decimal_of("f", ["1.234,5", "400.000"]) == ","
    assert decimal_of("f", ["1,234.5", "400.000"]) == "."
    with pytest.raises(InputError, match=r'f: "-400.000" is a number with three decimals or with'):
        decimal_of("f", ["-400.000", "200.000"])
    with pytest.raises(InputError, match=r"different decimal marks"):
        decimal_of("f", ["1.234,5", "1,234.5"])


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("BRK B", "BRK.B"), ("BRK/B", "BRK.B"), ("brk-b", "BRK-B"), ("BRK-B", "BRK.B"),
     ("BACpL", "BAC.PRL"), ("BAC PRL", "BAC.PRL"), ("BAC-PL", "BAC.PRL"), ("BAC/PRL", "BAC.PRL"),
     ("GME", "GME"), ("SPAXX**", "SPAXX"), ("PLTR", "PLTR")],
)  # fmt: skip
def test_one_spelling_of_a_ticker(text: str, symbol: str) -> None:
    assert canonical(text) == symbol


def test_mistakes_are_one_line() -> None:
    for name, text, message in (
        ("x", "a,b\n1,2\n", "export.csv: not an export of ibkr-activity, ibkr-flex, fidelity, sch"),
        ("schwab", SCHWAB.replace("-400,000", "many"), 'row 4, quantity: "many" is not a number'),
        ("schwab", SCHWAB.replace("115.00 C", "115.00 X"), "row 5, symbol: .* is not an option's"),
        ("activity", "Statement,Header,Field Name\n", "no positions found in this export of IBKR"),
        ("pms", PMS.replace("Net Position", "Pos"), "no header with the columns ticker, net posit"),
    ):
        with pytest.raises(InputError, match=message):
            imported(name, text)
    Path("map.yaml").write_text("columns: {symbol: Ticker, quantty: Pos}\n")
    with pytest.raises(InputError, match=r'map.yaml:1: "quantty" is not known, did you mean quan'):
        imported("pms")
