"""A cohort of shorts on margin: docs/model.md, 7."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

from powderkeg.engine.validate import CASES, judge
from powderkeg.kernels import reference
from powderkeg.kernels.backends import native
from powderkeg.kernels.packed import Packed, Simulated
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.probes.loop_gain import gains_along, start_row
from powderkeg.kernels.records import Channel, Feature, StepKind
from powderkeg.scenarios import Chain, InputError, bind
from powderkeg.scenarios.scenario import Scenario
from tests.helpers.builders import packed, path_ids
from tests.helpers.small_market import BOOK, MARKET

BACK_ENDS = [
    reference.simulate,
    pytest.param(
        native.simulate,
        marks=pytest.mark.skipif(not native.available(), reason="no native library was built"),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("simulate", BACK_ENDS)
@pytest.mark.parametrize(
    ("case", "known"),
    [
        ("cohort-call", 1.1538),
        ("cohort-margin", 0.1667),  # psi(1.2)
        ("cohort-margin-threshold", 0.2308),
        ("cohort-margin-below", 1.1647),
        ("cohort-margin-above", 1.2326),
        ("cohort-margin-all", 1.535),
    ],
)
def test_the_prices_after_a_call(
    simulate: Callable[..., Simulated], case: str, known: float
) -> None:
    """Regulation T, as worked out by hand and by fixed points of the jump condition, M = 1.5."""
    outcome = judge(CASES[case], simulate, CASES[case].parameters())
    assert outcome.passed
    assert outcome.exact == pytest.approx(known, abs=3e-4)
    assert outcome.simulated == pytest.approx(known, abs=3e-4)


def test_a_cohort_partly_on_margin_is_a_mixture() -> None:
    """At the highest price so far, (1 - g) F + g psi of it has covered, path by path."""
    scenario = packed(
        days=6, channels=Channel.SHORTS, sigma=0.1, participation=10.0, adv=1e3, short_interest=0.4,
        elasticity=0.3, fee0=0.5, tolerance=0.2, tolerance_sd=0.01, cohort_margin_share=0.25,
        initial_margin=0.4, maintenance_margin=0.35,
    )  # fmt: skip
    t = reference.simulate(scenario, path_ids(200), trace=True).trace
    assert t is not None
    trades = scenario.schedule["kind"] & StepKind.OVERNIGHT == 0
    top, fees = (t[f][:, :-1, 0][:, trades].astype(float) for f in ("log_price_max", "fee_paid"))
    psi = np.clip(1.35 / 0.35 - 1.4 / (0.35 * np.exp(top)), 0, 1)
    gone = top + fees > 0.2  # nearly a step: a tolerance that all the others share
    left = 0.4 * (1 - 0.75 * gone - 0.25 * psi)
    clear = np.abs(top + fees - 0.2) > 0.04
    np.testing.assert_allclose(t["cohort"][:, 1:, 0][:, trades][clear], left[clear], atol=2e-5)
    assert ((psi > 0) & (psi < 1)).any() and (psi == 1).any() and gone.any()


@pytest.mark.parametrize("simulate", BACK_ENDS)
def test_a_name_without_it_is_what_it_was(simulate: Callable[..., Simulated]) -> None:
    """To the last bit, also beside a name that has it."""
    plain, mixed = (
        packed(2, days=4, sigma=0.08, short_interest=0.5, shared=0.0, cohort_margin_share=share)
        for share in (0.0, [0.5, 0.0])
    )
    assert int(plain.run["features"]) == 0
    assert int(mixed.run["features"]) == Feature.COHORT_MARGIN
    one, two = (simulate(p, path_ids(64), trace=True).trace for p in (plain, mixed))
    assert one is not None and two is not None
    np.testing.assert_array_equal(one[..., 1], two[..., 1])
    assert (one["cohort"][..., 0] != two["cohort"][..., 0]).any()


@pytest.mark.parametrize("x", [0.1, 0.25, 0.5])
def test_the_loop_gain_is_the_slope_of_what_is_called(x: float) -> None:
    share, h = 0.05, 1e-6
    p = packed(channels=Channel.SHORTS, cohort_margin_share=share, tolerance=0.3, tolerance_sd=1)
    row = np.repeat(start_row(p), 3, axis=1)
    row["log_price_max"] = x

    def called(at: float) -> float:
        none = norm.cdf(-0.3)
        by_tolerance = (norm.cdf(at - 0.3) - none) / (1 - none)
        psi = np.clip(1.3 / 0.3 - 1.5 / (0.3 * np.exp(at)), 0, 1)
        return float((1 - share) * by_tolerance + share * psi)

    slope = (called(x + h) - called(x - h)) / (2 * h)
    name = p.names[0]
    expected = name["elasticity"] / name["elastic0"] * name["cohort0"] * slope
    assert gains_along(p, row, [1])["shorts"][0, 0, 0] == pytest.approx(expected, rel=1e-5)


def margined(**shorts: float) -> Packed:
    scenario = Scenario.model_validate({"id": "margin", "shorts": shorts}, strict=False)
    return pack(bind(scenario, BOOK, MARKET, Chain()), seed=1)


def test_a_scenario_says_who_is_on_margin() -> None:
    record = margined(margin_share=0.3, initial_margin=0.6, maintenance_margin=0.4).names[0]
    found = [float(record[f"cohort_margin_{what}"]) for what in ("share", "all", "left")]
    assert found == pytest.approx([0.3, 3.5, 4.0])
    assert margined().names["cohort_margin_share"].max() == 0


def test_margin_that_would_be_called_at_the_start_is_refused() -> None:
    with pytest.raises(InputError, match=r"shorts.initial_margin 0.2 is below .*raise it"):
        margined(margin_share=0.3, initial_margin=0.2)
