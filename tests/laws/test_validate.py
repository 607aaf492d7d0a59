"""`powderkeg validate`: every case passes, the exact values agree with others', it can fail."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import QuantLib as ql
from scipy.special import ndtr

from powderkeg.engine.validate import CASES, Case, Computed, Kind, judge
from powderkeg.engine.validate import exact as ex
from powderkeg.engine.validate.cases import funds
from powderkeg.engine.validate.runner import LARGEST_Z, Outcome
from powderkeg.kernels import reference
from powderkeg.kernels.backends import native
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.records import Channel, EventType
from powderkeg.screen.validate import number
from powderkeg.screen.validation_page import document
from tests.helpers.cli_runs import command

ROOT = Path(__file__).parents[2]
needs_native = pytest.mark.skipif(not native.available(), reason="no native library was built")
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def said(outcome: Outcome) -> str:
    return f"{outcome.simulated} for {outcome.exact}, z {outcome.z:.2f}, {outcome.parameters}"


# --- the cases ------------------------------------------------------------------------------------


@pytest.mark.slow
@needs_native
@every_case
def test_every_case_passes(case: Case) -> None:
    outcome = judge(case, native.simulate, case.parameters())
    assert outcome.passed, said(outcome)
    if case.kind is Kind.MEAN:
        assert outcome.error is not None
        assert outcome.error <= 0.0051 * abs(case_size(case, outcome))
    elif case.kind is Kind.PROBABILITY:
        assert outcome.error is not None and outcome.error <= 0.003


def case_size(case: Case, outcome: Outcome) -> float:
    """What the standard error is measured against."""
    statement = case.state(outcome.parameters)
    return getattr(statement, "size", None) or outcome.exact


@pytest.mark.slow
@every_case
def test_every_case_passes_on_the_reference(case: Case) -> None:
    """With a ninth of the paths."""
    outcome = judge(case, reference.simulate, case.parameters(), precision=3.0)
    assert outcome.passed, said(outcome)


@pytest.mark.slow
@needs_native
@pytest.mark.parametrize("seed", [1, 2])
@every_case
def test_parameters_drawn_at_random_pass_as_well(case: Case, seed: int) -> None:
    outcome = judge(case, native.simulate, case.parameters(seed), precision=2.0)
    assert outcome.passed, said(outcome)


def test_a_draw_depends_on_the_seed_and_the_case_alone() -> None:
    case = CASES["kyle-cost"]
    one, two, other = case.parameters(5), case.parameters(5), case.parameters(6)
    assert vars(one) == vars(two) and one.m != other.m
    usual = case.parameters()
    for name, allowed in case.ranges.items():
        assert getattr(usual, name) == allowed.usual
        assert allowed.low <= getattr(one, name) <= allowed.high
        assert allowed.low <= allowed.usual <= allowed.high


class Asked(Exception):
    """The first scenario that a deterministic case runs."""


def first_packed(case: Case) -> list[Packed]:
    statement = case.state(case.parameters())
    if isinstance(statement, Computed):

        def run(packed: Packed, paths: int = 1, *, trace: bool = True) -> Any:
            raise Asked(packed)

        with pytest.raises(Asked) as asked:
            statement.measure(run)
        return [asked.value.args[0]]
    packed = statement.packed
    return [packed] if isinstance(packed, Packed) else list(packed)


@pytest.mark.slow
def test_every_channel_and_every_event_has_a_case() -> None:
    alone = {case.channel for case in CASES.values()}
    assert alone == {str(channel.name).lower() for channel in Channel} | {"none", "all"}
    events = {
        EventType(kind)
        for case in CASES.values()
        if case.channel != "all"
        for packed in first_packed(case)
        for kind in packed.events["type"]
    }
    assert events == set(EventType)


@every_case
def test_a_case_names_a_header_and_a_test_that_exist(case: Case) -> None:
    assert (ROOT / "kernels" / "model" / case.header).is_file()
    file, _, function = case.test.partition("::")
    text = (ROOT / "tests" / f"{file}.py").read_text()
    assert re.search(rf"^def {function}\(", text, re.MULTILINE)


# --- what theory says, against others -------------------------------------------------------------


@pytest.mark.parametrize(("strike", "sd"), [(1.1, 0.16), (0.9, 0.3), (1.0, 0.02)])
def test_exact_values_agree_with_quantlib(strike: float, sd: float) -> None:
    mine = ex.black_scholes(strike, sd)
    assert mine == pytest.approx(ql.blackFormula(ql.Option.Call, strike, 1.0, sd), rel=1e-12)


def test_a_short_of_a_lognormal_has_the_published_tail() -> None:
    """Short e^X - 1, X ~ N(0, .2^2): VaR99 .5924434137, ES99 .7075265195."""
    drift = np.exp(0.2**2 / 2)  # of that price, which is not driftless
    var, es = ex.short_es(0.2, 0.99)
    assert (1 + var) * drift - 1 == pytest.approx(0.5924434137, abs=1e-9)
    assert (1 + es) * drift - 1 == pytest.approx(0.7075265195, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [100, 400])
def test_first_passage_tends_to_the_corrected_closed_form(steps: int) -> None:
    """Discrete barriers are continuous ones moved out by .5826 sd of a step.

    Broadie, Glasserman & Kou (1997), Mathematical Finance 7.
    """
    sigma, barrier = 0.1, 0.15
    moved = barrier + 0.5826 * sigma / np.sqrt(steps)
    drift = -(sigma**2) / 2
    hit = ndtr((-moved + drift) / sigma)
    hit += np.exp(2 * drift * moved / sigma**2) * ndtr((-moved - drift) / sigma)
    mine = 1 - float(ex.survival([sigma**2 / steps] * steps, barrier))
    assert mine == pytest.approx(hit, abs=0.05 / steps)


def test_a_band_far_on_one_side_is_first_passage() -> None:
    variances = [0.01] * 12
    inside = ex.stays_inside(variances, [4.0] * 12, [0.3] * 12, 0.0)
    assert inside == pytest.approx(float(ex.survival(variances, 0.3)), abs=1e-9)


def test_a_band_around_a_moving_mean_agrees_with_brute_force() -> None:
    steps, pull, paths = 10, 0.3, 400_000
    random = np.random.default_rng(1)
    y, inside = np.zeros(paths), np.ones(paths, bool)
    for _ in range(steps):
        moved = y + 0.1 * random.standard_normal(paths) - 0.01 / 2
        inside &= (moved > -0.2) & (moved < 0.25)
        y = (1 - pull) * moved
    mine = ex.stays_inside([0.01] * steps, [0.2] * steps, [0.25] * steps, pull)
    assert mine == pytest.approx(inside.mean(), abs=4 * inside.std() / np.sqrt(paths))


def test_a_jump_mixture_without_jumps_is_black_scholes() -> None:
    none = ex.merton_call(1.1, 5, 0.03, 1e-12, 0.05, 0.1)
    assert none == pytest.approx(ex.black_scholes(1.1, 0.03 * np.sqrt(5)), rel=1e-9)
    # put-call parity on a driftless price: jumps and their compensator earn nothing
    certain = ex.merton_call(1e-9, 5, 0.03, 0.3, -0.1, 0.2)
    assert certain == pytest.approx(1 - 1e-9, rel=1e-12)


def test_the_funds_loop_has_the_published_numbers() -> None:
    """Cont & Wagalath's pair: vols 20 and 25 %; one round of selling, and the whole loop."""
    p = SimpleNamespace(**{name: r.usual for name, r in CASES["fund-correlation"].ranges.items()})
    pi, g = funds.weights(p), funds.pressure(p)
    daily = np.diag([0.2**2, 0.25**2])
    once = np.eye(2) + np.outer(g, pi)
    for answer, correlation, vols in (
        (once, -0.3693, (0.2452, 0.3236)),
        (funds.response(p), -0.5660, (0.2904, 0.3978)),
    ):
        s = answer @ daily @ answer.T
        assert s[0, 1] / np.sqrt(s[0, 0] * s[1, 1]) == pytest.approx(correlation, abs=5e-5)
        assert np.sqrt(np.diag(s)) == pytest.approx(vols, abs=5e-5)


