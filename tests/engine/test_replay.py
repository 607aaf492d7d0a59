"""A replayed path with every holder at work: what is recorded, listed and drawn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import powderkeg
from powderkeg.engine.replay.path import Replay, replay
from powderkeg.scenarios import Scenario
from powderkeg.screen.replay import (
    COLUMNS,
    STOP_COLUMNS,
    headline,
    holder_rows,
    rows,
    stop_rows,
)
from powderkeg.screen.replay_files import write
from powderkeg.screen.replay_picture import draw
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE

EVERYTHING = {
    **SQUEEZE.model_dump(exclude_unset=True),
    "id": "everything",
    "funds": {"twin": {"equity": 4e8, "copies": 1.0, "threshold": 0.001, "cut_rate": 20.0}},
    "timeline": [
        {"type": "buying_programme", "names": ["GME"], "day": 1, "at": 0.2, "size": 0.1},
        {"type": "anchor_news", "names": ["GME"], "day": 1, "at": 0.5, "size": 1.0},
    ],
    "names": {
        "GME": {
            "crowd": {"initial_attention": 0.2, "infection": 3.0, "monthly_share": 0.5},
            "levered_longs": {"share": 0.05},
            "issuer": {"maximum": 0.05, "threshold": 0.2},
            "leader": {"initial": 0.02, "block": 0.05, "build_rate": 0.1},
            "locked": {"release_rate": 5.0, "release_mean": 0.5},
            "pauses": {"tier": 2},
            "restriction": {"threshold": 0.3, "hazard": 10.0},
        }
    },
}


def replayed(folder: Path, scenario: Scenario) -> Replay:
    store = powderkeg.run(BOOK, MARKET, scenario, folder / "o.zarr", chain=CHAIN, paths=64, seed=2)
    return replay(store, 5)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    scenario = Scenario.model_validate(EVERYTHING)
    return replayed(tmp_path_factory.mktemp("everything"), scenario)


@pytest.mark.slow
def test_the_path_is_the_stored_one(everything: Replay) -> None:
    assert everything.same and not everything.wrong
    assert headline(everything).startswith("Path 5 of everything: the book loses ")


def test_all_holders_are_recorded(everything: Replay) -> None:
    data, name = everything.data, "GME"
    of = data.sel(name=name)
    for field in ("levered", "leader", "locked", "programme", "issued", "monthly_calls"):
        assert float(of[field].max()) > 0, field
    # The ledger: every share has a holder, every short sale makes one more.
    long = sum(
        of[f].astype(float)
        for f in (
            "elastic",
            "locked",
            "crowd_shares",
            "hedge",
            "programme",
            "leader",
            "levered",
        )
    )
    long = long + of["fund_holding"].astype(float).sum("fund")
    owed = 1 + of["issued"].astype(float) + of["short_interest"].astype(float)
    np.testing.assert_allclose((long - owed).values, 0, atol=1e-6)
    np.testing.assert_allclose(data["loop_gain"].sum("channel"), data["total_loop_gain"])
    assert data["fund_equity"].values[0, 0] == 1 > data["fund_equity"].values[-1, 0]
    assert all({"units", "long_name"} <= set(v.attrs) for v in data.data_vars.values())


def test_the_tables_list_what_moved(everything: Replay) -> None:
    listed = rows(everything)
    assert {row[0] for row in listed} == {"GME", "NO", "SPY"}
    assert all(len(row) == len(COLUMNS) for row in listed)
    held = {row[1] for row in holder_rows(everything)}
    assert {"shorts", "leader", "locked", "programmes", "issued", "fund twin"} <= held
    stopped = stop_rows(everything)
    assert [row[0] for row in stopped] == ["GME"] and len(stopped[0]) == len(STOP_COLUMNS)
    assert float(stopped[0][1]) > 0 and float(stopped[0][2]) > 0  # restricted, paused


def titles(drawn: Replay, path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    figures: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *arguments: Any, **options: Any) -> None:
        figures.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    draw(drawn, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    return {axis.get_title(loc="left").split(",")[0] for axis in figures[0].axes}


@pytest.mark.slow
def test_only_what_moved_is_drawn(
    everything: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = titles(everything, tmp_path / "full.png", monkeypatch)
    special = {"funds' equity", "programmes", "leader's block", "new stock issued"}
    stops = "amber: crowd may not buy; red: trading paused"
    assert special | {stops, "loop gain of GME by channel"} <= full
    off = {channel: False for channel in ("crowd", "dealers", "restriction")}
    quiet = Scenario.model_validate(
        {"id": "quiet", "horizon_days": 2, "steps_per_day": 4, "channels": off}
    )
    few = titles(replayed(tmp_path, quiet), tmp_path / "few.png", monkeypatch)
    assert not (special | {stops, "attention", "crowd's shares"}) & few
    assert {"book P&L", "price"} <= few


@pytest.mark.slow
def test_the_files_hold_everything(everything: Replay, tmp_path: Path) -> None:
    csv, _, _ = write(everything, tmp_path / "one")
    head = csv.read_text().splitlines()[0].split(",")
    assert {"fund_holding_twin", "loop_gain_funds", "waiting", "paused", "leader"} <= set(head)


def test_only_days_of_the_horizons_are_compared(tmp_path: Path) -> None:
    """Back ends return every close, a store keeps some."""
    story = CALM.model_copy(update={"id": "some", "horizon_days": 3, "horizons": (1, 3)})
    powderkeg.run(BOOK, MARKET, [story], tmp_path / "s.zarr", chain=CHAIN, paths=600, seed=3)
    found = replay(tmp_path / "s.zarr", 5)
    assert found.same and found.horizons == (1, 3) and found.pnl.shape == (2,)
