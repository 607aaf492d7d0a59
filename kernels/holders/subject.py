"""One name before it is packed: what the declarations make a record of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ...scenarios.agents import Broker, NameParameters
from ...scenarios.book import Position
from ...scenarios.errors import InputError
from ...scenarios.market import MarketRow
from ..kinds import NO_CHAIN, NO_MIXING, TRADING_DAYS


@dataclass(frozen=True)
class Hedge:
    """The dealers' static chain of a name: its index in the table, start and range, x sign."""

    index: int = NO_CHAIN
    start: float = 0.0
    low: float = 0.0
    high: float = 0.0
    long_gamma: bool = False
    first_node: float = 0.0
    inverse_step: float = 0.0


@dataclass(frozen=True)
class Margin:
    """Margin of a position: `rate` of its value, and the rest of its NAME fields, x |a|.

    `without` is the rate without add-ons, where those of the start are part of `rate`.
    """

    rate: float
    five: float = 0.0
    most: float = 0.0
    float_: tuple[float, float] = (0.0, 0.0)
    volume: tuple[float, float] = (0.0, 0.0)
    interest: tuple[float, float] = (0.0, 0.0)
    fee: tuple[float, float] = (0.0, 0.0)
    without: float | None = None

    @property
    def plain(self) -> float:
        """The rate that a margin event replaces: without add-ons."""
        return self.rate if self.without is None else self.without


NO_MARGIN = Margin(0.0)


@dataclass(frozen=True)
class Setting:
    """What a name's record needs from outside the name.

    `loadings` (factors,) per square-root day; `attention_loadings` (attention factors,) relative;
    `funds` what each fund holds and `issuance` what the
    timeline issues, in floats; `root_tau` the square root of years to the first weekly expiry.
    """

    equity: float
    hedge: Hedge
    loadings: npt.NDArray[np.float64]
    attention_weight: float
    stream: int
    dt: float
    root_tau: float
    mixing: int = NO_MIXING
    broker: Broker = field(default_factory=Broker)
    funds: Mapping[str, float] = field(default_factory=dict)
    issuance: float = 0.0
    call_ladder: bool = False
    margin: Margin = NO_MARGIN
    attention_loadings: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Holdings:
    """Holdings at the start in floats, whole lots: `of` by quantity, the book's signed; `borrowed`
    D, `elastic` E0.
    """

    of: Mapping[str, float]
    elastic: float
    borrowed: float


@dataclass(frozen=True)
class Subject:
    """A name's market row, position, parameters, setting and what everybody holds of it."""

    row: MarketRow
    position: Position
    p: NameParameters
    setting: Setting
    held: Holdings
    elasticity: float  # M

    @property
    def dt(self) -> float:
        """Of an intraday step, in days."""
        return self.setting.dt

    @property
    def sigma(self) -> float:
        """Volatility per square-root day."""
        return self.row.volatility / math.sqrt(TRADING_DAYS)

    @property
    def adv(self) -> float:
        """Floats a day."""
        return self.row.adv / self.row.float_shares

    @property
    def price(self) -> float:
        """Of a share, in the book's currency."""
        return self.row.price * self.row.rate

    def c(self, rate: float) -> float:
        """The part of a step that a rate per day moves, 1 - exp(-rate dt)."""
        return step_fraction(rate, self.dt)

    def tolerance(self, what: str, mean: float, sd: float) -> tuple[float, float]:
        """The two numbers of a tolerance truncated at 0: N(-mean/sd), and 1 over the mass above.

        Raises InputError where hardly any mass is left.
        """
        if mean / sd < -4:
            raise InputError(
                f"{self.row.symbol}: {what} {mean:g} is more than 4 sd below 0, so nobody would be "
                "left at the start; raise it"
            )
        return float(ndtr(-mean / sd)), 1 / max(float(ndtr(mean / sd)), math.ulp(0.0))


def step_fraction(rate: float, dt: float) -> float:
    """c(k) = 1 - exp(-k dt)."""
    return -math.expm1(-rate * dt)
