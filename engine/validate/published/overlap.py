"""Whether overlaps rank who is hurt when others unwind: Cont and Schaanning (2019)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ....kernels.packed import Packed, Simulate
from ....kernels.probes.overlap import overlap
from ....kernels.records import Channel
from ..case import Array
from ..setting import FLOAT_SHARES, SYMBOLS, Name, setting
from .table import DEFAULTS, Claim, Measured, Published, figure

WORLDS, FUNDS, DAYS, STEPS = 120, 3, 5, 13
BOOK_GROSS, FUND_GROSS = 2.0, 3.0  # of equity
SIGMAS, TURNOVERS, SIZES = (0.015, 0.06), (0.003, 0.03), (0.01, 0.1)  # a fund's equity, in floats


def world(number: int) -> tuple[Packed, float]:
    """Eight names, a book and three funds, all drawn at random; and their plain overlap.

    The plain overlap is sum_i weight_i holding_i, the same without the depth of the names.
    """
    random = np.random.default_rng([20190508, number])
    count = len(SYMBOLS)

    def between(low: float, high: float, size: int) -> Array:
        return np.asarray(np.exp(random.uniform(np.log(low), np.log(high), size)))

    def weights(gross: float, holders: int) -> Array:
        drawn = random.standard_normal((holders, count))
        return np.asarray(gross * drawn / np.abs(drawn).sum(axis=1, keepdims=True))

    sigma, turnover = between(*SIGMAS, count), between(*TURNOVERS, count)
    (book,), held = weights(BOOK_GROSS, 1), weights(FUND_GROSS, FUNDS)
    equity = between(*SIZES, FUNDS)
    funds = {
        f"fund {k}": {
            "equity": float(equity[k] * FLOAT_SHARES),
            "positions": dict(zip(SYMBOLS, held[k].tolist(), strict=True)),
            "threshold": 0.0,
        }
        for k in range(FUNDS)
    }
    names = [
        Name(sigma=float(sigma[i]), adv=float(turnover[i]), weight=float(book[i]),
             short_interest=0.4, sections=DEFAULTS)
        for i in range(count)
    ]  # fmt: skip
    packed = setting(
        *names, seed=number, channels=Channel.FUNDS | Channel.TRANSIENT_IMPACT, days=DAYS,
        steps=STEPS, overnight=0.3, funds=funds,
    )  # fmt: skip
    return packed, float(book @ held.T @ equity)


def unwind_loss(packed: Packed, simulate: Simulate, paths: int) -> float:
    """What the book loses on average because funds cut, against the same paths where none does."""
    without = packed.without("funds")
    assert without is not None
    ids = np.arange(paths, dtype=np.uint64)
    kept, cut = simulate(without, ids).pnl[-1], simulate(packed, ids).pnl[-1]
    return float((kept.astype(float) - cut).mean())


def rank_correlation(a: Array, b: Array) -> float:
    return float(stats.spearmanr(a, b).statistic)


def slope(losses: Array, indicator: Array) -> float:
    """Of a regression through the origin: the part of the positions that was unwound."""
    return float((losses @ indicator) / (indicator @ indicator))


def measure(simulate: Simulate, paths: int) -> Measured:
    rows = []
    for number in range(WORLDS):
        packed, plain = world(number)
        rows.append((unwind_loss(packed, simulate, paths), overlap(packed)[0, 1:].sum(), plain))
    losses, indicator, plain_overlap = np.array(rows).T
    rank = figure("rank correlation of overlap and loss", rank_correlation, losses, indicator,
                  reported="positive")  # fmt: skip
    without = figure("the same without the depth of names", rank_correlation, losses, plain_overlap)
    gain = figure("what depth adds to it", lambda a, b, c: rank_correlation(a, b)
                  - rank_correlation(a, c), losses, indicator, plain_overlap)  # fmt: skip
    cost = figure("loss over that of a whole unwinding", slope, losses, indicator)
    claims = (
        Claim("overlaps rank unwind losses: above .8", rank.above(0.8)),
        Claim("depth matters: without it they rank less well", gain.above(0)),
        Claim("no more is lost than by a whole unwinding", cost.above(0) and cost.below(1)),
    )
    return Measured((rank, without, gain, cost), claims)


TABLE = Published(
    id="overlap",
    title="overlaps and what others' unwinding costs",
    paper="Cont and Schaanning (2019), Monitoring indirect contagion, J. Banking & Finance 104, "
    "85-102",
    reports="Indicators made of liquidity-weighted overlaps of portfolios correlate with the "
    "magnitude of fire-sale losses in simulated stress scenarios (European banks).",
    read="the abstract; its correlations were not read, so the sign alone is compared",
    simulated="120 worlds of eight names with random volatility (1.5 to 6 % a day) and turnover "
    "(.3 to 3 % of the float), a long/short book and three funds with random weights; funds cut "
    "as they lose, from the first loss on. The loss of the book is the mean over paths of its P&L "
    "after five days without cuts less that with them; the indicator the sum of its overlaps with "
    "the funds (kernels/probes/overlap.py).",
    differs="The indicator is the overlap of one book with its funds, not an index of a whole "
    "banking system, and shocks come from the names' own volatility, not from a supervisor's "
    "scenario. It ranks well because the model's impact is nearly what the indicator assumes, "
    "linear as at the start; what it does not know is which fund will lose.",
    paths=1_000,
    measure=measure,
)
