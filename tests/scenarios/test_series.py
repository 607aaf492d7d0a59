"""Series of closes: read as they are, and every mistake of a user's named in one line."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from powderkeg.scenarios import InputError
from powderkeg.scenarios.calendar import sessions
from powderkeg.scenarios.series import load_points, load_prices

DAYS = sessions(date(2021, 1, 12), date(2021, 1, 29))  # 13 sessions, Martin Luther King day out
CLOSES = (20.0, 31.0, 40.0, 35.0, 39.0, 39.0, 43.0, 65.0, 77.0, 148.0, 348.0, 194.0, 325.0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(lines: list[str], header: str = "date,close", above: str = "") -> str:
    Path("p.csv").write_text(above + "\n".join([header, *lines]) + "\n")
    return "p.csv"


def plain() -> list[str]:
    return [f"{day},{close}" for day, close in zip(DAYS, CLOSES, strict=True)]


def test_closes_are_read_in_order_with_their_logs() -> None:
    prices = load_prices(written(plain(), above="# splits: none\n"))
    assert prices.dates == DAYS and len(DAYS) == 13
    assert prices.volume is None
    np.testing.assert_allclose(prices.log_closes, np.log(np.array(CLOSES[1:]) / 20))


def test_a_cut_has_both_its_ends_and_as_of_forgets_the_future() -> None:
    file = written(plain(), above="# splits: none\n")
    prices = load_prices(file, DAYS[2], DAYS[10])
    assert (prices.dates[0], prices.dates[-1], len(prices.close)) == (DAYS[2], DAYS[10], 9)
    known = prices.until(DAYS[7])
    assert known.dates == DAYS[2:8] and known.close.tolist() == list(CLOSES[2:8])
    assert prices.until(DAYS[3]).close.tolist() == list(CLOSES[2:4])
    with pytest.raises(InputError, match=r"`as_of` 2021-01-14: 1 close from 2021-01-14 on; a fit"):
        prices.until(DAYS[2])


def test_the_columns_of_a_download_are_known() -> None:
    header = "Date,Open,High,Low,Close,Adj Close,Volume"
    lines = [
        f"{d},{c},{c + 1},{c - 1},{c},{c / 2},{9e6 / c:.0f}"
        for d, c in zip(DAYS, CLOSES, strict=True)
    ]
    prices = load_prices(written(lines, header), DAYS[0], DAYS[9])
    assert prices.close.tolist() == list(CLOSES[:10])
    assert prices.volume is not None and prices.volume[0] == 450_000
    assert prices.high is not None and prices.high.tolist() == [c + 1 for c in CLOSES[:10]]
    known = prices.until(DAYS[1])
    assert known.high is not None and known.high.tolist() == [21, 32]


def test_other_exchanges_have_other_sessions() -> None:
    monday = [*DAYS[:4], date(2021, 1, 18), *DAYS[4:]]  # a holiday in New York, not in Frankfurt
    lines = [f"{day},{20 + k}" for k, day in enumerate(monday)]
    with pytest.raises(InputError, match=r"row 6, date: 2021-01-18 is a Monday without a session"):
        load_prices(written(lines))
    assert len(load_prices(written(lines, above="# calendar: XETR\n")).close) == 14
    with pytest.raises(InputError, match=r'calendar "MOON" is not a code'):
        load_prices(written(lines, above="# calendar: moon\n"))


def test_a_few_closes_where_it_is_said_that_only_some_are_known() -> None:
    lines = [plain()[k] for k in (0, 3, 4, 9, 12)]
    with pytest.raises(InputError, match=r"2021-01-13 and 7 more: .*or say `# sessions: some`"):
        load_prices(written(lines))
    prices = load_prices(written(lines, above="# sessions: some\n"))
    assert prices.days == (3, 4, 9, 12) and prices.some
    assert prices.until(DAYS[12]).some
    # 20 after 40 may be five sessions' work, so no split is told
    risen = [f"{DAYS[k]},{price}" for k, price in ((0, 39), (1, 40), (2, 39), (3, 40), (9, 20))]
    assert load_prices(written(risen, above="# sessions: some\n")).close[-1] == 20
    for above, message in (
        ("# sessions: few\n", r'p.csv: sessions: "few" is not known; write `# sessions: some`'),
        ("# sessions: some\n", r"row \d+, date: 2021-01-16 is a Saturday without a session"),
    ):
        with pytest.raises(InputError, match=message):
            load_prices(written([*lines[:2], "2021-01-16,30", *lines[3:]], above=above))


def changed(row: int, text: str) -> list[str]:
    lines = plain()
    lines[row] = text
    return lines


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (plain()[:5] + plain()[6:], r"p.csv: 2021-01-20: a session of XNYS without a row"),
        (plain()[:5] + plain()[7:], r"p.csv: 2021-01-20 and 1 more: a session of XNYS"),
        (plain()[:3] + plain()[2:], r"row 5, date: 2021-01-14 is there twice"),
        (plain()[3:] + plain()[:3], r"row 12, date: 2021-01-12 comes after 2021-01-29; sort the r"),
        (changed(4, "2021-01-19,0"), r'row 6, close: "0" is not above 0'),
        (changed(4, "2021-01-19,-3"), r'row 6, close: "-3" is not above 0'),
        (changed(4, "2021-01-19,"), r"row 6, close: is empty; give the price of 2021-01-19"),
        (changed(4, "19/01/2021,3"), r'row 6, date: "19/01/2021" is not a date'),
        (changed(4, "2021-01-19,n/a"), r'row 6, close: "n/a" is not a number'),
        (plain()[:1], r"1 close from 2021-01-12 to 2021-01-12; an episode has at least 5"),
        ([], r"no rows under the header"),
        ([f"{day},20" for day in DAYS], r"every close is 20; was the name trading"),
    ],
)
def test_mistakes_are_named(lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_prices(written(lines))


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (date(2021, 1, 4), None, r"`first` 2021-01-04: p.csv goes from 2021-01-12 to 2021-01-29"),
        (None, date(2021, 3, 1), r"`last` 2021-03-01: p.csv goes from"),
        (DAYS[5], DAYS[2], r"`first` 2021-01-20 is after `last` 2021-01-14"),
        (date(2021, 1, 16), date(2021, 1, 17), r"no rows between `first` and `last`"),
    ],
)
def test_dates_that_the_file_has_not(first: date, last: date | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_prices(written(plain()), first, last)


def test_columns_and_bars_that_cannot_be() -> None:
    with pytest.raises(InputError, match=r'unknown column "Closing", did you mean close'):
        load_prices(written(plain(), "date,Closing"))
    with pytest.raises(InputError, match=r"column close is missing"):
        load_prices(written([str(day) for day in DAYS], "date"))
    bars = [f"{day},{c},{c - 1}" for day, c in zip(DAYS, CLOSES, strict=True)]
    with pytest.raises(InputError, match=r"row 2, close: 20 is above the high of 2021-01-12, 19"):
        load_prices(written(bars, "date,close,high"))
    bars = [f"{day},{c},{0 if day == DAYS[3] else 5}" for day, c in zip(DAYS, CLOSES, strict=True)]
    with pytest.raises(InputError, match=r"row 5, volume: is 0 on 2021-01-15"):
        load_prices(written(bars, "date,close,volume"))
    bars = [f"{day},{c},{'' if day == DAYS[3] else 5}" for day, c in zip(DAYS, CLOSES, strict=True)]
    with pytest.raises(InputError, match=r"row 5, volume: is empty"):
        load_prices(written(bars, "date,close,volume"))


QUIET = [100 * 1.01 ** (k % 3) for k in range(13)]


def bars_with_jump(ratio: float, volume_ratio: float) -> list[str]:
    return [
        f"{day},{close * (ratio if k > 6 else 1):.4f},{1e6 * (volume_ratio if k == 7 else 1):.0f}"
        for k, (day, close) in enumerate(zip(DAYS, QUIET, strict=True))
    ]


@pytest.mark.parametrize(
    ("ratio", "words"), [(1 / 2, "2-for-1 split"), (1 / 5, "5-for-1 split"), (10, "1-for-10 rev")]
)
def test_a_split_is_a_jump_on_the_usual_money(ratio: float, words: str) -> None:
    with pytest.raises(InputError, match=rf"row 9, close: .* looks like a {words}"):
        load_prices(written(bars_with_jump(ratio, 1 / ratio), "date,close,volume"))
    # the same jump on ten times the money is a squeeze or a crash
    load_prices(written(bars_with_jump(ratio, 10 / ratio), "date,close,volume"))
    without = [line.rpartition(",")[0] for line in bars_with_jump(ratio, 1)]
    with pytest.raises(InputError, match=r"a volume column would tell"):
        load_prices(written(without))
    load_prices(written(without, above="# splits: none\n"))
    with pytest.raises(InputError, match=r'splits: "no" is not known'):
        load_prices(written(without, above="# splits: no\n"))


def test_a_jump_between_ratios_is_none() -> None:
    load_prices(written(bars_with_jump(1 / 1.8, 1.8), "date,close,volume"))


@pytest.mark.parametrize("own", [0, -0.12, -0.25])
@pytest.mark.parametrize(
    ("after", "before"), [(2, 1), (9, 1), (12, 1), (1, 9), (1, 35), (1, 190), (1, 1000)]
)
def test_a_split_of_any_ratio_whatever_the_name_does_on_the_day(
    after: int, before: int, own: float
) -> None:
    """From 2 to 1 on the money tells: cases that were let through."""
    jump = before / after * (1 + own)
    with pytest.raises(InputError, match=r"row 9, close: .* looks like a .*split"):
        load_prices(written(bars_with_jump(jump, after / before), "date,close,volume"))
    load_prices(written(bars_with_jump(jump, 12 * after / before), "date,close,volume"))


def test_a_split_is_named_by_its_ratio() -> None:
    for after, before, words in ((3, 2, "3-for-2 split"), (1, 190, "1-for-190 reverse split")):
        with pytest.raises(InputError, match=words):
            jump = bars_with_jump(before / after, after / before)
            load_prices(written(jump, "date,close,volume"))


def test_a_bad_quarter_is_no_split() -> None:
    """GameStop, 8 to 9 December 2020: a fifth lower on twice the shares."""
    load_prices(written(bars_with_jump(13.66 / 16.94, 2), "date,close,volume"))


def test_a_rise_by_half_without_volumes_is_no_split() -> None:
    """GameStop, 21 to 22 January 2021: 43.03 to 65.01."""
    lines = [line.rpartition(",")[0] for line in bars_with_jump(65.01 / 43.03, 1)]
    load_prices(written(lines))


def test_a_column_says_where_a_split_was() -> None:
    """Of stock splits, or the adjusted close, even on ten times the usual money."""
    raw = [line.split(",") for line in bars_with_jump(1 / 4, 40)]
    said = [[*cells, "4.0" if k == 7 else "1.0"] for k, cells in enumerate(raw)]
    with pytest.raises(InputError, match=r"row 9, close: .* looks like a 4-for-1 split"):
        lines = [",".join(cells) for cells in said]
        load_prices(written(lines, "timestamp,close,volume,split_coefficient"))
    restated = [[d, c if k > 6 else f"{float(c) / 4}", v, s] for k, (d, c, v, s) in enumerate(said)]
    lines = [",".join(cells) for cells in restated]
    assert len(load_prices(written(lines, "date,close,volume,stock splits")).close) == 13
    adjusted = [[*cells, f"{float(cells[1]) / (4 if k < 7 else 1)}"] for k, cells in enumerate(raw)]
    with pytest.raises(InputError, match=r"row 9, close: .* looks like a 4-for-1 split"):
        load_prices(written([",".join(c) for c in adjusted], "date,close,volume,adj close"))


def test_a_single_close_far_from_both_its_neighbours_is_wrong() -> None:
    typo = [
        f"{d},{c * (1.9 if k == 6 else 1)},1e6"
        for k, (d, c) in enumerate(zip(DAYS, QUIET, strict=True))
    ]
    with pytest.raises(InputError, match=r"row 8, close: 190 on 2021-01-21 is far from both its"):
        load_prices(written(typo, "date,close,volume"))
    spike = [line.replace("1e6", "2e7" if "190" in line else "1e6") for line in typo]
    load_prices(written(spike, "date,close,volume"))  # everybody traded it: a spike
    load_prices(written(typo, "date,close,volume", "# splits: none\n"))


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains",
         "{d} 00:00:00-05:00,{c},{c},{c},{c},{v},0.0,0.0,0.0"),
        ("timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
         "{d},{c},{c},{c},{c},{c},{v},0.0000,1.0"),
        ("Date,Close/Last,Volume,Open,High,Low", "{u},${c},{v},${c},${c},${c}"),
        ("<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
         "GME.US,D,{k},000000,{c},{c},{c},{c},{v},0"),
        ("Price,Close,High,Low,Open,Volume", "{d},{c},{c},{c},{c},{v}"),
        ("Date,Open,High,Low,Close,Volume", "{d},{c},{c},{c},{c},{v}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newest_first", [False, True])
def test_the_shapes_of_vendors(header: str, line: str, newest_first: bool) -> None:
    lines = [
        line.format(d=d, u=f"{d:%m/%d/%Y}", k=f"{d:%Y%m%d}", c=c, v=f"{9e6 / c:.0f}")
        for d, c in zip(DAYS[:10], CLOSES, strict=False)
    ][:: -1 if newest_first else 1]
    if header.startswith("Price"):
        lines = ["Ticker,GME,GME,GME,GME,GME", "Date,,,,,", *lines]
    prices = load_prices(written(lines, header))
    assert prices.dates == DAYS[:10] and prices.close.tolist() == list(CLOSES[:10])
    assert prices.volume is not None and prices.volume[0] == 450_000


def test_a_week_of_such_moves_makes_a_doubling_one_of_them() -> None:
    load_prices(written(plain()))  # 194 -> 325 and 148 -> 348 after 77 -> 148


def test_points_on_a_few_days() -> None:
    Path("s.csv").write_text("date,short_interest\n2021-01-15,61780000\n2021-01-29,21400000\n")
    points = load_points("s.csv", "short_interest", "shares sold short")
    assert points.values.tolist() == [61.78e6, 21.4e6]
    assert points.until(date(2021, 1, 20)).dates == (date(2021, 1, 15),)
    assert len(points.until(date(2021, 1, 2)).values) == 0
    with pytest.raises(InputError, match=r'unknown column "short_interest"'):
        load_points("s.csv", "volume", "shares traded")
    Path("s.csv").write_text("date,short_interest\n2021-01-15,0\n2021-01-29,5\n")
    later = load_points("s.csv", "short_interest", "shares", date(2021, 1, 16))
    assert later.values.tolist() == [5.0]  # what lies elsewhere may be wrong
    with pytest.raises(InputError, match=r'short_interest: "0" is not above 0; give shares sold'):
        load_points("s.csv", "short_interest", "shares sold short")
