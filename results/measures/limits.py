"""The limits that a run is held to, as its store keeps them: what was asked, not what came out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol


class LimitLike(Protocol):
    """A limit (KeptLimit, or scenarios.limits.Limit as it is read from a file)."""

    @property
    def scenario(self) -> str: ...
    @property
    def measure(self) -> str: ...
    @property
    def below(self) -> float: ...
    @property
    def confident(self) -> bool: ...
    @property
    def amount(self) -> float | None: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True)
class KeptLimit:
    """`measure` of `scenario` (or of `all`) must be below `below`, a fraction of equity or a
    probability; `confident`: so must the upper end of its 95 % interval. A limit that was asked for
    in money has its `amount` in `currency`, too.
    """

    scenario: str
    measure: str
    below: float
    confident: bool
    amount: float | None = None
    currency: str = ""

    @classmethod
    def of(cls, limit: LimitLike) -> KeptLimit:
        """What is kept of a limit."""
        return cls(**{field.name: getattr(limit, field.name) for field in fields(cls)})


def attribute(limits: Iterable[KeptLimit]) -> dict[str, Any]:
    """The attribute of a store's root that keeps them."""
    return {"limits": [asdict(limit) for limit in limits]}


def kept(attributes: Mapping[Any, Any]) -> tuple[KeptLimit, ...]:
    """What the attributes of a store's root say the run is held to."""
    return tuple(KeptLimit(**limit) for limit in attributes.get("limits", ()))
