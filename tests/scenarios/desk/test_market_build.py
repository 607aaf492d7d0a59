"""A market file from made-up files in the vendors' shapes, from an empty folder."""

import csv
import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from powderkeg.scenarios import InputError, load_book, load_chain, load_market
from powderkeg.scenarios.calendar import sessions
from powderkeg.scenarios.derivatives import option_price
from powderkeg.scenarios.desk.build import build_market
from powderkeg.scenarios.desk.request import BuildRequest
from powderkeg.scenarios.desk.written import write_market

DAYS = sessions(date(2020, 1, 2), date(2021, 1, 15))
AS_OF = DAYS[-1]
BOOK = (
    "symbol,instrument_type,quantity,price\nZAP,equity,-100000,\nBRK.B,equity,1000,\n"
    "SPY,equity,100,\nZAP210219C00022000,option,10,\n,cash,90000000,\n"
)
FINRA = (
    "accountingYearMonthNumber|symbolCode|issueName|issuerServicesGroupExchangeCode|"
    "marketClassCode|currentShortPositionQuantity|previousShortPositionQuantity|stockSplitFlag|"
    "averageDailyVolumeQuantity|daysToCoverQuantity|revisionFlag|changePercent|"
    "changePreviousNumber|settlementDate\n"
    "20201231|ZAP|Zap Corp|R|NNM|40000000|38000000||5000000|8||5.26|2000000|2020-12-31\n"
    "20201231|BRK.B|Berkshire|A|NYSE|9000000|8000000||5000000|8||5.26|1000000|2020-12-31\n"
    "20201231|SPY|Spider|A|ARCA|90000000|8000000||5000000|8||5.26|1000000|2020-12-31\n"
    "20210115|ZAP|Zap Corp|R|NNM|44000000|40000000||5000000|8||10|4000000|2021-01-15\n"
)
USA = (
    "#BOF|2021.01.15|12:15:04\n#SYM|CUR|NAME|CON|ISIN|REBATERATE|FEERATE|AVAILABLE|\n"
    "ZAP|USD|ZAP CORP|1|US0|-15.17|20.50|45000|\nBRK B|USD|BIG CO|2|US1|5.07|0.25|>10000000|\n"
    "SPY|USD|SPIDER|2|US1|5.07|0.3|>10000000|\n#EOF|3\n"
)
SHARES = (
    'Ticker,Shares Outstanding,Float\nZAP,"60,000,000",50M\nBRK.B,1.37B,"1,360,000,000"\n'
    "SPY,880000000,880000000\n"
)


def prices(beta: float, seed: int, noise: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """Closes and volumes of a name with a known beta on the made-up index of seed 0."""
    index = np.random.default_rng(0).normal(0, 0.012, len(DAYS))
    own = np.random.default_rng(seed).normal(0, noise, len(DAYS))
    close = 20 * np.exp(np.cumsum(beta * index + own))
    return close, np.random.default_rng(seed + 1).integers(4_000_000, 6_000_000, len(DAYS))


def yahoo(close: np.ndarray, volume: np.ndarray) -> str:
    lines = [f"{d},{c},{c},{c},{c},{c},{v}" for d, c, v in zip(DAYS, close, volume, strict=True)]
    return "Date,Open,High,Low,Close,Adj Close,Volume\n" + "\n".join(lines) + "\n"


def nasdaq(close: np.ndarray, volume: np.ndarray) -> str:
    rows = list(zip(DAYS, close, volume, strict=True))[::-1]
    lines = [f"{d:%m/%d/%Y},${c},{v},${c},${c},${c}" for d, c, v in rows]
    return "Date,Close/Last,Volume,Open,High,Low\n" + "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p").mkdir()
    for name, text in {
        "book.csv": BOOK,
        "finra.txt": FINRA,
        "usa.txt": USA,
        "floats_2020-12-31.csv": SHARES,
        "p/ZAP.csv": yahoo(*prices(1.6, 3)),
        "p/BRK-B.csv": nasdaq(*prices(0.8, 5)),
        "p/spy_us_d.csv": yahoo(*prices(1.0, 7, 0.0)),
    }.items():
        Path(name).write_text(text)


