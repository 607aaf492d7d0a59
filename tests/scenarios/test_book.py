"""The book loader: what it reads, and the one line it says to everything else."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.scenarios import InputError, Market, MarketRow, load_book, load_market
from powderkeg.scenarios.book import maintenance_margin

EXAMPLE = Path(__file__).parents[2] / "examples" / "january-2021"
TICKERS = ("NO", "ON", "Y", "NULL", "NA", "NAN", "1E3", "TRUE", "INF", "BRK.B", "BF/B")


def row(symbol: str, price: float = 10.0) -> MarketRow:
    return MarketRow(
        symbol=symbol,
        price=price,
        float_shares=1e6,
        short_interest=3e5,
        adv=1e5,
        volatility=0.8,
        implied_vol=0.8,
        borrow_fee=0.01,
    )


MARKET = Market({s: row(s) for s in ("GME", "AMC", "KOSS", *TICKERS)}, date(2021, 1, 15))
HEAD = "symbol,instrument_type,quantity\n"
CASH = ",cash,1e8\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(content: str | bytes) -> None:
    Path("book.csv").write_bytes(content if isinstance(content, bytes) else content.encode())


def test_the_example_book() -> None:
    market = load_market(EXAMPLE / "market.csv")
    book = load_book(EXAMPLE / "book.csv", market)
    assert len(book.symbols) == 12
    assert book.symbols == tuple(sorted(book.symbols))
    assert book.equity == pytest.approx(1e9, rel=1e-3)
    assert {"GME", "AMC", "BB", "NOK", "KOSS", "EXPR", "FUBO", "TSLA"} == book.shorts
    assert book.text == (EXAMPLE / "book.csv").read_text()
    for position in book.positions:
        assert -position.quantity <= market[position.symbol].short_interest


def test_equity_is_positions_plus_cash() -> None:
    write(HEAD + "gme,equity,-1000\nAMC,Equity,500\n,cash,20000\nUSD,cash,-500\n")
    book = load_book("book.csv", MARKET)
    assert (book.cash, book.equity) == (19_500, 19_500 - 10_000 + 5_000)
    assert book["GME"].value == -10_000
    assert book["GME"].position_id == "GME"
    assert book["GME"].borrow_fee is None


def test_tickers_that_look_like_something_else_stay_tickers() -> None:
    write(HEAD + "".join(f"{ticker},equity,10\n" for ticker in TICKERS) + CASH)
    assert load_book("book.csv", MARKET).symbols == tuple(sorted(TICKERS))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_blank_lines_and_byte_order_mark(end: str, mark: bytes) -> None:
    text = (HEAD + "\nGME,equity,-10\n,,\n" + CASH).replace("\n", end)
    write(mark + text.encode())
    assert load_book("book.csv", MARKET)["GME"].quantity == -10


@pytest.mark.parametrize(
    ("quantity", "price", "rate"),
    [
        (1, 50, 0.25),
        (1, 2, 0.25),
        (-1, 50, 0.30),
        (-1, 10, 0.50),
        (-1, 5, 1.0),
        (-1, 4, 1.0),
        (-1, 2.5, 1.0),
        (-1, 1, 2.5),
    ],
)
def test_default_margin_is_finra_4210(quantity: float, price: float, rate: float) -> None:
    assert maintenance_margin(quantity, price) == pytest.approx(rate)


def test_margin_and_fee_of_the_file_win() -> None:
    write(
        "symbol,instrument_type,quantity,margin_rate,borrow_fee\nGME,equity,-1,3,.5\n,cash,99,,\n"
    )
    position = load_book("book.csv", MARKET)["GME"]
    assert (position.margin_rate, position.borrow_fee) == (3.0, 0.5)


BAD: list[tuple[str | bytes, str]] = [
    ("", "book.csv: the file is empty; first row: symbol,instrument_type,quantity"),
    (HEAD, "book.csv: no positions; add a row of equity, option or future"),
    (HEAD + CASH, "book.csv: no positions; add a row of equity, option or future"),
    (
        "symbol,instrument_type\nGME,equity\n",
        "book.csv: row 1: column quantity is missing; add it to the header",
    ),
    (
        "symbol,instrument_type,quantitty\nGME,equity,1\n",
        'book.csv: row 1: unknown column "quantitty", did you mean quantity?',
    ),
    (
        "symbol,instrument_type,quantity,quantity\n",
        "book.csv: row 1: column quantity is there twice; keep one",
    ),
    (
        "symbol,instrument_type,quantity,,\nGME,equity,1,,\n",
        "book.csv: row 1: column 4 of 5 has no name; name it or remove its commas",
    ),
    (
        "symbol;instrument_type;quantity\nGME;equity;1,5\n",
        "book.csv: row 1: columns are not separated by commas; save as comma-separated",
    ),
    (
        HEAD + CASH + "GME,equity,abc\n",
        'book.csv: row 3, quantity: "abc" is not a number; give signed shares',
    ),
    (HEAD + "GME,equity,\n", "book.csv: row 2, quantity: is empty; give signed shares"),
    (
        HEAD + "GME,equity,NaN\n",
        'book.csv: row 2, quantity: "NaN" is not a finite number; give signed shares',
    ),
    (
        HEAD + "GME,equity,-inf\n",
        'book.csv: row 2, quantity: "-inf" is not a finite number; give signed shares',
    ),
    (
        HEAD + "GME,equity,1e999\n",
        'book.csv: row 2, quantity: "1e999" is too large; give signed shares',
    ),
    (
        HEAD + 'GME,equity,"1,5"\n',
        'book.csv: row 2, quantity: "1,5" is not a number; use a decimal point and no thousands '
        "separators",
    ),
    (
        HEAD + "GME,equity,1,5\n",
        "book.csv: row 2: 4 cells under 3 columns; look for a missing comma, or a comma inside a "
        "number",
    ),
    (
        HEAD + "GME,equity\n",
        "book.csv: row 2: 2 cells under 3 columns; look for a missing comma, or a comma inside a "
        "number",
    ),
    (
        HEAD + "GME,equity,１２\n",
        'book.csv: row 2, quantity: "\\uff11\\uff12" is not a number; give signed shares',
    ),
    (HEAD + "GME,equity,0\n", "book.csv: row 2, quantity: is 0; remove the row"),
    (
        HEAD + "GMEE,equity,5\n",
        "book.csv: row 2, symbol: GMEE is not in the market file, did you mean GME?",
    ),
    (
        HEAD + "QQQQQQ,equity,5\n",
        "book.csv: row 2, symbol: QQQQQQ is not in the market file; add its row there",
    ),
    (HEAD + ",equity,5\n", "book.csv: row 2, symbol: is empty; give a ticker"),
    (
        HEAD + "GМE,equity,5\n",
        'book.csv: row 2, symbol: "G\\u041cE" has a non-ASCII letter; retype the ticker',
    ),
    (
        HEAD + "=GME(),equity,5\n",
        'book.csv: row 2, symbol: "=GME()" is not a ticker; use letters, digits and . - / _',
    ),
    (
        HEAD + "GME,equity,-1\nAMC,equity,2\ngme,equity,3\n",
        "book.csv: row 4, symbol: GME is also in row 2; net the two rows",
    ),
    (
        "position_id," + HEAD + "a,GME,equity,1\na,AMC,equity,1\n",
        'book.csv: row 3, position_id: "a" is also in row 2; rename one',
    ),
    (
        "position_id," + HEAD + "a,GME,equity,1\na,,cash,1\n",
        'book.csv: row 3, position_id: "a" is also in row 2; rename one',
    ),
    (
        HEAD + "GME,equty,5\n",
        'book.csv: row 2, instrument_type: "equty" is not supported, did you mean equity?',
    ),
    (
        HEAD + "GME,,5\n",
        "book.csv: row 2, instrument_type: is empty; give equity (shares, ETFs), call, "
        "put, option, future or cash",
    ),
    (
        "symbol,instrument_type,quantity,strike\nGME,equity,5,20\n",
        'book.csv: row 2, strike: "20" in a row of equity; leave it empty',
    ),
    (
        "symbol,instrument_type,quantity,multiplier\nGME,equity,5,100\n",
        "book.csv: row 2, multiplier: 100 in a row of equity; give 1 or leave empty",
    ),
    (
        "symbol,instrument_type,quantity,currency\nGME,equity,5,EUR\n",
        'book.csv: row 2, currency: "EUR" but the market file has GME in USD; leave it empty, or '
        "change it there",
    ),
    (
        "symbol,instrument_type,quantity,price\nGME,equity,5,10.2\n",
        'book.csv: row 2, price: "10.2" is more than 1 % from the market file\'s 10; bring both '
        "files to the same close, or leave it empty",
    ),
    (
        HEAD + "EUR,cash,5\n",
        'book.csv: row 2, symbol: "EUR" in a row of cash; leave empty',
    ),
    (
        HEAD + "GME   210129C00115000,equity,5\n",
        "book.csv: row 2, instrument_type: equity but the symbol is an option's; write option",
    ),
    (
        "symbol,instrument_type,quantity,locate\nGME,equity,5,5\n",
        'book.csv: row 2, locate: "5" in a row of a long position; leave it empty',
    ),
    (
        "symbol,instrument_type,quantity,locate\nGME,equity,-5,-5\n",
        'book.csv: row 2, locate: "-5" is negative; give shares; leave it empty where all are '
        "located",
    ),
    (
        "symbol,instrument_type,quantity,locate\n,cash,5,5\n",
        'book.csv: row 2, locate: "5" in a row of cash; leave it empty',
    ),
    (
        "symbol,instrument_type,quantity,margin_rate\n,cash,5,.1\n",
        'book.csv: row 2, margin_rate: ".1" in a row of cash; leave it empty',
    ),
    (
        HEAD + "GME,equity,-300001\n" + CASH,
        "book.csv: row 2, quantity: short 300,001 GME but the market file reports short interest "
        "of 300,000; the book's short is part of it, raise it there",
    ),
    (
        HEAD + "GME,equity,1000001\n" + CASH,
        "book.csv: row 2, quantity: long 1,000,001 GME but its float is 1,000,000 shares",
    ),
    (
        HEAD + "GME,equity,-100\n",
        "book.csv: equity is -1,000, not above 0; add a cash row that includes the proceeds of "
        "short sales",
    ),
    (
        "symbol,instrument_type,quantity,margin_rate\nGME,equity,5,30%\n",
        'book.csv: row 2, margin_rate: "30%" is not a number; give a decimal, .3 for 30 %',
    ),
    (
        "symbol,instrument_type,quantity,margin_rate\nGME,equity,5,30\n",
        'book.csv: row 2, margin_rate: "30" is above 20; .3 is 30 %',
    ),
    (
        "symbol,instrument_type,quantity,borrow_fee\nGME,equity,5,-.1\n",
        'book.csv: row 2, borrow_fee: "-.1" is negative; give the fee per annum as a decimal, .01 '
        "for 1 %",
    ),
    (
        (HEAD + "GM\xc9,equity,5\n").encode("latin-1"),
        "book.csv: row 2: not UTF-8; save the file as UTF-8",
    ),
    (
        HEAD + "GME,equity,5\0\n",
        "book.csv: row 2: a NUL byte; save the file as plain UTF-8 text",
    ),
    (
        HEAD + "GME,equity," + "1" * 5000 + "\n",
        "book.csv: row 2: longer than 4000 characters; is this a CSV file?",
    ),
    (
        HEAD + '"GME,equity,5\n',
        "book.csv: row 2: an unfinished quotation; close it or remove the quote",
    ),
    (b"x" * 33_000_000, "book.csv: larger than 32 MB; is this the right file?"),
]


@pytest.mark.parametrize(("content", "message"), BAD, ids=[message[10:60] for _, message in BAD])
def test_every_bad_book_is_one_line(content: str | bytes, message: str) -> None:
    write(content)
    with pytest.raises(InputError) as error:
        load_book("book.csv", MARKET)
    assert str(error.value) == message


def test_missing_file_and_folder() -> None:
    with pytest.raises(InputError, match=r"^book\.csv: no such file; check the name and the fold"):
        load_book("book.csv", MARKET)
    with pytest.raises(InputError, match=r"^\.: a folder; give a file"):
        load_book(Path(), MARKET)


def test_more_names_than_a_run_holds() -> None:
    names = [f"N{i}" for i in range(97)]
    write(HEAD + "".join(f"{name},equity,1\n" for name in names))
    with pytest.raises(InputError, match=r"^book\.csv: 97 names; at most 96 in one book$"):
        load_book("book.csv", Market({name: row(name) for name in names}))


CELLS = st.one_of(
    st.sampled_from([*TICKERS, "GME", "AMC", "equity", "cash", "-5", "1e3", "nan", "", "USD"]),
    st.text(max_size=8),
    st.floats().map(str),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=6), st.booleans())
def test_any_table_loads_or_says_one_line(rows: list[list[str]], header: bool) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    _loads_or_says((HEAD if header else "") + out.getvalue())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_load_or_say_one_line(data: bytes) -> None:
    _loads_or_says(HEAD.encode() + data)


def _loads_or_says(content: str | bytes) -> None:
    write(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    try:
        book = load_book("book.csv", MARKET)
    except InputError as error:
        message = str(error)
        assert message.startswith("book.csv: ")
        assert "\n" not in message
        assert message.isprintable()
    else:
        assert 0 < book.equity < 1e18
        assert all(0 < abs(p.quantity) < 1e16 and p.symbol in MARKET for p in book.positions)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(MARKET.rows)),
        st.integers(-300_000, 1_000_000).filter(bool),
        min_size=1,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_what_was_written_is_what_is_read(held: dict[str, int], end: str, mark: bool) -> None:
    lines = [HEAD.strip(), *(f"{s.lower()},equity,{q}" for s, q in held.items()), ",cash,1e10"]
    write((b"\xef\xbb\xbf" if mark else b"") + end.join(lines).encode())
    book = load_book("book.csv", MARKET)
    assert {p.symbol: p.quantity for p in book.positions} == held
    assert book.equity == 1e10 + 10 * sum(held.values())


def test_columns_that_nobody_knows_are_ignored_and_said() -> None:
    """Every export of a portfolio system has some; one that is nearly a known one is a slip."""
    header = "symbol,analyst,instrument_type,quantity,Sector\n"
    text = header + "GME,JB,equity,-400,Retail\n,,cash,1e6,\n"
    Path("book.csv").write_text(text)
    book = load_book("book.csv", MARKET)
    assert book["GME"].quantity == -400
    assert book.warnings == ('book.csv: columns are not read: "analyst", "Sector"',)
    Path("book.csv").write_text(text.replace("analyst", "margin_rte"))
    with pytest.raises(InputError, match=r'unknown column "margin_rte", did you mean margin_rate'):
        load_book("book.csv", MARKET)