def test_the_premium_of_january_2021() -> None:
    """(VaR - ENC) VaR / ENC is USD 2.2 bn for a VaR of 1.4 bn on a capital of .544 bn."""
    case = CASES["clearing-rule"]
    assert case.ranges["limit"].usual == pytest.approx(2203, abs=0.5)
    statement = case.state(case.parameters())
    assert statement.exact == pytest.approx(1400)


# --- judging --------------------------------------------------------------------------------------


def outcome_of(exact: float, simulated: float, **judged: float) -> Outcome:
    case = CASES["kyle-cost"]
    return Outcome(case, case.parameters(), exact, simulated, 1, 0.1, **judged)


def test_what_is_off_fails_and_nan_never_passes() -> None:
    assert outcome_of(1.0, 1.0 + 3.9e-3, error=1e-3).passed
    assert not outcome_of(1.0, 1.0 - 4.1e-3, error=1e-3).passed
    assert outcome_of(1.0, 1.0009, allowed=1e-3).passed
    assert not outcome_of(1.0, 1.0011, allowed=1e-3).passed
    assert outcome_of(0.0, 0.0, allowed=0.0).passed
    assert not outcome_of(0.0, 1e-9, allowed=0.0).passed
    assert not outcome_of(1.0, float("nan"), error=1e-3).passed
    assert not outcome_of(1.0, float("nan"), allowed=1e-3).passed
    assert LARGEST_Z == 4.0


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.2798, ".27980"), (1400.0, "1400.0"), (-3.2e-05, "-3.2e-05"), (0.0, "0"), (-0.5, "-.50000")],
)
def test_numbers_have_five_figures(value: float, words: str) -> None:
    assert number(value) == words


