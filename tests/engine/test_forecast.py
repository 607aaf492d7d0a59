"""Forecasts from what was known: how paths are weighed, what is not used, scores, mistakes."""

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from powderkeg.engine.calibrate import bank as module
from powderkeg.engine.calibrate.bank import Bank, kernel, mean_square
from powderkeg.engine.calibrate.forecast import Forecast, banked, forecast, mixed
from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.smc import effective_size, evenly, normalised
from powderkeg.kernels import backend
from powderkeg.results.measures.scores import crps
from powderkeg.scenarios.no_crowd import prior_weight
from powderkeg.screen import history as show_history
from tests.engine.test_calibrate import PRIORS
from tests.engine.test_scorecard import EPISODE, STORY
from tests.helpers.cli_runs import command
from tests.helpers.small_run import work_on

DAY = date(2021, 1, 19)
PAST = STORY.replace("steps_per_day: 4", "steps_per_day: 2")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "DRAWS", 128)
    monkeypatch.setattr(module, "EFFECTIVE", 128.0)
    Path("p.yaml").write_text(PRIORS)
    Path("past.yaml").write_text(PAST + EPISODE)


@cache
def told(text: str = PAST + EPISODE, as_of: date = DAY, workers: int = 2) -> Forecast:
    Path("past.yaml").write_text(text)
    story, chain = read_scored("past.yaml", None)
    engine = backend("native")
    with work_on(workers) as work:
        bank = banked(work, story, chain, draws=256, seed=3, engine=engine, priors="p.yaml")
    return forecast(bank, story, as_of, seed=3)


def test_distances_by_hand() -> None:
    paths = np.array([[0.0, 3.0, 9.0], [1.0, 1.0, 9.0]], np.float32)
    np.testing.assert_allclose(mean_square(paths, np.zeros(2)), [4.5, 1])
    assert mean_square(paths, np.zeros(0)).tolist() == [0, 0]


def test_a_kernel_is_as_wide_as_leaves_the_paths_asked_for() -> None:
    """Equal distances but for one: any width. Many: Gaussian weights of the width returned."""
    squares = np.random.default_rng(1).normal(size=5000) ** 2
    logs, width = kernel(squares, np.full(5000, 1 / 5000))
    assert effective_size(normalised(logs)) == pytest.approx(128, rel=1e-3)
    w = np.exp(-squares / (2 * width**2))
    np.testing.assert_allclose(np.exp(logs - logs.max()), w / w.max(), rtol=1e-6, atol=1e-12)
    _, widest = kernel(squares[:100], np.full(100, 0.01))
    assert widest == pytest.approx(module.WIDE)


def test_rows_are_drawn_in_proportion_to_their_weights() -> None:
    drawn = evenly(np.array([0.5, 0.0, 0.125, 0.375]), 8)
    assert drawn.tolist() == [0, 0, 0, 0, 2, 3, 3, 3]


