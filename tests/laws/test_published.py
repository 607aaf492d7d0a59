"""Published tables: their claims hold, a model that is wrong fails them, the page says them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from powderkeg.engine.validate.published import (
    TABLES,
    Claim,
    Figure,
    Measured,
    Published,
    covering,
    gamma,
    run,
    squeeze_days,
    table,
)
from powderkeg.engine.validate.setting import adjust
from powderkeg.kernels import reference
from powderkeg.kernels.backends import native
from powderkeg.kernels.packed import Packed, Simulate, Simulated
from powderkeg.screen.published import cells, differs, heading
from tests.helpers.cli_runs import command

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "validation.md"
needs_native = pytest.mark.skipif(not native.available(), reason="no native library was built")
every_table = pytest.mark.parametrize("these", TABLES.values(), ids=TABLES)
Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def fewer(these: Published) -> int:
    """A quarter of the paths of a table that has many."""
    return min(these.paths, 50_000)


def holding(these: Published, simulate: Simulate) -> list[bool]:
    """Which claims hold."""
    return [claim.holds for claim in run(these, simulate, fewer(these)).measured.claims]


def broken(change: Callable[[Packed], Packed]) -> Simulate:
    """The native back end, running another packed scenario than it was given."""

    def simulate(
        packed: Packed, path_ids: npt.NDArray[np.uint64], *, trace: bool = False
    ) -> Simulated:
        return native.simulate(change(packed), path_ids, trace=trace)

    return simulate


def against_the_trade(packed: Packed) -> Packed:
    """Buying lowers the price."""
    count = len(packed.symbols)
    return adjust(
        packed,
        elasticity=(-packed.names["elasticity"][:count]).tolist(),
        transient_impact=(-packed.names["transient_impact"][:count]).tolist(),
    )


@needs_native
@every_table
def test_the_claims_hold(these: Published) -> None:
    assert all(holding(these, native.simulate))


@pytest.mark.slow
@pytest.mark.parametrize("id", ["multiplier", "gamma"])
def test_they_hold_on_the_reference(id: str) -> None:
    result = run(TABLES[id], reference.simulate, 256)
    assert result.passed, result


@needs_native
@pytest.mark.parametrize("id", ["multiplier", "squeeze-impact", "gamma", "overlap"])
def test_impact_of_the_wrong_sign_fails(id: str) -> None:
    assert not any(holding(TABLES[id], broken(against_the_trade))[:2])


@needs_native
def test_impact_that_knows_neither_volatility_nor_turnover_fails() -> None:
    alike = broken(lambda packed: adjust(packed, elasticity=0.9, transient_impact=0.0))
    assert holding(TABLES["multiplier"], alike) == [True, False, False]


@needs_native
def test_dealers_on_the_wrong_side_fail(monkeypatch: Patch) -> None:
    right = gamma.hedged
    monkeypatch.setattr(gamma, "hedged", lambda sign: right(-sign))
    assert not any(holding(TABLES["gamma"], native.simulate))


@needs_native
def test_without_hedging_nothing_is_claimed() -> None:
    assert not any(holding(TABLES["gamma"], broken(lambda p: p.without("dealers") or p)))


@needs_native
def test_shorts_who_never_cover_fail() -> None:
    never = broken(lambda packed: adjust(packed, participation_dt=0.0))
    assert not any(holding(TABLES["squeeze-impact"], never))
    assert not any(holding(TABLES["covering"], never))


@needs_native
def test_shorts_who_cover_slowly_do_not_subside_in_time() -> None:
    def slowly(packed: Packed) -> Packed:
        pace = packed.names["participation_dt"][: len(packed.symbols)] / 10
        return adjust(packed, participation_dt=pace.tolist())

    jumps, less, within, _ = holding(TABLES["covering"], broken(slowly))
    assert jumps and not less and not within


# --- what they are made of ------------------------------------------------------------------------


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=table.GROUPS)  # one a group
    found = table.mean("mean", values)
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(stats.sem(values), rel=1e-12)


def test_the_jackknife_of_a_correlation_has_its_known_error() -> None:
    """(1 - rho^2)/sqrt(n) for normals (Fisher 1915)."""
    rho, n = 0.6, 40_000
    x, y = np.random.default_rng(2).multivariate_normal([0, 0], [[1, rho], [rho, 1]], n).T
    found = table.figure("rho", lambda a, b: np.corrcoef(a, b)[0, 1], x, y)
    assert found.error == pytest.approx((1 - rho**2) / np.sqrt(n), rel=0.5)
    assert abs(found.value - rho) < 4 * found.error


def test_more_means_three_standard_errors_and_nan_never() -> None:
    one = Figure("one", 1.0, 0.1)
    assert one.above(0.69) and not one.above(0.71)
    assert one.below(1.31) and not one.below(1.29)
    # errors of two figures add in squares: .3 sqrt 2 = .424
    assert one.above(Figure("", 0.57, 0.1)) and not one.above(Figure("", 0.58, 0.1))
    nothing = Figure("nothing", float("nan"), 0.0)
    assert not (nothing.above(0) or nothing.below(0) or one.above(nothing))


def test_when_covering_has_subsided() -> None:
    """e^-k falls to a tenth between days 2 and 3."""
    covered = np.tile(np.exp(-np.arange(-1.0, squeeze_days.AFTER + 1)), (2, 1))
    covered[:, 0] = 0.0  # nothing on the day before
    a, b = np.exp(-2), np.exp(-3)
    assert covering.days_to_subside(covered) == pytest.approx(2 + (a - 0.1) / (a - b))
    covered[:, 1:] = 1.0
    assert covering.days_to_subside(covered) == squeeze_days.AFTER
    assert covering.within(covered) == pytest.approx(8 / 15)


@needs_native
def test_days_of_a_rise_are_what_they_are_called() -> None:
    paths = 4_000
    days = squeeze_days.squeeze_days(0.18, native.simulate, paths)
    packed = squeeze_days.shorted(0.18)
    ids = np.arange(paths, dtype=np.uint64)
    log_price = squeeze_days.log_closes(native.simulate(packed, ids))
    expected = []  # one path after the other
    for path in log_price:
        for day in range(squeeze_days.FIRST, squeeze_days.LAST + 1):
            if np.exp(path[day] - path[day - 1]) - 1 >= 0.15:
                expected.append(np.diff(path)[day - 1 : day + squeeze_days.AFTER])
                break
    assert len(expected) > 50
    np.testing.assert_allclose(days.returns, expected, atol=1e-12)
    assert (days.covered >= 0).all() and days.covered.sum(axis=1).max() <= 1
    top = days.strongest(0.1)
    assert len(top.returns) == pytest.approx(0.1 * len(expected), abs=1)
    assert top.returns[:, 0].min() > np.median(days.returns[:, 0])


# --- the command and the page ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "row"),
    [
        (Figure("M", 0.89991, 3e-7), ("M", "0.8999", "3e-07", "")),
        (Figure("ratio", 1.3219, 0.0011, "above 1"), ("ratio", "1.322", "0.0011", "above 1")),
        (Figure("return", 0.1016, 0.16, "-3.25"), ("return", "0.10", "0.16", "-3.25")),
        (Figure("none", float("nan"), float("nan")), ("none", "nan", "nan", "")),
        (Figure("still", 0.0, 0.0), ("still", "0.000", "0", "")),
    ],
)
def test_a_figure_has_the_digits_that_its_error_leaves(
    figure: Figure, row: tuple[str, ...]
) -> None:
    assert cells(figure) == row


def test_the_command_prints_figures_claims_and_differences(
    capsys: Capture, monkeypatch: Patch
) -> None:
    code, out, err = command(capsys, monkeypatch, "validate", "--published", "--only", "multi*")
    assert (code, err) == (0, "")
    assert "multiplier: by how much a purchase" in out and "arXiv:2108.00242" in out
    assert "holds: M rises with volatility" in out and "Differs: The signs" in out
    assert out.splitlines()[-1].startswith("1 published table passed on ")


def test_a_claim_that_fails_is_exit_code_3(capsys: Capture, monkeypatch: Patch) -> None:
    def off(simulate: Simulate, paths: int) -> Measured:
        return Measured((Figure("M", -1.0, 0.1),), (Claim("M rises", False),))

    monkeypatch.setitem(TABLES, "multiplier", replace(TABLES["multiplier"], measure=off))
    words = ("validate", "--published", "--only", "multiplier")
    code, out, _ = command(capsys, monkeypatch, *words)
    assert code == 3 and "FAILS: M rises" in out
    assert "1 published table of 1 failed on " in out
    code, out, _ = command(capsys, monkeypatch, *words, "--json")
    (row,) = json.loads(out)
    assert code == 3 and row["passed"] is False and row["table"] == "multiplier"
    assert row["figures"] == [
        {"figure": "M", "simulated": -1.0, "standard_error": 0.1, "published": None}
    ]
    assert row["claims"] == [{"claim": "M rises", "holds": False}]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--only", "gme"), '--only: "gme" matches no published table; they are multiplier, '),
        (("--vary", "1"), "--vary: published tables have no parameters to draw; leave one out"),
        (("--write", "p.md"), "--write: the page shows every case as given and every published "),
    ],
)
def test_a_mistake_is_one_line(
    words: tuple[str, ...], line: str, capsys: Capture, monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = command(capsys, monkeypatch, "validate", "--published", *words)
    assert (code, out) == (1, "")
    assert err.startswith(f"powderkeg: {line}") and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_page_says_what_the_tables_say() -> None:
    """docs/validation.md is written by `powderkeg validate --write`; figures may be older."""
    part = PAGE.read_text().partition("\n## Published tables\n")[2].partition("\n## ")[0]
    assert [line for line in part.splitlines() if line.startswith("### ")] == [
        heading(these)[0] for these in TABLES.values()
    ]
    for these in TABLES.values():
        for line in (*heading(these), differs(these)):
            assert line in part.splitlines()
    assert "FAILS" not in part
