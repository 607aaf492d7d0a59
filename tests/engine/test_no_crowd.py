"""The case that no crowd comes: its paths, its weight, unconditional measures, no false alarm."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import norm

import powderkeg
from powderkeg.engine.calibrate.fit import Fit, Size, fit
from powderkeg.engine.calibrate.inputs import read_episode
from powderkeg.engine.calibrate.request import CalibrationRequest
from powderkeg.engine.calibrate.sentences import sentences, verdict
from powderkeg.engine.calibrate.smc import sample
from powderkeg.engine.run.plan import with_variants
from powderkeg.engine.run.store_spec import varied
from powderkeg.kernels import backend
from powderkeg.kernels.packing.scenario import pack
from powderkeg.results import open_results
from powderkeg.results.measures.baselines import GARCH, WALK
from powderkeg.results.measures.garch import Garch
from powderkeg.results.report.headline import headline
from powderkeg.results.report.summary import Summary
from powderkeg.results.store.schema import NO_CROWD, Variant
from powderkeg.scenarios import Book, InputError, Position, Scenario, bind, load_scenarios
from powderkeg.scenarios.calendar import sessions
from powderkeg.scenarios.no_crowd import NoCrowd, prior_weight
from powderkeg.scenarios.overrides import no_crowds
from powderkeg.screen.plan import show_plan
from powderkeg.screen.store import show
from tests.helpers.said import page_of
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE, plan_of, work_on

WEIGHT = 0.9
TOLERANCE = "names.GME.shorts.tolerance"
LIKELY = Scenario.model_validate(
    {
        **SQUEEZE.model_dump(exclude_unset=True),
        "ensemble": {
            "names.GME.crowd.initial_attention": (0.05, 0.2),
            TOLERANCE: (0.2, 0.4),
        },
        "timeline": ({"type": "attention", "names": ("GME",), "day": 1, "size": 0.3},),
        "no_crowd": {"weight": WEIGHT, "ensemble": {TOLERANCE: (0.5, 0.9)}},
    }
)
ODDS = "p_margin_call"


def pnl_of(scenario: Scenario) -> np.ndarray:
    packed = pack(bind(scenario, BOOK, MARKET, CHAIN), seed=7)
    return backend("native").simulate(packed, np.arange(96, dtype=np.uint64)).pnl


def test_nobody_attends_and_all_else_runs_on_the_same_paths() -> None:
    (twin,) = no_crowds(LIKELY)
    assert twin.id == "squeeze, no crowd" and twin.variant_of == "squeeze"
    assert twin.ensemble == {TOLERANCE: (0.5, 0.9)} and twin.no_crowd is None
    by_hand = {"channels": {"crowd": False}, "ensemble": {TOLERANCE: (0.5, 0.9)}}
    none = Scenario.model_validate({"id": "n", "horizon_days": 2, "steps_per_day": 8,
                                    "names": {"GME": {}}, **by_hand})  # fmt: skip
    np.testing.assert_array_equal(pnl_of(twin), pnl_of(none))
    assert (pnl_of(twin) != pnl_of(LIKELY)).any()
    own = LIKELY.model_copy(update={"no_crowd": NoCrowd(weight=WEIGHT)})
    assert no_crowds(own)[0].ensemble == {TOLERANCE: (0.2, 0.4)}
    more = {**LIKELY.model_dump(exclude_unset=True), "no_crowd": {"weight": 0.5, "ensemble": {
        TOLERANCE: (0.5, 0.9, 0.7)}}}  # fmt: skip
    with pytest.raises(ValueError, match="3 values, but 2 of"):
        Scenario.model_validate(more)
    everyone = with_variants([CALM, LIKELY], sensitivity=False)
    assert [s.id for s in everyone] == ["calm", "squeeze", "squeeze, no crowd"]
    assert varied(everyone[2], everyone) == Variant("squeeze", NO_CROWD, WEIGHT)
    assert no_crowds(twin) == no_crowds(CALM) == []


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("no-crowd")
    written: Path = powderkeg.run(
        BOOK, MARKET, [CALM, LIKELY], folder / "o.zarr", chain=CHAIN, paths=6000
    )
    return written


@pytest.mark.slow
def test_unconditional_measures_are_those_of_both_laws_together(store: Path) -> None:
    """By repeating every path of the twin nine times: weights .1 and .9 are one path and nine."""
    tree = open_results(store)
    table = tree["unconditional"].to_dataset().load()
    assert table["scenario"].values.tolist() == ["squeeze"] and table["weight"].values == [WEIGHT]
    assert "sensitivity" not in tree
    losses = tree["losses"].to_dataset()
    names = losses["scenario"].values.tolist()
    at = [names.index(name) for name in ("squeeze", "squeeze, no crowd")]
    ids = table["measure"].values.tolist()

    def found(measure: str, part: str = "estimate") -> float:
        return float(table[part].values[0, ids.index(measure)])

    for variable, name in (("worst_pnl", "worst"), ("worst_close_pnl", "worst_close")):
        crowd, nobody = (-losses[variable].values[s].astype(float) for s in at)
        together = np.sort(np.concatenate([crowd, np.repeat(nobody, 9)]))
        k = int(np.ceil(0.99 * len(together)))
        var = together[k - 1]
        assert found(f"var_99_{name}") == pytest.approx(var)
        es = var + (together[k:] - var).sum() / (0.01 * len(together))
        assert found(f"es_99_{name}") == pytest.approx(es)
    called = [np.mean(~np.isnan(losses["margin_call_day"].values[s])) for s in at]
    assert found(ODDS) == pytest.approx(0.1 * called[0] + 0.9 * called[1])
    assert found("es_99_worst", "low") < found("es_99_worst") < found("es_99_worst", "high")


def test_the_plan_says_what_runs_again() -> None:
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    show_plan(console, plan_of(CALM, LIKELY, paths=600), (), 1, "here")
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "(2 scenarios and 1 variant)" in text and "--sensitivity" not in text
    assert "no_crowd runs 1 scenario again, without a crowd" in text


@pytest.mark.slow
def test_headline_and_ranking_stay_those_of_the_stress(store: Path) -> None:
    summary = Summary(open_results(store))
    assert [summary.scenarios[s] for s in summary.order] == ["squeeze", "calm"]
    text = headline(summary)
    value = summary.headline_line(summary.order[0])
    assert (
        value is not None and "none does with weight 0.9. Unconditional, over both, it is" in text
    )
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    show(store, console)
    assert isinstance(console.file, io.StringIO)
    for page in (console.file.getvalue(), page_of(store)):
        assert "Unconditional, beside the stress" in page and "if a crowd comes" in page


def test_a_file_says_how_likely_its_crowd_is(tmp_path: Path) -> None:
    text = """\
