"""Running until an error is met: how far, always the same, and what is said where it is not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from powderkeg.engine.errors import Interrupted
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.replay.path import replay
from powderkeg.engine.run.execute import resume
from powderkeg.engine.run.plan import Plan
from powderkeg.engine.run.request import PATHS, parse_until
from powderkeg.engine.stored import finished
from powderkeg.results import StoreError, open_results, store_digest
from powderkeg.results.measures.levels import ES, VAR
from powderkeg.results.measures.statistics import var_es
from powderkeg.results.measures.target import Until
from powderkeg.results.report.summary import Summary
from powderkeg.results.store import growth as until
from powderkeg.results.store import records
from powderkeg.scenarios import InputError
from tests.engine.test_same_bytes import Heard
from tests.helpers.cli_runs import RUN, command, folder
from tests.helpers.small_run import CALM, SQUEEZE, plan_of, run_at

__all__ = ["folder"]
BLOCK = 1024


def plan(text: str = "es95=1.5%", most: int = 40_000, *, attribution: int = 0) -> Plan:
    return plan_of(SQUEEZE, CALM, paths=most, seed=7, block=BLOCK,
        attribution=attribution, until=parse_until(text, most),
    )  # fmt: skip


def run(path: Path, made: Plan | None = None, **arguments: Any) -> Path:
    made = made or plan()
    return run_at(made, path, **arguments)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("until") / "s.zarr", workers=1)


# --- how far --------------------------------------------------------------------------------------


def test_stages() -> None:
    """First 200 tail paths; then 1.1 times what the error asks for, 1.25 to 4 times."""
    goal = Until(ES, 0.99, 0.01, 1_000_000)
    assert goal.first(1024) == 20 * 1024  # 20,000 in whole blocks
    assert goal.first(1024, least=30_000) == 30 * 1024
    assert Until(ES, 0.99, 0.01, 5_000).first(1024) == 5_000
    assert goal.following(20_480, 0.01, 1024) == 20_480
    assert goal.following(20_480, 0.015, 1024) == math.ceil(20_480 * 1.1 * 2.25 / 1024) * 1024
    assert goal.following(20_480, 0.0101, 1024) == 25 * 1024
    assert goal.following(20_480, math.inf, 1024) == 4 * 20_480
    assert goal.following(900_000, 0.5, 1024) == 1_000_000
    assert goal.following(1_000_000, 0.5, 1024) == 1_000_000


def test_the_relative_error_is_that_of_the_measure() -> None:
    losses = np.random.default_rng(1).standard_normal(20_000)
    var, es = var_es(losses, 0.975)
    assert Until(ES, 0.975, 0.1, 1).reached(losses) == es.standard_error / es.value
    assert Until(VAR, 0.975, 0.1, 1).reached(losses) == var.standard_error / var.value
    assert Until(VAR, 0.975, 0.1, 1).reached(-losses - 9) > 0  # of a gain, too
    assert Until(ES, 0.999, 0.1, 1).reached(losses) == math.inf
    assert Until(ES, 0.99, 0.1, 1).reached(np.zeros(20_000)) == 0  # nothing to lose, and certain


@pytest.mark.slow
def test_it_stops_at_the_first_stage_that_meets_the_error(store: Path) -> None:
    goal = parse_until("es95=1.5%", 40_000)
    assert goal is not None
    tree = open_results(store)
    losses = -tree["losses"].to_dataset()["worst_pnl"].values.astype(float)
    n = 4_096
    while (error := max(goal.reached(each[:n]) for each in losses)) > 0.015:
        n = goal.following(n, error, BLOCK)
    assert 4_096 < n < 40_000
    assert losses.shape[1] == n == tree.attrs["grid"]["paths"]
    summary = Summary(tree)
    assert summary.reached == pytest.approx(error, rel=1e-12) and not summary.missed


# --- always the same ------------------------------------------------------------------------------


@pytest.mark.slow
def test_paths_are_those_of_a_plain_run(store: Path, tmp_path: Path) -> None:
    n = finished(store).job.paths
    plain = plan_of(SQUEEZE, CALM, paths=n, seed=7, block=BLOCK)
    one = open_results(store)
    two = open_results(run(tmp_path / "plain.zarr", plain, workers=1))
    for group in ("losses", "histograms", "measures", "tail", "prices", "loop_gain"):
        assert one[group].to_dataset().identical(two[group].to_dataset()), group


@pytest.mark.slow
def test_workers_change_nothing(store: Path, tmp_path: Path) -> None:
    assert store_digest(run(tmp_path / "two.zarr", workers=2)) == store_digest(store)


class Stopped(Heard):
    """Ctrl-C after so many blocks."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.left = blocks

    def block_done(self, paths: int) -> None:
        super().block_done(paths)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [3, 8, 10])  # in a stage, at its end, in the next
