"""Variants of a scenario: what changes with what nobody knows, and with which error."""

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import powderkeg
from powderkeg.engine.run.plan import with_variants
from powderkeg.engine.run.store_spec import varied
from powderkeg.results import StoreError, create_store, open_results, store_digest
from powderkeg.results.measures import statistics as st
from powderkeg.results.measures.levels import LEVELS
from powderkeg.results.report.headline import headline
from powderkeg.results.report.summary import Summary
from powderkeg.results.store.schema import Variant
from powderkeg.results.testing import made_up_spec, made_up_store
from powderkeg.scenarios import Scenario
from powderkeg.screen.plan import show_plan
from tests.helpers.said import page_of, printed
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE, plan_of

RANGES = {"impact": (0.5, 2.0), "max_multiple": (), "dealer_sign": (-1.0,)}
VARIED = Scenario.model_validate({**SQUEEZE.model_dump(exclude_unset=True), "sensitivity": RANGES})
PLAIN = Scenario.model_validate(
    {
        **CALM.model_dump(exclude_unset=True),
        "sensitivity": {"impact": (), "max_multiple": (), "dealer_sign": ()},
    }
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sensitivity")
    written: Path = powderkeg.run(
        BOOK, MARKET, [PLAIN, VARIED], folder / "o.zarr", chain=CHAIN, paths=6000, sensitivity=True
    )
    return written


def test_bases_come_first_and_variants_say_what_they_vary() -> None:
    everyone = with_variants([PLAIN, VARIED])
    assert [s.variant_of for s in everyone] == [None, None, *["squeeze"] * 3]
    assert [varied(s, everyone) for s in everyone[2:]] == [
        Variant("squeeze", "impact", 0.5),
        Variant("squeeze", "impact", 2.0),
        Variant("squeeze", "dealer_sign", -1.0),
    ]
    assert varied(PLAIN, everyone).base == ""


@pytest.mark.slow
def test_changes_are_paired(store: Path) -> None:
    """Exactly the paired difference of the losses, path by path the same random numbers."""
    tree = open_results(store)
    table, pnl = tree["sensitivity"].to_dataset(), tree["losses"].to_dataset()["worst_pnl"].values
    assert table["parameter"].values.tolist() == ["impact", "impact", "dealer_sign"]
    assert table["value"].values.tolist() == [0.5, 2.0, -1.0]
    assert set(table["base"].values.tolist()) == {"squeeze"}
    scenarios = [str(s) for s in tree["losses"].to_dataset()["scenario"].values]
    base = -pnl[scenarios.index("squeeze")].astype(float)
    for row, variant in enumerate(table["variant"].values):
        losses = -pnl[scenarios.index(str(variant))].astype(float)
        for number, level in enumerate(LEVELS):
            here = table.isel(variant=row, level=number)
            if st.tail_paths(6000, level) < st.REFUSE:
                assert math.isnan(here["es"]) and math.isnan(here["change"])
                continue
            change = st.es_difference(losses, base, level)
            assert float(here["es"]) == st.var_es(losses, level)[1].value
            assert float(here["change"]) == change.value
            assert float(here["change_standard_error"]) == change.standard_error
            assert float(here["change_low"]) == change.low
    measured = tree["measures"].to_dataset()["estimate"].sel(measure="es_99_worst", feedback="on")
    es = table["es"].sel(level=0.99).values
    np.testing.assert_array_equal(measured.values[2:], es)


def test_pairing_pays(store: Path) -> None:
    table = open_results(store)["sensitivity"].to_dataset().sel(level=0.95)
    apart = np.hypot(table["es_standard_error"], table["es_standard_error"])
    assert (table["change_standard_error"].values < 0.7 * np.asarray(apart)).all()


@pytest.mark.slow
def test_headline_and_tables_keep_to_what_was_given(store: Path) -> None:
    summary = Summary(open_results(store))
    assert len(summary.scenarios) == 5 and summary.given == [0, 1]
    assert sorted(summary.order) == [0, 1]
    assert "squeeze, the worst of 2" in headline(summary)
    rows = summary.sensitivity
    assert [row.parameter for row in rows] == ["", "impact x", "impact x", "dealers' sign"]
    assert [row.value for row in rows] == ["as given", "0.5", "2", "\N{MINUS SIGN}1"]
    text, page = printed(store), page_of(store)
    for part in (
        "What nobody knows, varied: ES 99 % at the worst moment",
        "dealers' sign",
        "2 scenarios",
    ):
        assert part in text
    assert "squeeze, impact" not in text
    assert "What nobody knows, varied" in page and "squeeze, impact" not in page


def test_the_ordinary_run_has_no_such_table(tmp_path: Path) -> None:
    made_up_store(tmp_path / "x.zarr", made_up_spec(paths=1000, block_size=1000, days=2))
    tree = open_results(tmp_path / "x.zarr")
    assert "sensitivity" not in tree and Summary(tree).sensitivity == []
    assert "What nobody knows" not in printed(tmp_path / "x.zarr")


@pytest.mark.slow
def test_variants_change_nothing_of_their_base(store: Path, tmp_path: Path) -> None:
    alone = powderkeg.run(
        BOOK, MARKET, [PLAIN, VARIED], tmp_path / "o.zarr", chain=CHAIN, paths=6000
    )
    assert store_digest(alone) != store_digest(store)
    for group in ("losses", "loop_gain", "squeeze"):
        one, two = (open_results(p)[group].to_dataset() for p in (alone, store))
        for name in one.data_vars:
            np.testing.assert_array_equal(one[name].values, two[name].values[:2])


def test_the_plan_says_what_it_costs() -> None:
    plan = plan_of(*with_variants([PLAIN, VARIED]), paths=10, seed=1)
    console = Console(width=120, file=io.StringIO(), force_terminal=False)
    show_plan(console, plan, [], 1, "embedded")
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "10 paths x (2 scenarios and 3 variants) x 3 names" in text
    assert "--sensitivity makes this run 2.5 times as long as it would be without" in text
    assert "squeeze, impact" not in text


@pytest.mark.parametrize(
    "variants",
    [
        (Variant(), Variant("nobody", "impact", 2.0)),
        (Variant("quiet", "impact", 2.0), Variant("gme-2021", "impact", 2.0)),
        (Variant(),),
    ],
)
def test_variants_of_nothing_are_refused(variants: tuple[Variant, ...], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="variant"):
        create_store(tmp_path / "x.zarr", replace(made_up_spec(), variants=variants))
