"""The table of measures against numbers worked out by hand, and the tables from histograms."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.results import open_results
from powderkeg.results.formats import clean, money, percent, percent_range
from powderkeg.results.measures.histograms import histogram_quantiles
from powderkeg.results.measures.levels import LEVELS
from powderkeg.results.measures.statistics import es_difference, var_es, wilson
from powderkeg.results.measures.table import list_measures, measure_scenario
from powderkeg.results.testing import made_up_block, made_up_spec, made_up_store, price_edges

Arrays = dict[str, npt.NDArray[np.float32]]


@pytest.fixture
def arrays() -> Arrays:
    """10,000 paths, one horizon: losses 0.0001 to 1, with feedback off a tenth of it."""
    n = 10_000
    loss = (np.arange(n, dtype=np.float32) + np.float32(1)) / np.float32(n)
    never = np.full(n, np.nan, np.float32)
    called = never.copy()
    called[-300:] = 2.5
    floor = np.zeros(n, np.float32)
    floor[-40:] = 2
    worst = np.float32(-1.25) * loss
    return {
        "pnl": -loss[None],
        "pnl_calm": np.float32(-0.1) * loss[None],
        "worst_pnl": worst,
        "worst_pnl_calm": np.float32(0.1) * worst,
        "margin_call_day": called,
        "margin_call_day_calm": never,
        "margin_call_day_close": np.where(np.arange(n) < n - 100, np.nan, 3).astype(np.float32),
        "margin_call_day_close_calm": never,
        "floor_names": floor,
        "worst_close_pnl": worst,
        "worst_close_pnl_calm": np.float32(0.1) * worst,
        "largest_call": np.maximum(loss - np.float32(0.5), 0),
        "largest_call_calm": np.zeros(n, np.float32),
        "forced_day": called,
        "unmet_day": np.where(np.arange(n) < n - 50, np.nan, 4).astype(np.float32),
        "largest_nav_loss": loss,
        "largest_margin_rise": np.float32(0.5) * loss,
    }


def test_measures_by_hand(arrays: Arrays) -> None:
    rows = measure_scenario(arrays, (5,))
    assert list(rows) == [m.measure for m in list_measures((5,))]
    var, es = rows["var_99_day_5"], rows["es_99_day_5"]
    assert var.on.value == pytest.approx(0.99, rel=1e-6)
    assert es.on.value == pytest.approx(0.99 + 0.01 * 0.505, rel=1e-6)
    assert es.off.value == pytest.approx(0.1 * es.on.value, rel=1e-6)
    assert es.difference.value == pytest.approx(0.9 * es.on.value, rel=1e-6)
    assert es.tail_paths == 100
    assert es.floor_share == pytest.approx(40 / 101)
    assert rows["var_99_worst"].on.value == pytest.approx(1.25 * 0.99, rel=1e-6)
    call, close, ruin = (rows[f"p_{m}"] for m in ("margin_call", "margin_call_close", "ruin"))
    assert (call.on.value, call.tail_paths, call.floor_share) == (0.03, 300, 40 / 300)
    assert (close.on.value, close.floor_share) == (0.01, 0.4)
    assert ruin.on.value == pytest.approx(0.2001)  # 1.25 loss >= 1
    assert (call.off.value, call.off.low) == (0.0, 0.0)
    assert call.off.high == pytest.approx(1 - 0.025**1e-4)
    assert (rows["p_forced"].on.value, rows["p_forced"].off.value) == (0.03, 0.0)
    assert rows["var_99_call"].on.value == pytest.approx(0.99 - 0.5, rel=1e-6)
    assert rows["p_call_unmet"].on.value == 0.005
    assert rows["p_nav_loss_20_10d"].on == wilson(8001, 10_000)  # .2 itself counts
    assert rows["p_margin_rise_20_10d"].on == wilson(6001, 10_000)
    assert rows["p_close_20"].on == wilson(8400, 10_000)  # 1.25 loss > .2
    assert rows["p_loss_20_day_5"].on == wilson(8000, 10_000)
    assert rows["p_loss_10_day_5"].off.value == 0.0


def test_a_quantile_without_support_is_refused_and_no_other(arrays: Arrays) -> None:
    rows = measure_scenario(arrays, (5,))
    for level in LEVELS:
        name = f"{100 * level:g}_day_5"
        refused = 10_000 * (1 - level) < 49.9
        assert math.isnan(rows[f"es_{name}"].on.value) == refused == (level == 0.999)
        assert math.isnan(rows[f"var_{name}"].difference.value) == refused


def test_a_lost_path_is_an_error_not_fewer_paths(arrays: Arrays) -> None:
    for name in ("pnl", "pnl_calm", "worst_pnl"):
        damaged = {**arrays, name: arrays[name].copy()}
        damaged[name].flat[17] = np.nan
        with pytest.raises(ValueError, match="finite"):
            measure_scenario(damaged, (5,))


def test_the_store_holds_what_the_losses_say(tmp_path: object) -> None:
    path = f"{tmp_path}/x.zarr"
    spec = made_up_store(path, made_up_spec(symbols=("AMC", "GME"), paths=6000, block_size=2500))
    tree = open_results(path)
    blocks = [made_up_block(spec, 0, b) for b in range(spec.blocks)]
    on, off = (np.concatenate([-b[n][-1] for b in blocks]) for n in ("pnl", "pnl_calm"))
    table = tree["measures"].to_dataset().isel(scenario=0)
    for level in (0.95, 0.99):
        row = table.sel(measure=f"es_{100 * level:g}_day_10")
        es, base = var_es(on, level)[1], var_es(off, level)[1]
        for column in ("standard_error", "low", "high"):
            found = [float(x) for x in row[column].values]
            assert found == pytest.approx([getattr(es, column), getattr(base, column)], rel=1e-9)
        difference = es_difference(on, off, level)
        assert float(row["difference"]) == pytest.approx(difference.value, rel=1e-9)
        assert float(row["difference_standard_error"]) == pytest.approx(
            difference.standard_error, rel=1e-9
        )
    peaks = np.sum([b["peaks"].astype(int) for b in blocks], axis=0)
    odds = tree["squeeze"].to_dataset().isel(scenario=0)
    for j, multiple in enumerate((2, 5, 10)):
        hits = peaks[:, price_edges()[:-1] >= multiple].sum(axis=1)
        assert odds["probability"].values[:, j] == pytest.approx(hits / 6000)
        assert odds["low"].values[1, j] == pytest.approx(wilson(int(hits[1]), 6000).low)
    assert tree["measures"].to_dataset()["tail_paths"].dtype == np.int64


def test_histogram_quantiles_find_those_of_the_sample() -> None:
    rng = np.random.default_rng(8)
    sample = np.exp(0.4 * rng.standard_normal((3, 200_000)))
    edges = price_edges()
    counts = np.stack([np.histogram(row, edges)[0] for row in sample])
    levels = (0.05, 0.5, 0.95)
    found = histogram_quantiles(counts, edges, levels, geometric=True)
    assert found == pytest.approx(np.quantile(sample, levels, axis=1).T, rel=2e-3)


def test_histogram_quantiles_at_the_ends() -> None:
    counts = np.array([[0, 0, 4, 0], [1, 0, 0, 1], [7, 0, 0, 0]])
    edges = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    found = histogram_quantiles(counts, edges, (0.01, 0.5, 1.0))
    assert found[0] == pytest.approx([2.125, 2.5, 3.0])  # at least half a path into the bin
    assert found[1] == pytest.approx([0.5, 1.0, 4.0])
    assert (found[2] <= 1).all() and (np.diff(found, axis=1) >= 0).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6366, "63.7 %"),
        (12.341, "1,234 %"),
        (0.0, "0 %"),
        (-0.0345, "−3.5 %"),
        (0.000067, "0.0067 %"),
        (-1e-12, "0.000000 %"),
        (math.nan, "refused"),
    ],
)
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


def test_formats() -> None:
    assert percent_range(0.599, 0.674, 0.637) == "59.9–67.4 %"
    assert percent_range(-0.02, 0.03, 0.01) == "−2.0 – 3.0 %"
    assert percent_range(0.0, 0.00006, 0.0) == "0–0.0060 %"
    assert percent_range(math.nan, math.nan) == ""
    assert money(0.637, 250e6, "USD") == "USD 159 m"
    assert money(-0.5, 3e3, "EUR") == "−EUR 1.50 k"
    assert money(2, 3e9, "USD") == "USD 6.00 bn"
    assert clean("GME\x1b[31m\n") == "GME�[31m�"
