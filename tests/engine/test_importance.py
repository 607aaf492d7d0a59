"""Importance sampling: weighted estimates against closed forms, the choice of tilts, the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from scipy import integrate, optimize, stats

import powderkeg
from powderkeg.engine.errors import Incomplete
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.executors.protocol import Executor
from powderkeg.engine.run.execute import resume
from powderkeg.engine.run.importance import choose_tilt, drivers, mixture, weighted_paths
from powderkeg.engine.run.plan import with_variants
from powderkeg.kernels import backend
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.tilt import SHARES, component_of
from powderkeg.kernels.records import CALM as OFF
from powderkeg.results import StoreError, check_commit, create_store, open_results, store_digest
from powderkeg.results.measures import statistics as st
from powderkeg.results.measures.importance import Weighted, measure
from powderkeg.results.measures.path_loss import PathLoss
from powderkeg.results.report.explained import Explained
from powderkeg.results.report.summary import Summary
from powderkeg.results.store.fields import PATH_WEIGHT, PNL_TILTED
from powderkeg.results.store.records import chunk_key
from powderkeg.results.testing import made_up_spec
from powderkeg.scenarios import InputError
from tests.engine.test_same_bytes import Failing, Shuffled
from tests.helpers.builders import packed, path_ids
from tests.helpers.cli_runs import RUN, command
from tests.helpers.cli_runs import folder as folder
from tests.helpers.said import page_of, printed
from tests.helpers.small_run import CALM, SQUEEZE, plan_of, run_at, work_on

Floats = npt.NDArray[np.float64]
FEES: dict[str, Any] = {"fee0": 0.0, "fee_slope": 0.0, "fee_min": 0.0, "attention0": 0.0}

# --- weighted estimates ---------------------------------------------------------------------------


@pytest.mark.parametrize("decimals", [2, 15])  # with ties and without
def test_equal_weights_give_the_plain_estimates(decimals: int) -> None:
    losses = np.random.default_rng(1).standard_t(4, 20_000).round(decimals)
    sample = Weighted.of(losses, np.ones(losses.size), np.zeros(losses.size, int), np.ones(1))
    for level in (0.95, 0.99, 0.995):
        var, es = st.var_es(losses, level)
        found = measure(sample, level)
        assert found.var.value == var.value
        assert found.es.value == pytest.approx(es.value, rel=1e-12)
        assert found.es.standard_error == pytest.approx(es.standard_error, rel=1e-9)
        assert found.var.standard_error == pytest.approx(var.standard_error, rel=0.1)
        assert found.effective == pytest.approx((losses > var.value).sum())
        assert found.gain_es == pytest.approx(1, rel=1e-3)
    with pytest.raises(st.TooFewPaths):
        st.var_es(losses[:4000], 0.99)
    few = Weighted.of(losses[:4000], np.ones(4000), np.zeros(4000, int), np.ones(1))
    assert np.isnan(measure(few, 0.99).es.value)


def normal_sample(seed: int, n: int = 4000, mean: float = 2.5) -> Weighted:
    """Standard normal losses, four fifths of them drawn around `mean`."""
    random, stratum = np.random.default_rng(seed), np.arange(n) % 5 > 0
    losses = random.normal(size=n) + mean * stratum
    ratio = np.exp(mean * losses - mean**2 / 2)
    return Weighted.of(losses, 1 / (0.2 + 0.8 * ratio), stratum, np.array([0.2, 0.8]))


def test_errors_and_variance_ratios_are_those_of_repetition() -> None:
    z = stats.norm.ppf(0.99)
    exact = (z, stats.norm.pdf(z) / 0.01)
    found = [measure(normal_sample(seed), 0.99) for seed in range(500)]
    for estimates, value in zip(
        ([f.var for f in found], [f.es for f in found]), exact, strict=True
    ):
        values, errors = (
            np.array([getattr(e, x) for e in estimates]) for x in ("value", "standard_error")
        )
        assert abs(values.mean() - value) < 3 * values.std() / np.sqrt(500) + 2e-4
        # 500 repetitions know a standard deviation to 3 %
        assert errors.mean() == pytest.approx(values.std(), rel=0.1)
        covered = np.mean([e.low <= value <= e.high for e in estimates])
        assert 0.92 < covered < 0.98
    excess = integrate.quad(lambda x: (x - z) ** 2 * stats.norm.pdf(x), z, 20)[0]
    mean = 0.01 * (exact[1] - z)
    plain = (excess - mean**2) / 4000 / 0.01**2
    measured = plain / np.var([f.es.value for f in found])
    assert np.mean([f.gain_es for f in found]) == pytest.approx(measured, rel=0.2)
    assert measured > 10


def test_components_are_strata_whatever_their_counts() -> None:
    sample = normal_sample(3)
    assert sample.parts.sum() == pytest.approx(1, abs=0.03)
    kept = sample.losses < 2
    cut = Weighted.of(sample.losses[kept], sample.weights[kept], sample.strata[kept], sample.shares)
    for c in (0, 1):
        mine = cut.strata == c
        assert (cut.parts[mine] / cut.weights[mine]).sum() == pytest.approx(cut.shares[c])
    with pytest.raises(ValueError, match="two paths"):
        Weighted.of([1.0, 2], [1, 1], [0, 0], np.array([0.5, 0.5]))


# --- from pilot to estimate -----------------------------------------------------------------------

ENGINE = backend("auto")


@dataclass(frozen=True)
class Ready:
    """Arrays that no scenario file makes."""

    arrays: Packed

    def packed(self) -> Packed:
        return self.arrays


def estimated(scenario: Packed, paths: int = 20_000) -> Weighted:
    loss = PathLoss(f"day_{scenario.last_day}")
    with work_on() as work:
        tilt = choose_tilt(work, ENGINE, Ready(scenario), paths, loss)
    found = weighted_paths(ENGINE, scenario, tilt, range(paths), loss)
    strata = component_of(np.arange(paths))
    return Weighted.of(-found[PNL_TILTED.name], found[PATH_WEIGHT.name], strata, SHARES)


def assert_exact(sample: Weighted, level: float, exact: float, ratio: float) -> None:
    found = measure(sample, level)
    assert abs(found.es.value - exact) < 3 * found.es.standard_error
    assert found.gain_es > ratio and found.effective > st.WARN
    value, error = sample.mean(np.ones(sample.losses.size))
    assert abs(value - 1) < 3 * error


def test_a_short_of_a_lognormal() -> None:
    sigma, days = 0.03, 4
    scenario = packed(
        days=days, steps_per_day=4, sigma=sigma, channels=OFF, book_weight=-1.0, **FEES
    )
    sample, sd = estimated(scenario), sigma * np.sqrt(days)
    for level, ratio in ((0.99, 20), (0.999, 100)):
        z = stats.norm.ppf(level)
        assert_exact(sample, level, stats.norm.cdf(sd - z) / (1 - level) - 1, ratio)


def test_two_shorts_one_of_them_larger() -> None:
    """ES by quadrature over the first name's normal, in closed form over the second's."""
    days, sigma, size = 3, np.array([0.03, 0.05]), np.array([0.6, 0.3])
    scenario = packed(
        2,
        days=days,
        steps_per_day=3,
        sigma=sigma.tolist(),
        channels=OFF,
        book_weight=(-size).tolist(),
        **FEES,
    )
    s = sigma * np.sqrt(days)

    z = np.linspace(-9, 9, 4001)
    first = size[0] * (np.exp(s[0] * z - s[0] ** 2 / 2) - 1)

    def beyond(q: float) -> tuple[float, float]:
        """P(L > q) and E[L; L > q]."""
        least = np.maximum((q - first) / size[1] + 1, 1e-300)
        d = (np.log(least) + s[1] ** 2 / 2) / s[1]
        tail = stats.norm.sf(d)
        loss = first * tail + size[1] * (stats.norm.sf(d - s[1]) - tail)
        weight = stats.norm.pdf(z)
        above, lost = (float(integrate.simpson(v * weight, x=z)) for v in (tail, loss))
        return above, lost

    sample = estimated(scenario)
    for level, ratio in ((0.99, 10), (0.999, 50)):
        a = 1 - level
        q = optimize.brentq(lambda x, a=a: beyond(x)[0] - a, 0.05, 0.6, xtol=1e-10)
        assert_exact(sample, level, beyond(q)[1] / a, ratio)


def test_the_pilot_drives_prices_as_it_says() -> None:
    scenario = packed(2, days=3, steps_per_day=5, sigma=0.02, channels=OFF, factors=["f"],
                      loadings=[[0.01], [0.0]], normals_per_step=2, attention0=0.0)  # fmt: skip
    ids = path_ids(50, first=7)
    normals, clocks = drivers(scenario, ids)
    trace = ENGINE.simulate(scenario, ids, trace=True).trace
    assert trace is not None
    close = np.flatnonzero(scenario.schedule["step_of_day"] == 5) + 1
    own = np.sqrt(0.02**2 - np.array([0.01, 0.0]) ** 2)[:, None] * normals[:, :2]
    factor = np.array([0.01, 0.0])[:, None] * normals[:, 2:]
    wanted = np.cumsum(own + factor - 0.02**2 / 2, axis=2)
    np.testing.assert_allclose(trace["log_price"][:, close].swapaxes(1, 2), wanted, atol=2e-6)
    np.testing.assert_allclose(clocks, trace["restriction_clock"][:, 0], rtol=1e-5, atol=1e-7)


def test_noise_is_no_tilt_and_two_kinds_of_tail_are_told_apart() -> None:
    random = np.random.default_rng(5)
    normals, clocks = random.normal(size=(600, 3, 4)), random.exponential(size=(600, 3))
    assert np.count_nonzero(mixture(normals, clocks, 1)) <= 1
    normals[:300, 0] += 1.5
    normals[300:, 1] -= 1.5
    clocks[300:, 2] *= 2
    found = sorted(mixture(normals, clocks, 2).tolist())
    np.testing.assert_allclose(found[0][1][1:], -1.5, atol=0.25)
    np.testing.assert_allclose(found[1][0][1:], 1.5, atol=0.25)
    assert found[0][2][0] == pytest.approx(-0.5, abs=0.1) and found[1][2][0] == 0


# --- the store ------------------------------------------------------------------------------------

N, PATHS = 5000, 6000


def make(path: Path, where: Executor | None = None, **changes: Any) -> Path:
    scenarios = with_variants([SQUEEZE]) if changes.pop("vary", False) else (SQUEEZE, CALM)
    settings = {"paths": PATHS, "seed": 7, "block": 2048, "importance": N} | changes
    rest = {k: settings.pop(k) for k in ("workers",) if k in settings}
    return run_at(plan_of(*scenarios, **settings), path, where=where, **rest)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("importance") / "o.zarr", workers=1)


@pytest.mark.slow
def test_the_table_is_made_of_the_weighted_paths(store: Path) -> None:
    tree = open_results(store)
    table, given = tree["importance"].to_dataset(), tree["tilted"].to_dataset()
    assert given[PNL_TILTED.name].shape == (2, N) and given[PATH_WEIGHT.name].shape == (2, N)
    for s in (0, 1):
        sample = Weighted.of(
            -given[PNL_TILTED.name].values[s],
            given[PATH_WEIGHT.name].values[s],
            given["component_of"].values,
            given["share"].values,
        )
        found = measure(sample, 0.99)
        row = table.isel(scenario=s).sel(level=0.99)
        assert (
            float(row["es"]) == found.es.value and float(row["effective_tail"]) == found.effective
        )
        assert abs(float(table["mean_weight"][s]) - 1) < 3 * table["mean_weight_standard_error"][s]
        z = table["es_z"].values[s]
        assert (np.abs(z[~np.isnan(z)]) < 3).all() and (~np.isnan(z)).any()
    assert (given["mean"].values[:, 0] == 0).all() and (given["clock_rate"].values[:, 0] == 1).all()
    assert np.abs(given["mean"].values[:, 1:]).max() > 0.3


@pytest.mark.slow
def test_neither_workers_nor_order_nor_failures_change_a_byte(store: Path, tmp_path: Path) -> None:
    digest = store_digest(store)
    rooms: list[Executor] = [Shuffled(1), Failing({1: 2, 4: 1})]
    for number, where in enumerate(rooms):
        assert store_digest(make(tmp_path / f"{number}.zarr", where)) == digest


@pytest.mark.slow
def test_the_cut_into_blocks_changes_no_number(store: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "o.zarr", block=512)
    for group in ("importance", "tilted"):
        one, two = (open_results(path)[group].to_dataset() for path in (store, other))
        for name in one.data_vars:
            np.testing.assert_array_equal(one[name].values, two[name].values)


@pytest.mark.slow
def test_an_unfinished_run_is_finished_by_resume(store: Path, tmp_path: Path) -> None:
    unfinished = tmp_path / "o.zarr"
    with pytest.raises(Incomplete):
        make(unfinished, Failing({2: 99, 5: 99}))  # the pilot has pieces 0 and 1
    assert store_digest(resume(unfinished, placement=Placement(workers=2))) == store_digest(store)


@pytest.mark.slow
def test_damage_is_found_and_made_again(store: Path, tmp_path: Path) -> None:
    copy = make(tmp_path / "o.zarr")
    place = copy / chunk_key("path_weight", 1, 2)
    raw = bytearray(place.read_bytes())
    raw[9] ^= 1
    place.write_bytes(raw)
    with pytest.raises(StoreError, match="path_weight of scenario 1, block 2"):
        check_commit(copy)
    assert store_digest(resume(copy, placement=Placement(workers=1))) == store_digest(store)


@pytest.mark.slow
def test_nothing_weighted_leaks_into_the_plain_paths(store: Path, tmp_path: Path) -> None:
    plain = make(tmp_path / "o.zarr", importance=0)
    tree = open_results(plain)
    assert "importance" not in tree and "tilted" not in tree
    for group in ("losses", "histograms", "measures", "squeeze", "tail"):
        one, two = (open_results(path)[group].to_dataset() for path in (store, plain))
        for name in one.data_vars:
            np.testing.assert_array_equal(one[name].values, two[name].values)
    assert "weighted" not in printed(plain)


@pytest.mark.slow
def test_variants_are_left_out(tmp_path: Path) -> None:
    tree = open_results(make(tmp_path / "o.zarr", vary=True, paths=5000))
    assert len(tree["losses"].to_dataset()["scenario"]) > 3
    for group in ("importance", "tilted"):
        assert tree[group].to_dataset()["scenario"].values.tolist() == ["squeeze"]


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_show_and_report_have_the_table(store: Path) -> None:
    summary = Summary(open_results(store))
    explained = Explained(summary, 0)
    page, text = page_of(store), printed(store)
    title = f"ES at the worst moment of 2 days from {N:,} weighted paths"
    assert title in page and f"squeeze: {title}" in text
    assert explained.sharper() in page and explained.sharper()[:60] in text
    rows = explained.weighted()
    assert rows is not None and [row[0] for row in rows.rows][2] == "ES 99 %"
    thin = float(open_results(store)["importance"].to_dataset()["effective_tail"][0, -1])
    assert ("squeeze: the weighted tail is thin at" in text) == (thin < st.WARN)


def test_paths_at_odds_are_warned_of(store: Path) -> None:
    tree = open_results(store)
    scores = tree["importance"]["es_z"]
    assert isinstance(scores, xr.DataArray)
    scores.values[0, 1] = 4.5
    words = "squeeze: weighted and plain paths disagree; trust the plain ones."
    assert words in Summary(tree).warnings()
    assert words not in Summary(open_results(store)).warnings()


@pytest.mark.parametrize("importance", [4999, 6001, -1])
def test_a_number_that_cannot_be_is_refused(importance: int) -> None:
    with pytest.raises(InputError, match=f"importance: {importance:,} is not between 5,000"):
        plan_of(CALM, paths=6000, seed=1, importance=importance)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    few = ("--paths", "6e3", "--importance")
    code, _, err = command(capsys, monkeypatch, *RUN, *few, "1e5")
    assert (code, err.count("\n")) == (1, 1) and "the 6,000 paths of the run" in err
    code, out, _ = command(capsys, monkeypatch, *RUN, *few, "5e3")
    assert code == 0 and "--importance runs 5,000 weighted paths of each scenario besides" in out
    assert powderkeg.open("out.zarr")["importance"].attrs["paths"] == 5000


def test_a_specification_that_cannot_be_is_refused(tmp_path: Path) -> None:
    for changes, words in (
        ({"importance": 10}, "importance takes"),
        ({"importance": 10, "component_of": np.zeros(10, int)}, "tilts must have shape"),
    ):
        with pytest.raises(StoreError, match=words):
            create_store(tmp_path / "x.zarr", made_up_spec(**changes))
