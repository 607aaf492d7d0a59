"""The whole model: the ledger, the step and the horizon (docs/model.md, 3 and 15)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np

from ....kernels.packed import Packed, Simulated
from ....kernels.packing.scenario import pack
from ....scenarios import bind, load_scenarios
from ....scenarios.book import Book, Position
from ....scenarios.chain import Chain
from ....scenarios.market import Market, MarketRow
from ....scenarios.scenario import Scenario
from ..case import Array, Computed, Run, case

WHOLE = "all"
LEDGER = "laws/test_limits::test_the_ledger_balances_to_the_bit_after_26_days"
REFINED = "laws/test_presets::test_halving_the_step_hardly_moves_the_tail"

# As in examples/january-2021/market.csv.
GAMESTOP = MarketRow(
    symbol="GME", price=35.5, float_shares=51.44e6, short_interest=61.78e6, adv=12e6,
    volatility=0.9, implied_vol=1.3, borrow_fee=0.3,
)  # fmt: skip
FUND = {
    "equity": 2e9, "positions": {"GME": -0.05}, "threshold": 0.02, "slope": 4.0,
}  # fmt: skip


def gamestop(p: Parameters, days: int, steps: int = 26, **top: Any) -> Packed:
    """The preset gme-2021 on a book short 1.5 million shares, with `top` changed."""
    market = Market({"GME": GAMESTOP})
    book = Book((Position("1", "GME", -1.5e6, 35.5, 0.3),), cash=1e9)
    (story,) = load_scenarios(["gme-2021"], market, book)
    tree = story.model_dump(exclude_unset=True)
    tree |= {"horizon_days": days, "steps_per_day": steps, "horizons": [days], **top}
    tree["names"]["GME"]["dealers"] |= {"sign": p.sign, "expiries": [5, 10, 15, 20, 25, 30]}
    return pack(bind(Scenario.model_validate(tree), book, market, Chain()), seed=p.seed)


def residual(out: Simulated) -> float:
    """Largest gap of the ledger in floats, over paths and steps."""
    assert out.trace is not None
    t = out.trace
    longs = "elastic crowd_shares hedge locked levered programme leader book".split()
    longs += [f"fund_{k}" for k in range(1, 5)]
    held = sum(t[field].astype(float) for field in longs)
    made = sum(t[field].astype(float) for field in ("cohort", "new_shorts", "issued"))
    return float(np.abs(held - made - 1).max())


@case(
    "ledger",
    WHOLE,
    "shares that appear or vanish, largest of 64 paths, 26 days, every agent",
    "E + L + R + H + X + K + Y + B+ + sum F = 1 + issued + S_c + S_n + B-",
    header="orders.h",
    test=LEDGER,
    step="exact at any step: whole lots",
    tolerance=0.0,
    absolute=True,
    ranges={"sign": (1.0, -1.0, 1.0), "steps": (26, 8, 26)},
)
def ledger(p: Parameters) -> Computed:
    packed = gamestop(
        p, 26, p.steps, funds={"F": FUND},
        issuer={"maximum": 0.2, "threshold": 0.5}, leader={"initial": 0.05, "block": 0.1},
        levered_longs={"share": 0.1}, pauses={"tier": 2},
        timeline=[{"type": "lock_up", "day": 3, "size": 0.1, "duration": 2.0},
                  {"type": "issuance", "day": 12, "size": 0.1}],
    )  # fmt: skip
    return Computed(0.0, lambda run: residual(run(packed, 64)))


def shortfall(out: Simulated, level: float = 0.99) -> tuple[float, Array]:
    """ES of the losses at the horizon, and the influence of every path on it."""
    losses = -out.pnl[-1].astype(float)
    q = np.quantile(losses, level, method="inverted_cdf")
    excess = np.maximum(losses - q, 0) / (1 - level)
    es = float(q + excess.mean())
    return es, excess + q - es


@case(
    "step-limit",
    WHOLE,
    "ES99 at 52 steps a day over 26, less 1, beyond twice its own error",
    "paired: a coarse step's normal is the sum of its fine ones",
    header="path.h",
    test=REFINED,
    step="what is looked at",
    tolerance=0.02,
    absolute=True,
    ranges={"sign": (1.0, 0.0, 1.0), "days": (5, 3, 10)},
)
def step_limit(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        coarse, fine = (
            shortfall(run(gamestop(p, p.days, n, normals_per_step=r), 32_768, trace=False))
            for n, r in ((26, 2), (52, 1))
        )
        error = (fine[1] - coarse[1]).std() / np.sqrt(len(fine[1]))
        change = fine[0] - coarse[0]
        return float(np.sign(change) * max(abs(change) - 2 * error, 0.0) / coarse[0])

    return Computed(0.0, measure)


@case(
    "horizon-limit",
    WHOLE,
    "a longer horizon changes nothing before it: largest P&L gap at day d",
    "L_d of D days = L_d of d days, path by path",
    header="path.h",
    test="kernels/reference/test_loop::test_a_path_does_not_depend_on_its_batch",
    step="exact at any step; without the static chain, whose table depends on the horizon",
    tolerance=0.0,
    absolute=True,
    ranges={"sign": (0.0, 0.0, 0.0), "days": (5, 2, 8), "steps": (26, 8, 26)},
)
def horizon_limit(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        short = run(gamestop(p, p.days, p.steps), 512, trace=False).pnl[0]
        long = run(gamestop(p, 10, p.steps, horizons=[p.days, 10]), 512, trace=False).pnl[0]
        return float(np.abs(short.astype(float) - long).max())

    return Computed(0.0, measure)
