"""The command as a person meets it: from an empty folder, with files, mistakes and exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import powderkeg
from powderkeg import commands as cli
from powderkeg.kernels.records import Channel
from powderkeg.results import open_results, store_digest
from tests.helpers.cli_runs import BOOK, MARKET, RUN, SCENARIO, command, folder

__all__ = ["folder"]  # a fixture


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished store of two scenarios, for commands that read."""
    folder = tmp_path_factory.mktemp("store")
    files = {"market.csv": MARKET, "book.csv": BOOK, "short.yaml": SCENARIO}
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "calm.yaml").write_text("base: calm\nid: quiet\nhorizon_days: 2\nsteps_per_day: 6\n")
    written: Path = powderkeg.run(
        folder / "book.csv",
        folder / "market.csv",
        [folder / "short.yaml", folder / "calm.yaml"],
        folder / "o.zarr",
        paths=5000,
        seed=3,
    )
    return written


@pytest.mark.slow
def test_a_run_from_an_empty_folder(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = command(capsys, monkeypatch, *RUN, "--paths", "6e3", "--seed", "5")
    assert code == 0
    assert "6,000 paths x 1 scenario x 2 names" in out
    assert "of memory" in out
    assert "square-root law" in out and "scenario" in out
    assert "the book" in out and out.endswith(
        "powderkeg show out.zarr\npowderkeg report out.zarr\n"
    )
    events = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [e["event"] for e in events][:: len(events) - 1] == ["started", "finished"]
    assert events[-1]["complete"] and events[-1]["paths"] == 6000

    code, out, err = command(capsys, monkeypatch, "show", "out.zarr")
    assert (code, err) == (0, "")
    assert "ES 99 %" in out and "GME" in out and "seed 5" in out

    code, out, err = command(capsys, monkeypatch, "report", "out.zarr")
    assert (code, out, err) == (0, "wrote out.html\n", "")
    assert (folder / "out.html").read_text().lstrip().startswith("<!doctype html>")
    code, out, err = command(capsys, monkeypatch, "report", "out.zarr")
    assert (code, out) == (1, "")
    assert "out.html exists" in err
    (folder / "file").touch()
    code, out, err = command(capsys, monkeypatch, "report", "out.zarr", "-o", "file/page.html")
    assert (code, out, err) == (
        1,
        "",
        "powderkeg: file/page.html: the folder file is not a folder\n",
    )

    words = ("replay", "out.zarr", "--path", "17", "-o", "seventeen")
    code, out, err = command(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    assert "The replayed P&L equals the stored one bit for bit." in out
    assert sorted(p.name for p in (folder / "seventeen").iterdir()) == [
        "path.csv",
        "path.png",
        "path.zarr",
    ]
    code, out, err = command(capsys, monkeypatch, "resume", "out.zarr")
    assert code == 0


def test_the_map_tells_the_story_on_another_name(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story = "id: short\nhorizon_days: 2\nnames: {GME: {clearing: {impact_per_float: 2.0}}}\n"
    (folder / "short.yaml").write_text(story)
    code, out, err = command(capsys, monkeypatch, *RUN, "--map", "GME=NO", "--paths", "100")
    assert code == 0, err
    impacts = {line.split()[0]: line for line in out.splitlines() if "  all" in line}
    assert "square-root law" in impacts["GME"]
    assert "square-root law" not in impacts["NO"]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["short", "quiet"])
def test_replayed_paths_are_the_stored_ones(store: Path, scenario: str) -> None:
    from powderkeg.engine.replay.path import replay

    losses = open_results(store)["losses"].to_dataset()
    number = ["short", "quiet"].index(scenario)
    worst = int(losses["pnl"].values[number, -1].argmin())
    for path in (0, worst, 4999):
        replayed = replay(store, path, scenario)
        assert replayed.same and not replayed.wrong
        stored = losses["pnl"].values[number, :, path]
        assert replayed.pnl.tolist() == stored.tolist()
        closes = replayed.data["pnl"].values[[7, 14]]
        assert closes == pytest.approx(stored, abs=2e-6)
        day = losses["margin_call_day"].values[number, path]
        assert replayed.margin_call_day == pytest.approx(day, nan_ok=True)


@pytest.mark.slow
def test_replay_writes_what_it_saw(store: Path, tmp_path: Path) -> None:
    from powderkeg.engine.replay.path import replay
    from powderkeg.screen.replay import rows
    from powderkeg.screen.replay_files import write

    replayed = replay(store, 1, "short")
    csv, zarr, picture = write(replayed, tmp_path / "one")
    data = xr.open_dataset(zarr, engine="zarr", consolidated=False)
    assert data.sizes == {"step": 15, "name": 2, "channel": 6}
    assert all({"units", "long_name"} <= set(v.attrs) for v in data.data_vars.values())
    np.testing.assert_array_equal(data["hedge"].values, replayed.data["hedge"].values)
    lines = csv.read_text().splitlines()
    assert len(lines) == 1 + 15 * 2
    assert lines[0].startswith("step,time,name,price,pnl_by_name,log_price,")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert {row[0] for row in rows(replayed)} == {"GME", "NO"}
    assert "loop_gain_dealers" in lines[0] and "total_loop_gain" in lines[0]
    split = data["loop_gain"].sum("channel")
    np.testing.assert_allclose(split, data["total_loop_gain"], rtol=1e-12, atol=1e-15)


def test_replay_refuses_what_is_not_there(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, said in (
        (("--path", "1"), "which --scenario? give one of short, quiet"),
        (
            ("--path", "1", "--scenario", "loud"),
            "the store has no scenario loud; it has short, quiet",
        ),
        (
            ("--path", "5000", "--scenario", "quiet"),
            f"path 5000 is not in {store}: its paths are 0 to 4999",
        ),
    ):
        code, out, err = command(capsys, monkeypatch, "replay", store, *words)
        assert (code, out, err) == (1, "", f"powderkeg: {said}\n")


def test_a_damaged_store_is_exit_code_3(
    store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import shutil

    copy = tmp_path / "copy.zarr"
    shutil.copytree(store, copy)
    chunk = next(p for p in sorted((copy / "losses/pnl/c").rglob("*")) if p.is_file())
    content = bytearray(chunk.read_bytes())
    content[100] ^= 1
    chunk.write_bytes(content)
    code, _, err = command(capsys, monkeypatch, "show", copy)
    assert code == 3
    assert err.startswith("powderkeg: ") and "damaged" in err and err.count("\n") == 1


def test_an_unfinished_store_is_exit_code_2(
    store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import shutil

    from powderkeg.engine.errors import Incomplete

    copy = tmp_path / "copy.zarr"
    shutil.copytree(store, copy)
    record = next(p for p in sorted((copy / "blocks/record/c").rglob("*")) if p.is_file())
    record.unlink()
    for name in ("show", "report"):
        code, _, err = command(capsys, monkeypatch, name, copy)
        assert code == 2
        assert "powderkeg resume" in err
    code, _, err = command(capsys, monkeypatch, "resume", copy)
    assert code == 0
    assert store_digest(copy) == store_digest(store)
    code, _, err = command(capsys, monkeypatch, *RUN[:-1], copy)
    assert code == 1 and err.endswith(
        "exists; results are never overwritten, choose another name\n"
    )

    def failing(*_: object, **__: object) -> None:
        raise Incomplete("1 of 6 blocks failed three times")

    monkeypatch.setattr("powderkeg.engine.run.execute.resume", failing)
    code, _, err = command(capsys, monkeypatch, "resume", copy)
    assert (code, err) == (2, "powderkeg: 1 of 6 blocks failed three times\n")


@pytest.mark.slow
@pytest.mark.parametrize("cluster", ["embedded", "local"])
def test_ctrl_c_says_how_to_go_on(folder: Path, cluster: str) -> None:
    """As a terminal sends it: to every process of the group."""
    words = [*RUN, "--paths", "2e5", "--block", "256", "--workers", "1", "--cluster", cluster]
    script = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script += "from powderkeg.commands import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    blocks = folder / "out.zarr" / "blocks" / "record" / "c"
    deadline = time.monotonic() + 60
    while not blocks.is_dir() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    assert "Traceback" not in err
    said = err.splitlines()[-1]
    assert re.fullmatch(
        r"powderkeg: stopped with \d+ of 782 blocks done, which are kept; "
        r"to go on: powderkeg resume .*out\.zarr",
        said,
    ), said


def test_an_error_nobody_foresaw_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("powderkeg.engine.doctor.examine", broken)
    code, out, err = command(capsys, monkeypatch, "doctor")
    assert (code, out) == (70, "")
    assert err == (
        "powderkeg: unexpected ZeroDivisionError: division by zero; this is a bug, "
        "POWDERKEG_TRACEBACK=1 shows where\n"
    )
    monkeypatch.setenv("POWDERKEG_TRACEBACK", "1")
    monkeypatch.setattr(sys, "argv", ["powderkeg", "doctor"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_commands_that_only_tell(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = command(capsys, monkeypatch, "doctor")
    assert code == 0
    assert "in use" in out and "reference" in out
    code, out, _ = command(capsys, monkeypatch, "scenarios")
    assert code == 0
    assert "gme-2021" in out and "crowd.infection" in out
    code, out, _ = command(capsys, monkeypatch, "scenarios", "calm")
    assert code == 0 and "id: calm" in out and "members" not in out
    code, out, _ = command(capsys, monkeypatch, "scenarios", "vw-2008")
    where = out.rstrip().rpartition("# its ensemble, a row a member: ")[2]
    assert code == 0 and Path(where).read_text().startswith("names.VOW.clearing.impact_factor,")
    code, out, _ = command(capsys, monkeypatch, "scenarios", "participation")
    assert code == 0 and "shorts.participation = 0.116" in out and "crowd.infection" not in out
    code, out, _ = command(capsys, monkeypatch, "--version")
    assert (code, out) == (0, f"powderkeg {powderkeg.__version__}\n")
    code, out, _ = command(capsys, monkeypatch)
    assert code == 0 and "Usage: powderkeg" in out


@pytest.mark.slow
def test_bench_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from powderkeg.engine import bench

    monkeypatch.setattr(bench, "SECONDS", 0.02)
    monkeypatch.setattr(bench.bench, "__defaults__", (2, 1))
    monkeypatch.setattr(bench.bench_channels, "__defaults__", (2, 1))
    code, out, _ = command(capsys, monkeypatch, "bench", "--json")
    found = json.loads(out)
    speeds, costs = found["back_ends"], found["channels"]
    assert code == 0
    assert [c["model"] for c in costs[:2]] == ["gme-2021", "everything"]
    assert costs[0]["ratio"] == 1 and len(costs) == 2 + len(Channel) + 3
    assert speeds[-1]["name"] == "reference" and speeds[-1]["ratio"] == 1
    assert all(s["name_steps_per_second"] > 1e3 for s in speeds)


@pytest.mark.slow
def test_the_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = command(capsys, monkeypatch, "demo", "--paths", "300")
    assert code == 0, err
    made = sorted(p.name for p in (tmp_path / "demo-output").iterdir())
    assert made == ["january-2021.html", "january-2021.zarr"]
    for preset in ("calm", "crowded-basket", "gme-2021"):
        assert preset in out
    code, _, err = command(capsys, monkeypatch, "demo", "demo-output")
    assert code == 1 and err.count("\n") == 1
    assert command(capsys, monkeypatch, "demo", "--paths", "60")[0] == 0  # a folder of its own
    assert (tmp_path / "demo-output-2" / "january-2021.html").is_file()
