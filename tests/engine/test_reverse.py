"""The reverse stress test against closed forms, and what it does with feedback."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import mannwhitneyu, norm

import powderkeg
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.reverse.answer import reverse
from powderkeg.engine.reverse.axes import GAP, OWN_GAP, axes_of, moved
from powderkeg.engine.reverse.question import ask, parse_loss
from powderkeg.engine.reverse.result import Alone, Reverse, scenario_text
from powderkeg.engine.run.blocks import packed_scenario
from powderkeg.engine.run.execute import run
from powderkeg.engine.stored import finished
from powderkeg.kernels import backend
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.probes.drivers import drivers
from powderkeg.results import open_results
from powderkeg.results.formats import percent
from powderkeg.results.measures import statistics as st
from powderkeg.results.measures.path_loss import PathLoss
from powderkeg.scenarios import Book, Market, MarketRow, Position, Scenario, bind
from powderkeg.screen import reverse as say
from tests.helpers.cli_runs import RUN, command, folder
from tests.helpers.small_run import BOOK, CHAIN, MARKET, SQUEEZE

__all__ = ["folder"]  # a fixture

# One short of half the equity, lognormal: no feedback, no fees; volatility 2 a year over 2 days.
WEIGHT, SIGMA, PATHS = 0.5, 2 * math.sqrt(2 / 252), 20_000
BETAS = {"market": 1.0, "other": 0.75}
ROW = MarketRow("ONE", 10.0, 1e8, 2e7, 2e6, 2.0, 2.0, 0.0, betas=BETAS)
ONE = Book((Position("1", "ONE", -1e6, 10.0, 0.3, borrow_fee=0.0),), cash=3e7)
OFF = dict.fromkeys(
    (str(c.name).lower() for c in powderkeg.kernels.records.ALL_CHANNELS), False
)  # fmt: skip
STILL = {"horizon_days": 2, "steps_per_day": 8, "channels": OFF, "borrow": {"fee_min": 0.0}}
FACTORS = {"market": 1.2, "other": 0.8}
LOADS = np.array([0.6, 0.3, math.sqrt(1 - 0.36 - 0.09)])  # of the variance: beta vol / 2
BY_DAY = Scenario.model_validate({**STILL, "id": "factors", "factors": FACTORS})
ALONE = Scenario.model_validate({**STILL, "id": "alone", "factors": {}, "horizons": [2]})
LOSS = 0.28
"""Beyond VaR 99 %, which is .244."""


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two factors and the name's own news, losses of day 1 and 2."""
    path = tmp_path_factory.mktemp("reverse") / "still.zarr"
    return run(ONE, Market({"ONE": ROW}), [BY_DAY], path, paths=PATHS, seed=11,
               measure="day_2")  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The name's own news over both days and nothing else."""
    path = tmp_path_factory.mktemp("reverse") / "alone.zarr"
    return run(ONE, Market({"ONE": ROW}), [ALONE], path, paths=PATHS, seed=11,
               measure="day_2")  # fmt: skip


