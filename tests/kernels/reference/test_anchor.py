"""The anchor: its variance, drift and random numbers, against closed forms."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from powderkeg.kernels import reference
from powderkeg.kernels.records import ALL_CHANNELS, CALM, Channel
from powderkeg.kernels.reference import anchor, state
from powderkeg.kernels.reference.parameters import Model
from powderkeg.kernels.reference.state import State
from tests.helpers.builders import packed, path_ids
from tests.helpers.events import event, fund
from tests.helpers.traces import traced


def start(model: Model, attention: float, realised_vol: float = 0.0) -> State:
    """One name on one path, at its start but for what is said."""
    begun = state.start(model, np.zeros((1, 1)))
    begun.attention, begun.realised_vol = np.array([[attention]]), np.array([[realised_vol]])
    return begun


def test_the_anchor_without_news_loses_half_its_variance() -> None:
    scenario = packed(
        sigma=0.2, drift=0.0, attention_volatility=2.0, loadings=[[0.1]], factors=["market"]
    )
    model = Model(scenario)
    s = 0.2 * (1 + 2 * 0.3)
    move = anchor.move(model, start(model, 0.3), 0.25, anchor.News(np.zeros((2, 1))))
    assert move[0, 0] == pytest.approx(-0.25 * s**2 / 2, rel=1e-6)
    news = anchor.News(np.array([[1.0], [-2.0]]))
    move = anchor.move(model, start(model, 0.3), 0.25, news)
    draws = 0.5 * (math.sqrt(s**2 - 0.01) - 0.2)
    assert move[0, 0] == pytest.approx(draws - 0.25 * s**2 / 2, rel=1e-6)


def test_part_of_the_variance_follows_realised_variance() -> None:
    """.7 of the variance under attention and .3 of the realised one, both beyond the factor's."""
    model = Model(packed(
        sigma=0.2, attention_volatility=2.0, clustering=0.3, loadings=[[0.1]], factors=["market"]
    ))  # fmt: skip
    one = anchor.News(np.array([[1.0], [0.0]]))
    move = anchor.move(model, start(model, 0.3, 0.5 * math.sqrt(252)), 1.0, one)
    own = 0.7 * (0.32**2 - 0.01) + 0.3 * (0.25 - 0.01)
    assert move[0, 0] == pytest.approx(math.sqrt(own) - (own + 0.01) / 2, rel=1e-6)


def test_an_attention_factor_takes_its_share() -> None:
    """At rest .3 of the variance; under attention .3 in the same proportion to what the name's own
    is, beyond the factor that does not scale; on days of unequal variances each has its own.
    """
    model = Model(packed(
        sigma=0.2, attention_volatility=2.0, loadings=[[0.1]], factors=["market"],
        attention_factors={"crowd": {"share": 0.3}},
    ))  # fmt: skip
    rise = (0.32**2 - 0.01) / (0.04 - 0.01)
    own, common = rise * (0.04 - 0.01 - 0.3 * 0.04), rise * 0.3 * 0.04
    normals = np.array([[1.0], [-2.0], [3.0]])  # of the name, the market, the crowd
    unequal = {"name_variance": np.array([[2.0]]), "factor_variance": np.array([0.5])}
    for tails in ({}, unequal):
        of_name, of_factors = tails.get("name_variance", 1.0), tails.get("factor_variance", 1.0)
        draws = np.sqrt(of_name * own) + np.sqrt(of_factors) * (3 * np.sqrt(common) - 0.2)
        whole = of_name * own + of_factors * (0.01 + common)
        move = anchor.move(model, start(model, 0.3), 1.0, anchor.News(normals, **tails))
        assert move[0, 0] == pytest.approx(float(np.squeeze(draws - whole / 2)), rel=1e-6)


def test_the_price_becomes_the_value_while_a_crowd_attends() -> None:
    """.2 a day at attention .3, of a distance of .7 from anchor to price; with no crowd 0."""
    scenario = packed(sigma=0.1, adaptation=0.2, attention_volatility=0.0, premium=0.7)
    silence = anchor.News(np.zeros((1, 1)))
    for channels, drift in ((ALL_CHANNELS, 0.2 * 0.3 * 0.7), (ALL_CHANNELS & ~Channel.CROWD, 0.0)):
        model = Model(scenario.with_channels(channels))
        move = anchor.move(model, start(model, 0.3), 0.25, silence)
        assert move[0, 0] == pytest.approx(0.25 * (drift - 0.1**2 / 2), rel=1e-5)


