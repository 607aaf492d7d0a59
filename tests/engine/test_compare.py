"""Why ES changed between two stores: every part against runs of its own."""

import json
from dataclasses import astuple, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import QuantLib as ql

from powderkeg.engine.compare import plan as module
from powderkeg.engine.compare.compare import compare
from powderkeg.engine.compare.plan import NOISE, PARTS, VERSION, plan_comparison
from powderkeg.engine.stored import Finished, Losses, finished
from powderkeg.results import open_results
from powderkeg.results.measures import statistics as st
from powderkeg.results.measures.path_loss import PathLoss
from powderkeg.scenarios import Book, InputError, Market, Position
from powderkeg.scenarios.derivatives import Derivative, contract_of
from tests.helpers.cli_runs import RUN, command, folder
from tests.helpers.compared import (
    LATER,
    LOUDER,
    MORE,
    at_prices,
    es,
    parts_of,
    store,
    yesterday,
)
from tests.helpers.small_run import AS_OF, BOOK, CALM, MARKET, SQUEEZE

__all__ = ["folder", "yesterday"]  # fixtures


@pytest.mark.slow
def test_a_store_is_itself(yesterday: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module, "simulate")  # nothing may run
    found = compare(yesterday, yesterday)
    assert found.runs == 0 and len(found.differences) == 2
    for difference in found.differences:
        assert list(difference.parts) == list(PARTS)
        for part in (difference.total, *difference.parts.values()):
            assert (part.value, part.standard_error) == (0.0, 0.0)


