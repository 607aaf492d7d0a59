"""Calibration of a small episode: losses against pairs written out, seeds, files, mistakes."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from powderkeg.engine.calibrate import document
from powderkeg.engine.calibrate.fit import Fit, Size, fit, rounded
from powderkeg.engine.calibrate.inputs import Episode, read_episode
from powderkeg.engine.calibrate.loss import Observed, Series, days_of, moves, scores, weights
from powderkeg.engine.calibrate.request import CalibrationRequest
from powderkeg.engine.calibrate.simulator import Paths, Simulator
from powderkeg.kernels import backend
from powderkeg.kernels.histogram_bins import HISTOGRAM_BINS, QUANTITIES, bin_edges
from powderkeg.kernels.packing.scenario import pack
from powderkeg.results.measures.scores import crps, energy_score
from powderkeg.scenarios import Book, InputError, Position, bind, load_scenarios
from powderkeg.scenarios.calendar import sessions
from powderkeg.scenarios.overrides import members
from powderkeg.scenarios.series import Points, Prices
from powderkeg.screen.calibrate import rows as rows_of
from tests.helpers.cli_runs import command
from tests.helpers.small_run import work_on

DAYS = sessions(date(2021, 1, 12), date(2021, 1, 26))
CLOSES = (20.0, 31.4, 39.9, 35.5, 39.4, 39.1, 43.0, 65.0, 76.8, 148.0)
MARKET = """\
# as_of: 2021-01-12
symbol,price,float_shares,short_interest,borrow_fee,adv,volatility,implied_vol
GME,20,50000000,60000000,.28,10000000,.8,1.4
AMC,2,100000000,9000000,.1,10000000,.8,1.0
"""
PRIORS = """\
parameters:
  crowd.infection: {law: lognormal, median: 0.4, sd: 0.8, source: a}
  clearing.impact_factor: {law: lognormal, median: 1, sd: 0.5, source: b}
  crowd.never_sell: {law: uniform, low: 0, high: 0.6, source: c}
"""
BASE = """\
steps_per_day: 4
names:
  GME:
    crowd: {initial_attention: 0.02}
"""
SMALL = Size(draws=256, paths=32, members=16)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{day},{close}" for day, close in zip(DAYS, CLOSES, strict=True)]
    Path("prices.csv").write_text("\n".join(["# splits: none", "date,close", *lines]) + "\n")
    for name, text in (("market.csv", MARKET), ("p.yaml", PRIORS), ("base.yaml", BASE)):
        Path(name).write_text(text)


def episode(**given: object) -> Episode:
    options = {"symbol": "GME", "base": "base.yaml", "priors": "p.yaml"} | given
    return read_episode(CalibrationRequest("prices.csv", "market.csv", **options))  # type: ignore[arg-type]


def small_fit(of: Episode, workers: int = 2, seed: int = 1) -> Fit:
    simulator = of.simulator(SMALL.paths, seed, backend("native"))
    with work_on(workers) as work:
        return fit(work, simulator, of.observed, SMALL)


@cache
def usual_fit() -> Fit:
    return small_fit(episode())


def test_closes_are_the_prices_of_the_scenario_under_its_parameters() -> None:
    """The watched share's P&L is the price; a book that is short sees the same price."""
    of = episode()
    made = of.simulator(8, 3, backend("native"))([0.9, 2.0, 0.1])
    Path("short.yaml").write_text(
        BASE.replace("}", ", infection: 0.9, never_sell: 0.1}")
        + "    clearing: {impact_factor: 2.0}\nhorizon_days: 9\nhorizons: [4, 9]\n"
    )
    book = Book((Position("1", "GME", -1000.0, 20.0, 0.3),), cash=1e6)
    (scenario,) = load_scenarios(["short.yaml"], of.market, book)
    packed = pack(bind(scenario, book, of.market, of.chain), seed=3)
    trace = backend("native").simulate(packed, np.arange(8, dtype=np.uint64), trace=True).trace
    assert trace is not None
    at_close = trace["log_price"][:, 5::5, 0]
    np.testing.assert_allclose(made.closes, at_close, atol=3e-4)
    assert made.closes.shape == (8, 9)