def test_a_coarse_step_sums_the_normals_of_the_fine_steps() -> None:
    same: dict[str, Any] = {"channels": CALM, "days": 2, "drift": 0.0}
    fine = traced(packed(steps_per_day=26, **same), 50)
    coarse = traced(packed(steps_per_day=13, normals_per_step=2, **same), 50)
    opens = fine["anchor"][:, ::27], coarse["anchor"][:, ::14]
    np.testing.assert_allclose(*opens, atol=2e-7)


def test_calm_is_lognormal_with_the_variance_asked_for() -> None:
    days, sigma, attention, paths = 5, 0.04, 0.1, 20_000
    s = sigma * (1 + 2 * attention)
    scenario = packed(
        2,
        days=days,
        steps_per_day=3,
        channels=CALM,
        overnight_share=0.35,
        sigma=sigma,
        attention0=attention,
        attention_volatility=2.0,
        loadings=[[0.02], [0.03]],
        factors=["market"],
        book_weight=[1.0, 0.0],
    )
    out = reference.simulate(scenario, path_ids(paths), trace=True)
    assert out.trace is not None
    x = out.trace["log_price"][:, -1].astype(float)
    for name in range(2):
        law = stats.norm(-days * s**2 / 2, s * np.sqrt(days))
        assert stats.kstest(x[:, name], law.cdf).pvalue > 1e-3
    variance_sd = days * s**2 * np.sqrt(2 / paths)
    assert abs(x.var(axis=0) - days * s**2).max() < 4 * variance_sd
    overnight = (out.trace["anchor"][:, 1::4] - out.trace["anchor"][:, 0:-1:4]).astype(float)
    assert abs(overnight[:, :, 0].var() / (0.35 * s**2) - 1) < 4 * np.sqrt(2 / (days * paths))
    assert abs(np.corrcoef(x.T)[0, 1] - 0.02 * 0.03 / s**2) < 4 / np.sqrt(paths)
    # e^w is a martingale; the pnl of one unit long is its return
    error = np.sqrt(np.expm1(days * s**2) / paths)
    assert abs(np.exp(x).mean(axis=0) - 1).max() < 4 * error
    np.testing.assert_allclose(out.pnl[-1], np.expm1(x[:, 0]), atol=2e-6)


def test_the_anchor_drifts_as_asked() -> None:
    t = traced(packed(days=4, channels=CALM, drift=0.01, sigma=1e-6, overnight_share=0.3), 2)
    np.testing.assert_allclose(t["anchor"][:, -1], 0.04, atol=1e-5)
    np.testing.assert_allclose(t["anchor"][:, 1], 0.003, atol=1e-5)


def test_no_switch_and_no_neighbour_moves_a_random_number() -> None:
    """The anchor of a name is the same whoever trades, and whatever other names have."""
    settings: dict[str, Any] = {
        "days": 2,
        "attention_volatility": 0.0,  # else attention is in the anchor
        "dof": [4.0, 4.0, None],
        "factor_dof": 5.0,
        "factors": ["market"],
        "loadings": [[0.01]] * 3,
        "jump_rate": 0.5,
        "jump_sd": 0.1,
        "funds": [fund([0.02, 0.03, -0.01], 4.0)],
        "events": [
            event("anchor_news", 0.1, hazard=1.0, id="news"),
            event("buying_programme", 0.05, hazard=1.0, id="buyer"),
        ],
        "leader_block": 0.02,
        "levered": 0.05,
        "release_rate": 0.1,
        "issue_maximum": 0.02,
        "tier": 1,
        "broker_value": 5.0,
        "premium_limit": 1.0,
    }
    scenario = packed(3, **settings)
    anchor = traced(scenario, 16)["anchor"]
    for channel in Channel:
        other = scenario.with_channels(ALL_CHANNELS & ~channel)
        np.testing.assert_array_equal(traced(other, 16)["anchor"], anchor, err_msg=str(channel))
    calm = traced(scenario.with_channels(CALM), 16)["anchor"]
    np.testing.assert_array_equal(calm, anchor)
    # another neighbour, without tails, jumps or news
    changed = {"dof": [4.0, None, 6.0], "jump_rate": [0.5, 0.0, 0.0]}
    changed["events"] = [event("anchor_news", 0.1, hazard=1.0, id="news", names="N00")]
    neighbours = traced(packed(3, **{**settings, **changed}), 16)["anchor"]
    np.testing.assert_array_equal(neighbours[:, :, 0], anchor[:, :, 0])
    assert (neighbours[:, -1, 1:] != anchor[:, -1, 1:]).all()
