"""What closing the book costs: against closed forms, and against a book that closes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from powderkeg.engine.report import report
from powderkeg.engine.validate import exact
from powderkeg.engine.validate.cases.shorts import news
from powderkeg.engine.validate.setting import Name, adjust, setting
from powderkeg.kernels import reference
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.probes.exit_cost import exit_cost, exit_days
from powderkeg.kernels.records import Channel
from powderkeg.results import open_results
from powderkeg.results.report.exit import exit_rows
from powderkeg.results.report.summary import Summary
from tests.helpers.small_run import run_at, small_plan

EQUITY = 0.5  # floats at price 1


def book(
    held: float, m: float = 0.6, eta_sigma: float = 0.0, decay: float = 2.0, **top: Any
) -> Packed:
    """A book short (below 0: long) `held` floats of one name that turns over .4 floats a day."""
    interest = max(held, 0.0)
    sections = {
        "clearing": {"impact_per_float": m / (1 + interest - max(-held, 0)),
                     "transient_decay": decay},
    }  # fmt: skip
    packed = setting(
        Name(weight=-held / EQUITY, adv=0.4, short_interest=interest, sections=sections), seed=1,
        channels=Channel.BOOK, floats=EQUITY, **top,
    )  # fmt: skip
    on = Channel(int(packed.run["channels"]))
    packed = adjust(packed, transient_impact=eta_sigma)
    return packed.with_channels(on | Channel.TRANSIENT_IMPACT)


@pytest.mark.parametrize("held", [0.3, -0.3])
@pytest.mark.parametrize("m", [0.6, 1.0, 1.7])
def test_without_transient_impact_it_is_the_area_under_the_supply(held: float, m: float) -> None:
    """int P dE less what the position was worth, however long it takes."""
    elastic = 1 + max(held, 0) + min(held, 0)
    expected = (exact.cost_of_buying(held, elastic, m) - held) / EQUITY
    for days in (1, 20):
        found = exit_cost(book(held, m), days)
        assert found == pytest.approx([expected], rel=2e-5)
    assert expected > 0


@pytest.mark.parametrize("decay", [0.5, 2.0])
def test_transient_impact_is_that_of_a_steady_order(decay: float) -> None:
    """eta sigma b^2/(V + v) (rho T - 1 + e^(-rho T))/(rho T)^2 over T days; .2838 at rho T = 2."""
    held, days, eta_sigma = 0.01, 1 / decay * 2, 0.03
    packed = book(held, m=1e-6, eta_sigma=eta_sigma, decay=decay)
    cost = eta_sigma * held**2 / (0.4 + held / days) * exact.steady_cost(2.0)
    assert exit_cost(packed, days) == pytest.approx([cost / EQUITY], rel=2e-3)
    assert exact.steady_cost(2.0) == pytest.approx(0.2838, abs=5e-5)


@pytest.mark.parametrize("held", [0.12, -0.12])
def test_a_book_that_closes_itself_pays_it(held: float) -> None:
    """Stopped out by a hair's breadth of news, at a tenth of volume: three days."""
    packed = book(
        held, eta_sigma=0.2, days=4, steps=200, timeline=[news(np.sign(held) * 2e-5)],
        book={"policy": "stop_loss", "stop_loss": 1e-5, "participation": 0.1},
    )  # fmt: skip
    assert exit_days(packed) == pytest.approx([3.0], rel=1e-5)
    cost = exit_cost(packed, exit_days(packed))[0]
    out = reference.simulate(packed.at_moment(4), np.zeros(1, np.uint64), trace=True)
    assert out.trace is not None and out.trace["book"][0, -1, 0] == 0
    assert -out.pnl[-1, 0] == pytest.approx(cost, rel=5e-3)
    assert out.paths["slippage"][0] < cost < 0.1
    assert cost > exit_cost(book(held), 3.0)[0] * 1.02  # the transient part is seen


def test_slower_is_cheaper_and_nothing_costs_nothing() -> None:
    packed = book(0.3, eta_sigma=0.2)
    costs = [exit_cost(packed, days)[0] for days in (1, 5, 10, 20)]
    assert costs == sorted(costs, reverse=True) and costs[0] > 1.02 * costs[-1]
    nothing = book(0.0)
    assert exit_days(nothing) == exit_cost(nothing, 5) == 0


def test_what_nobody_sells_cannot_be_bought() -> None:
    packed = adjust(book(0.3), elastic_min=1.05)  # of 1.3 floats
    assert exit_cost(packed, 5) == np.inf
    assert exit_days(book(0.3, book={"participation": 0.0})) == np.inf


@pytest.mark.slow
def test_it_is_stored_and_shown(tmp_path: Path) -> None:
    plan = small_plan(paths=1024)
    path = tmp_path / "s.zarr"
    run_at(plan, path, workers=1)
    tree = open_results(path)
    data = tree["exit"].to_dataset()
    assert data["days"].values.tolist() == [1, 5, 10, 20]
    # a tenth of the volume of 7.5 m, 7 m and 2 m shares a day
    time = [1e6 / 7.5e5, 2e6 / 2e5, 1e5 / 7e6]
    names = [str(n) for n in data["name"].values]
    assert names == ["GME", "NO", "SPY"]
    calm = data.sel(scenario="calm")
    assert calm["time"].values == pytest.approx(time, rel=1e-4)
    np.testing.assert_allclose(calm["cost"][:, 1], exit_cost(plan.packed[1], 5))
    np.testing.assert_allclose(
        calm["cost_at_participation"], exit_cost(plan.packed[1], exit_days(plan.packed[1]))
    )
    sentence, table = exit_rows(Summary(tree), 1, most=2)
    assert sentence.startswith(
        "Closing the whole book at 10\N{NO-BREAK SPACE}% of volume takes 10 days and costs "
    )
    assert table is not None and [row[0] for row in table.rows] == ["GME", "NO", "1 others", "all"]
    whole = 100 * float(calm["cost"][:, 0].sum())
    assert float(table.rows[-1][3]) == pytest.approx(whole, rel=0.02)
    report(path, tmp_path / "s.html")
    assert "exit cost in % of equity".lower() in (tmp_path / "s.html").read_text().lower()
