"""What there is to look at when a channel is asked whether anybody uses it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..kinds import EventType, Policy

Records = npt.NDArray[np.void]


@dataclass(frozen=True)
class Use:
    """The records of a packed scenario, without padding: names (N,), positions (N, G), funds (G,),
    events (V,) and their sizes (N, V), and the run.
    """

    run: Records
    names: Records
    positions: Records
    funds: Records
    events: Records
    event_sizes: npt.NDArray[np.float32]

    def some(self, *fields: str) -> bool:
        """Whether every one of the fields is above 0 in some name."""
        return bool(np.logical_and.reduce([self.names[field] > 0 for field in fields]).any())

    def struck(self, *kinds: EventType) -> bool:
        """Whether an event of these kinds touches a name."""
        return bool((self.event_sizes[:, np.isin(self.events["type"], kinds)] != 0).any())

    @property
    def policy(self) -> Policy:
        """What the book does by itself or is made to do."""
        return Policy(int(self.run["policy"]))
