"""What an agent declares: its switch, its part of the NAME record, its state and trace, its shares.

A declaration stands beside two laws written by hand, a header in kernels/model and a file of
kernels/reference. Records, state, orders, sums, fills, undoing, traces and packing are lists made
from the declarations: nobody keeps such a list in order by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ...scenarios.agents import NameParameters
from .subject import Subject
from .use import Use

Record = dict[str, Any]
"""Fields of one name's NAME record by name."""


@dataclass(frozen=True)
class Switch:
    """A channel: what can be switched off. Stores and scenarios know it by its name in lower case.

    `bit` is its value in stores, for good. `in_use` says whether anybody in a packed scenario could
    move anything through it; a channel with nobody behind it is switched off.
    """

    name: str
    bit: int
    in_use: Callable[[Use], bool]


@dataclass(frozen=True)
class Field:
    """A field of the NAME record, `padding` in a slot without a name: calm, and held by nobody."""

    name: str
    words: str = ""
    padding: float = 0.0
    kind: npt.DTypeLike = np.float32


@dataclass(frozen=True)
class Quantity:
    """What a path remembers of a name: one field of header, reference and trace, by one name.

    `start` is a number or the NAME field it starts at. `stored` is False for what a trace works out
    when it is kept, `undone` True for what a trade cancellation takes back. Without `words` a
    replay shows it in another form. `holder` says who holds it, for the table of holdings.
    """

    name: str
    unit: str = "1"
    words: str = ""
    start: float | str = 0.0
    traced: bool = True
    stored: bool = True
    undone: bool = False
    holder: str = ""


@dataclass(frozen=True)
class Holding:
    """Shares of an agent in the ledger, moved by its fills; `quantity` of the state.

    `switches` are those under which it trades, none: always. `owed` grows as the holder sells, as
    what is short or issued does. `fails`: unfilled buys do not come back by themselves. `alone`:
    the order is a function of state, parameters and the volume of a day, so that it is called by
    name: `<quantity>_order` of the header, `order` of the reference's file `law`. `start` is what
    it holds at the start, in floats, None: worked out with the rest of the ledger.
    """

    quantity: str
    switches: tuple[str, ...] = ()
    owed: bool = False
    fails: bool = False
    law: str = ""
    start: Callable[[NameParameters], float] | None = None

    @property
    def alone(self) -> bool:
        """Whether its order is called by name."""
        return bool(self.law)


@dataclass(frozen=True)
class Holder:
    """One agent, or one part of the market that agents meet in; `name` as its section.

    `example` are values of its section with which it has something to do, for benchmarks.
    """

    name: str
    fields: tuple[Field, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    switches: tuple[Switch, ...] = ()
    holding: Holding | None = None
    pack: Callable[[Subject], Record] | None = None
    example: Mapping[str, Any] = field(default_factory=dict)