def normal_bank(prior: float, volatilities: tuple[float, float], paths: int) -> Bank:
    """Two walks, of which the closes can tell."""
    rng = np.random.default_rng(7)
    both = [np.cumsum(sd * rng.standard_normal((paths, 3)), axis=1) for sd in volatilities]
    crowd, nobody = (x.astype(np.float32) for x in both)
    return Bank(crowd, nobody, prior, np.zeros((paths // 2, 1)), np.zeros(paths // 2))


def test_a_prior_that_is_moved_moves_the_mean_of_its_parameter() -> None:
    """Paths that stay at their parameter, N(0, 1): moved by .5 the mean is .5; after closes of
    .8 it is there.
    """
    z = np.repeat(np.random.default_rng(4).standard_normal(100_000), 2)
    still = np.repeat(z[:, None], 2, axis=1).astype(np.float32)
    bank = Bank(still, np.zeros((1, 2), np.float32), 1e-9, z[::2, None], np.zeros(100_000))
    crowd, _ = bank.around(np.array([0.5])).seen(np.zeros(0)).ahead(1, 50_000)
    assert crowd.mean() == pytest.approx(0.5, abs=0.02)
    assert crowd.std() == pytest.approx(1, abs=0.02)
    assert bank.centre(np.array([0.8, 0.8])) == pytest.approx([0.8], abs=0.01)


def test_a_bank_knows_what_bayes_rule_says() -> None:
    """One close of two normal laws: the weight is that of their densities, and what is ahead of a
    walk does not depend on it.
    """
    bank = normal_bank(0.8, (0.4, 0.1), 400_000)
    for close in (0.05, 0.3):
        seen = bank.seen(np.array([close]))
        odds = (
            0.2 / 0.4 * np.exp(-((close / 0.4) ** 2) / 2),
            0.8 / 0.1 * np.exp(-((close / 0.1) ** 2) / 2),
        )
        assert seen.weight == pytest.approx(odds[1] / sum(odds), abs=0.06)
        crowd, nobody = seen.ahead(2, 4000)
        for found, sd, count in zip((crowd, nobody), (0.4, 0.1), seen.effective, strict=True):
            assert found[:, 0].std() == pytest.approx(sd, rel=4 / np.sqrt(2 * count))
            assert abs(found[:, 0].mean()) < 4 * sd / np.sqrt(count)


def test_before_any_close_all_paths_count_by_the_prior_of_their_case() -> None:
    bank = normal_bank(0.8, (0.4, 0.1), 1000)
    seen = bank.seen(np.zeros(0))
    assert seen.weight == pytest.approx(0.8)
    assert seen.effective == pytest.approx((1000, 1000))
    crowd, _ = seen.ahead(3, 1000)
    np.testing.assert_array_equal(crowd, bank.crowd.astype(float))


def test_forecasts_of_their_own_law_cover_what_they_say() -> None:
    """Closes of the bank's own law: 90 and 50 % of the next ones lie inside, but for chance."""
    bank, rng = normal_bank(0.5, (0.4, 0.1), 20_000), np.random.default_rng(9)
    pit = []
    for sd in rng.choice([0.4, 0.1], 300):
        walk = np.cumsum(sd * rng.standard_normal(3))
        seen = bank.seen(walk[:2])
        ahead = mixed(*seen.ahead(1, 2000), seen.weight)
        pit.append((ahead[:, 0] < walk[2] - walk[1]).mean())
    for low, high in ((0.05, 0.95), (0.25, 0.75)):
        share, wanted = np.mean([low <= u <= high for u in pit]), high - low
        assert abs(share - wanted) < 3.5 * np.sqrt(wanted * (1 - wanted) / 300)


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
    assert found.crowd.shape == found.nobody.shape == (4096, 4) and min(found.effective) >= 1
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
    assert again.width == found.width and again.actual[2] != found.actual[2]
    moved = told(PAST + EPISODE.replace("35.5", "55.5"))
    assert (moved.paths != found.paths).any()


@pytest.mark.slow
def test_what_is_ahead_of_the_first_close_is_what_was_believed() -> None:
    found = told(as_of=date(2021, 1, 12))
    assert found.known == 0 and found.close == pytest.approx(20)
    assert found.weight == pytest.approx(found.prior)
    assert "random walk, volatility since" not in found.scores
    (row,) = show_history.outlook_scores([found])
    assert len(row) == len(show_history.OUTLOOK_SCORES) and row[3] == "-"


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
        (("past.yaml", "--as-of", "2021-01-11"), "--as-of 2021-01-11: give a day from 2021-01-12"),
        (("past.yaml", "--as-of", "2021-01-25"), "give a day from 2021-01-12 to 2021-01-22"),
        (("past.yaml", "--as-of", "Friday"), "--as-of"),
        (("past.yaml", *one, "--draws", "9"), "--draws: 9 is not between 256"),
        (("past.yaml", *one, "--priors", "none"), "none"),
        (("past.yaml", *one, "--no-crowd-prior", "1"), "--no-crowd-prior: 1 is not between 0 and"),
        (("calm", *one), "calm.yaml: no episode to hold it against"),
    ):
        code, out, err = command(capsys, monkeypatch, "scenarios", "forecast", *wrong)
        assert (code, out) == (1, "") and message in err and err.count("\n") == 1, err
