"""Limits: what the file may say, what is broken, and the exit code for a scheduler."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from powderkeg.engine.run.plan import make_plan
from powderkeg.engine.run.request import RunRequest
from powderkeg.engine.run.store_spec import store_spec
from powderkeg.results import create_store, missing_blocks, open_results
from powderkeg.results.measures.levels import PROBABILITY
from powderkeg.results.measures.table import list_measures
from powderkeg.results.report.limits import verdicts
from powderkeg.results.report.summary import Summary
from powderkeg.scenarios import InputError
from powderkeg.scenarios.limits import Limit, check_limits, load_limits
from tests.helpers.cli_runs import RUN, command, folder

__all__ = ["folder"]  # a fixture


@dataclass(frozen=True)
class Account:
    equity: float = 50e6
    currency: str = "USD"


MEASURES = ("es_95_day_2", "es_99_day_2", "p_margin_call")
WRONG = {
    "": "f.yaml: no list of limits; write lines such as "
    "`- {scenario: all, measure: es_99_day_10, below: 0.4}`",
    "scenario: all\n": "f.yaml: no list of limits; write lines such as "
    "`- {scenario: all, measure: es_99_day_10, below: 0.4}`",
    "- all\n": 'f.yaml:1: "all" is not a limit; give scenario, measure and below',
    "- {scenario: all, measure: es_95_day_2, bellow: 1}": "f.yaml:1: bellow: unknown field, "
    "did you mean below?",
    "- {scenario: all, measure: es_95_day_2}": "f.yaml:1: below: is missing; add it",
    "-\n  measure: es_95_day_2\n  below: 1\n": "f.yaml:2: scenario: is missing; add it",
    "- scenario: all\n  measure:\n  below: 1\n": "f.yaml:2: measure: is missing; add it",
    "- scenario: all\n  measure: es_95_day_2\n  below: 40 %\n": 'f.yaml:3: below: "40 %" is not '
    "a number; give a fraction, .4 for 40 %, or an amount such as 25e6 and its currency",
    "- {scenario: all, measure: es_95_day_2, below: true}": 'f.yaml:1: below: "True" is not a '
    "number; give a fraction, .4 for 40 %, or an amount such as 25e6 and its currency",
    "- {scenario: all, measure: es_95_day_2, below: .nan}": 'f.yaml:1: below: "nan" is not a '
    "number; give a fraction, .4 for 40 %, or an amount such as 25e6 and its currency",
    "- {scenario: all, measure: es_95_day_2, below: 1, confident: maybe}": "f.yaml:1: confident: "
    '"maybe" is not true or false',
    "- {scenario: all, scenario: all}": 'f.yaml:1: "scenario" is there twice (first in line 1); '
    "keep one",
    "- {scenario: shrt, measure: es_95_day_2, below: 1}": "f.yaml:1: scenario: the run has no "
    '"shrt", did you mean short?',
    "limits:\n- scenario: all\n  measure: es_95_day_3\n  below: 1\n": "f.yaml:3: measure: the run "
    'has no "es_95_day_3", did you mean es_95_day_2?; see /measures of the store',
    "- {scenario: all, measure: p_margin_call, below: 5}": "f.yaml:1: below: 5 is no probability; "
    "give a fraction, .05 for 5 %",
    "- {scenario: all, measure: p_margin_call, below: 0}": "f.yaml:1: below: 0 is no "
    "probability; give a fraction, .05 for 5 %",
    "- scenario: all\n  measure: es_95_day_2\n  below: 40\n": "f.yaml:3: below: 40 times the "
    "equity is a limit that never breaks; write .4 for 40 %, or add `currency: USD` to an "
    "amount of money",
    "- {scenario: all, measure: es_95_day_2, below: 12.5}": "f.yaml:1: below: 12.5 times the "
    "equity is a limit that never breaks; write .125 for 12.5 %, or add `currency: USD` to an "
    "amount of money",
    "- {scenario: all, measure: es_95_day_2, below: 25e6}": "f.yaml:1: below: 25,000,000 times the "
    "equity is a limit that never breaks; write .4 for 40 %, or add `currency: USD` to an amount "
    "of money",
    "- {scenario: all, measure: es_95_day_2, below: 0}": "f.yaml:1: below: 0 is not above 0; give "
    "a fraction of equity, .4 for 40 %",
    "- {scenario: all, measure: es_95_day_2, below: -.4}": "f.yaml:1: below: -0.4 is not above 0; "
    "give a fraction of equity, .4 for 40 %",
    "- {scenario: all, measure: es_95_day_2, below: 25e6, curency: USD}": "f.yaml:1: curency: "
    "unknown field, did you mean currency?",
    "-\n  scenario: all\n  measure: es_95_day_2\n  below: 25e6\n  currency: EUR\n": "f.yaml:5: "
    'currency: "EUR" but the book is in USD; give the amount in that',
    "- {scenario: all, measure: es_95_day_2, below: 25e6, currency: }": "f.yaml:1: currency: is "
    "missing; add it, `currency: USD`",
    "- {scenario: all, measure: es_95_day_2, below: -25e6, currency: USD}": "f.yaml:1: below: "
    "-25,000,000 is not above 0; give an amount of USD",
    "- {scenario: all, measure: es_95_day_2, below: 25e9, currency: USD}": "f.yaml:1: below: "
    "25,000,000,000 is 500 times the equity of 50,000,000, a limit that never breaks; give less",
    "- {scenario: all, measure: p_margin_call, below: 25e6, currency: USD}": "f.yaml:1: currency: "
    "p_margin_call is a probability; leave it out",
    "- {scenario: short, measure: es_95_day_2, below: 1}\n"
    "- {scenario: short, measure: es_95_day_2, below: 2}\n": "f.yaml:2: measure: es_95_day_2 of "
    "short is there twice (first in line 1); keep one",
    "- {scenario: all, measure: es_95_day_2, below: 1, confident: true}\n"
    "- {scenario: all, measure: es_95_day_2, below: 2e6, currency: USD, confident: true}\n": ""
    "f.yaml:2: measure: es_95_day_2 of all is there twice (first in line 1); keep one",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_one_line_with_its_place(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        check_limits(load_limits("f.yaml"), ("short", "calm"), MEASURES, Account())
    assert str(caught.value) == WRONG[text]


def test_money_is_a_fraction_of_the_equity_it_is_held_against(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f.yaml").write_text(
        "- {scenario: all, measure: es_95_day_2, below: 25e6, currency: usd}\n"
        "- {scenario: all, measure: es_95_day_2, below: 10, confident: true}\n"
        "- {scenario: short, measure: es_95_day_2, below: .4}\n"
        "- {scenario: all, measure: p_margin_call, below: 1}\n"
    )
    read = load_limits("f.yaml")
    assert math.isnan(read[0].below)  # which no loss is below
    found = check_limits(read, ("short",), MEASURES, Account())
    assert [limit.below for limit in found] == [0.5, 10, 0.4, 1]
    assert (found[0].amount, found[0].currency) == (25e6, "USD")
    assert found[1:] == read[1:]
    (again,) = check_limits(found[:1], ("short",), MEASURES, Account(equity=100e6))
    assert again == replace(found[0], below=0.25)


def test_a_limit_made_in_python_is_held_to_the_same() -> None:
    wrong = [
        (Limit("all", "es_95_day_2", 40, False), "limits: below: 40 times the equity is"),
        (Limit("all", "es_95_day_2", math.nan, False), "limits: below: nan is not above 0"),
        (Limit("all", "es_95_day_3", 0.4, False), "limits: measure: the run has no"),
    ]
    for limit, said in wrong:
        with pytest.raises(InputError, match=said):
            check_limits([limit], ("short",), MEASURES, Account())


def test_ids_tell_probabilities_from_losses() -> None:
    for measure in list_measures((1, 10)):
        limit = Limit("all", measure.measure, 0.1, False)
        assert limit.is_probability == (measure.kind == PROBABILITY)


def limit(measure: str, below: float, **more: object) -> str:
    words = {"scenario": "all", "measure": measure, "below": below, **more}
    return f"- {json.dumps(words)}\n"


@pytest.mark.slow
def test_limits_hold_estimates_or_the_upper_end_and_refusals_are_broken(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(capsys, monkeypatch, *RUN, "--paths", "1200")[0] == 0
    measures = open_results("out.zarr")["measures"].to_dataset().isel(scenario=0)
    row = measures.sel(measure="es_95_day_2", feedback="on")
    es, high = float(row["estimate"]), float(row["high"])
    assert es < high

    def check(text: str) -> tuple[int, str]:
        Path("limits.yaml").write_text(text)
        words = ("check", "out.zarr", "--limits", "limits.yaml")
        code, out, err = command(capsys, monkeypatch, *words)
        assert err == ""
        return code, " ".join(out.split())

    between = (es + high) / 2
    assert check(limit("es_95_day_2", between))[0] == 0
    code, out = check(limit("es_95_day_2", between, confident=True))
    assert code == 3 and "broken: above the limit" in out and "(upper end)" in out
    code, out = check(limit("es_95_day_2", es))  # below means below
    assert code == 3 and "broken: at the limit" in out
    assert check(limit("es_95_day_2", high * 1.001, confident=True))[0] == 0
    code, out = check(limit("es_95_day_2", 9) + limit("es_99.9_day_2", 9))
    assert code == 3 and "1 of 2 limits broken" in out
    assert "1 of them for want of paths" in out and "refused: 1 tail" in out
    assert check(limit("es_95_day_2", 9) + limit("p_ruin", 1))[1].endswith("every limit is kept")

    amount = 44.5e6 * (es + high) / 2
    code, out = check(limit("es_95_day_2", amount, currency="USD"))
    share = f"{100 * (es + high) / 2:.1f} %"
    assert code == 0 and f"USD {amount / 1e6:.1f} m" in out and share in out
    assert check(limit("es_95_day_2", amount, currency="USD", confident=True))[0] == 3

    words = ("check", "out.zarr", "--limits", "limits.yaml", "--json")
    code, out, _ = command(capsys, monkeypatch, *words)
    (found,) = json.loads(out)
    assert found["currency"] == "USD" and found["below_amount"] == amount
    assert found["value_amount"] == pytest.approx(44.5e6 * high)
    assert found["below"] == pytest.approx((es + high) / 2)
    Path("limits.yaml").write_text(limit("es_99.9_day_2", 9, scenario="short"))
    code, out, _ = command(capsys, monkeypatch, *words)
    (found,) = json.loads(out)
    assert code == 3 and found["broken"] and found["value"] is found["currency"] is None
    (verdict,) = verdicts(Summary(open_results("out.zarr"), load_limits("limits.yaml")))
    assert math.isnan(verdict.held) and verdict.broken


@pytest.mark.slow
def test_a_run_with_limits(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mistakes are found before anything runs; a broken limit leaves the store and code 3."""
    words = (*RUN, "--paths", "1200", "--limits", "limits.yaml")
    code, _, err = command(capsys, monkeypatch, *words)
    said = "powderkeg: limits.yaml: no such file; check the name and the folder\n"
    assert (code, err) == (1, said)
    Path("limits.yaml").write_text(limit("es_95_day_9", 1))
    code, _, err = command(capsys, monkeypatch, *words)
    assert code == 1 and err.count("\n") == 1 and "limits.yaml:1: measure: the run has no" in err
    assert not (folder / "out.zarr").exists()
    Path("limits.yaml").write_text(limit("es_95_day_2", 1e-4) + limit("p_ruin", 1))
    code, out, _ = command(capsys, monkeypatch, *words)
    assert code == 3 and "1 of 2 limits broken" in out
    assert (folder / "out.zarr").exists()
    Path("limits.yaml").write_text(limit("es_95_day_2", 9))
    again = (*RUN[:-1], "again.zarr", "--paths", "1200", "--limits", "limits.yaml")
    assert command(capsys, monkeypatch, *again)[0] == 0


