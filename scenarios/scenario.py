"""One scenario: every parameter of docs/model.md by name, with overrides per symbol."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, PrivateAttr, field_validator, model_validator

from .agents import Broker, Channels, NameParameters
from .attention_factor import AttentionFactor
from .capacity import MAX_EVENTS, MAX_FACTORS, MAX_FUNDS
from .ensemble import Members, check_ensemble
from .episode import Episode, Episodes, check_together
from .funds import Fund, FundName
from .no_crowd import NoCrowd
from .parameter import CHOICE, Section, parameter
from .policy import BookRules
from .timeline import MarketShock, TimelineEvent, labels
from .variation import Sensitivity, Variation
from .whom import SHORTS

__all__ = [
    "SHORTS",  # the key under `names` for every name that the book is short
    "Channels",
    "NameParameters",
]

FactorVolatility = Annotated[float, Field(ge=0, le=5)]
Correlation = Annotated[float, Field(ge=-1, le=1)]
Day = Annotated[int, Field(ge=1, le=252)]


class MarketShift(Section):
    """A change of the market snapshot before the run (ORE's words: type and size of a shift)."""

    symbol: str = Field("all", description="a symbol, `shorts` (every short of the book), or `all`")
    field: Literal[
        "float_shares",
        "short_interest",
        "lendable",
        "borrow_fee",
        "adv",
        "volatility",
        "implied_vol",
    ] = Field(description="the column of the market file")
    type: Literal["relative", "absolute"] = Field(
        description="relative: value (1 + size); absolute: value + size, in the column's unit"
    )
    size: float = Field(description="the shift; 0.2 with type relative is a fifth more")


class Scenario(NameParameters):
    """One story to simulate. Top-level sections hold for every name not overridden in `names`."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._=,+-]{0,199}$",
        description="name of the scenario in results; file name without .yaml where absent",
    )
    description: str = Field("", description="one sentence for the reader of results")
    horizon_days: Day = parameter(10, "D: trading days simulated", "days", CHOICE)
    steps_per_day: int = parameter(
        26, "n: intraday steps a day", "steps", CHOICE + ": 15 minutes", ge=1, le=1560
    )
    normals_per_step: int = parameter(
        1, "r: normals added up to one step's, for refinement studies", "1", CHOICE, ge=1, le=64
    )
    horizons: tuple[Day, ...] = parameter(
        (1, 5, 10, 20),
        "days at whose close losses are kept; cut to horizon_days, which is always among them",
        "days",
        CHOICE,
        strict=False,
    )
    overnight_share: float = parameter(
        0.3,
        "f: share of daily variance that comes overnight",
        "1",
        "squared open-to-close and close-to-open returns, July 2020 to 12 January 2021: GameStop "
        ".26, FUBO .31, EXPR .33, TSLA .44",
        ge=0,
        lt=1,
    )
    tau_floor: float = parameter(
        1e-3, "least time to expiry", "steps", CHOICE + ": keeps gamma finite at expiry", gt=0, le=1
    )
    call_ladder: bool = parameter(
        False,
        "true: a crowd's later calls expire a week after the next weekly expiry instead of on the "
        "third Friday, and what is closed out before an expiry is rolled there as it is closed",
        "1",
        CHOICE,
    )
    channels: Channels = Channels()
    factors: dict[str, FactorVolatility] = parameter(
        {"market": 0.16},
        "volatility of each factor, by name; names load on it by the market file's beta_<name>",
        "per annum",
        "long-run volatility of the S&P 500",
    )
    factor_correlation: dict[str, dict[str, Correlation]] = parameter(
        {}, "correlation of two factors, as {one: {other: value}}; 0 where absent", "1", CHOICE
    )
    attention_factors: dict[str, AttentionFactor] = Field(
        {},
        description="factors that scale with attention, by name: the common move of crowded names",
    )
    factor_dof: float | None = parameter(
        None,
        "degrees of freedom of daily Student-t factor returns, one mixture for all factors; null: "
        "normal",
        "1",
        "null: normal; 4 for stock indices, Platen & Rendek (2008), J. Statistical Theory and "
        "Practice 2",
        gt=2,
        le=1000,
    )
    factor_tail_cap: float = parameter(
        25.0,
        "cap of a day's variance under factor_dof, in multiples of the mean",
        "1",
        CHOICE,
        gt=1,
        le=1e4,
    )
    broker: Broker = Broker()
    book: BookRules = BookRules()
    sensitivity: Sensitivity = Sensitivity()
    variation: Variation = Variation()
    variant_of: str | None = Field(
        None, description="id of the scenario that this one varies; set by `variants`"
    )
    funds: dict[FundName, Fund] = Field({}, description="up to 4 funds, by name")
    timeline: tuple[TimelineEvent, ...] = Field((), description="up to 16 events", strict=False)
    market_shifts: tuple[MarketShift, ...] = Field(
        (), description="changes of the market snapshot, applied in order", strict=False
    )
    names: dict[str, NameParameters] = Field(
        {}, description="overrides by symbol; the key `shorts` is every stock the book is short"
    )
    ensemble: dict[str, Members] = Field(
        {},
        description="values by dotted name, one a member; path `id` has `id // 16` modulo members",
    )
    no_crowd: NoCrowd | None = Field(
        None,
        description="the case that no crowd comes: its `weight` in unconditional measures, and an "
        "`ensemble` whose columns stand in for the scenario's",
    )
    episode: Episode | None = Field(None, description="what really happened; moves no path")
    episodes: Episodes = Field({})

    _text: str = PrivateAttr("")
    _base_texts: tuple[str, ...] = PrivateAttr(())
    _notes: tuple[str, ...] = PrivateAttr(())

    @property
    def text(self) -> str:
        """The file's text exactly as read, "" for a scenario made in Python."""
        return self._text

    @property
    def base_texts(self) -> tuple[str, ...]:
        """Texts of the tables it names and of the bases it stands on, nearest first."""
        return self._base_texts

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know about this scenario and this book."""
        return self._notes

    def remember(self, text: str, base_texts: tuple[str, ...], notes: tuple[str, ...]) -> None:
        """Keep where the scenario came from: called once, by the loader."""
        self._text, self._base_texts, self._notes = text, base_texts, notes

    @field_validator("horizons")
    @classmethod
    def _cut_horizons(cls, value: tuple[int, ...], info: Any) -> tuple[int, ...]:
        last = info.data.get("horizon_days", 10)
        return tuple(sorted({day for day in value if day < last} | {last}))

    @model_validator(mode="after")
    def _factors_are_correlated(self) -> Self:
        if (count := len(self.factors) + len(self.attention_factors)) > MAX_FACTORS:
            raise ValueError(f"factors: {count} factors; at most {MAX_FACTORS}")
        for name in self.attention_factors:
            if name in self.factors:
                raise ValueError(f"attention_factors: {name} is one of the factors; rename one")
        matrix = self.correlation()
        if len(matrix) and np.linalg.eigvalsh(matrix)[0] < 1e-8:
            raise ValueError(
                "factor_correlation: the matrix is not positive definite; "
                "bring the correlations nearer to 0"
            )
        return self

    @model_validator(mode="after")
    def _story_is_possible(self) -> Self:
        if len(self.funds) > MAX_FUNDS:
            raise ValueError(f"funds: {len(self.funds)} funds; at most {MAX_FUNDS}")
        if len(self.timeline) > MAX_EVENTS:
            raise ValueError(f"timeline: {len(self.timeline)} events; at most {MAX_EVENTS}")
        first: dict[str, int] = {}
        for index, (event, label) in enumerate(
            zip(self.timeline, labels(self.timeline), strict=True)
        ):
            if first.setdefault(label, index) != index:
                raise ValueError(
                    f'timeline[{index}].id: "{label}" is also timeline[{first[label]}]; rename one'
                )
            if event.day is not None and event.day > self.horizon_days:
                raise ValueError(
                    f"timeline[{index}].day: day {event.day} is after the last, "
                    f"{self.horizon_days}; bring it forward or raise horizon_days"
                )
            if isinstance(event, MarketShock) and event.factor not in self.factors:
                raise ValueError(
                    f"timeline[{index}].factor: {event.factor} is not one of the factors; give its "
                    "volatility under factors"
                )
        return self

    @model_validator(mode="after")
    def _members_are_possible(self) -> Self:
        events = dict(zip(labels(self.timeline), self.timeline, strict=True))
        columns = {**self.ensemble, **(self.no_crowd.ensemble if self.no_crowd else {})}
        for each in (self.ensemble, columns):
            check_ensemble(each, NameParameters.model_fields, self.names, events)
        check_together(self.pasts)
        return self

    @property
    def pasts(self) -> tuple[Episode, ...]:
        """Every name's episode."""
        return (*([self.episode] if self.episode else []), *self.episodes.values())

    @property
    def factor_names(self) -> tuple[str, ...]:
        """Every factor in the order in which they are packed: those that scale come last."""
        return (*self.factors, *self.attention_factors)

    def correlation(self) -> npt.NDArray[np.float64]:
        """Correlation of the factors in the order of `factors`. Shape: (factors, factors)."""
        order = {name: index for index, name in enumerate(self.factors)}
        matrix = np.eye(len(order))
        given: dict[tuple[int, int], float] = {}
        for one, others in self.factor_correlation.items():
            for other, value in others.items():
                for name in (one, other):
                    if name not in order:
                        raise ValueError(f"factor_correlation: {name} is not one of the factors")
                i, j = sorted((order[one], order[other]))
                if i == j and value != 1:
                    raise ValueError(f"factor_correlation: {one} with itself is 1; remove it")
                if (before := given.setdefault((i, j), value)) != value:
                    raise ValueError(
                        f"factor_correlation: {one} with {other} is given twice, {before:g} and "
                        f"{value:g}; keep one"
                    )
                matrix[i, j] = matrix[j, i] = value
        return matrix
