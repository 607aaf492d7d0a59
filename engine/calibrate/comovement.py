"""Names of one episode held against what happened to them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...results.measures.comovement import (
    mean_correlation,
    most_on_one_day,
    shuffled,
    variogram_score,
)
from .scorecard import Figure, Scorecard, figure

Array = npt.NDArray[np.float64]

MOVE = 0.3  # of a price in a day, up or down
SCENARIO, INDEPENDENT = "scenario", "independent names"


@dataclass(frozen=True)
class Comovement:
    """`figures` as those of a card; `scores` by who foretold them: variogram score of daily log
    returns and its standard error. `days` are those that every name's closes are known on.
    """

    days: int
    figures: tuple[Figure, ...]
    scores: dict[str, tuple[float, float]]


def comovement(cards: Sequence[Scorecard]) -> Comovement | None:
    """Of cards that are all of the same paths; None for a single name, or where a close is missing.

    Independent names are the same paths, each name's in another order: what is lost by them is
    owed to what the names have in common.
    """
    if len(cards) < 2 or not all(card.daily for card in cards):
        return None
    days = min(len(card.days) for card in cards)
    paths = _returns(np.stack([card.closes[:, :days] for card in cards], axis=2))
    actual = _returns(np.stack([card.actual[None, :days] for card in cards], axis=2))
    figures = tuple(
        figure(name, float(of(actual)[0]), of(paths))
        for name, of in (
            ("mean pairwise correlation", mean_correlation),
            (f"names up {MOVE:.0%} on one day", lambda x: most_on_one_day(x, np.log(1 + MOVE))),
            (f"names down {MOVE:.0%} on one day", lambda x: most_on_one_day(x, np.log(1 - MOVE))),
        )
    )
    scores = {
        SCENARIO: variogram_score(paths, actual[0]),
        INDEPENDENT: variogram_score(shuffled(paths), actual[0]),
    }
    return Comovement(days, figures, scores)


def _returns(closes: Array) -> Array:
    """Daily log returns from log closes over the start. Shape: (paths, days, names) as given."""
    return np.diff(closes, axis=1, prepend=0.0)