@pytest.fixture(scope="module")
def squeeze(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reverse") / "squeeze.zarr"
    return run(BOOK, MARKET, [SQUEEZE], path, chain=CHAIN, paths=3000, seed=3)


@pytest.fixture(scope="module")
def moves(still: Path) -> Reverse:
    axes = ("volatility", "market_gap", "other_gap", "shorts_news", "short_interest", "crowd")
    return reverse(still, "28%", axes=axes, paths=PATHS)


def var99(gap: float = 0.0, sigma: float = SIGMA) -> float:
    """VaR of a short of a lognormal: a (e^(m - s^2/2 + s z) - 1)."""
    return WEIGHT * math.expm1(gap - sigma**2 / 2 + sigma * norm.ppf(0.99))


def along(result: Reverse, axis: str) -> Alone:
    (found,) = (each for each in result.alone if each.axis == axis)
    return found


@pytest.mark.slow
def test_the_move_along_an_axis_is_the_one_of_the_formula(moves: Reverse) -> None:
    gap = math.log((1 + LOSS / WEIGHT) / (1 + var99() / WEIGHT))
    sigma = brentq(lambda s: var99(sigma=s) - LOSS, SIGMA, 2 * SIGMA)
    expected = {
        "market_gap": gap / math.log(GAP),
        "other_gap": gap / BETAS["other"] / math.log(GAP),
        "shorts_news": gap / math.log(OWN_GAP),
        "volatility": math.log(sigma / SIGMA) / math.log(1.25),
    }
    assert not moves.beyond
    assert [each.axis for each in moves.alone[:4]] == sorted(expected, key=expected.__getitem__)
    for axis, units in expected.items():
        found = along(moves, axis)
        assert found.move is not None
        assert 0 < found.error < 0.3 * units
        assert found.move.units == pytest.approx(units, abs=3 * found.error)
        assert found.value.value == pytest.approx(LOSS, abs=found.value.standard_error / 4)
    # The very sample has its own VaR, and a gap multiplies every price: no error but the search's.
    sample = math.log((1 + LOSS / WEIGHT) / (1 + moves.base.value / WEIGHT)) / math.log(GAP)
    assert along(moves, "market_gap").move.units == pytest.approx(sample, abs=0.03)  # type: ignore[union-attr]


def test_the_error_of_a_move_is_that_of_the_measure_over_its_slope(moves: Reverse) -> None:
    found = along(moves, "market_gap")
    slope = (WEIGHT + LOSS) * math.log(GAP)  # d/du of a (e^(m + ...) - 1) where it is the loss
    assert found.error == pytest.approx(found.value.standard_error / slope, rel=0.05)


def test_what_does_nothing_says_so(moves: Reverse) -> None:
    for axis in ("short_interest", "crowd"):
        found = along(moves, axis)
        assert found.move is None and found.effect < 1e-6  # rounding of E0
        assert found.value.value == pytest.approx(moves.base.value, abs=1e-6)


def test_the_nearest_point_lies_along_the_betas(still: Path) -> None:
    """The loss depends on beta . gap alone, so the nearest gaps are along beta, at m / |beta|."""
    axes = ("market_gap", "other_gap")
    result = reverse(still, "28%", axes=axes, paths=PATHS)
    beta = np.array(list(BETAS.values()))
    gap = math.log((1 + LOSS / WEIGHT) / (1 + var99() / WEIGHT)) / math.log(GAP)
    joint = result.joint
    assert joint is not None
    units = {move.axis: move.units for move in joint.moves}
    point = np.array([units[axis] for axis in axes])
    size = float(np.linalg.norm(beta))
    assert joint.distance == pytest.approx(gap / size, abs=3 * joint.error)
    assert point / joint.distance == pytest.approx(beta / size, abs=0.05)
    assert joint.shares == pytest.approx([1 / size**2, 0.75**2 / size**2], abs=0.05)
    nearest = result.alone[0].move
    assert nearest is not None and joint.distance < nearest.units
    assert joint.value.value == pytest.approx(LOSS, abs=joint.value.standard_error / 4)


def test_a_measure_beyond_the_loss_is_moved_back(alone: Path) -> None:
    result = reverse(alone, "20%", axes=["shorts_news"], paths=PATHS)
    gap = math.log((1 + 0.2 / WEIGHT) / (1 + var99() / WEIGHT)) / math.log(OWN_GAP)
    (found,) = result.alone
    assert result.beyond and result.joint is None and found.move is not None
    assert found.move.units == pytest.approx(gap, abs=3 * found.error)
    assert gap < 0
    first, second, *_ = say.headline(result)
    assert first == (
        f"a loss of 20.0 % happens on {percent(result.probability.value)} of paths already; "
        f"what would have to improve for {result.measure} to come down to it:"
    )
    assert second.startswith(f"{result.scenario}: a loss of 20.0 % of equity (")
    near = replace(result, base=replace(result.base, value=0.1))
    assert say.headline(near)[0] == second
    stuck = [replace(found, move=None)]
    assert "does not come down to 20.0 %" in " ".join(say.notes(replace(result, alone=stuck)))
    assert "does not reach 20.0 %" in " ".join(say.notes(replace(near, alone=stuck)))


def test_expected_shortfall_can_be_asked_for(alone: Path) -> None:
    """ES of a lognormal short: a (N(s - z)/(1 - p) - 1), a gap multiplies the price."""
    result = reverse(alone, "40%", axes=["shorts_news"], paths=PATHS, measure="es97.5")
    price = norm.cdf(SIGMA - norm.ppf(0.975)) / 0.025
    gap = math.log((1 + 0.4 / WEIGHT) / price) / math.log(OWN_GAP)
    (found,) = result.alone
    assert found.move is not None
    assert found.move.units == pytest.approx(gap, abs=3 * found.error)


def test_the_drivers_of_failing_paths_are_truncated_normals(still: Path) -> None:
    """Loss >= L is b . z >= c: E[z_k | fail] = b_k n(c)/N(-c), by day each 1/sqrt 2 of it."""
    result = reverse(still, "20%", axes=["crowd"], paths=PATHS)
    c = (math.log(1 + 0.2 / WEIGHT) + SIGMA**2 / 2) / SIGMA
    p = norm.sf(c)
    assert result.probability.low < p < result.probability.high
    found = result.breach
    assert found is not None and found.names == ("ONE",) and found.windows == ((1, 1), (2, 2))
    by = {(each.subject, each.quantity): each for each in found.drivers}
    assert set(by) == {("market", "factor"), ("other", "factor"), ("ONE", "news")}
    for key, load in zip(by, sorted(LOADS, reverse=True), strict=True):  # apart the most first
        each = by[key]
        for window in each.windows:
            mean = load * norm.pdf(c) / p / math.sqrt(2)
            assert window.value == pytest.approx(mean, abs=3.5 * window.standard_error)
        # P(z_k of a failing path > z): z_k = load y + sqrt(1 - load^2) e, y normal beyond c
        y = norm.isf(p * (np.arange(4000) + 0.5) / 4000)
        more = norm.cdf(load * y / math.sqrt(2 - load**2)).mean()
        assert each.apart.value == pytest.approx(more, abs=3.5 * each.apart.standard_error)
        assert each.every == pytest.approx(norm.ppf([0.25, 0.5, 0.75]), abs=0.08)
    assert list(by) == [("ONE", "news"), ("market", "factor"), ("other", "factor")]
    assert all(near.distance >= c - 1e-4 for near in found.nearest)


def test_with_one_driver_the_nearest_failing_path_is_the_one_just_beyond(alone: Path) -> None:
    result = reverse(alone, "20%", axes=["crowd"], paths=PATHS)
    losses = finished(alone).losses(0, PathLoss("day_2")).loss
    failing = np.flatnonzero(losses >= 0.2)
    order = failing[np.argsort(losses[failing], kind="stable")]
    found = result.breach
    assert found is not None
    assert [near.path for near in found.nearest] == order[:5].tolist()
    for near in found.nearest:
        z = (math.log(1 + near.loss / WEIGHT) + SIGMA**2 / 2) / SIGMA
        assert near.distance == pytest.approx(z, abs=1e-3)
        assert near.peak >= 1 + near.loss / WEIGHT - 1e-5
    c = (math.log(1 + 0.2 / WEIGHT) + SIGMA**2 / 2) / SIGMA
    (news,) = found.drivers
    assert news.breach == pytest.approx(
        norm.isf(norm.sf(c) * np.array([0.75, 0.5, 0.25])), abs=0.06
    )


def test_the_news_are_what_moves_the_price(still: Path) -> None:
    """x = -s^2/2 + s b . z on every path, z drawn again without the kernels."""
    job = finished(still).job
    packed, ids = packed_scenario(job, 0), np.array([0, 3, 7919, 2**40 + 5], np.uint64)
    trace = backend("auto").simulate(packed, ids, trace=True).trace
    assert trace is not None
    z = drivers(packed, job.scenarios[0], ids, ["ONE"], 2).whole
    expected = -(SIGMA**2) / 2 + SIGMA * LOADS @ z
    assert trace["log_price"][:, -1, 0] == pytest.approx(expected, abs=2e-6)


def test_correlated_factors_are_told_as_they_move(still: Path) -> None:
    job = finished(still).job
    scenario = job.scenarios[0].model_copy(
        update={"factor_correlation": {"market": {"other": 0.8}}}
    )
    packed = pack(bind(scenario, job.book, job.market, job.chain), seed=5)
    found = drivers(packed, scenario, np.arange(4000, dtype=np.uint64), [], 2)
    assert np.asarray(np.corrcoef(found.whole))[0, 1] == pytest.approx(0.8, abs=0.02)
    assert np.asarray(np.corrcoef(found.news[:, 0]))[0, 1] == pytest.approx(0, abs=0.06)
    assert np.square(found.distance).mean() == pytest.approx(4, abs=0.2)  # 2 factors, 2 windows


def test_superiority_is_the_statistic_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(1)
    x, y = np.round(rng.normal(0.5, 1, 300), 1), np.round(rng.normal(0, 1, 500), 1)
    found = st.superiority(np.append(x, np.nan), y)
    assert found.value == pytest.approx(mannwhitneyu(x, y).statistic / (300 * 500))
    exact = norm.cdf(0.5 / math.sqrt(2))
    hits = 0
    for _ in range(400):
        each = st.superiority(rng.normal(0.5, 1, 100), rng.normal(0, 1, 150))
        hits += each.low < exact < each.high
    assert 0.92 < hits / 400 < 0.98
    assert st.superiority([1.0], [1.0, 2.0]) is st.REFUSED


def test_an_axis_moves_what_it_says() -> None:
    """Each by two units, read off the packed arrays."""
    book, scenario = BOOK, SQUEEZE
    axes = axes_of(scenario, book)

    def packed(**point: float) -> powderkeg.kernels.packed.Packed:
        told = moved(scenario, axes, point)
        return pack(bind(told, book, MARKET, CHAIN), seed=1)

    base, gme, spy = packed().names, 0, 2
    ratio = 1.25**2
    for axis, field in (
        ("crowd", "infection"),
        ("crowd", "share_budget"),
        ("crowd", "call_budget"),
        ("participation", "participation_dt"),
        ("volatility", "sigma"),
        ("volatility", "vol0"),
    ):
        found = packed(**{axis: 2.0}).names[field][:3] / base[field][:3]
        assert found == pytest.approx(ratio, rel=1e-5), axis
    law = base["elasticity"] / base["elastic0"]
    impact = packed(impact=2.0).names
    assert (impact["elasticity"] / impact["elastic0"])[gme] == pytest.approx(law[gme] * ratio)
    shorts = packed(short_interest=2.0).names
    more = 61_780_000 * (ratio - 1) / 51_440_000
    assert shorts["cohort0"][gme] - base["cohort0"][gme] == pytest.approx(more, abs=1e-5)
    assert shorts["cohort0"][spy] == base["cohort0"][spy]  # the book is long
    lendable = packed(lendable=-2.0).names
    for name in range(3):  # in the market file for NO, by weights for the others
        for weight in ("lendable_elastic", "lendable_locked"):
            assert lendable[weight][name] == pytest.approx(base[weight][name] / ratio, rel=1e-5)
    dealers = packed(dealers=-4.0).names
    assert dealers["dealer_sign"][gme] == 0
    assert packed(tolerance=-2.0).names["tolerance"][gme] == pytest.approx(
        base["tolerance"][gme] - 0.2
    )
    gap = packed(market_gap=2.0)
    assert gap.event_sizes[:3, 0] == pytest.approx(np.array([1.0, 1.2, 1.0]) * 2 * math.log(1.05))
    news = packed(shorts_news=-1.0)
    assert news.event_sizes[:3, 0] == pytest.approx([-math.log(1.1), -math.log(1.1), 0])
    assert {axis.name: (axis.low, axis.high) for axis in axes}["dealers"] == (-8, 0)


@pytest.mark.slow
def test_the_nearest_point_is_a_scenario_that_runs(squeeze: Path, tmp_path: Path) -> None:
    asked = {"measure": "var95", "axes": ["crowd", "short_interest", "volatility"]}
    result = reverse(squeeze, "60%", **asked, paths=3000)  # type: ignore[arg-type]
    joint = result.joint
    assert joint is not None and not result.beyond
    again = reverse(squeeze, "60%", **asked, paths=3000, placement=Placement(workers=1))  # type: ignore[arg-type]
    assert again.as_json() == result.as_json()
    file = tmp_path / "near.yaml"
    file.write_text(scenario_text(joint))
    store = powderkeg.run(
        BOOK, MARKET, [str(file)], tmp_path / "near.zarr", chain=CHAIN, paths=3000, seed=3
    )
    measures = open_results(store)["measures"].to_dataset().isel(scenario=0)
    value = float(measures["estimate"].sel(measure="var_95_worst", feedback="on"))
    assert value == joint.value.value
    text = json.dumps(result.as_json(), allow_nan=False)
    assert json.loads(text)["joint"]["scenario"]["id"] == "squeeze, reverse"


def test_another_build_runs_all_paths_again(squeeze: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = reverse(squeeze, "5%", axes=["crowd"], paths=3000, measure="var95")
    monkeypatch.setattr("powderkeg.engine.stored.model_digest", lambda: "newer")
    asked = ask(squeeze, "5%", axes=["crowd"], paths=3000, measure="var95")
    assert asked.again
    after = reverse(squeeze, "5%", axes=["crowd"], paths=3000, measure="var95")
    assert after.as_json() == before.as_json()


def test_too_few_failing_paths_are_not_told_of(alone: Path) -> None:
    losses = np.sort(finished(alone).losses(0, PathLoss("day_2")).loss)
    few = f"{50 * (losses[-8] + losses[-7]):.12g}%"
    result = reverse(alone, few, axes=["crowd"])
    assert result.breaching == 7
    assert result.notes[0].startswith("7 paths that lose so much are too few")
    assert "run about 171,429 paths" in result.notes[0]
    assert result.breach is not None and not result.breach.drivers
    assert len(result.breach.nearest) == 5
    none = reverse(alone, "300%", axes=["crowd"])
    assert none.breach is None and none.breaching == 0
    assert none.probability.high == pytest.approx(1 - 0.025 ** (1 / PATHS))
    assert none.notes[0].startswith("no path of 20,000 loses so much at the close of day 2")


def test_a_loss_is_a_part_of_equity_or_an_amount() -> None:
    assert parse_loss("20%", 2e7) == 0.2
    assert parse_loss(" 12.5 % ", 2e7) == 0.125
    assert parse_loss("5e6", 2e7) == 0.25
    assert parse_loss("5_000_000", 2e7) == 0.25


PART = "is neither a part of equity such as 20% nor an amount such as 25e6"
MISTAKES = {
    "words": (("--loss", "much"), f'--loss: "much" {PART}'),
    "nan": (("--loss", "nan"), f'--loss: "nan" {PART}'),
    "negative": (("--loss", "-20%"), f'--loss: "-20%" {PART}'),
    "fraction": (
        ("--loss", "0.2"),
        '--loss: "0.2" is less than .01 % of the equity of 44,500,000; write 20% for a fifth of it',
    ),
    "scenario": (
        ("--loss", "20%", "--scenario", "long"),
        "the store has no scenario long; it has short",
    ),
    "measure": (
        ("--loss", "20%", "--measure", "vol"),
        '--measure: "vol" is not var or es with a level from 50 to below 100, such as var99, '
        "es_97.5_worst or es_99_day_10",
    ),
    "day": (
        ("--loss", "20%", "--measure", "var_99_day_3"),
        "--measure: 'day_3' is not one of worst, worst_close, day_1, day_2",
    ),
    "axis": (
        ("--loss", "20%", "--axis", "crowds"),
        '--axis: "crowds" is not an axis, did you mean crowd?',
    ),
    "more-paths": (
        ("--loss", "20%", "--paths", "5000"),
        "--paths: 5,000 is more than the 1,200 paths of out.zarr",
    ),
    "few-paths": (
        ("--loss", "20%"),
        "1,200 paths are too few for VaR 99 %; take at least 5,000, or a --measure with a lower "
        "level",
    ),
    "output": (
        ("--loss", "20%", "-o", "book.csv"),
        "book.csv exists; nothing is overwritten, choose another name",
    ),
}


@pytest.mark.slow
def test_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(capsys, monkeypatch, *RUN, "--paths", "1200")[0] == 0
    for words, said in MISTAKES.values():
        code, out, err = command(capsys, monkeypatch, "reverse", "out.zarr", *words)
        assert (code, out, err) == (1, "", f"powderkeg: {said}\n")
    words = ("reverse", "out.zarr", "--loss", "20%", "--measure", "es95")
    words = (*words, "--axis", "crowd", "--axis", "shorts_news")
    code, out, err = command(capsys, monkeypatch, *words, "-o", "near.yaml")
    assert code == 0, err
    assert (folder / "near.yaml").exists()
    for text in (
        "short: a loss of 20.0 % of equity (USD 8.90 m) at the worst moment",
        "ES 95 % is ",
        "What drives it",
        "GME news, sd",
        "powderkeg replay out.zarr --scenario short --path ",
        "Smallest move along each axis at which ES 95 % is 20.0 %",
        "Nearest point over all axes",
    ):
        assert text in out
    assert max(len(line) for line in out.splitlines()) <= 100
    code, out, _ = command(capsys, monkeypatch, *words, "--json")
    assert code == 0 and json.loads(out)["measure"] == "es_95_worst"
