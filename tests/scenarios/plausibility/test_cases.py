"""Situations of public bug reports: each gives the right value, or a finding that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from powderkeg.engine.plausible import Judgement, Seen, look
from powderkeg.results.report.glance import glance_rows
from powderkeg.scenarios import InputError, load_book, load_market
from powderkeg.scenarios.plausibility.finding import NOTE, REFUSAL, WARNING, Implausible
from tests.helpers.odd_inputs import Desk

COLUMNS = "symbol,price,float_shares,short_interest,borrow_fee,adv,volatility,implied_vol,currency"
LONDON = "# as_of: 2024-05-10\n# currency: GBP\n" + COLUMNS + "\n"
BOOK = "symbol,instrument_type,quantity\nPUB.L,equity,-100000\nMINE.L,equity,300000\n,cash,20e6\n"


def rows(price: float, currency: str) -> str:
    """A London market in which one name has a price in some unit."""
    return (
        f"PUB.L,{price},250000000,20000000,.05,3000000,.45,,{currency}\n"
        "MINE.L,48.20,900000000,9000000,.003,3000000,.30,,GBP\n"
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_pence_are_refused_and_pounds_are_worth_what_they_are(folder: Path) -> None:
    """Short 100,000 shares at 285 pence are 0.285 million pounds, not 28.5."""
    (folder / "b.csv").write_text(BOOK)
    (folder / "m.csv").write_text(LONDON + rows(285.0, "GBp"))
    with pytest.raises(Implausible, match=r"m\.csv: row 4, currency: GBp is a hundredth of GBP"):
        look("b.csv", "m.csv")
    (folder / "m.csv").write_text(LONDON + rows(2.85, "GBP"))
    seen = look("b.csv", "m.csv")
    assert seen.findings == ()
    assert seen.glance.short == pytest.approx(-285_000)
    assert seen.glance.equity == pytest.approx(20e6 - 285_000 + 300_000 * 48.2)


def test_all_is_said_at_once(folder: Path) -> None:
    """A refusal of the reader of the book comes with what is odd in the market."""
    (folder / "b.csv").write_text(BOOK.replace("-100000", "-100,000"))
    (folder / "m.csv").write_text(LONDON + rows(285.0, "GBp"))
    with pytest.raises(Implausible) as caught:
        look("b.csv", "m.csv")
    rules = [each.rule for each in caught.value.findings]
    assert rules[0] == "reader" and {"currency.hundredth", "units.pence"} <= set(rules)


def seen_of(desk: Desk, folder: Path) -> Seen:
    desk.write(folder)
    return look(*(folder / name for name in ("b.csv", "m.csv", "c.csv")))


def test_a_desk_with_three_slips_has_three_findings(folder: Path) -> None:
    """A sign, the cash, a future that is a tenth of an E-mini."""
    desk = Desk().held(1, quantity=1800000).held(11, quantity=-80000000).held(10, multiplier=50)
    found = {each.rule: each for each in seen_of(desk, folder).findings}
    assert {"sign.long-among-shorts", "scale.index-future"} <= found.keys()
    assert "cash.gross" in found or "cash.called" in found
    assert "a tenth of an E-mini S&P 500" in found["scale.index-future"].text
    assert "write 500" in found["scale.index-future"].text
    assert "write -1,800,000" in found["sign.long-among-shorts"].text


def test_a_mark_of_nothing_is_named(folder: Path) -> None:
    """A call at 60 with the share at 20 cannot be worth 0 (Black & Scholes says .049)."""
    for mark, rule in (("0", "placeholders.mark"), ("0.004", "placeholders.rounded-mark")):
        desk = Desk().held(9, strike=60, price=mark)
        assert rule in {each.rule for each in seen_of(desk, folder).findings}


def test_an_index_that_is_hedged_by_a_future_and_puts_is_no_short(folder: Path) -> None:
    desk = Desk().quote("SPY", security_type="").add("SPY,put,1500,,590,2025-07-18,,,,,,")
    desk.write(folder)
    market = load_market("m.csv")
    assert load_book("b.csv", market).shorts == {"AAA", "BBB", "CCC", "DDD", "EEE.DE"}


def test_strict_refuses_what_is_warned_of_and_accept_takes_it(folder: Path) -> None:
    desk = Desk().held(10, multiplier=50)
    files = [folder / name for name in ("b.csv", "m.csv", "c.csv")]
    desk.write(folder)
    assert [each.severity for each in look(*files).findings] == [WARNING]
    with pytest.raises(Implausible, match=r"\[scale.index-future\]") as caught:
        look(*files, judgement=Judgement(strict=True))
    assert [each.severity for each in caught.value.findings] == [REFUSAL]
    accepted = Judgement(strict=True, accept=["scale.index-future"])
    assert [each.severity for each in look(*files, judgement=accepted).findings] == [NOTE]
    with pytest.raises(InputError, match=r"there is no rule scale\.index, did you"):
        look(*files, judgement=Judgement(accept=["scale.index"]))


def test_foreign_rates_are_shown_with_their_inverse(folder: Path) -> None:
    said = glance_rows(seen_of(Desk(), folder).glance.as_json())
    assert ("rate", "1 EUR = 1.15 USD, 1 USD = 0.869565 EUR") in said
