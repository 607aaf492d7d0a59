"""Members of several names stand beside each other by their heat."""

from datetime import date

import numpy as np
import pytest

from powderkeg.engine.calibrate.calibrate import calibrate
from powderkeg.engine.calibrate.fit import Size
from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.pairing import beside_as_hot, heat, heats
from powderkeg.engine.calibrate.scorecard import past_model
from tests.engine.test_together import beside, folder  # noqa: F401
from tests.helpers.small_run import work_on


def test_heat_is_the_median_peak_of_a_member() -> None:
    prices = np.array([[1, 2], [3, 0.5], [9, 4], [2, 2], [4, 8], [5, 1]])  # of two names
    found = heat(np.log(prices)[:, None], np.array([0, 1, 0, 1, 0, 1]))
    np.testing.assert_allclose(found, np.log([[4, 4], [3, 1]]))


def test_the_hottest_stands_beside_the_hottest() -> None:
    own, lead = np.array([5.0, 1.0, 3.0, 2.0]), np.array([0.1, 0.4, 0.2, 0.3])
    order = beside_as_hot(own, lead)
    assert order.tolist() == [1, 0, 3, 2]
    np.testing.assert_array_equal(own[order].argsort(), lead.argsort())


@pytest.mark.slow
def test_a_fit_beside_another_is_ordered_by_it() -> None:
    """GameStop's members differ in infection alone, .3, .6, .9 and .5: the more the hotter."""
    beside()  # writes the files
    fit = calibrate(
        "amc.csv", "market.csv", symbol="AMC", first=date(2021, 1, 12), base="led.yaml",
        priors="priors.yaml", beside=["gme"], size=Size(draws=256, paths=16, members=4),
    )  # fmt: skip
    peaks = fit.closes.reshape(4, -1, fit.closes.shape[1]).max(axis=2)
    assert np.median(np.maximum(peaks, 0), axis=1).argsort().argsort().tolist() == [0, 2, 3, 1]
    shown = fit.simulator.elsewhere(512, 9)
    again = [np.median(np.maximum(shown(m.tolist()).closes.max(axis=1), 0)) for m in fit.members]
    assert np.argsort(np.argsort(again)).tolist() == [0, 2, 3, 1]


@pytest.mark.slow
def test_the_members_of_the_basket_are_paired() -> None:
    """With GameStop's, on paths that did not order them; NOK's hardly differ."""
    story, chain = read_scored("meme-basket-2021", None)
    model = past_model(story, chain, 5)
    with work_on() as work:
        ranks = heats(work, model, "native", 16_384).argsort(axis=0).argsort(axis=0)
    lead = ranks[:, model.packed().symbols.index("GME")]
    for name, mine in zip(model.packed().symbols, ranks.T, strict=True):
        assert np.corrcoef(lead, mine)[0, 1] > (0.6 if name in ("BB", "NOK", "FUBO") else 0.8), name
