"""A run of three names over two days that takes seconds on any back end."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from powderkeg.engine import campaign
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.executors.protocol import Executor
from powderkeg.engine.progress import Progress
from powderkeg.engine.run.execute import run_plan
from powderkeg.engine.run.plan import Plan, make_plan
from powderkeg.engine.run.request import RunRequest
from powderkeg.scenarios import Book, Chain, ChainRow, Market, MarketRow, Position, Scenario

AS_OF = date(2021, 1, 15)
MARKET = Market(
    {
        "GME": MarketRow(
            "GME", 35.5, 5.144e7, 6.178e7, 7.5e6, 1.06, 2.69, 0.28, betas={"market": 1.0}
        ),
        "NO": MarketRow(
            "NO", 10.0, 1e8, 2e7, 2e6, 0.6, 0.7, 0.01, lendable=4e7, betas={"market": 1.2}
        ),
        "SPY": MarketRow("SPY", 375.0, 9e8, 1e8, 7e7, 0.16, 0.2, 0.003, betas={"market": 1.0}),
    },
    AS_OF,
)
BOOK = Book(
    (
        Position("1", "GME", -1_000_000, 35.5, 0.3),
        Position("2", "SPY", 100_000, 375.0, 0.25),
        Position("3", "NO", -2_000_000, 10.0, 0.3, borrow_fee=0.05),
    ),
    cash=80e6,
)
CHAIN = Chain(
    (
        ChainRow("GME", date(2021, 1, 22), 40.0, "call", 60_000),
        ChainRow("GME", date(2021, 2, 19), 60.0, "call", 30_000),
        ChainRow("GME", date(2021, 2, 19), 20.0, "put", 40_000),
    )
)
CROWD = {"crowd": {"initial_attention": 0.05, "infection": 1.0}}
SQUEEZE = Scenario.model_validate(
    {"id": "squeeze", "horizon_days": 2, "steps_per_day": 8, "names": {"GME": CROWD}}
)
CALM = Scenario(id="calm", horizon_days=2, steps_per_day=8)


def plan_of(*scenarios: Scenario, **options: Any) -> Plan:
    """The plan of a run of this book; `options` are fields of the request."""
    return make_plan(RunRequest(BOOK, MARKET, scenarios, "unused.zarr", chain=CHAIN, **options))


def small_plan(
    paths: int = 600, block: int | None = 256, back_end: str = "auto", seed: int = 7
) -> Plan:
    """Two scenarios of three names over two days."""
    return plan_of(SQUEEZE, CALM, paths=paths, seed=seed, block=block, backend=back_end)


def run_at(
    plan: Plan,
    output: Path,
    *,
    progress: Progress | None = None,
    where: Executor | None = None,
    **placement: Any,
) -> Path:
    """Run a plan into a store, on an executor of the test's own if there is one."""
    request = replace(plan.request, output=output, placement=Placement(**placement))
    with pytest.MonkeyPatch.context() as patch:
        if where is not None:
            patch.setattr(campaign, "executor", lambda *_, **__: nullcontext(where))
        return run_plan(replace(plan, request=request), progress)


def work_on(
    workers: int = 2, progress: Progress | None = None
) -> AbstractContextManager[campaign.Campaign]:
    """A campaign on threads."""
    return campaign.campaign(Placement(workers=workers), "native", progress)
