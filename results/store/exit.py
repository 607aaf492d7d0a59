"""Cost of closing the book: the group /exit."""

from __future__ import annotations

import numpy as np
import zarr

from .layout import full_array, name_coordinate, new_group, scenario_coordinate
from .schema import StoreSpec

_COST = (
    "Fraction of equity, against prices at the start: each position traded evenly over the time, "
    "by the model's own permanent and transient impact under the liquidity of the start, nobody "
    "else trading. inf: elastic holders do not sell so much."
)


def write_exit(root: zarr.Group, spec: StoreSpec) -> None:
    """Add the group /exit, where the specification has the costs."""
    if spec.exit is None:
        return
    costs = spec.exit
    group = new_group(root, "exit", "What closing the whole book costs, by how long it takes.")
    scenario_coordinate(group, spec.scenarios)
    name_coordinate(group, spec.symbols)
    days = np.array(costs.days, np.int32)
    full_array(group, "days", ("days",), days, "trading days", "time the closing takes")
    names = ("scenario", "name")
    words = "share of volume that the book trades at most"
    full_array(group, "participation", ("scenario",), costs.participation, "1", words)
    words = "time to close the position at that share of volume"
    full_array(group, "time", names, costs.time, "trading days", words)
    words = "cost of closing at that share of volume"
    full_array(group, "cost_at_participation", names, costs.at_participation, "1", words, _COST)
    words = "cost of closing in so many days, whatever share of volume it takes"
    full_array(group, "cost", (*names, "days"), costs.cost, "1", words, _COST)
