"""A peak by its channels: rows against simulations by hand, pairs, signs, several names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from powderkeg.engine.calibrate.decompose import ALL_OFF, ALL_ON, LEVEL, Decomposition, decompose
from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.scorecard import pack_past
from powderkeg.engine.calibrate.simulator import closes_of_all
from powderkeg.kernels import backend
from powderkeg.kernels.records import CALM, Channel
from powderkeg.results.measures import statistics as st
from powderkeg.screen import history as show_history
from tests.engine.test_scorecard import EPISODE, STORY
from tests.helpers.cli_runs import command

PATHS = 5200
NATIVE = backend("native")
SHORT = EPISODE.split("    2021-01-19")[0]  # three days
HEDGED = STORY.replace(
    "initial_attention: 0.02}", "initial_attention: 0.02}\n    dealers: {open_interest: 0.3}"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(text: str, workers: int = 2) -> tuple[Decomposition, ...]:
    Path("past.yaml").write_text(text)
    story, chain = read_scored("past.yaml", None)
    return decompose(story, chain, paths=PATHS, seed=4, engine=NATIVE, workers=workers)


def test_rows_are_the_scenario_with_channels_off_on_the_same_paths() -> None:
    (made,) = found(HEDGED + SHORT)
    story, chain = read_scored("past.yaml", None)
    packed = pack_past(story, chain, 4)
    on = Channel(int(packed.run["channels"]))
    names = [row.name for row in made.rows]
    used = [str(c.name).lower().replace("_", " ") for c in Channel if c & on]
    assert names == [ALL_ON, *(f"no {name}" for name in used), ALL_OFF]
    assert "no shorts" in names and "no funds" not in names  # no channel that nobody uses

    def prices(channels: Channel) -> np.ndarray:
        return np.exp(closes_of_all(packed.with_channels(channels), PATHS, NATIVE)[0][:, :, 0])

    base = prices(on)
    for name, channels in (("no shorts", on & ~Channel.SHORTS), (ALL_OFF, CALM)):
        row, x = made.rows[names.index(name)], prices(channels)
        top, other = (np.maximum(p.max(axis=1), 1) for p in (x, base))
        assert row.median.value.value == np.sort(top)[(PATHS + 1) // 2 - 1]
        assert row.range == pytest.approx(np.quantile(top, (0.1, 0.9)))
        assert row.above.value.value == np.mean(top > 39.9 / 20)
        assert row.above.change == st.probability_difference(top > 39.9 / 20, other > 39.9 / 20)
        es = st.es_difference(x[:, -1] - 1, base[:, -1] - 1, LEVEL)
        assert row.at_end.change.value == pytest.approx(es.value)
        assert row.at_end.change.standard_error == pytest.approx(es.standard_error)
        _, worst = st.var_es(top - 1, LEVEL)
        assert row.at_worst.value == worst
    for change in (made.rows[0].median.change, made.rows[0].at_worst.change):
        assert change.value == change.standard_error == 0
    assert made.peak == pytest.approx(39.9 / 20)
    assert made.days == 3


def test_dealers_sign_is_an_axis_and_workers_change_nothing() -> None:
    (one,), (two,) = found(HEDGED + SHORT, 1), found(HEDGED + SHORT, 3)
    assert one == replace(two, episode=one.episode)
    long, flat, short = (row.range[1] for row in one.signs)
    assert short > max(flat, long)
    given = HEDGED.replace("open_interest: 0.3", "open_interest: 0.3, sign: -1.0")
    (told,) = found(given + SHORT)
    assert told.rows[0].median.value == one.signs[0].median.value
    (unhedged,) = found(STORY.replace("0.02}", "0.02, call_budget: 0}") + SHORT)
    assert unhedged.signs == () and "no dealers" not in [row.name for row in unhedged.rows]
    assert len(list(show_history.notes(unhedged))) == 1


def test_names_together_are_decomposed_from_the_same_paths() -> None:
    lines = ["  " + line for line in SHORT.split("\n", 1)[1].splitlines() if "symbol" not in line]
    body = "\n".join(lines)
    few = body.replace("    source", "    sessions: some\n    source").replace(
        "      2021-01-14: 39.9\n", ""
    )
    assert few != body
    one, other = found(f"steps_per_day: 2\nepisodes:\n  GME:\n{body}\n  AMC:\n{few}\n")
    assert (one.episode.symbol, other.episode.symbol) == ("GME", "AMC")
    assert one.peak == pytest.approx(39.9 / 20) and other.peak == pytest.approx(35.5 / 20)
    assert one.rows[0].median.value != other.rows[0].median.value


def test_the_command_prints_tables_and_names_mistakes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("past.yaml").write_text(HEDGED + SHORT)
    words = ("scenarios", "decompose", "past.yaml", "--paths", str(PATHS), "--workers", "2")
    code, out, err = command(capsys, monkeypatch, *words)
    assert code == 0, err
    assert "peak close of GME" in out and "ES 99%" in out and "dealers' sign -1" in out
    assert "long the listed options" in " ".join(out.split())
    for wrong, message in (
        (("decompose",), "scenarios decompose: which one? give a preset or a YAML file"),
        (("decompose", "past.yaml", "--paths", "900"), "--paths: 900 do not tell ES 99%; give"),
        (("decompose", "calm"), "calm.yaml: no episode to hold it against"),
        (("decompose", "past.yaml", "--symbol", "AMC"), "--symbol: no episode of AMC"),
        (("decompose", "past.yaml", "--workers", "0"), "--workers: 0 is not between 1 and 4096"),
    ):
        code, out, err = command(capsys, monkeypatch, "scenarios", *wrong)
        assert (code, out) == (1, "") and message in err