def histogram(quantity: str, values: np.ndarray, days: int = 3) -> np.ndarray:
    """Counts as the kernel gives them, the same on every day."""
    counts = np.zeros((days, len(QUANTITIES), HISTOGRAM_BINS), np.uint32)
    bins = np.searchsorted(bin_edges(quantity), values, side="right") - 1
    counts[:, QUANTITIES.index(quantity)] = np.bincount(bins, minlength=HISTOGRAM_BINS)
    return counts


def test_loss_parts_are_scores_of_what_they_say() -> None:
    rng = np.random.default_rng(1)
    x, y = np.cumsum(rng.standard_normal((30, 3)), axis=1), np.array([0.1, -0.4, 0.3])
    edges = bin_edges("attention")
    middles = (edges[1:] + edges[:-1]) / 2
    attention = middles[rng.integers(10, 200, 30)]
    paths = Paths(x, histogram("attention", attention), adv=0.2, attention_volume=15.0)
    volume = Series("volume", "attention", (1, 3), np.log([0.5, 0.7]))
    shape = Series("attention", "attention", (2, 3), np.log([3e5, 6e5]), scale_known=False)
    seen = Observed(y, (volume, shape))
    found, own = scores(paths, seen)
    assert seen.parts == ("closes", "moves", "volume", "attention")
    assert weights(seen).tolist() == [1, 0.1, 0.25, 0.25]
    assert found[0] == pytest.approx(energy_score(x, y))
    assert found[1] == pytest.approx(energy_score(moves(x), [0.1, 0.5, 0.7]))
    simulated = np.log(0.2 * (1 + 15 * attention))
    fair = [crps(simulated[:, None], [v])[0] for v in np.log([0.5, 0.7])]
    spread = np.abs(simulated[:, None] - simulated).mean() / 2
    itself = spread * (30 / 29 - 1)  # the histogram counts draws with themselves
    assert found[2] == pytest.approx(np.mean(fair) + itself)
    assert own[2] == pytest.approx(spread)
    logs = np.log(attention)
    shifted = np.log([3e5, 6e5]) - np.mean(np.log([3e5, 6e5])) + logs.mean()
    expected = [np.abs(logs - v).mean() - np.abs(logs[:, None] - logs).mean() / 2 for v in shifted]
    assert found[3] == pytest.approx(np.mean(expected))


def test_short_interest_tells_of_trades_that_have_settled() -> None:
    prices = Prices(DAYS, np.array(CLOSES), None, "p")
    points = Points((DAYS[0], DAYS[2], DAYS[5], date(2021, 3, 1)), np.arange(4.0) + 1, "s")
    days, values = days_of(points, prices, settlement=True)
    assert days == (3,) and values.tolist() == [3.0]
    assert days_of(points, prices)[0] == (2, 5)
    later = tuple(date(2024, 6, 10 + k) for k in range(5))  # settled on the next day
    late = Prices(later, np.arange(1.0, 6), None, "p")
    assert days_of(Points(later[3:4], np.ones(1), "s"), late, settlement=True)[0] == (2,)


@pytest.mark.slow
def test_a_fit_is_a_function_of_its_seed_and_not_of_workers() -> None:
    of = episode()
    one, two, other = usual_fit(), small_fit(of, workers=1), small_fit(of, seed=2)
    np.testing.assert_array_equal(one.members, two.members)
    np.testing.assert_array_equal(one.closes, two.closes)
    assert not np.array_equal(one.members, other.members)


@pytest.mark.slow
def test_a_fit_is_nearer_to_the_episode_than_its_prior() -> None:
    of, found = episode(), usual_fit()
    rng = np.random.default_rng(5)
    prior = rounded(of.priors.values(rng.standard_normal((64, 3))))
    simulator = of.simulator(128, 9, backend("native"))
    before = np.concatenate([simulator(member.tolist()).closes for member in prior])
    y = of.observed.closes
    assert crps(found.closes, y).mean() < 0.8 * crps(before, y).mean()
    assert found.scores["scenario"][0] == pytest.approx(crps(found.closes, y).mean())
    assert found.sd_ratio[0] < 0.8 < found.sd_ratio[2]  # infection, never_sell


