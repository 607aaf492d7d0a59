"""Every number on the page and in `show` is the store's: read anew with xarray, cell by cell.

Tables are compared whole: scenario, level, row and column decide what a cell must say, so a number
of another place of the same store is found as well as one that is nowhere in it. Every other text
must say the numbers listed here and no other, but for the words of `ALLOWED`.
"""

import math
import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from powderkeg.engine.run.plan import make_plan
from powderkeg.engine.run.request import RunRequest
from powderkeg.results.formats import MINUS
from powderkeg.results.measures import statistics as st
from powderkeg.results.report import (
    cells,
    days,
    explained,
    glance,
    headline,
    limits,
    page,
    pictures,
)
from powderkeg.results.report.explained import Explained
from powderkeg.results.report.summary import Line, Summary, Varied
from powderkeg.scenarios import Scenario
from powderkeg.scenarios.derivatives import Derivative
from powderkeg.scenarios.limits import Limit
from tests.helpers.said import Grid, Page, Piece, Words, page_of, shown
from tests.helpers.small_run import BOOK, CHAIN, CROWD, MARKET, run_at
from tests.helpers.stored_pages import Tables, page_says, page_tables, show_says, show_tables
from tests.helpers.stored_tables import REFUSE, Stored

pytestmark = pytest.mark.slow

ALLOWED = {
    "95 % interval": "the level of every interval",
    "Below 1 feedback": "where a loop ignites, by its definition",
    "1/(1 − G); from 1 on": "the same",
    "from 1 on a move feeds itself": "the same",
    "“95 %”: the total that 5 % of paths exceed": "the quantile of /loop_gain in the column",
    "median and 95 % over paths": "the same",
    "5–95 %": "quantiles that a picture draws",
    "25–75 %": "the same",
    "10-90 %": "quantiles of the moment of the tail's paths",
    "about 1 % of their size": "bins of /counts (docs/results.md)",
    "Cont & Schaanning 2019": "a source",
    f"it takes {REFUSE}": "tail paths below which a quantile is refused (statistics.REFUSE)",
    "fewer than 200": "tail paths below which it is a hint (statistics.WARN)",
    f"at {MINUS}1, 0 and +1": "values of a convention, which dealers' sign can have",
}
"""Numbers that are words, and why."""