def request(**changes: object) -> BuildRequest:
    whole = BuildRequest(
        "book.csv",
        ("p",),
        {"market": "p/spy_us_d.csv"},
        ("finra.txt",),
        ("floats_2020-12-31.csv",),
        ("usa.txt",),
        as_of=AS_OF,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_a_market_file_that_a_run_takes() -> None:
    built = build_market(request())
    assert built.missing == ()
    assert [p.name for p in write_market(built, Path("market.csv"), "USD", {})] == [
        "market.csv", "market.sources.csv",
    ]  # fmt: skip
    market = load_market("market.csv")
    assert market.as_of == AS_OF and load_book("book.csv", market).symbols == (
        "BRK.B",
        "SPY",
        "ZAP",
    )
    close, volume = prices(1.6, 3)
    row = market["ZAP"]
    assert row.price == pytest.approx(close[-1]) and row.adv == np.median(volume[-60:])
    returns = np.diff(np.log(close))[-60:]
    assert row.volatility == pytest.approx(np.std(returns, ddof=1) * math.sqrt(252))
    assert (row.float_shares, row.shares_outstanding, row.borrow_fee) == (50e6, 60e6, 0.205)
    assert (row.is_index, market["SPY"].is_index) == (False, True)
    # 15 January's report came out on the 27th: nobody knew it
    assert row.short_interest == 40e6
    assert row.as_of == {f: date(2020, 12, 31) for f in
                         ("short_interest", "float_shares", "shares_outstanding")}  # fmt: skip
    with open("market.sources.csv") as file:
        next(file)
        sources = list(csv.DictReader(file))
    mine = [s for s in sources if (s["symbol"], s["field"]) == ("ZAP", "short_interest")]
    assert [(s["used"], s["as_of"], s["published"], s["age"]) for s in mine] == [
        ("yes", "2020-12-31", "2021-01-12", "15"),
        ("no, published later", "2021-01-15", "2021-01-27", "0"),
    ]
    assert any(s["field"] == "available" and s["value"] == "45000" for s in sources)


def test_betas_of_an_index_are_found_and_shrunk_as_vasicek_says() -> None:
    market = build_market(request())
    index, name = (np.diff(np.log(prices(*a)[0])) for a in ((1.0, 7, 0.0), (1.6, 3)))
    x, y = index[-252:] - index[-252:].mean(), name[-252:] - name[-252:].mean()
    least = (x @ y) / (x @ x)
    error = ((y - least * x) ** 2).sum() / 250 / (x @ x)  # variance of the estimate
    weight = (1 / error) / (1 / error + 1 / 0.25)
    beta = market.choice.used["ZAP", "beta_market"].value
    assert beta == pytest.approx(weight * least + (1 - weight), abs=1e-4)
    assert beta == pytest.approx(1.6, abs=3 * math.sqrt(error) + 0.05)
    wild = yahoo(*prices(1.6, 3, 0.6))
    Path("p/ZAP.csv").write_text("# splits: none\n" + wild)
    assert abs(build_market(request()).choice.used["ZAP", "beta_market"].value - 1) < 0.6


def test_what_became_known_later_is_used_if_it_is_asked_for_and_said() -> None:
    built = build_market(request(known_by=date(2021, 1, 27)))
    assert built.choice.used["ZAP", "short_interest"].value == 44e6
    assert any("published on 2021-01-27, after the as-of close" in n for n in built.notes)


def test_what_is_too_old_is_refused_or_flagged_and_listed_with_where_to_get_it() -> None:
    built = build_market(request(oldest={"short_interest": 10}))
    assert any(m.startswith("short_interest of ZAP, BRK.B, SPY: FINRA") for m in built.missing)
    assert any("15 days old; refused" in note for note in built.notes)
    built = build_market(request(oldest={"short_interest": 10}, flag=True))
    assert not built.missing and any("used all the same" in note for note in built.notes)


def test_two_sources_that_disagree_are_both_shown() -> None:
    Path("other_2020-12-31.csv").write_text("symbol,float_shares\nZAP,46000000\n")
    both = ("floats_2020-12-31.csv", "other_2020-12-31.csv")
    built = build_market(request(shares=both))
    assert built.choice.used["ZAP", "float_shares"].value == 50e6
    (note,) = [n for n in built.notes if "disagree" in n]
    assert "50000000 (floats_2020-12-31.csv" in note and "46000000 (other" in note and "8%" in note


def test_figures_typed_in_and_sources_are_read_back() -> None:
    Path("typed.csv").write_text(
        "symbol,field,value,source,as_of\nZAP,borrow_fee,.4,our prime broker,2021-01-15\n"
    )
    built = build_market(request(figures=("typed.csv",)))
    assert built.choice.used["ZAP", "borrow_fee"].value == 0.4
    write_market(built, Path("market.csv"), "USD", {})
    again = build_market(request(figures=("market.sources.csv",), borrow=(), shares=()))
    assert again.missing == ()
    assert again.choice.used["ZAP", "borrow_fee"].value == 0.4


def test_vintages_keep_what_was_known() -> None:
    build_market(request(vintages="v"))
    Path("finra.txt").write_text(FINRA.replace("|40000000|38000000|", "|41000000|38000000|"))
    # the correction was first seen today, so the January market still has the first value
    built = build_market(request(vintages="v"))
    assert built.choice.used["ZAP", "short_interest"].value == 40e6
    assert len(list(Path("v").glob("*.parquet"))) == 2
    build_market(request(vintages="v"))
    assert len(list(Path("v").glob("*.parquet"))) == 2  # nothing new
    later = build_market(request(vintages="v", short_interest=(), known_by=date(2999, 1, 1)))
    assert later.choice.used["ZAP", "short_interest"].value == 44e6
    used = [f.value for f, why in later.choice.verdicts if f.symbol == "ZAP"
            and f.field == "short_interest" and f.as_of == date(2020, 12, 31)
            and why == "no, another is newer"]  # fmt: skip
    assert used == [41e6]


def test_prices_restated_for_a_later_split() -> None:
    """TSLA's file of today is in shares of a third; the book has what was traded."""
    close, volume = prices(1.6, 3)
    Path("p/ZAP.csv").write_text(yahoo(close / 3, volume * 3))
    Path("book.csv").write_text(
        BOOK.replace("ZAP,equity,-100000,", f"ZAP,equity,-1,{close[-1]:.2f}")
    )
    (note,) = [n for n in build_market(request()).notes if "the book has" in n]
    assert "3 times the other: the file is restated for a later split" in note
    Path("splits.csv").write_text("symbol,date,ratio\nZAP,2022-08-25,3\n")
    used = build_market(request(splits="splits.csv")).choice.used
    assert used["ZAP", "price"].value == pytest.approx(close[-1])
    assert used["ZAP", "adv"].value == pytest.approx(np.median(volume[-60:]))


def test_volume_and_volatility_can_end_before_the_close() -> None:
    """Before a squeeze that has begun; the file says of which day they are, and a run takes it."""
    built = build_market(request(until=DAYS[-4]))
    write_market(built, Path("market.csv"), "USD", {})
    row, (close, volume) = load_market("market.csv")["ZAP"], prices(1.6, 3)
    assert row.adv == np.median(volume[-63:-3]) and row.price == pytest.approx(close[-1])
    returns = np.diff(np.log(close[:-3]))[-60:]
    assert row.volatility == pytest.approx(np.std(returns, ddof=1) * math.sqrt(252))
    assert row.as_of["adv"] == row.as_of["volatility"] == DAYS[-4]
    assert row.betas["market"] == pytest.approx(1.6, abs=0.2) and set(row.betas) == {"market"}


def test_a_split_within_the_file() -> None:
    close, volume = prices(1.6, 3)
    after = np.where(np.arange(len(DAYS)) < 230, 4, 1)
    Path("p/ZAP.csv").write_text(yahoo(close * after, volume // after))
    with pytest.raises(InputError, match=r"looks like a 4-for-1 split; give it in `splits` \(ZAP,"):
        build_market(request())
    Path("splits.csv").write_text(f"symbol,date,ratio\nZAP,{DAYS[230]},4\n")
    built = build_market(request(splits="splits.csv"))
    assert any("4-for-1 split on" in note for note in built.notes)
    returns = np.diff(np.log(close))[-60:]
    expected = np.std(returns, ddof=1) * math.sqrt(252)
    assert built.choice.used["ZAP", "volatility"].value == pytest.approx(expected)


def quote(kind: str, strike: float, expiry: date, vol: float, spot: float) -> float:
    return option_price(kind, spot, strike, vol, (expiry - AS_OF).days / 365)


def cboe(spot: float, vols: dict[date, float], separator: str = ",") -> str:
    head = ["Expiration Date", "Calls", "Last Sale", "Net", "Bid", "Ask", "Volume", "IV", "Delta",
            "Gamma", "Open Interest", "Strike", "Puts", "Last Sale", "Net", "Bid", "Ask", "Volume",
            "IV", "Delta", "Gamma", "Open Interest"]  # fmt: skip
    lines = [
        "",
        f"Zap Corp,Last: {spot},Change: 0.44",
        '"Date: January 15, 2021 at 4:15 PM EST",Bid: 27.1,Ask: 27.3',
        separator.join(head),
    ]
    for expiry, vol in vols.items():
        for strike in (18.0, 20.0, 22.0, 24.0):
            row = [f"{expiry:%a %b %d %Y}"]
            for letter, kind in (("C", "call"), ("P", "put")):
                mid = quote(kind, strike, expiry, vol, spot)
                name = f"ZAP{expiry:%y%m%d}{letter}{strike * 1000:08.0f}"
                row += [name, "0", "0", f"{mid:.6f}", f"{mid:.6f}", "1", f"{vol}", ".5", "0", "70"]
                row += [f"{strike}"] * (letter == "C")
            lines.append(separator.join(row))
    return "\n".join(lines) + "\n"


NEAR, FAR = date(2021, 1, 29), date(2021, 3, 19)


def test_cboe_says_open_interest_and_volatility_of_thirty_days() -> None:
    Path("ZAP_quotedata.csv").write_text(cboe(21.0, {NEAR: 0.9, FAR: 0.6}))
    built = build_market(request(chains=("ZAP_quotedata.csv",)))
    variance = (33 * 0.9**2 * 14 + 16 * 0.6**2 * 63) / 49 / 30
    vol = built.choice.used["ZAP", "implied_vol"].value
    assert vol == pytest.approx(math.sqrt(variance), abs=1e-4)
    write_market(built, Path("market.csv"), "USD", {})
    chain = load_chain("chain.csv", load_market("market.csv"))
    assert len(chain.rows) == 16 and {row.open_interest for row in chain.rows} == {70}


@pytest.mark.parametrize("vendor", ["yahoo", "optionsdx"])
def test_a_placeholder_is_no_volatility_so_the_quotes_tell(vendor: str) -> None:
    spot, text = float(prices(1.6, 3)[0][-1]), ""
    for strike in (0.95 * spot, 1.02 * spot):
        mids = [quote(kind, round(strike, 2), FAR, 0.7, spot) for kind in ("call", "put")]
        if vendor == "yahoo":
            for letter, mid in zip("CP", mids, strict=True):
                name = f"ZAP{FAR:%y%m%d}{letter}{round(strike * 100) * 10:08d}"
                text += f"{name},2021-01-15 20:59:59+00:00,{strike},1,{mid},{mid},0,0,5,70,1e-05\n"
        else:
            call, put = mids
            text += (f"2021-01-15, {spot}, 2021-03-19, {round(strike, 2)}, , {call}, {call}, "
                     f"0.01, {put}, {put}\n")  # fmt: skip
    header = {
        "yahoo": "contractSymbol,lastTradeDate,strike,lastPrice,bid,ask,change,percentChange,"
        "volume,openInterest,impliedVolatility\n",
        "optionsdx": "[QUOTE_DATE], [UNDERLYING_LAST], [EXPIRE_DATE], [STRIKE], [C_IV], [C_BID], "
        "[C_ASK], [P_IV], [P_BID], [P_ASK]\n",
    }
    Path("zap_chain.csv").write_text(header[vendor] + text)
    built = build_market(request(chains=("zap_chain.csv",)))
    assert built.choice.used["ZAP", "implied_vol"].value == pytest.approx(0.7, abs=2e-3)
    assert any("no open interest" in note for note in built.notes) == (vendor == "optionsdx")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("usa.txt", "#EOF|3\n", "", "no line #EOF"),
        ("usa.txt", "#EOF|3", "#EOF|900", "no line #EOF with its number of rows"),
        ("usa.txt", "#BOF|2021.01.15|12:15:04\n", "", "no line #BOF"),
        ("usa.txt", "20.50", "abc", 'row 3, fee: "abc" is not a number'),
        ("finra.txt", "settlementDate", "when", "no header with the columns symbolcode"),
        ("finra.txt", "2020-12-31\n", "soon\n", "settlementDate: soon is not a date"),
        ("floats_2020-12-31.csv", "50M", "50.0", "50 shares of ZAP; give shares, not millions"),
        ("floats_2020-12-31.csv", "Float", "Flaot", "close"),
        ("p/ZAP.csv", "Close,Adj", "Clse,Adj", 'unknown column "Clse", did you mean close?'),
    ],
)
def test_mistakes_are_one_line(file: str, old: str, new: str, message: str) -> None:
    text = Path(file).read_text()
    assert old in text
    Path(file).write_text(text.replace(old, new, 1) if new != "soon\n" else text.replace(old, new))
    if message == "close":  # a column that is not known is nothing: what it held is missing
        assert any(m.startswith("float_shares") for m in build_market(request()).missing)
        return
    with pytest.raises(InputError) as error:
        build_market(request())
    assert message in str(error.value) and file in str(error.value)


def test_a_float_without_a_date_and_a_file_of_no_name() -> None:
    Path("floats.csv").write_text(SHARES)
    with pytest.raises(InputError, match=r"no date in a column as_of or in its name"):
        build_market(request(shares=("floats.csv",)))
    Path("HistoricalData_1611.csv").write_text("x")
    with pytest.raises(InputError, match=r"whose\? write GME=HistoricalData_1611.csv"):
        build_market(request(prices=("HistoricalData_1611.csv",)))


def test_rows_of_a_chain_that_are_left_out_are_said() -> None:
    text = cboe(21.0, {NEAR: 0.9, FAR: 0.6})
    Path("ZAP_quotedata.csv").write_text(text.replace(f"{FAR:%a %b %d %Y},", "", 1))
    notes = build_market(request(chains=("ZAP_quotedata.csv",))).notes
    assert any(
        "1 rows with other than 22 cells are left out, the first is row 9" in n for n in notes
    )
    adjusted = text.replace("ZAP2", "ZAP12")
    Path("ZAP_quotedata.csv").write_text(text + adjusted.split("Open Interest\n")[1])
    built = build_market(request(chains=("ZAP_quotedata.csv",)))
    assert any("16 adjusted options are left out" in note for note in built.notes)
    assert len(built.chains[0].quotes) == 16
    other = cboe(21.0, {NEAR: 0.9}, ";").replace("ZAP2", "ZAP-")
    Path("ZAP_quotedata.csv").write_text(other)
    with pytest.raises(InputError, match=r"row 5: calls: .* is not an option's symbol"):
        build_market(request(chains=("ZAP_quotedata.csv",)))


def test_a_name_whose_prices_end_early_does_not_set_the_day() -> None:
    text = Path("p/ZAP.csv").read_text().splitlines()
    Path("p/ZAP.csv").write_text("\n".join(text[:-3]) + "\n")
    built = build_market(request(as_of=None))
    assert built.as_of == AS_OF
    assert any(m.startswith("price of ZAP:") for m in built.missing)
    assert any("ZAP price: ZAP.csv (Yahoo) is of 2021-01-12, 3 days old; refused" in n
               for n in built.notes)  # fmt: skip


def test_pence_are_pounds_and_a_currency_needs_its_rate() -> None:
    Path("p/ZAP.csv").write_text("# currency: GBp\n" + Path("p/ZAP.csv").read_text())
    built = build_market(request())
    assert built.choice.used["ZAP", "price"].value == pytest.approx(prices(1.6, 3)[0][-1] / 100)
    write_market(built, Path("market.csv"), "USD", {"GBP": 1.27})
    assert load_market("market.csv")["ZAP"].rate == 1.27


def test_nothing_is_overwritten() -> None:
    built = build_market(request())
    Path("market.sources.csv").write_text("mine")
    with pytest.raises(InputError, match=r"market.sources.csv: is there already"):
        write_market(built, Path("market.csv"), "USD", {})
    assert not Path("market.csv").exists()