# --- the command and the page ---------------------------------------------------------------------

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def test_the_command_prints_a_table_and_a_verdict(capsys: Capture, monkeypatch: Patch) -> None:
    code, out, err = command(
        capsys, monkeypatch, "validate", "--only", "fund-c*", "--only", "leader"
    )
    assert (code, err) == (0, "")
    rows = [line.split()[0] for line in out.splitlines() if line.endswith("pass ")]
    assert rows == ["fund-contagion", "fund-correlation", "fund-covariance", "fund-cuts",
                    "bass", "leader-builds", "leader-sells"]  # fmt: skip
    assert out.splitlines()[-1].startswith("7 cases passed on ")


def test_a_failing_case_is_exit_code_3(capsys: Capture, monkeypatch: Patch) -> None:
    case = CASES["kyle-cost"]

    def wrong(p: SimpleNamespace) -> Any:
        return replace(case.state(p), exact=-1.0)

    monkeypatch.setitem(CASES, "kyle-cost", replace(case, state=wrong))
    code, out, _ = command(capsys, monkeypatch, "validate", "--only", "programmes")
    assert code == 3
    assert "FAIL kyle-cost: cost of buying q over a day" in out and "(seed 20210128, m 0.8" in out
    assert re.search(r"^1 case of \d+ failed on ", out, re.MULTILINE)


def test_json_has_every_figure(capsys: Capture, monkeypatch: Patch) -> None:
    words = ("validate", "--only", "pinning", "--vary", "3", "--backend", "reference", "--json")
    code, out, _ = command(capsys, monkeypatch, *words)
    (row,) = json.loads(out)
    assert code == 0 and row["passed"] is True and row["case"] == "pinning"
    assert row["z"] == pytest.approx((row["simulated"] - row["exact"]) / row["standard_error"])
    assert row["parameters"]["m"] != CASES["pinning"].ranges["m"].usual


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--only", "gamma"), '--only: "gamma" matches no case; cases are martingale, '),
        (("--vary", "-1"), "--vary: -1 is not between 0 and 4294967295"),
        (("--vary", "x"), '--vary: "x" is not a whole number'),
        (("--backend", "gpu"), '--backend: "gpu" is not one of auto, '),
        (("--write", "p.md", "--vary", "1"), "--write: the page shows every case as given and "),
        (("--write", "no/p.md"), "no/p.md: the folder no does not exist"),
    ],
)
def test_a_mistake_is_one_line(
    words: tuple[str, ...], line: str, capsys: Capture, monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = command(capsys, monkeypatch, "validate", *words)
    assert (code, out) == (1, "")
    assert err.startswith(f"powderkeg: {line}") and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_page_states_the_cases_and_assumptions_that_there_are() -> None:
    """docs/validation.md is written by `powderkeg validate --write`; figures may be older."""
    page = (ROOT / "docs" / "validation.md").read_text()
    written, now = (text.partition("\n## Statements\n")[2] for text in (page, document([], "", [])))
    assert written == now
    figures = page.partition("\n## Figures\n")[2].partition("\n## Statements\n")[0]
    rows = [line.split(" | ") for line in figures.splitlines() if line.endswith("| pass |")]
    assert [row[0].removeprefix("| ") for row in rows] == list(CASES)
