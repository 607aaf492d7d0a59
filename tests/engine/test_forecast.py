"""Forecasts from what was known: the nearest paths, what is not used, scores, mistakes."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from powderkeg.engine.calibrate import forecast as module
from powderkeg.engine.calibrate.fit import Size
from powderkeg.engine.calibrate.forecast import Forecast, forecast, mixed, nearest
from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.kernels import backend
from powderkeg.results.measures.scores import crps
from powderkeg.scenarios.no_crowd import prior_weight
from powderkeg.screen import history as show_history
from tests.engine.test_calibrate import PRIORS
from tests.engine.test_scorecard import EPISODE, STORY
from tests.helpers.cli_runs import command
from tests.helpers.small_run import work_on

DAY = date(2021, 1, 19)
SIZE = Size(draws=256, paths=16, members=8)
PAST = STORY.replace("steps_per_day: 4", "steps_per_day: 2")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "PATHS", 4096)
    monkeypatch.setattr(module, "KEPT", 128)
    Path("p.yaml").write_text(PRIORS)
    Path("past.yaml").write_text(PAST + EPISODE)


@cache
def told(text: str = PAST + EPISODE, as_of: date = DAY, workers: int = 2) -> Forecast:
    Path("past.yaml").write_text(text)
    story, chain = read_scored("past.yaml", None)
    engine = backend("native")
    with work_on(workers) as work:
        return forecast(
            work, story, chain, as_of, size=SIZE, seed=3, engine=engine, priors="p.yaml"
        )


def test_the_nearest_paths_by_hand() -> None:
    paths = np.array([[0.0, 3.0], [1.0, 1.0], [0.0, 0.2], [-4.0, 0.0]])
    kept, farthest = nearest(paths, np.zeros(2), 2)
    assert kept.tolist() == [2, 1] and farthest == pytest.approx(1)


def test_fans_are_mixed_by_their_weights() -> None:
    """Quantiles of 128 paths at 1 and 64 at 0, weights .3 and .7."""
    crowd, nobody = np.ones((128, 2)), np.zeros((64, 2))
    found = mixed(crowd, nobody, 0.7)
    assert found.mean() == pytest.approx(0.3, abs=1 / len(found))
    ends = mixed(np.arange(4.0)[:, None], np.arange(4.0, 8)[:, None], 0.5)
    assert np.unique(ends, return_counts=True)[1].tolist() == [len(ends) / 8] * 8


@pytest.mark.slow
def test_it_says_what_is_ahead_of_the_last_close_known() -> None:
    found = told()
    assert found.known == 4 and found.close == pytest.approx(39.4)
    assert [str(day) for day in found.dates] == [
        "2021-01-20", "2021-01-21", "2021-01-22", "2021-01-25"
    ]  # fmt: skip
    np.testing.assert_allclose(found.actual, np.log(np.array([39.1, 43.0, 65.0, 76.8]) / 39.4))
    assert found.crowd.shape == found.nobody.shape == (128, 4) and 1 <= found.sets <= 8
    assert found.prior == prior_weight(8) and 0 < found.weight < 1
    np.testing.assert_array_equal(found.paths, mixed(found.crowd, found.nobody, found.weight))
    assert found.scores["scenario"] == pytest.approx(crps(found.paths, found.actual).mean())
    rows = show_history.ahead_rows(found)
    assert [row[1] for row in rows] == ["39.10", "43.00", "65.00", "76.80"]
    assert found.inside[(0.05, 0.95)] == sum(0.05 <= float(u) <= 0.95 for u in found.pit)


@pytest.mark.slow
def test_nothing_after_the_day_is_used_and_workers_change_nothing() -> None:
    """Other closes to come, another ensemble and an event of the timeline: the same forecast."""
    found = told()
    later = (
        EPISODE.replace("65.0", "6.5")
        .replace("76.8", "7.68")
        .replace("2021-01-27: 35000000", "2021-01-27: 1")
    )
    other = PAST.replace("0.3, 0.6, 0.9, 0.5", "2.0, 2.1, 2.2, 2.3")
    event = "timeline:\n  - {type: anchor_news, names: [GME], day: 2, size: 1.0}\n"
    again = told(other + event + later, workers=3)
    np.testing.assert_array_equal(again.paths, found.paths)
    assert again.farthest == found.farthest and again.actual[2] != found.actual[2]
    moved = told(PAST + EPISODE.replace("35.5", "55.5"))
    assert (moved.paths != found.paths).any()


@pytest.mark.slow
def test_what_kept_paths_do_is_counted_from_the_close_known_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[np.ndarray] = []
    real = module.simulated

    def spied(*given: Any) -> Any:
        closes, sets = real(*given)
        seen.append(closes)
        return closes, sets

    monkeypatch.setattr(module, "simulated", spied)
    found = told.__wrapped__()
    closes, alone = seen
    kept, farthest = nearest(closes[:, :4], np.log(np.array([31.4, 39.9, 35.5, 39.4]) / 20), 128)
    np.testing.assert_array_equal(found.crowd, closes[kept, 4:] - closes[kept, 3:4])
    others, _ = nearest(alone[:, :4], np.log(np.array([31.4, 39.9, 35.5, 39.4]) / 20), 128)
    np.testing.assert_array_equal(found.nobody, alone[others, 4:] - alone[others, 3:4])
    assert found.farthest == farthest


@pytest.mark.slow
def test_paths_that_are_kept_pass_near_the_closes_known() -> None:
    """With one close known, 57 % up, hardly any path is there by itself: those kept are."""
    found = told(as_of=date(2021, 1, 13))
    assert found.known == 1 and found.farthest < 0.2 and found.crowd.shape[1] == 7


@pytest.mark.slow
def test_the_command_prints_tables_and_names_mistakes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("scenarios", "forecast", "past.yaml", "--as-of", "2021-01-20", "--as-of", "2021-01-22",
             "--draws", "256", "--priors", "p.yaml")  # fmt: skip
    code, out, err = command(capsys, monkeypatch, *words)
    assert code == 0, err
    assert "what was to come on 2021-01-20, close 39.1" in out and "of 4 closes" in out
    assert "no crowd's weight" in out and "P(peak >= 2x)" in out
    one = ("--as-of", "2021-01-20")
    for wrong, message in (
        (("past.yaml",), "scenarios forecast: --as-of is missing; give the last close known"),
        (("past.yaml", "--as-of", "2021-01-12"), "--as-of 2021-01-12: give a day from 2021-01-13"),
        (("past.yaml", "--as-of", "2021-01-25"), "give a day from 2021-01-13 to 2021-01-22"),
        (("past.yaml", "--as-of", "Friday"), "--as-of"),
        (("past.yaml", *one, "--draws", "9"), "--draws: 9 is not between 256"),
        (("past.yaml", *one, "--priors", "none"), "none"),
        (("past.yaml", *one, "--no-crowd-prior", "1"), "--no-crowd-prior: 1 is not between 0 and"),
        (("calm", *one), "calm.yaml: no episode to hold it against"),
    ):
        code, out, err = command(capsys, monkeypatch, "scenarios", "forecast", *wrong)
        assert (code, out) == (1, "") and message in err and err.count("\n") == 1, err