def test_a_stop_and_a_resume_change_nothing(blocks: int, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.zarr"
    with pytest.raises(Interrupted):
        run(path, workers=1, progress=Stopped(blocks))
    assert store_digest(resume(path, placement=Placement(workers=1))) == store_digest(store)


@pytest.mark.slow
def test_a_stop_while_the_store_grows(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = records.write_root, []

    def stops(root: Path, attributes: dict[str, Any]) -> None:
        calls.append(root)
        if len(calls) == 1:  # all but the size of the grid is written
            raise KeyboardInterrupt
        write(root, attributes)

    monkeypatch.setattr(until, "write_root", stops)
    path = tmp_path / "s.zarr"
    with pytest.raises(Interrupted):
        run(path, workers=1)
    with pytest.raises(StoreError, match="powderkeg resume"):
        open_results(path)
    assert store_digest(resume(path, placement=Placement(workers=1))) == store_digest(store)


def test_a_grown_store_is_read_like_any_other(store: Path) -> None:
    last = finished(store).job.paths - 1
    assert last > 4_096
    assert not replay(store, last, "squeeze").wrong
    with pytest.raises(InputError, match=f"its paths are 0 to {last}"):
        replay(store, last + 1, "squeeze")


@pytest.mark.slow
def test_attribution_is_of_the_first_stage(tmp_path: Path) -> None:
    tree = open_results(run(tmp_path / "s.zarr", plan(attribution=5_000), workers=2))
    assert tree["channel_off"].sizes["path"] == 5_000
    assert np.isfinite(tree["attribution"].to_dataset()["es_change"].sel(level=0.95).values).all()


# --- what is said ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_progress_tells_the_error_so_far(tmp_path: Path) -> None:
    heard = Heard()
    run(tmp_path / "s.zarr", workers=1, progress=heard)
    assert heard.events[0] == ("started", 8, 2 * 4_096)
    phases = [event[1:] for event in heard.events if event[0] == "phase"]
    assert str(phases[0][0]).startswith("simulating, error ")
    assert [name for name, _ in phases[-2:]] == ["replaying the tail", "working out the measures"]
    simulated = 2 * finished(tmp_path / "s.zarr").job.paths + phases[-2][1]
    assert sum(event[1] for event in heard.events if event[0] == "done") == simulated


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_an_error_that_is_not_met_is_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*RUN, "--until", "es95=.5%", "--paths", "6000", "--block", "1024")
    code, out, err = command(capsys, monkeypatch, *words)
    assert code == 2
    assert "up to 6,000 paths" in out and "ES 95 % is known to 0.5 %" in out
    line = err.splitlines()[-1]
    assert line.startswith("powderkeg: ES 95 % at the worst moment is known to ")
    assert line.endswith("with 6,000 paths, the most allowed; 0.5 % was asked for")
    said = [json.loads(text) for text in err.splitlines()[:-1]]
    assert [each["paths"] for each in said if each["event"] == "started"] == [4_096]
    code, out, err = command(capsys, monkeypatch, "show", "out.zarr")
    assert code == 0 and "6,000 paths for ES 95 % to 0.5 %, reached" in " ".join(out.split())
    assert "0.5 % was asked for" in " ".join(out.split())
    code, out, err = command(capsys, monkeypatch, "resume", "out.zarr")
    assert code == 2  # there is no more to run, and it is still not met


@pytest.mark.parametrize("text", ["es99", "es98=1%", "var99=0.01", "es99=%", "es99=..%", "p99=1%"])
def test_what_cannot_be_asked_for(text: str) -> None:
    with pytest.raises(InputError, match=r"is not of the form es99=1%; es or var, at 95, 97\.5"):
        parse_until(text)


def test_errors_that_make_no_sense() -> None:
    for text in ("es99=0%", "es99=80%", "es99=.001%"):
        with pytest.raises(InputError, match=r"is not between \.01 % and 50 %"):
            parse_until(text)
    assert parse_until(None) is None
    assert parse_until("VaR97.5=2%") == Until(VAR, 0.975, 0.02, 5_000_000)
    assert PATHS == 100_000
