"""Every variable of a store: what it is, in which units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..formats import MINUS
from ..measures.levels import LEVELS, LOSS_SIZES, WORST_LEVEL, percent


@dataclass(frozen=True)
class Tail:
    """VaR of a path's quantity, and ES where it has a label; `{p}` is the level in per cent.

    `sign` is -1 where a loss is negative; `place` orders the rows of /measures; `levels` are those
    at which it is measured.
    """

    name: str
    var_label: str
    es_label: str = ""
    sign: float = 1.0
    place: int = 100
    levels: tuple[float, ...] = (WORST_LEVEL,)


@dataclass(frozen=True)
class Odds:
    """The probability that something happens on a path: `happens` of its quantity, (paths,).

    Of a quantity without a _calm twin it never happens where all feedback is off.
    """

    name: str
    label: str
    happens: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.bool_]]
    place: int = 100


@dataclass(frozen=True)
class Field:
    """One variable of the store: what it is, in which units, and what is measured of it."""

    name: str
    units: str
    long_name: str
    description: str = ""
    measures: tuple[Tail | Odds, ...] = ()

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes of the variable in the store."""
        return {
            "units": self.units,
            "long_name": self.long_name,
            "description": self.description or self.long_name,
        }


_CALM_NOTE = "The same paths with all feedback off."


def _with_calm(of: Field) -> tuple[Field, Field]:
    calm = Field(f"{of.name}_calm", of.units, f"{of.long_name}, all feedback off", _CALM_NOTE)
    return of, calm


PNL = _with_calm(
    Field(
        "pnl",
        "1",
        "profit and loss at the close of the horizon day",
        "Fraction of equity at the start; a loss is negative here and positive in /measures.",
    )
)

P = "{p}"
_WORST, _WORST_CLOSE = "at the worst moment", "at the worst close"