def test_the_file_holds_what_was_scored() -> None:
    of, found = episode(), usual_fit()
    Path("fitted.yaml").write_text(document.yaml(found, of, Path("fitted.yaml")))
    book = Book((Position("1", "GME", -1000.0, 20.0, 0.3),), cash=1e6)
    (scenario,) = load_scenarios(["fitted.yaml"], of.market, book)
    assert scenario.steps_per_day == 4  # of the base
    read = np.array([scenario.ensemble[f"names.GME.{key}"] for key in of.priors.parameters]).T
    np.testing.assert_array_equal(read, found.members)
    median = np.median(found.members[:, 0])
    assert scenario.names["GME"].crowd.infection == pytest.approx(median, rel=1e-3)
    assert len(members(scenario)) == 16
    case = found.no_crowd
    assert scenario.no_crowd is not None
    assert scenario.no_crowd.weight == pytest.approx(case.weight, rel=1e-5)
    assert list(scenario.no_crowd.ensemble) == ["names.GME.clearing.impact_factor"]
    alone = scenario.no_crowd.ensemble["names.GME.clearing.impact_factor"]
    np.testing.assert_array_equal(alone, case.members[:, 0])
    rows = rows_of(found)
    assert rows[0][0] == "crowd.infection" and rows[0][-1] == "identified"


@pytest.mark.slow
def test_a_fit_to_a_few_closes_scores_paths_on_their_days_alone() -> None:
    """Also what else was seen counts on its own day, a close or none."""
    lines = Path("prices.csv").read_text().splitlines()
    kept = [line for k, line in enumerate(lines) if k < 2 or k - 2 in (0, 2, 3, 6, 9)]
    Path("prices.csv").write_text("\n".join(["# sessions: some", *kept]) + "\n")
    Path("si.csv").write_text(f"date,short_interest\n{DAYS[7]},40000000\n")
    of = episode(series={"short interest": Path("si.csv")})
    assert of.observed.series[0].days == (5,)
    simulator = of.simulator(SMALL.paths, 1, backend("native"))
    assert simulator.days == (2, 3, 6, 9)
    every = replace(simulator, days=tuple(range(1, 10)))([0.9, 2.0, 0.1])
    some = simulator([0.9, 2.0, 0.1])
    np.testing.assert_array_equal(some.closes, every.closes[:, [1, 2, 5, 8]])
    np.testing.assert_array_equal(some.counts, every.counts)
    found = small_fit(of)
    text = document.yaml(found, of, Path("fitted.yaml"))
    assert "  sessions: some\n" in text and f"    {DAYS[6]}: 43\n" in text
    Path("fitted.yaml").write_text(text)
    book = Book((Position("1", "GME", -1000.0, 20.0, 0.3),), cash=1e6)
    (scenario,) = load_scenarios(["fitted.yaml"], of.market, book)
    assert scenario.episode is not None and scenario.episode.days == (2, 3, 6, 9)


@pytest.mark.slow
def test_as_of_forgets_what_came_later() -> None:
    known = episode(as_of=DAYS[6])
    assert len(known.observed.closes) == 6
    lines = Path("prices.csv").read_text().splitlines()
    Path("prices.csv").write_text("\n".join([*lines[:-2], f"{DAYS[8]},5", f"{DAYS[9]},4"]) + "\n")
    np.testing.assert_array_equal(small_fit(known).members, small_fit(
        episode(as_of=DAYS[6])).members)  # fmt: skip


def test_a_report_of_short_interest_is_known_once_it_is_out() -> None:
    """That of 15 January 2021 came out on the 27th, seven sessions later."""
    Path("si.csv").write_text("date,short_interest\n2021-01-15,60000000\n2021-01-22,50000000\n")
    seen = {"series": {"short interest": Path("si.csv")}}
    lines = Path("prices.csv").read_text() + "2021-01-27,347.5\n2021-01-28,193.6\n"
    Path("prices.csv").write_text(lines)
    known = episode(as_of=date(2021, 1, 27), **seen)
    assert known.reported is not None and known.reported.dates == (DAYS[3],)
    with pytest.raises(InputError, match=r"nothing known that tells of 2021-01-13 to 2021-01-26"):
        episode(as_of=date(2021, 1, 26), **seen)
    everything = episode(**seen).observed.series[0]
    assert everything.days == (1, 5)