FUNDS = {
    "copycats": {"equity": 2e8, "copies": 0.5, "threshold": 0.02, "slope": 5, "cut_rate": 2},
    "others": {"equity": 1e9, "copies": 0.05},
}
DAYS = {"horizon_days": 3, "steps_per_day": 8, "horizons": [1, 3]}
SQUEEZE = Scenario.model_validate(
    {"id": "squeeze", "names": {"GME": CROWD}, "funds": FUNDS, **DAYS}
    | {"sensitivity": {"impact": (0.8,), "max_multiple": (), "dealer_sign": (-1.0,)}}
)
CALM = Scenario.model_validate(
    {"id": "calm", "funds": {"copycats": FUNDS["copycats"]}, **DAYS}
    | {"sensitivity": {"impact": (), "max_multiple": (), "dealer_sign": (0.0,)}}
)
CALL = Derivative("o", "GME", "call", 500, 100, 4.0, 40.0, date(2021, 1, 22), 4, 2.5)
LIMITS = (
    Limit("all", "es_99_worst", 0.4, False),
    Limit("squeeze", "var_95_day_3", math.nan, True, amount=60e6, currency="USD"),
    Limit("calm", "es_99.9_worst", 0.9, False),
    Limit("all", "p_margin_call", 0.001, True),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with all that can be asked for; the worst scenario is not the first."""
    out = tmp_path_factory.mktemp("numbers") / "o.zarr"
    asked = RunRequest(
        replace(BOOK, derivatives=(CALL,)),
        MARKET,
        (CALM, SQUEEZE),
        out,
        chain=CHAIN,
        paths=10_000,
        sensitivity=True,
        survival=True,
        attribution=2_000,
        importance=5_000,
        limits=LIMITS,
    )
    return run_at(make_plan(asked), out)


@pytest.fixture(scope="module")
def stored(path: Path) -> Stored:
    return Stored(path)


def test_the_store_has_all_that_a_page_can_say(stored: Stored) -> None:
    """What is compared below is there, and where a mistake would show."""
    assert stored.order == stored.given[::-1] == ["squeeze", "calm"]
    assert {"importance", "attribution", "sensitivity", "conventions", "exit"} <= set(stored.data)
    assert stored.data["overlap"].sizes["holder"] == 3
    words = [row[2].split(":")[0] for _, _, row in stored.verdicts()]
    assert set(words) == {"broken", "refused", "kept"}
    assert stored.supported("attribution", "squeeze") < stored.level == 0.99


CHOSEN = ("Risk measures, in % of equity", "losses in % of equity, and odds")
"""Tables that show some of the measures: which they choose is not the matter here."""


def wrong_tables(pieces: list[Piece], wanted: Tables) -> list[str]:
    """Where tables do not say what the store does; nothing where all of them do."""
    grids = {(g.section, g.title): g for g in pieces if isinstance(g, Grid)}
    found = [f"{each} is on one side alone" for each in grids.keys() ^ wanted.keys()]
    for place in grids.keys() & wanted.keys():
        grid, (head, *rows) = grids[place], wanted[place]
        if grid.title.endswith(CHOSEN):
            known = {row[0]: row for row in rows}
            rows = [known.get(row[0], []) for row in grid.rows]
        pairs = zip_longest([grid.head, *grid.rows], [head, *rows])
        found += [f"{place}: {got} is not {row}" for got, row in pairs if got != row]
    return found


def numbered(pieces: list[Piece]) -> Iterator[Words]:
    """Texts with a number that is no word, without titles of tables and ticks of pictures."""
    titles = {piece.title for piece in pieces if isinstance(piece, Grid)}
    for piece in pieces:
        if isinstance(piece, Grid) or piece.text in titles:
            continue
        if piece.where == "axis" and "beyond" not in piece.text:
            continue  # a scale says where its numbers are, not what a store holds
        if re.search(r"\d", without(piece.text)):
            yield piece


def without(text: str) -> str:
    """A text less the numbers that are words."""
    for words in ALLOWED:
        text = text.replace(words, "")
    return text


def wrong_texts(pieces: list[Piece], wanted: list[list[str]]) -> list[str]:
    """Where texts say another number than the store, or one that nobody expects."""
    texts, found = [without(each.text) for each in numbered(pieces)], []
    for text, fragments in zip(texts, wanted, strict=False):
        rest = text
        for fragment in fragments:
            before, hit, after = rest.partition(without(fragment))
            if not hit or before[-1:].isdigit() or after[:1].isdigit():
                found.append(f"{text!r} does not say {fragment!r}")
            rest = f"{before}{after}"
        if re.search(r"\d", rest):
            found.append(f"{text!r} says more: {rest!r}")
    if len(texts) != len(wanted):
        found.append(f"{len(texts)} texts with numbers, {len(wanted)} expected")
    return found


def wrong_on(surface: str, path: Path, t: Stored) -> list[str]:
    """All that `page` or `show` gets wrong of a store."""
    if surface == "page":
        pieces, tables, texts = Page(page_of(path)).pieces, page_tables(t), page_says(t, path)
    else:
        pieces, tables, texts = shown(path), show_tables(t), show_says(t)
    return wrong_tables(pieces, tables) + wrong_texts(pieces, texts)


@pytest.mark.parametrize("surface", ["page", "show"])
def test_every_number_is_the_stores(surface: str, path: Path, stored: Stored) -> None:
    assert wrong_on(surface, path, stored) == []


# --- that it can fail -----------------------------------------------------------------------------

Real = Any
"""A function or property of the code, as it is."""


def elsewhere(real: Real) -> Real:
    """The same of the other scenario: function(summary, scenario, ...)."""
    return lambda summary, scenario, *rest, **more: real(summary, 1 - scenario, *rest, **more)


def scaled(real: Real) -> Real:
    """Writes a number that is a hundredth larger."""
    return lambda value, *rest: real(1.01 * value, *rest)


def line_elsewhere(real: Real) -> Real:
    """Only the other scenario's estimate of one measure of `squeeze`, in its own line."""

    def line(self: Summary, scenario: int, measure: str) -> Line:
        mine: Line = real(self, scenario, measure)
        if (scenario, measure) != (1, "var_95_day_1"):
            return mine
        return replace(mine, on=real(self, 0, measure).on)

    return line


def group_elsewhere(real: Real) -> Real:
    """A group of the other scenario."""

    def group(self: Explained, name: str) -> Any:
        other = copy(self)
        other.scenario = 1 - self.scenario
        return real(other, name)

    return group


def larger(part: str, factor: float = 1.01) -> Callable[[Real], Real]:
    """One part of an estimate larger, by default by a hundredth."""

    def wrap(real: Real) -> Real:
        def estimate(*arguments: Any) -> st.Estimate:
            found: st.Estimate = real(*arguments)
            return replace(found, **{part: factor * getattr(found, part)})

        return estimate

    return wrap


MUTATIONS: dict[str, tuple[str, Any, str, Callable[[Real], Any]]] = {
    "one cell of another scenario": ("page", Summary, "line", line_elsewhere),
    "every line of the next measure": ("show", Summary, "line", lambda real: lambda self, s, m: (
        replace(real(self, s, self.ids[self.ids.index(m) - 1]), label=real(self, s, m).label))),
    "days of another scenario": ("show", days, "by_day", elsewhere),
    "groups of another scenario": ("show", Explained, "_group", group_elsewhere),
    "contributions 1 % larger": ("show", explained, "_estimate", larger("value")),
    # errors are said in two or three digits
    "errors 10 % larger": ("show", explained, "_estimate", larger("standard_error", 1.1)),
    "attribution at another level": ("show", Explained, "_at_level", lambda _: property(
        lambda self: self.attribution.sel(level=0.95))),
    "weighted paths at another level": ("show", Explained, "_weighted_level", lambda _: property(
        lambda self: self.importance.sel(level=0.95))),
    "loop gains of another scenario": ("show", Summary, "gains", elsewhere),
    "overlaps of another scenario": ("show", Summary, "overlap", elsewhere),
    "cells 1 % larger": ("show", cells, "percent", scaled),
    "intervals 1 % larger": ("show", cells, "percent_range", scaled),
    "odds of another scenario": ("page", page, "name_odds", elsewhere),
    "losses of the worst paths 1 % larger": ("page", page, "percent", scaled),
    "exit of another scenario": ("page", page, "exit_rows", elsewhere),
    "worst paths of another scenario": ("page", page, "_worst_paths", elsewhere),
    "a picture of another scenario": ("page", pictures, "_draw_losses", elsewhere),
    "a convention of another scenario": ("show", headline, "conventions", elsewhere),
    "money 1 % larger": ("show", headline, "money", scaled),
    "the glance 1 % larger": ("page", glance, "percent", scaled),
    "the lower end held": ("show", limits, "_verdict", lambda real: lambda *of: (
        replace(real(*of), held=real(*of).line.on.low))),
    "change and error of a variant, swapped": ("show", Varied, "change_texts", lambda real: (
        property(lambda self: real.fget(self)[::-1]))),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_number_is_found(
    name: str, path: Path, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    surface, owner, attribute, wrap = MUTATIONS[name]
    real = vars(owner)[attribute]
    monkeypatch.setattr(owner, attribute, wrap(real))
    assert wrong_on(surface, path, stored)