def _happened(time: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return ~np.isnan(time)


def _redemption(size: float) -> Odds:
    """Funds that redeem look at closes."""
    p = percent(size)
    label = f"redemption at {MINUS}{p} %"
    return Odds(f"p_close_{p}", label, lambda x: -x > np.float32(size), place=6)


_PART = (
    "Fraction of equity at the start, up to the moment at which the run's measure takes the path's "
    "loss: its P&L there is price_pnl + derivative_pnl - borrow_cost - financing_cost - slippage, "
    "within float32 rounding."
)

PATH_FIELDS = (
    *_with_calm(
        Field(
            "worst_pnl",
            "1",
            "lowest profit and loss of the path",
            "Over all steps, at most 0.",
            (
                Tail("worst", f"VaR {P} %, {_WORST}", f"ES {P} %, {_WORST}", -1, 0, LEVELS),
                Odds("p_ruin", "all equity lost at any time", lambda x: -x >= 1, place=7),
            ),
        )
    ),
    *_with_calm(
        Field(
            "margin_call_day",
            "trading days",
            "time of the first margin call",
            "First step at which equity is below the requirement; NaN: never.",
            (Odds("p_margin_call", "margin call at any time", _happened, place=2),),
        )
    ),
    *_with_calm(
        Field(
            "margin_call_day_close",
            "trading days",
            "first close with a margin call",
            "NaN: never.",
            (Odds("p_margin_call_close", "margin call at a close", _happened, place=3),),
        )
    ),
    *_with_calm(Field("borrow_cost", "1", "borrow fees paid", _PART)),
    Field(
        "floor_names",
        "1",
        "names that ran out of elastic float",
        "How many names had orders cut because the elastic holders had no more to sell, or shorts "
        "closed out in a corner.",
    ),
    Field(
        "fails",
        "floats",
        "unfilled buy orders of crowd, dealers, leader and programmes",
        "Summed over all names.",
    ),
    *_with_calm(
        Field(
            "worst_close_pnl",
            "1",
            "lowest profit and loss at a close",
            "At most 0.",
            (
                Tail(
                    "worst_close",
                    f"VaR {P} %, {_WORST_CLOSE}",
                    f"ES {P} %, {_WORST_CLOSE}",
                    -1,
                    1,
                    LEVELS,
                ),
                *map(_redemption, LOSS_SIZES),
            ),
        )
    ),
    *_with_calm(
        Field(
            "largest_call",
            "1",
            "most that equity was below the margin requirement",
            "Fraction of equity at the start: the largest call for cash, whose quantile is "
            "liquidity at risk; 0 where none came.",
            (Tail("call", f"liquidity at risk {P} %", place=5),),
        )
    ),
    Field(
        "forced_day",
        "trading days",
        "first step in which the book was forced to trade",
        "After a margin call and its grace; NaN: never.",
        (Odds("p_forced", "forced to trade", _happened, place=4),),
    ),
    Field(
        "slippage",
        "1",
        "cost of the book's trades against the prices that they saw",
        f"{_PART} Perold (1988), J. Portfolio Management 14.",
    ),
    *_with_calm(Field("financing_cost", "1", "financing paid", _PART)),
    Field(
        "worst_step",
        "1",
        "first step with the lowest profit and loss",
        "Row of the path's trace: 0 is the start, the first row of a day its open.",
    ),
    Field("price_pnl", "1", "what the prices of the shares did, trades at prices seen", _PART),
    Field("derivative_pnl", "1", "profit and loss of options and futures", _PART),
)


def _within_10_days(name: str, what: str, share: str, odds: tuple[str, str]) -> tuple[Field, ...]:
    """The largest move of a path over at most ten days, and the odds that it is a fifth."""
    a_fifth = Odds(*odds, lambda x: x >= np.float32(0.2), place=8)
    words = f"{what} over at most 10 trading days", f"From close to close, {share}."
    return _with_calm(Field(name, "1", *words, (a_fifth,)))


CLOSE_FIELDS = (
    *_within_10_days(
        "largest_nav_loss",
        "largest fall of net asset value",
        "a share of the value at the start of the fall",
        ("p_nav_loss_20_10d", "20 % of NAV lost within 10 days"),
    ),
    *_within_10_days(
        "largest_margin_rise",
        "largest rise of the margin requirement",
        "a share of net asset value at the start of the rise",
        ("p_margin_rise_20_10d", "margin up by 20 % of NAV within 10 days"),
    ),
    *_with_calm(
        Field(
            "unmet_day",
            "trading days",
            "first close at which a margin call is not met",
            "Below the requirement at this close and at every one since the call was due: one "
            "close after the first, or more by the scenario's grace; where the book's policy sells "
            "on a call, one more. NaN: never.",
            (Odds("p_call_unmet", "margin call not met", _happened, place=4),),
        )
    ),
)
"""Made of a path's closes by the worker that simulated it."""
NEVER = frozenset(
    f.name
    for f in (*PATH_FIELDS, *CLOSE_FIELDS)
    if f.name.startswith(("margin_call", "forced_day", "unmet_day"))
)
CLOSES = Field(
    "closes",
    "1",
    "paths per bin at the close",
    "The first bin also counts everything below it, the last everything above.",
)

PEAKS = Field("peaks", "1", "paths per bin of the highest price of the path", CLOSES.description)
LOSS_COUNTS = Field("loss_counts", "1", "paths per bin of the book's loss at the close")
CALL_COUNTS = Field("call_counts", "1", "paths per bin of the call for cash at the close")
EVENT_COUNTS = Field(
    "event_counts",
    "1",
    "paths by the day of an event",
    "Its first time on a path; the last event is the state at the close.",
)
COUNTS = (LOSS_COUNTS, CALL_COUNTS, EVENT_COUNTS)
EVERY_PATH_FIELD = (*PATH_FIELDS, *CLOSE_FIELDS)
BLOCK_VARIABLES = tuple(f.name for f in (*PNL, *EVERY_PATH_FIELD, CLOSES, PEAKS, *COUNTS))
_LARGEST = (
    "At the step of a path where the name's total is largest; quantiles over the first paths of "
    "the scenario (docs/model.md, 13)."
)

GAIN_MAX = Field("gain_max", "1", "loop gain by channel where the total is largest", _LARGEST)
TOTAL_MAX = Field("total_max", "1", "largest total loop gain of a path", _LARGEST)
FIRST_BLOCK_VARIABLES = (GAIN_MAX.name, TOTAL_MAX.name)
"""Written with the first block of a scenario, for the scenario."""

PNL_OFF = Field(
    "pnl_off",
    "1",
    "profit and loss of the run's measure with one channel off",
    "Same random numbers as /losses, path by path; fraction of equity at the start.",
)

PNL_TILTED = Field(
    "pnl_tilted",
    "1",
    "profit and loss of a weighted path, by the run's measure",
    "Random numbers are drawn where losses are large; fraction of equity at the start.",
)

PATH_WEIGHT = Field(
    "path_weight",
    "1",
    "weight of a path",
    "Density of its random numbers without any tilt over that of the mixture of components.",
)

WEIGHTED_VARIABLES = (PNL_TILTED.name, PATH_WEIGHT.name)
GROUP_OF = (
    dict.fromkeys(BLOCK_VARIABLES, "losses")
    | dict.fromkeys((CLOSES.name, PEAKS.name), "histograms")
    | dict.fromkeys((f.name for f in COUNTS), "counts")
    | dict.fromkeys(FIRST_BLOCK_VARIABLES, "loop_gain")
    | {PNL_OFF.name: "channel_off"}
    | dict.fromkeys(WEIGHTED_VARIABLES, "tilted")
)


def block_variables(
    block: int, *, channel_off: bool = False, weighted: bool = False
) -> tuple[str, ...]:
    """What a block consists of; `channel_off`: its paths also run with one channel off;
    `weighted`: it has weighted paths, too.
    """
    own = BLOCK_VARIABLES if block else BLOCK_VARIABLES + FIRST_BLOCK_VARIABLES
    return own + (PNL_OFF.name,) * channel_off + WEIGHTED_VARIABLES * weighted


QUANTITIES = {
    f.name: f
    for f in (
        Field("price", "1", "price relative to the start"),
        Field("short_interest", "floats", "short interest, all shorts"),
        Field("utilisation", "1", "borrowed over lendable shares"),
        Field("borrow_fee", "1/year", "borrow fee"),
        Field("dealer_hedge", "floats", "net hedge of the option dealers"),
        Field("implied_vol", "1/year^0.5", "implied volatility"),
        Field("attention", "1", "share of the crowd that pays attention"),
    )
}


def quantity_field(name: str) -> Field:
    """What is known about a quantity; one that is new here is stored without a story."""
    return QUANTITIES.get(name, Field(name, "1", name.replace("_", " ")))