@pytest.mark.slow
def test_limits_of_a_run_that_went_on(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mistakes are found before anything runs, then as after a run."""
    plan = make_plan(RunRequest("book.csv", "market.csv", "short.yaml", "out.zarr", paths=1200))
    create_store("out.zarr", store_spec(plan.job, plan.packed, plan.inputs.files, {}))
    code, out, err = command(capsys, monkeypatch, *RUN)
    said = (
        "powderkeg: out.zarr is an unfinished store of 1,200 paths of short; powderkeg resume "
        "out.zarr goes on, or choose another name\n"
    )
    assert (code, out, err) == (1, "", said)
    words = ("resume", "out.zarr", "--limits", "limits.yaml")
    Path("limits.yaml").write_text(limit("es_95_day_2", 40))
    code, out, err = command(capsys, monkeypatch, *words)
    said = "limits.yaml:1: below: 40 times the equity is a limit that never breaks"
    assert (code, out) == (1, "") and said in err
    assert missing_blocks("out.zarr") == [(0, 0)]
    Path("limits.yaml").write_text(limit("es_95_day_2", 1e3, currency="USD"))
    for _ in range(2):  # the second time there is nothing left to run
        code, out, _ = command(capsys, monkeypatch, *words)
        assert code == 3 and "1 of 1 limits broken" in out
    Path("limits.yaml").write_text(limit("es_95_day_2", 9))
    assert command(capsys, monkeypatch, *words)[0] == 0