id: likely
names: {GME: {crowd: {initial_attention: 0.05}}}
ensemble: {names.GME.crowd.infection: [0.3, 0.5]}
no_crowd:
  weight: 0.97
  ensemble: {names.gme.shorts.tolerance: [0.5, 0.9]}
"""
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text("base: a.yaml\nnames: {GME: {shorts: {tolerance: 0.1}}}\n")
    book = Book((Position("1", "NO", -1000.0, 10.0, 0.3),), cash=1e6)
    mapped = {"GME": "NO"}
    one, two = load_scenarios([tmp_path / "a.yaml", tmp_path / "b.yaml"], MARKET, book, mapped)
    assert one.no_crowd is not None and one.no_crowd.weight == 0.97
    assert one.no_crowd.ensemble == {"names.NO.shorts.tolerance": (0.5, 0.9)}
    assert two.no_crowd is not None and two.no_crowd.ensemble == {}  # what it says itself holds
    for wrong, message in (
        ("weight: 1.5", r"a.yaml:5: no_crowd.weight: 1.5 is above 1"),
        ("wait: 0.5", r"no_crowd.wait: unknown field"),
        ("weight: .5\n  ensemble: {names.GME.shorts.tol: [1, 2]}\n  #", "unknown field"),
    ):
        broken = text.replace("weight: 0.97", wrong)
        (tmp_path / "a.yaml").write_text(broken.split("  #")[0])
        with pytest.raises(InputError, match=message):
            load_scenarios([tmp_path / "a.yaml"], MARKET, book, mapped)


def test_the_evidence_of_a_normal_target() -> None:
    """E exp(-(z - m)^2/(2 s^2)) of z from N(0, 1) is s times the density of N(0, 1 + s^2) at m,
    over that of N(0, 1) at 0."""
    mean, sd = np.array([1.5, -1.0, 0.0]), np.array([0.3, 0.5, 0.2])
    rng = np.random.default_rng(1)

    def loss(z: np.ndarray) -> np.ndarray:
        return np.asarray((((z - mean) / sd) ** 2).sum(axis=1) / 20) + 0.3

    z = rng.standard_normal((8000, 3))
    found = sample(loss, z, loss(z), rate=10, particles=2000, steps=24, rng=rng).evidence
    wide = np.sqrt(1 + sd**2)
    exact = (np.log(sd) + norm.logpdf(mean, scale=wide) - norm.logpdf(0)).sum() - 10 * 0.3
    assert found.log == pytest.approx(exact, abs=5 * found.standard_error)
    assert 0 < found.standard_error < 0.1


def test_a_quarter_of_names_a_year() -> None:
    assert prior_weight(252) == pytest.approx(0.75)
    assert 1 - prior_weight(10) == pytest.approx(0.011, abs=0.0005)
    assert prior_weight(20) == pytest.approx(prior_weight(10) ** 2)


CALM_MARKET = """\
# as_of: 2020-09-30
symbol,price,float_shares,short_interest,borrow_fee,adv,volatility,implied_vol
XYZ,20,50000000,{short:.0f},.05,2000000,.7,.7
"""
SMALL = Size(draws=384, paths=48, members=32)


@pytest.fixture(scope="module")
def calm_fit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fit]:
    """A quiet name, 27 closes of a GARCH path, a third of whose float is short."""
    folder = tmp_path_factory.mktemp("calm")
    days = sessions(date(2020, 9, 30), date(2020, 11, 5))
    logs = Garch(0.7**2 / 252, 0.08, 0.9, 5.0).paths(len(days) - 1, 1, 3)[0]
    prices = 20 * np.exp(np.append(0, logs))
    rows = "\n".join(f"{day},{price:.4f}" for day, price in zip(days, prices, strict=True))
    (folder / "prices.csv").write_text(f"date,close\n{rows}\n")
    (folder / "market.csv").write_text(CALM_MARKET.format(short=0.3 * 5e7))
    of = read_episode(CalibrationRequest(folder / "prices.csv", folder / "market.csv"))
    with work_on(2) as work:
        yield fit(work, of.simulator(SMALL.paths, 1, backend("native")), of.observed, SMALL)


@pytest.mark.slow
def test_a_quiet_name_is_no_alarm(calm_fit: Fit) -> None:
    """The priors as they ship. 27 quiet closes raise the weight of no crowd above its base rate."""
    case, (double, tenfold, es) = calm_fit.no_crowd, calm_fit.outlook.told()
    assert case.prior == prior_weight(26)
    assert case.weight > case.prior and case.weight > 0.9 and case.weight_error < 0.02
    assert double.unconditional.value < 0.03 and tenfold.unconditional.value < 0.002
    assert es.unconditional.value < 3
    assert double.nobody.value < double.unconditional.value < double.crowd.value < 0.06
    said = list(sentences(calm_fit))
    assert said[0].startswith("unconditional, the 10 sessions from the first close: P(peak >= 2x)")
    assert "on any day alike" in said[1]


@pytest.mark.slow
def test_it_says_so_where_a_law_without_a_crowd_does_better(calm_fit: Fit) -> None:
    """Of a fan three times as wide, not of one that lies about what happened."""
    noise = np.random.default_rng(1).normal(0, 0.01, calm_fit.closes.shape)
    wide = replace(calm_fit, closes=3 * calm_fit.closes)
    (sentence,) = verdict(wide)
    least, name = min((wide.scores[law][0], law) for law in (WALK, GARCH))
    assert sentence.startswith("these closes show no squeeze; the tail is the prior's: a " + name)
    assert f"{least:.3f}, paths of the ensemble {wide.scores['scenario'][0]:.3f}" in sentence
    assert not list(verdict(replace(calm_fit, closes=calm_fit.observed.closes + noise)))
