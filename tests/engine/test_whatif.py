"""What-if: a changed book on the same paths, against formulas and runs of its own."""

import json
import math
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

import powderkeg
from powderkeg.engine.whatif.book_change import (
    Change,
    Terms,
    changed,
    changed_book,
    cost_of,
)
from powderkeg.engine.whatif.effects import Effect, Shift, whatif
from powderkeg.engine.whatif.effects import _order as order
from powderkeg.engine.whatif.question import ask
from powderkeg.kernels.packing.scenario import pack, prepare
from powderkeg.results import open_results
from powderkeg.results.measures import statistics as st
from powderkeg.scenarios import Book, InputError, Position, Scenario, bind
from tests.helpers.cli_runs import RUN, command, folder
from tests.helpers.small_run import BOOK, CHAIN, MARKET, SQUEEZE

__all__ = ["folder"]  # a fixture

OFF = dict.fromkeys(
    (str(c.name).lower() for c in powderkeg.kernels.records.ALL_CHANNELS), False
)  # fmt: skip
STILL = Scenario.model_validate(
    {"id": "still", "horizon_days": 2, "steps_per_day": 8, "channels": OFF}
)
ONE_SHORT = Book((Position("1", "GME", -1_000_000, 35.5, 0.3),), cash=60e6)
CAP = 43.0  # between the 97.5 and the 99 % quantile of the price on day 2
CAP_MARK = ql.blackFormula(ql.Option.Call, CAP, 35.5, 2.69 * math.sqrt(2 / 252))
# Everything in a scenario that could look at the book.
STORY = Scenario.model_validate(
    {
        **SQUEEZE.model_dump(exclude_unset=True),
        "id": "story",
        "names": {
            "GME": {"crowd": {"initial_attention": 0.05, "infection": 1.0}},
            "shorts": {"clearing": {"impact_factor": 1.5}, "borrow": {"fee_threshold": 0.1}},
        },
        "market_shifts": [
            {"symbol": "shorts", "field": "short_interest", "type": "relative", "size": 0.1}
        ],
        "funds": {"twin": {"equity": 2e8, "copies": 1.0, "threshold": 0.01}},
        "timeline": [
            {"type": "lendable_recall", "names": "shorts", "day": 1, "size": 0.2},
            {"type": "margin_rate", "names": "shorts", "day": 1, "size": 1.0},
        ],
    }
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A single short without feedback, and three names in a story, 6,000 paths each."""
    made = tmp_path_factory.mktemp("whatif")
    powderkeg.run(ONE_SHORT, MARKET, [STILL], made / "one.zarr", paths=6000, seed=3)
    scenarios = [STORY, STILL]
    powderkeg.run(BOOK, MARKET, scenarios, made / "all.zarr", chain=CHAIN, paths=6000, seed=3)
    return made


def only(effects: dict[str, list[Effect]]) -> Effect:
    ((effect,),) = effects.values()
    return effect


@pytest.mark.slow
def test_half_a_short_without_feedback_loses_half(stores: Path) -> None:
    """Every loss halves, so psi does: ES changes by -ES/2 with half the error of ES."""
    effect = only(whatif(stores / "one.zarr", [Change("GME", 0.5)], rate=0.0).effects)
    measures = open_results(stores / "one.zarr")["measures"].to_dataset()
    for level, shift in effect.es.items():
        row = measures.sel(measure=f"es_{100 * level:.6g}_worst", feedback="on", scenario="still")
        es, se = float(row["estimate"]), float(row["standard_error"])
        assert shift.before.value == pytest.approx(es, rel=1e-9)
        assert shift.after.value == pytest.approx(es / 2, rel=1e-6)
        assert shift.change.value == pytest.approx(-es / 2, rel=1e-6)
        assert shift.change.standard_error == pytest.approx(se / 2, rel=1e-5)
    assert list(effect.es) == [0.99, 0.975]
    assert effect.cost == 0 and math.isnan(effect.relief_per_cost)


def test_a_closed_book_loses_nothing(stores: Path) -> None:
    changes = [Change(symbol, 0.0) for symbol in BOOK.symbols]
    found = whatif(stores / "all.zarr", changes)
    for effects in found.effects.values():
        assert len(effects) == 4
        (everything,) = [e for e in effects if e.change == "all together"]
        for shift in everything.es.values():
            assert shift.before.value > 0.01
            assert (shift.after.value, shift.after.standard_error) == (0.0, 0.0)
            assert shift.change.value == -shift.before.value
            assert shift.change.standard_error == pytest.approx(shift.before.standard_error)
        assert everything.margin_call.after.value == 0
        alone = sum(e.cost for e in effects if e.change != "all together")
        assert everything.cost == pytest.approx(alone)


def test_a_factor_of_one_changes_nothing_whatever_the_scenario_says_of_the_book(
    stores: Path,
) -> None:
    found = whatif(stores / "all.zarr", [Change(symbol, 1.0) for symbol in BOOK.symbols])
    for effects in found.effects.values():
        for effect in effects:
            assert effect.cost == 0
            for shift in (*effect.es.values(), effect.margin_call):
                assert (shift.change.value, shift.change.standard_error) == (0.0, 0.0)


def test_the_book_changes_and_the_story_does_not() -> None:
    """A closed short is bought from elastic holders and given back; nobody else notices."""
    bound = bind(STORY, BOOK, MARKET, CHAIN)
    before = prepare(bound, seed=1).packed
    after = changed_book(BOOK, [Change("GME", 0.0), Change("SPY", 0.5)], cost=1e6)
    packed = pack(changed(bound, after), seed=1)
    assert packed.symbols == before.symbols
    gme, _, spy = (before.symbols.index(s) for s in ("GME", "NO", "SPY"))
    floats = 1_000_000 / MARKET["GME"].float_shares
    old, new = before.names, packed.names
    assert new["book0"][gme] == 0 and new["book_weight"][gme] == 0
    assert new["elastic0"][gme] == pytest.approx(old["elastic0"][gme] - floats, abs=1e-6)
    sold = 50_000 / MARKET["SPY"].float_shares
    assert new["elastic0"][spy] == pytest.approx(old["elastic0"][spy] + sold, abs=1e-6)
    # lambda = M/E0 is what the scenario gives, so M follows E0.
    ratio = new["elasticity"] / new["elastic0"] / (old["elasticity"] / old["elastic0"])
    assert ratio == pytest.approx(1, rel=1e-6)
    own = {"book0", "book_weight", "book_inverse", "book_value", "book_margin"}
    own |= {"elastic0", "elastic_normal", "elastic_min", "elasticity"}
    for field in set(old.dtype.names or ()) - own - {"fee_excess0"}:
        assert np.array_equal(new[field], old[field]), field
    assert new["fee_excess0"][gme] < old["fee_excess0"][gme]  # fewer shares are on loan
    np.testing.assert_array_equal(packed.positions, before.positions)
    np.testing.assert_array_equal(packed.loadings, before.loadings)
    np.testing.assert_array_equal(packed.events, before.events)
    assert after.equity == pytest.approx(BOOK.equity - 1e6, rel=1e-12)


def test_cost_is_half_the_linear_impact() -> None:
    """1/2 lambda q^2 P(0) with lambda of the square-root law, by hand."""
    ready = prepare(bind(STILL, BOOK, MARKET, CHAIN), seed=1)
    sigma, adv = 0.6 / math.sqrt(252), 2e6 / 1e8
    impact = sigma * math.sqrt(0.1 / adv) / 0.1  # log price per float
    traded = 0.75 * 2_000_000 / 1e8  # floats
    expected = 0.5 * impact * traded**2 * 1e8 * 10.0
    changes = [Change("NO", 0.25)]
    lambdas = {each.symbol: each.per_float for each in ready.impacts}
    assert cost_of(changes, BOOK, Terms(MARKET, lambdas)) == pytest.approx(expected, rel=1e-12)
    two_percent = cost_of(changes, BOOK, Terms(MARKET, lambdas, 0.02))
    assert two_percent == pytest.approx(0.02 * 1.5e6 * 10)


def test_an_ask_and_a_spread_are_paid_beyond_the_mark(stores: Path) -> None:
    def cost(word: str, **more: Any) -> float:
        asked = ask(stores / "one.zarr", [], hedges=[f"GME210120C00043000=20{word}"], **more)
        (case,) = asked.cases
        assert case.scale == pytest.approx(1 - case.cost, rel=1e-12)
        return case.cost * ONE_SHORT.equity

    assert cost("", spread=0.1) == pytest.approx(0.1 * 2000 * CAP_MARK, rel=1e-9)
    assert cost("@3.5") == pytest.approx(2000 * (3.5 - CAP_MARK), rel=1e-9)
    assert cost(f"@{CAP_MARK:.4g}") == pytest.approx(0, abs=2000 * 1e-3)
    put = ql.blackFormula(ql.Option.Put, 30.0, 35.5, 2.69 * math.sqrt(2 / 252))
    (case,) = ask(stores / "one.zarr", [], hedges=["GME   210120P00030000=20"]).cases
    assert case.cost * ONE_SHORT.equity == pytest.approx(0.05 * 2000 * put, rel=1e-9)
    with pytest.raises(InputError, match="spread: 1 is not a fraction of the mark"):
        cost("", spread=1.0)


def test_first_paths_are_those_of_a_shorter_run(stores: Path, tmp_path: Path) -> None:
    short = powderkeg.run(
        BOOK, MARKET, [STORY], tmp_path / "short.zarr", chain=CHAIN, paths=2000, seed=3
    )
    changes = [Change("GME", 0.3), Change("SPY", 0.0)]
    few = whatif(stores / "all.zarr", changes, paths=2000).effects["story"]
    assert few == whatif(short, changes).effects["story"]
    assert list(few[0].es) == [0.975]  # 20 paths beyond the 99 % quantile are too few


@pytest.mark.slow
def test_half_a_short_is_a_run_of_the_smaller_book(tmp_path: Path) -> None:
    """With 500,000 shares less in the book and in the reported short interest, at no cost."""
    gme, *others = BOOK.positions
    book = replace(
        BOOK,
        positions=(replace(gme, quantity=-500_000), *others),
        cash=BOOK.cash - 500_000 * 35.5,
    )
    row = MARKET["GME"]
    row = replace(row, short_interest=row.short_interest - 500_000)
    market = replace(MARKET, rows={**MARKET.rows, "GME": row})
    runs = ((BOOK, MARKET, tmp_path / "a.zarr"), (book, market, tmp_path / "b.zarr"))
    before, after = (
        powderkeg.run(b, m, [SQUEEZE], into, chain=CHAIN, paths=5000, seed=3) for b, m, into in runs
    )
    effect = only(whatif(before, [Change("GME", 0.5)], rate=0.0).effects)
    losses = [
        -open_results(path)["losses"].to_dataset()["worst_pnl"].values[0].astype(float)
        for path in (after, before)
    ]
    for level, shift in effect.es.items():
        expected = st.es_difference(losses[0], losses[1], level)
        assert astuple(shift.change) == pytest.approx(astuple(expected), rel=1e-9)
    measures = open_results(after)["measures"].to_dataset().isel(scenario=0)
    calls = float(measures["estimate"].sel(measure="p_margin_call", feedback="on"))
    assert effect.margin_call.after.value == calls


def test_losses_are_counted_in_the_equity_before(stores: Path) -> None:
    """A large cost shrinks the equity, and not the losses of what is still held."""
    free, dear = (
        only(whatif(stores / "one.zarr", [Change("GME", 0.5)], rate=rate).effects)
        for rate in (0.0, 0.9)
    )
    equity = ONE_SHORT.equity
    assert dear.cost == pytest.approx(0.9 * 500_000 * 35.5 / equity)
    assert dear.main.after.value == pytest.approx(free.main.after.value, rel=1e-6)
    assert dear.margin_call.after.value > free.margin_call.after.value


def test_a_store_of_another_build_runs_again(stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [Change("GME", 0.5)]
    before = whatif(stores / "all.zarr", changes)
    monkeypatch.setattr("powderkeg.engine.stored.model_digest", lambda: "newer")
    question = ask(stores / "all.zarr", changes)
    assert question.again and question.runs == 4
    assert whatif(stores / "all.zarr", changes).effects == before.effects


def test_memory_is_checked_before_anything_runs(
    stores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powderkeg.engine.memory.available", lambda: 1 << 20)
    monkeypatch.setattr("powderkeg.engine.campaign.run_all", lambda *_: pytest.fail("it ran"))
    needs = r"needs \d+ MiB of memory and 1 MiB are available; give fewer `paths` or `workers`"
    with pytest.raises(InputError, match=needs):
        whatif(stores / "all.zarr", [Change("GME", 0.5)])


def test_relief_that_is_noise_has_no_price() -> None:
    def effect(change: float, error: float, cost: float) -> Effect:
        there = st.Estimate(change, error, change - 2 * error, change + 2 * error)
        shift = Shift(there, there, there)
        return Effect(f"{change}", cost, 0.0, {0.99: shift}, shift)

    noise, free, good, better = (
        effect(-0.001, 0.01, 1e-9),
        effect(-0.1, 0.01, 0.0),
        effect(-0.1, 0.01, 0.02),
        effect(-0.1, 0.01, 0.01),
    )
    worse = effect(0.1, 0.01, 0.01)
    assert sorted([worse, noise, good, free, better], key=order) == [
        free, better, good, noise, worse
    ]  # fmt: skip
    assert math.isnan(noise.relief_per_cost) and math.isnan(free.relief_per_cost)
    assert better.relief_per_cost == pytest.approx(10)


MISTAKES = {
    "nothing": (
        (),
        "nothing to change; give --close, --halve, --scale, --add, --hedge or --trades",
    ),
    "not-held": (("--close", "AMC"), '"AMC" is not in the book; it holds GME, NO'),
    "misspelt": (("--close", "GMEE"), '"GMEE" is not in the book, did you mean GME?'),
    "twice": (
        ("--close", "GME", "--halve", "gme"),
        "GME is changed twice; give it one change",
    ),
    "above-one": (
        ("--scale", "GME=1.2"),
        "GME: factor 1.2 is not between 0 (closed) and 1 (left alone)",
    ),
    "negative": (
        ("--scale", "GME=-1"),
        "GME: factor -1 is not between 0 (closed) and 1 (left alone)",
    ),
    "nan": (
        ("--scale", "GME=nan"),
        "GME: factor nan is not between 0 (closed) and 1 (left alone)",
    ),
    "no-factor": (("--scale", "GME"), '--scale: "GME" is not of the form BB=0.7'),
    "words": (("--scale", "GME=half"), '--scale: "half" is not a number; write BB=0.7'),
    "no-option": (
        ("--hedge", "GME=5"),
        '--hedge: "GME=5" is no option and number of contracts; write GME210129C00115000=2500, or '
        "=2500@3.40 with an ask per share",
    ),
    "half-a-contract": (
        ("--hedge", "GME210129C00115000=2.5"),
        '--hedge: "2.5" is not a whole number of contracts; write GME210129C00115000=2500, or '
        "=2500@3.40 with an ask per share",
    ),
    "no-ask": (
        ("--hedge", "GME210129C00115000=25@nan"),
        '--hedge: "nan" is not an ask per share; write GME210129C00115000=2500, or '
        "=2500@3.40 with an ask per share",
    ),
    "not-simulated": (
        ("--hedge", "AMC210129C00115000=25"),
        '--hedge: "AMC" has no row in the run\'s market file; give its row with --market',
    ),
    "expired": (
        ("--hedge", "GME210115C00115000=25"),
        "--hedge: expiry: no trading day from the as-of date 2021-01-15 to 2021-01-15",
    ),
    "no-date": (
        ("--hedge", "GME211315C00115000=25"),
        '--hedge: symbol: "GME211315C00115000": 211315 is not a date; write yymmdd, 210129',
    ),
    "below-the-mark": (
        ("--hedge", "GME210120C00043000=25@0.9"),
        f"--hedge: an ask of 0.9 is below {CAP_MARK:.4g}, what the model marks GME 2021-01-20 43 "
        "call at (implied volatility 269%); give more, or a better implied_vol in the market file "
        "and a new run",
    ),
    "hedged-twice": (
        ("--hedge", "GME210129C00115000=5", "--hedge", "gme 210129c00115000=6"),
        "GME 2021-01-29 115 call is changed twice; give it one change",
    ),
    "spread": (
        ("--hedge", "GME210129C00115000=5", "--spread", "5"),
        '--spread: "5" is not a fraction from 0 to below 1, such as .01',
    ),
    "too-dear": (
        ("--hedge", "GME210129C00115000=5000@1000"),
        "scenario short: buy 5,000 GME 2021-01-29 115 call at 1000 costs 499,944,105, no less "
        "than the equity of 44,500,000; give --cover-cost or --spread, or trade less",
    ),
    "cost": (
        ("--close", "GME", "--cover-cost", "2"),
        '--cover-cost: "2" is not a fraction from 0 to below 1, such as .01',
    ),
    "more-paths": (
        ("--close", "GME", "--paths", "5000"),
        "--paths: 5,000 is more than the 1,200 paths of out.zarr",
    ),
    "few-paths": (
        ("--close", "GME", "--paths", "500"),
        "500 paths are too few to say anything about the tail; take at least 1,000",
    ),
}


@pytest.mark.slow
def test_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(capsys, monkeypatch, *RUN, "--paths", "1200")[0] == 0
    for words, said in MISTAKES.values():
        code, out, err = command(capsys, monkeypatch, "whatif", "out.zarr", *words)
        assert (code, out, err) == (1, "", f"powderkeg: {said}\n")
    words = ("whatif", "out.zarr", "--close", "GME", "--scale", "no=.6", "--cover-cost", ".01",
             "--hedge", "GME210120C00043000=2500@1.2")  # fmt: skip
    code, out, err = command(capsys, monkeypatch, *words)
    assert code == 0, err
    assert err.startswith("4 runs of 1,200 paths, about ")
    for text in (
        "short: losses at the worst moment",
        "close GME",
        "NO x 0.6",
        "buy 2,500 GME",
        "all together",
        "ES 95 %",
    ):
        assert text in out
    assert max(len(line) for line in out.splitlines()) <= 100
    code, out, _ = command(capsys, monkeypatch, *words, "--json")
    (effects,) = json.loads(out)["scenarios"].values()
    assert code == 0 and "mean" not in out
    costs = {e["change"]: e["cost"] for e in effects}
    equity = -1e6 * 35.5 + 2e6 * 10 + 60e6
    assert costs["close GME"] == pytest.approx(0.01 * 1e6 * 35.5 / equity)
    hedge = 250_000 * (1.2 - CAP_MARK) / equity
    assert costs["buy 2,500 GME 2021-01-20 43 call at 1.2"] == pytest.approx(hedge)
    assert costs["NO x 0.6"] == pytest.approx(0.01 * 0.4 * 2e6 * 10 / equity)
