"""Markets to validate in: a few names where nothing happens but what a case asks for.

Scenarios are made as users make them and packed by the packer, so that its conversions (rates to
fractions of a step, holdings to the ledger) are validated too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...kernels.packed import Packed
from ...kernels.packing.scenario import pack
from ...kernels.packing.schedule import TRADING_DAYS
from ...kernels.records import CALM, NAME, Channel
from ...scenarios.book import Book, Position
from ...scenarios.bound import bind
from ...scenarios.chain import Chain
from ...scenarios.market import Market, MarketRow
from ...scenarios.scenario import Scenario

FLOAT_SHARES = 1e12  # so that the book's one share is no part of the ledger
SYMBOLS = ("ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT")
NO_IMPACT = 1e-6  # log price per float

QUIET: dict[str, dict[str, Any]] = {
    "anchor": {"attention_volatility": 0.0},
    "clearing": {
        "impact_per_float": NO_IMPACT,
        "max_multiple": 1000.0,
        "transient_impact": 0.0,
        "attention_volume": 0.0,
    },
    "locked": {"share": 0.0},
    "dealers": {"sign": 0.0},
    "implied_vol": {"rate": 0.0},
    "crowd": {"momentum": 0.0, "stampede": 0.0, "attention_weight": 1.0},
    "borrow": {"fee_slope": 0.0, "fee_min": 0.0, "lendable_elastic": 1.0},
    "restriction": {"hazard": 0.0},
}


@dataclass(frozen=True)
class Name:
    """A name of a case. Units: sigma per square-root day, adv and short_interest in floats."""

    sigma: float = 0.0
    weight: float = 0.0  # of the book, in its equity
    price: float = 1.0
    adv: float = 0.05
    short_interest: float = 0.0
    implied_vol: float = 1.0
    borrow_fee: float = 0.0
    margin_rate: float = 0.3
    betas: Mapping[str, float] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def setting(
    *names: Name,
    seed: int,
    channels: Channel = CALM,
    days: int = 1,
    steps: int = 26,
    overnight: float = 0.0,
    factors: Mapping[str, float] | None = None,
    floats: float = 1 / FLOAT_SHARES,
    **top: Any,
) -> Packed:
    """Quiet names with what each asks for, packed. Volatilities of `factors` are per annum.

    The book holds `weight` of its equity in each name, so with weight 1 in one name alone its P&L
    is that name's price less 1. Its equity buys `floats` of a name at price 1; by default next to
    nothing, so that the book is no part of the ledger. `top` are fields of the scenario.
    """
    symbols = SYMBOLS[: len(names)]
    rows = {
        symbol: MarketRow(
            symbol=symbol,
            price=name.price,
            float_shares=FLOAT_SHARES,
            short_interest=name.short_interest * FLOAT_SHARES,
            adv=name.adv * FLOAT_SHARES,
            volatility=name.sigma * np.sqrt(TRADING_DAYS),
            implied_vol=name.implied_vol,
            borrow_fee=name.borrow_fee,
            betas=name.betas,
        )
        for symbol, name in zip(symbols, names, strict=True)
    }
    equity = floats * FLOAT_SHARES
    positions = tuple(
        Position(symbol, symbol, name.weight * equity / name.price, name.price, name.margin_rate)
        for symbol, name in zip(symbols, names, strict=True)
    )
    scenario = Scenario.model_validate(
        {
            "id": "validate",
            "horizon_days": days,
            "steps_per_day": steps,
            "overnight_share": overnight,
            "factors": dict(factors or {}),
            "names": {
                symbol: with_quiet(name.sections)
                for symbol, name in zip(symbols, names, strict=True)
            },
            **top,
        },
        strict=False,
    )
    book = Book(positions, cash=equity * (1.0 - sum(name.weight for name in names)))
    return pack(bind(scenario, book, Market(rows), Chain()), seed=seed, channels=channels)


def with_quiet(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The quiet sections with those of a case on top, field by field."""
    return {
        key: {**QUIET.get(key, {}), **sections.get(key, {})}
        for key in dict.fromkeys((*QUIET, *sections))
    }


def adjust(packed: Packed, **fields: float | Sequence[float]) -> Packed:
    """The packed scenario with fields of its NAME records set outright, for every name."""
    unknown = fields.keys() - set(NAME.names or ())
    if unknown:
        raise ValueError(f"no such field of a name: {', '.join(sorted(unknown))}")
    names = packed.names.copy()
    for key, values in fields.items():
        names[key][: len(packed.symbols)] = values
    return replace(packed, names=names)


def turning_point(
    turned: Callable[[float], bool], low: float, high: float, rounds: int
) -> tuple[float, float]:
    """Where `turned` begins to hold between `low` and `high`, halved so many times: its bracket."""
    for _ in range(rounds):
        middle = (low + high) / 2
        if turned(middle):
            high = middle
        else:
            low = middle
    return low, high


def final(out: Any, field: str, name: int = 0) -> Any:
    """A traced quantity at the end of every path, in float64."""
    return out.trace[field][:, -1, name].astype(float)


def last(out: Any, field: str, name: int = 0) -> float:
    """The same of a single path, as a number."""
    return float(final(out, field, name)[0])