def test_funds_that_copy_a_book_are_left_out_and_the_base_keeps_the_rest() -> None:
    story = BASE + "funds:\n  a: {equity: 1.0e+9, copies: 1, positions: {GME: -0.01}}\n"
    Path("base.yaml").write_text(story + "  b: {equity: 1.0e+9, copies: 1}\n")
    simulator: Simulator = episode().simulator(8, 1, backend("native"))
    scenario = simulator.scenario()
    assert list(scenario.funds) == ["a"] and scenario.funds["a"].copies == 0
    assert scenario.horizons == tuple(range(1, 10))
    assert simulator([0.4, 1.0, 0.3]).closes.shape == (8, 9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"symbol": None}, r"symbol: whose prices are these\? market.csv has GME, AMC"),
        ({"symbol": "GMEE"}, r'symbol: market.csv has no "GMEE", did you mean GME'),
        ({"symbol": "AMC"}, r"AMC costs 2, but closed at 20 on 2021-01-12"),
        ({"first": DAYS[1]}, r"`first` 2021-01-13: market.csv is of 2021-01-12"),
        ({"as_of": DAYS[0]}, r"`as_of` 2021-01-12: 1 close from 2021-01-12 on; a fit takes 2"),
        ({"base": "several.yaml"}, r"base: several.yaml holds 2 scenarios; give one"),
        (
            {"series": {"short interest": Path("si.csv")}},
            r"si.csv: nothing known that tells of 2021-01-13 to",
        ),
        ({"series": {"volume": Path("prices.csv")}}, r"column volume is missing"),
    ],
)
def test_mistakes_are_named(given: dict[str, object], message: str) -> None:
    Path("several.yaml").write_text("scenarios:\n  - id: a\n  - id: b\n")
    Path("si.csv").write_text("date,short_interest\n2021-01-29,20000000\n")
    with pytest.raises(InputError, match=message):
        episode(**given)


def test_a_market_that_no_parameters_fit_is_told() -> None:
    Path("market.csv").write_text(MARKET.replace("60000000", "260000000"))
    of = episode()
    with pytest.raises(InputError, match=r"nothing that the priors p allow fits .*short interest"):
        small_fit(of)


def test_a_series_finer_than_a_bin_of_the_model_is_named() -> None:
    """A thousandth of the float is short, of a bin of 2^-7: nothing moves it into another."""
    Path("market.csv").write_text(MARKET.replace("60000000,.28", "50000,.28"))
    Path("si.csv").write_text("date,short_interest\n2021-01-22,40000\n")
    of = episode(series={"short interest": Path("si.csv")})
    with pytest.raises(InputError, match=r"^short interest: .* one bin .* leave this series out$"):
        small_fit(of)


def test_sizes_that_make_no_fit() -> None:
    for wrong, option in ((replace(SMALL, draws=10), "draws"), (replace(SMALL, members=1), "memb")):
        with pytest.raises(InputError, match=f"^{option}"):
            wrong.check()


@pytest.mark.slow
def test_the_command_writes_a_scenario_that_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one_name = "\n".join(MARKET.splitlines()[:3]) + "\n"
    Path("market.csv").write_text(one_name)
    Path("book.csv").write_text("symbol,instrument_type,quantity\nGME,equity,-1000\n,cash,90000\n")
    fitting = ("calibrate", "prices.csv", "--market", "market.csv", "--base", "base.yaml")
    size = ("--priors", "p.yaml", "--draws", "256", "--paths", "16", "--members", "8")
    code, out, err = command(capsys, monkeypatch, *fitting, *size, "-o", "fitted.yaml")
    assert code == 0, err
    assert "Ten sessions from the first close" in out and "no crowd comes with weight" in out
    assert "crowd.infection" in out and "mean CRPS of the log close: scenario" in out
    assert '"event": "finished", "complete": true' in err
    running = ("run", "book.csv", "--market", "market.csv", "--scenario", "fitted.yaml")
    code, out, err = command(capsys, monkeypatch, *running, "--paths", "600", "-o", "s.zarr")
    assert code == 0, err
    assert "fitted: 8 parameter sets, an equal share of the paths each" in out
    code, out, _ = command(capsys, monkeypatch, "replay", "s.zarr", "--path", "77")
    assert code == 0 and "equals the stored one bit for bit" in out
