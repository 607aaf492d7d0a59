"""Limits stay with a run: in its store, through a stop and a resume, in `show` and on the page."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from powderkeg.engine.check import check
from powderkeg.engine.report import report
from powderkeg.engine.run.execute import resume, run_plan
from powderkeg.engine.run.plan import Plan
from powderkeg.engine.run.store_spec import store_spec
from powderkeg.results import create_store, missing_blocks, open_results, store_digest
from powderkeg.results.formats import money, percent
from powderkeg.results.store.records import read_root
from powderkeg.scenarios import InputError
from powderkeg.scenarios.limits import Limit
from tests.helpers.cli_runs import command
from tests.helpers.said import Grid, Page, Piece, page_of, printed, shown
from tests.helpers.small_run import CALM, SQUEEZE, plan_of

pytestmark = pytest.mark.slow

KEPT = "kept"
LIMITS = (
    Limit("all", "es_95_worst", 0.25, False),
    Limit("calm", "es_95_worst", math.nan, True, amount=31e6, currency="USD"),
    Limit("squeeze", "es_99.9_worst", 0.9, False),
)
FILE = "- {scenario: squeeze, measure: p_ruin, below: 0.5}\n"
FOREIGN = "- {scenario: sqeeze, measure: p_ruin, below: 0.5}\n"
REFUSAL = 'limits.yaml:1: scenario: the run has no "sqeeze", did you mean squeeze?'


def plan(output: Path, limits: tuple[Limit, ...] = LIMITS) -> Plan:
    made = plan_of(SQUEEZE, CALM, paths=1200, block=1024, limits=limits)
    return replace(made, request=replace(made.request, output=output))


def begun(output: Path, limits: tuple[Limit, ...] = LIMITS) -> Path:
    """A store that no block has been written to."""
    each = plan(output, limits)
    create_store(output, store_spec(each.job, each.packed, each.inputs.files, {}, each.limits))
    return output


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_plan(plan(tmp_path_factory.mktemp("limits") / "o.zarr"))


def table(pieces: list[Piece]) -> list[list[str]]:
    """Rows of the table of limits."""
    (grid,) = (each for each in pieces if isinstance(each, Grid) and each.title == "Limits")
    return grid.rows


def asked(path: Path) -> list[tuple[str, str]]:
    return [(limit["scenario"], limit["measure"]) for limit in read_root(path)["limits"]]


def test_page_and_show_say_what_check_says(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = command(capsys, monkeypatch, "check", store, "--json")
    found = json.loads(out)
    assert code == 3 and len(found) == 4
    rows = table(Page(page_of(store)).pieces)
    assert rows == table(shown(store))
    labels = open_results(store)["measures"].to_dataset()["label"]
    said = {(row[0], row[1]): row[2:] for row in rows}
    for each in found:
        name = str(labels.sel(measure=each["measure"]).values)
        name += " (upper end)" if each["confident"] else ""
        verdict, held, _, limit = said[each["scenario"], name]
        value = "refused" if each["value"] is None else percent(each["value"])
        below, reason = percent(each["below"]), each["reason"]
        if each["currency"]:
            value = f"{money(each['value_amount'], 1, each['currency'])}, {value}"
            below = f"{money(each['below_amount'], 1, each['currency'])}, {below}"
        assert (held, limit) == (value, below)
        head, _, why = verdict.partition(": ")
        assert (head != KEPT, why) == (each["broken"], reason)
        assert (head == "refused") == (each["value"] is None)
    # the worst first
    assert [row[2].split(":")[0] for row in rows] == ["broken", "refused", KEPT, KEPT]
    for text in (page_of(store), printed(store, 1000)):
        assert "2 of 4 limits broken, 1 of them for want of paths" in text


def test_limits_decide_no_number(store: Path, tmp_path: Path) -> None:
    other = run_plan(plan(tmp_path / "o.zarr", ()))
    assert read_root(other)["grid"] == read_root(store)["grid"]
    assert store_digest(other) == store_digest(store)
    assert "limits" in read_root(store) and "limits" not in read_root(other)
    with pytest.raises(InputError, match="keeps none"):
        check(other)
    assert "Limits" not in page_of(other)


def test_resume_holds_a_run_to_what_it_was_begun_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begun(Path("o.zarr"))
    code, out, _ = command(capsys, monkeypatch, "resume", "o.zarr")
    assert code == 3 and "2 of 4 limits broken" in out
    code, out, _ = command(capsys, monkeypatch, "resume", "o.zarr")  # nothing is left to run
    assert code == 3 and "2 of 4 limits broken" in out
    Path("limits.yaml").write_text(FILE)
    code, out, _ = command(capsys, monkeypatch, "resume", "o.zarr", "--limits", "limits.yaml")
    assert code == 0 and "every limit is kept" in out
    assert len(asked(Path("o.zarr"))) == 3  # a sealed store stays as it is


def test_resume_keeps_another_file_in_place_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begun(Path("o.zarr"))
    before = Path("o.zarr/zarr.json").read_bytes()
    Path("limits.yaml").write_text(FOREIGN)
    with pytest.raises(InputError, match=REFUSAL.replace("?", r"\?")):
        resume("o.zarr", limits="limits.yaml")
    assert Path("o.zarr/zarr.json").read_bytes() == before
    assert len(missing_blocks("o.zarr")) == 4
    Path("limits.yaml").write_text(FILE)
    resume("o.zarr", limits="limits.yaml")
    assert asked(Path("o.zarr")) == [("squeeze", "p_ruin")]
    (verdict,) = check("o.zarr")
    assert not verdict.broken and "Every limit is kept." in page_of(Path("o.zarr"))


def test_a_page_takes_other_limits_and_refuses_foreign_ones(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("limits.yaml").write_text(FOREIGN)
    for ask in (
        lambda: check(store, "limits.yaml"),
        lambda: report(store, "o.html", "limits.yaml"),
    ):
        with pytest.raises(InputError) as caught:
            ask()
        assert str(caught.value) == REFUSAL
    assert not Path("o.html").exists()
    Path("limits.yaml").write_text(FILE)
    report(store, "o.html", "limits.yaml")
    rows = table(Page(Path("o.html").read_text()).pieces)
    assert [row[0] for row in rows] == ["squeeze"] and rows[0][2] == KEPT
