"""Presets that have a past find it unsurprising."""

import pytest

from powderkeg.engine.calibrate.scorecard import Scorecard, score


def card(preset: str) -> Scorecard:
    return score(preset, paths=4096, seed=11, backend="native")[0]


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["gme-2021", "gme-2021-ensemble"])
def test_coverage_is_what_the_preset_expects_of_itself(preset: str) -> None:
    found = card(preset)
    assert all(expected.usual for expected in found.expected), found.expected
    own = found.scores["scenario"]
    for name, other in found.scores.items():
        assert name == "scenario" or (own[0] < other[0] and own[1] < other[1]), name


def test_gamestop_held_its_level_in_march() -> None:
    """26 closes from 24 February 2021: most of them inside, and a median path that stays up as it
    did (last close over the peak .716), which without adaptation has .45.
    """
    found = card("gme-march-2021")
    assert len(found.pit) == 26 and ((found.pit >= 0.05) & (found.pit <= 0.95)).mean() >= 0.8
    figures = {figure.name: figure for figure in found.figures}
    stays = figures["last close over the peak"]
    assert stays.actual == pytest.approx(189.82 / 265, abs=1e-3)
    assert 1 / 1.5 < stays.quantiles[2] / stays.actual < 1.5


def test_the_ensemble_of_gamestop() -> None:
    """27 closes from 12 January 2021: peak, its day, the fall and short interest at its reports."""
    found = card("gme-2021-ensemble")
    assert (found.members, len(found.actual)) == (64, 26)
    assert max(found.actual) == pytest.approx(2.857, abs=1e-3)  # 347.51 / 19.95
    figures = {figure.name: figure for figure in found.figures}
    assert 0.1 < figures["peak close, multiple"].rank < 0.9
    day = figures["day of the peak"]
    assert abs(day.actual - day.quantiles[2]) <= 2
    for name in ("last close over the peak", "short interest, day 1", "short interest, day 10",
                 "short interest, day 20"):  # fmt: skip
        assert 0.05 < figures[name].rank < 0.95
    calm = figures["daily sd after day 14"]
    assert 0.5 * calm.actual < calm.quantiles[2] < 2 * calm.actual