@pytest.mark.slow
def test_only_the_book_changed(
    yesterday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tonight = store(tmp_path / "t.zarr", MORE, MARKET, [SQUEEZE, CALM])
    monkeypatch.delattr(module, "simulate")  # both ends are known
    found = compare(yesterday, tonight)
    assert found.runs == 0 and found.level == 0.975 and str(found.measure) == "worst"
    for difference in found.differences:
        for name, part in difference.parts.items():
            if name != "book":
                assert (part.value, part.standard_error) == (0.0, 0.0)
        assert difference.parts["book"] == difference.total
    (squeeze,) = (d for d in found.differences if d.scenario == "squeeze")
    losses = [
        -open_results(path)["losses"].to_dataset()["worst_pnl"].values[0].astype(float)
        for path in (tonight, yesterday)
    ]
    expected = st.es_difference(losses[0], losses[1], 0.975)
    assert squeeze.total.value == pytest.approx(expected.value, rel=1e-12)
    assert squeeze.total.standard_error == pytest.approx(expected.standard_error, rel=1e-6)
    # a bigger short loses more, and the pairs know it far better than two runs would
    apart = (squeeze.yesterday.standard_error**2 + squeeze.tonight.standard_error**2) ** 0.5
    assert squeeze.total.value > 0 and squeeze.total.standard_error < apart / 3


@pytest.mark.slow
def test_everything_changed_and_every_part_is_a_run_of_its_own(
    yesterday: Path, tmp_path: Path
) -> None:
    book = at_prices(MORE, LATER)
    tonight = store(tmp_path / "t.zarr", book, LATER, [LOUDER], seed=11, paths=3000)
    found = compare(yesterday, tonight, paths=2000)
    (difference,) = found.differences
    assert (found.paths, found.runs, found.only_yesterday) == (2000, 4, ("calm",))
    parts = parts_of(difference)
    assert parts[VERSION] == 0
    ways = {
        "seed": store(tmp_path / "0.zarr", BOOK, MARKET, [SQUEEZE], seed=11, paths=2000),
        "book": store(tmp_path / "1.zarr", MORE, MARKET, [SQUEEZE], seed=11, paths=2000),
        "market": store(tmp_path / "2.zarr", book, LATER, [SQUEEZE], seed=11, paths=2000),
        "scenario": tonight,
    }
    before = ways.pop("seed")
    for name, after in ways.items():
        change = es(after, 2000).value - es(before, 2000).value
        assert parts[name] == pytest.approx(change, rel=1e-9), name
        before = after
    noise = es(yesterday).standard_error ** 2 + es(tonight).standard_error ** 2
    assert 0.3 * noise**0.5 < difference.parts[NOISE].standard_error < 3 * noise**0.5
    assert abs(parts[NOISE]) < 4 * difference.parts[NOISE].standard_error


@pytest.mark.slow
def test_noise_of_fewer_paths_has_the_error_of_a_sample_in_a_sample(
    yesterday: Path, tmp_path: Path
) -> None:
    """Var(ES_m - ES_n) = Var(ES_m) - Var(ES_n) where the n paths hold the m."""
    first = store(tmp_path / "t.zarr", BOOK, MARKET, [SQUEEZE], paths=2000)
    (difference,) = compare(yesterday, first).differences
    assert set(parts_of(difference)) == set(PARTS)
    assert astuple(difference.parts[NOISE]) == pytest.approx(astuple(difference.total), rel=1e-12)
    few, all_ = es(first), es(yesterday)
    assert difference.total.value == pytest.approx(few.value - all_.value, rel=1e-12)
    expected = (few.standard_error**2 - all_.standard_error**2) ** 0.5
    assert difference.total.standard_error == pytest.approx(expected, rel=0.1)


@pytest.mark.slow
def test_another_build_has_what_is_left(
    yesterday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build whose losses were a tenth larger: 1/11 of them is its part, whatever else changed."""
    tonight = store(tmp_path / "t.zarr", MORE, MARKET, [SQUEEZE])

    class Older(Finished):
        def losses(self, scenario: int, measure: PathLoss) -> Losses:
            made = super().losses(scenario, measure)
            return Losses(made.pnl * np.float32(1.1), made.called)

    def opened(path: str | Path) -> Finished:
        made = finished(path)
        if path != yesterday:
            return made
        return Older(made.store, made.tree, made.job, "older")

    monkeypatch.setattr(module, "finished", opened)
    found = compare(yesterday, tonight)
    (difference,) = found.differences
    parts = parts_of(difference)
    assert found.runs == 1
    assert parts[VERSION] == pytest.approx(-0.1 * es(yesterday).value, rel=1e-6)
    book = es(tonight).value - es(yesterday).value
    assert parts["book"] == pytest.approx(book, rel=1e-9)
    assert parts["market"] == parts["scenario"] == parts[NOISE] == 0


@pytest.mark.slow
def test_a_book_that_does_not_fit_yesterdays_market_shares_a_part_with_it(
    yesterday: Path, tmp_path: Path
) -> None:
    rows = dict(MARKET.rows)
    rows["NO"] = replace(rows["NO"], short_interest=4e7, lendable=8e7)
    gme, spy, no = BOOK.positions
    book = replace(BOOK, positions=(gme, spy, replace(no, quantity=-3e7)), cash=5e8)
    tonight = store(tmp_path / "t.zarr", book, replace(MARKET, rows=rows), [SQUEEZE])
    (difference,) = compare(yesterday, tonight).differences
    parts = parts_of(difference)
    assert list(parts) == ["book and market", "scenario", VERSION, NOISE]
    assert parts["book and market"] == difference.total.value


def test_names_bought_and_sold_are_part_of_the_book(yesterday: Path, tmp_path: Path) -> None:
    rows = {"GME": MARKET["GME"], "SPY": MARKET["SPY"], "XYZ": replace(MARKET["NO"], symbol="XYZ")}
    positions = (*BOOK.positions[:2], Position("4", "XYZ", 1e6, 10.0, 0.25))
    book = Book(positions, cash=50e6)
    tonight = store(tmp_path / "t.zarr", book, Market(rows, AS_OF), [SQUEEZE])
    found = compare(yesterday, tonight)
    assert (found.bought, found.sold) == (("XYZ",), ("NO",))
    (difference,) = found.differences
    parts = parts_of(difference)
    assert parts["book"] == pytest.approx(difference.total.value, abs=1e-15)
    assert parts["market"] == 0 and list(difference.names) == ["dates"]
    # bought for what the other brought at the same prices: no cash is left unexplained
    assert set(difference.trades) == {"NO", "XYZ"}


def black(contract: Derivative, spot: float, vol: float, days: int) -> float:
    kind = ql.Option.Call if contract.kind == "call" else ql.Option.Put
    return float(ql.blackFormula(kind, contract.strike, spot, vol * (days / 252) ** 0.5))


def test_contracts_bought_are_part_of_the_book(
    yesterday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = contract_of("GME210129C00043000", 5000, MARKET, "test")
    hedged = replace(BOOK, derivatives=(call,), cash=BOOK.cash - call.value)
    tonight = store(tmp_path / "t.zarr", hedged, MARKET, [SQUEEZE])
    monkeypatch.delattr(module, "simulate")  # both ends are known
    found = compare(yesterday, tonight)
    assert (found.bought, found.sold) == (("GME 2021-01-29 43 call",), ())
    (difference,) = found.differences
    parts = parts_of(difference)
    assert parts["book"] == difference.total.value < 0
    assert parts["market"] == parts["scenario"] == parts[VERSION] == parts[NOISE] == 0


@pytest.mark.slow
def test_contracts_are_marked_at_yesterdays_close_before_its_market_moves(
    yesterday: Path, tmp_path: Path
) -> None:
    """The book's call has 1.2 times the volatility of its name in both books; a day has passed."""
    as_of = date(2021, 1, 19)
    gme = replace(LATER["GME"], implied_vol=3.0)
    later = replace(LATER, rows={**LATER.rows, "GME": gme}, as_of=as_of)
    call = replace(contract_of("GME210129C00043000", 5000, later, "test"), implied_vol=3.6)
    put = contract_of("NO210122P00009000", -2000, later, "test")
    future = Derivative("f", "SPY", "future", -10, 50, 375.0, 375.0)
    call = replace(call, price=black(call, 39.0, 3.6, 8))
    book = replace(at_prices(BOOK, later), derivatives=(call, put, future))
    before = replace(
        BOOK,
        derivatives=(
            replace(call, price=black(call, 35.5, 1.2 * 2.69, 9), implied_vol=1.2 * 2.69,
                    expiry_day=9),
            replace(put, price=black(put, 10.0, 0.7, 4), expiry_day=4),
            future,
        ),
    )  # fmt: skip
    tonight = store(tmp_path / "t.zarr", book, later, [SQUEEZE])
    (difference,) = compare(yesterday, tonight).differences
    parts = parts_of(difference)
    at_old_prices = store(tmp_path / "b.zarr", before, MARKET, [SQUEEZE])
    change = es(at_old_prices).value - es(yesterday).value
    assert parts["book"] == pytest.approx(change, rel=1e-6)
    market = es(tonight).value - es(at_old_prices).value
    assert parts["market"] == pytest.approx(market, rel=1e-6)
    # the other way round the contract of tonight has not been there, or would have expired
    after_expiry = replace(later, as_of=date(2021, 1, 25))
    newer = store(tmp_path / "n.zarr", at_prices(BOOK, later), after_expiry, [SQUEEZE])
    (backwards,) = compare(newer, tonight).differences
    assert "book and market" in backwards.parts


@pytest.mark.slow
def test_what_cannot_be_compared(yesterday: Path, tmp_path: Path) -> None:
    other = CALM.model_copy(update={"id": "other"})
    tonight = store(tmp_path / "t.zarr", BOOK, MARKET, [other])
    with pytest.raises(InputError, match="no scenario in common: squeeze, calm and other"):
        plan_comparison(yesterday, tonight)
    longer = CALM.model_copy(update={"horizon_days": 3, "horizons": (3,)})
    tonight = store(tmp_path / "u.zarr", BOOK, MARKET, [longer])
    with pytest.raises(InputError, match="no day of losses in common"):
        plan_comparison(yesterday, tonight)
    with pytest.raises(InputError, match="paths: 5,000 is more than the 4,000 paths"):
        plan_comparison(yesterday, yesterday, paths=5000)


@pytest.mark.slow
def test_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(capsys, monkeypatch, *RUN, "--paths", "1200")[0] == 0
    text = (folder / "book.csv").read_text().replace("-1000000", "-900000")
    (folder / "book.csv").write_text(text)
    later = (*RUN[:-1], "later.zarr", "--paths", "1000", "--seed", "5")
    assert command(capsys, monkeypatch, *later)[0] == 0
    code, out, err = command(capsys, monkeypatch, "compare", "out.zarr", "later.zarr")
    assert code == 0, err
    assert err.startswith("2 runs of 1,000 paths\n")  # another seed; the position, then cash
    assert out.startswith("short: ES 95 % at the worst moment")
    for text in (
        "ES 95 % at the worst moment",
        "yesterday",
        "book",
        VERSION,
        NOISE,
        "total",
        "tonight",
    ):
        assert text in out
    assert max(len(line) for line in out.splitlines()) <= 100
    words = ("compare", "out.zarr", "later.zarr", "--json")
    code, out, _ = command(capsys, monkeypatch, *words)
    (found,) = json.loads(out)["differences"]
    assert code == 0 and found["parts"]["market"]["value"] == 0
    code, out, err = command(capsys, monkeypatch, "compare", "out.zarr", "none.zarr")
    said = "powderkeg: none.zarr: no such results store; check the name and the folder\n"
    assert (code, out, err) == (1, "", said)
