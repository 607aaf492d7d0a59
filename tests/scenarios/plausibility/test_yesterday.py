"""Tonight's book against yesterday's: signs that turned, rates that jumped, figures that stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from powderkeg.engine.plausible import Judgement, read_files
from powderkeg.scenarios.plausibility.finding import NOTE, Finding
from powderkeg.scenarios.plausibility.said import Before
from powderkeg.scenarios.plausibility.table import examine
from tests.helpers.odd_inputs import BOOK_ROWS, HEAD, ROWS, Desk


def found(folder: Path, tonight: Desk) -> tuple[Finding, ...]:
    """What is found of a desk's next day, the clean one being yesterday's."""
    (folder / "old").mkdir()
    (folder / "new").mkdir()
    Desk().write(folder / "old")
    tonight.head = [h.replace("2025-06-13", "2025-06-16") for h in tonight.head]
    tonight.write(folder / "new")
    old, new = (
        read_files(folder / day / "b.csv", folder / day / "m.csv", None, Judgement())
        for day in ("old", "new")
    )
    before = Before(old[0], old[1], "yesterday.zarr")
    return examine(replace(new[3], before=before))


def moved(desk: Desk) -> Desk:
    """Every price and volume of the next day."""
    for number, row in enumerate(desk.market):
        row[2] = f"{float(row[2]) * (1 + 0.01 * (number % 3 - 1)):.2f}"
        row[9] = f"{int(row[9]) + 1000 * (number + 1)}"
    return desk


TURNED: list[Callable[[Desk], Desk]] = [
    lambda d: d.held(1, quantity=1800000),
    lambda d: d.held(3, quantity=500000),
    lambda d: d.held(4, quantity=150000),
    lambda d: d.held(3, quantity=400000),
    lambda d: d.held(5, quantity=-300000),
    lambda d: d.held(6, quantity=-100000),
    lambda d: d.held(7, quantity=-300000),
    lambda d: d.held(8, quantity=-5000),
    lambda d: d.held(9, quantity=2000),
    lambda d: d.held(10, quantity=60),
]


def test_a_day_like_any_other_is_silent(tmp_path: Path) -> None:
    assert found(tmp_path, moved(Desk())) == ()


@pytest.mark.parametrize("turn", TURNED)
def test_a_sign_that_turned_is_named(turn: Callable[[Desk], Desk], tmp_path: Path) -> None:
    rules = {each.rule: each for each in found(tmp_path, turn(moved(Desk())))}
    assert "sign.turned" in rules and rules["sign.turned"].severity != NOTE
    assert "yesterday.zarr" in rules["sign.turned"].text


def test_a_position_that_went_to_the_other_side_is_no_slip(tmp_path: Path) -> None:
    """Half as large as before, it is a trade."""
    desk = moved(Desk()).held(6, quantity=-30000)
    assert "sign.turned" not in {each.rule for each in found(tmp_path, desk)}


@pytest.mark.parametrize(
    ("rule", "plant"),
    [
        ("dates.yesterdays", lambda d: d),
        ("currency.moved", lambda d: moved(d).heads(*HEAD[:2], "rate_EUR: 0.87", HEAD[3])),
        ("sign.cash-turned", lambda d: moved(d).held(5, quantity=3000000).held(
            11, quantity=-250000000)),
    ],
)  # fmt: skip
def test_what_yesterday_tells(rule: str, plant: Callable[[Desk], Desk], tmp_path: Path) -> None:
    assert rule in {each.rule for each in found(tmp_path, plant(Desk()))}


def test_an_earlier_as_of_date_is_named(tmp_path: Path) -> None:
    desk = moved(Desk()).heads("as_of: 2025-06-12", *HEAD[1:])
    assert "dates.same-day" in {each.rule for each in found(tmp_path, desk)}


def test_the_helpers_desk_has_the_rows_that_are_planted_in() -> None:
    assert (len(ROWS), len(BOOK_ROWS)) == (9, 12)
