"""What it costs to close the whole book, by how long it takes: the group /exit and its table."""

from __future__ import annotations

import numpy as np
import zarr

from .explained import Rows
from .formats import decimals, money, percent
from .layout import full_array, name_coordinate, new_group, scenario_coordinate
from .schema import StoreSpec
from .summary import Summary

_COST = (
    "Fraction of equity, against prices at the start: each position traded evenly over the time, "
    "by the model's own permanent and transient impact under the liquidity of the start, nobody "
    "else trading. inf: elastic holders do not sell so much."
)


def write_exit(root: zarr.Group, spec: StoreSpec) -> None:
    """Add the group /exit, where the specification has the costs."""
    if spec.exit is None:
        return
    told = spec.exit
    group = new_group(root, "exit", "What closing the whole book costs, by how long it takes.")
    scenario_coordinate(group, spec.scenarios)
    name_coordinate(group, spec.symbols)
    days = np.array(told.days, np.int32)
    full_array(group, "days", ("days",), days, "trading days", "time the closing takes")
    names = ("scenario", "name")
    words = "share of volume that the book trades at most"
    full_array(group, "participation", ("scenario",), told.participation, "1", words)
    words = "time to close the position at that share of volume"
    full_array(group, "time", names, told.time, "trading days", words)
    words = "cost of closing at that share of volume"
    full_array(group, "cost_at_participation", names, told.at_participation, "1", words, _COST)
    words = "cost of closing in so many days, whatever share of volume it takes"
    full_array(group, "cost", (*names, "days"), told.cost, "1", words, _COST)


def exit_rows(summary: Summary, scenario: int, most: int) -> tuple[str, Rows | None]:
    """A sentence and the table by name, dearest first, and in all; nothing where there is none."""
    if "exit" not in summary.tree:
        return "", None
    data = summary.tree["exit"].to_dataset().isel(scenario=scenario).load()
    time, slow = (data[v].values for v in ("time", "cost_at_participation"))
    costs = np.column_stack([slow, data["cost"].values])
    if not time.any():
        return "", None
    total = costs.sum(axis=0)
    places = decimals(100 * float(total[np.isfinite(total)].max(initial=0.0)))
    order = [int(i) for i in np.argsort(-costs[:, 0], kind="stable") if time[i] > 0]
    rows = [(summary.symbols[i], _days(time[i]), *_cells(costs[i], places)) for i in order[:most]]
    if rest := order[most:]:
        longest = _days(time[rest].max())
        rows.append((f"{len(rest)} others", longest, *_cells(costs[rest].sum(axis=0), places)))
    rows.append(("all", _days(time.max()), *_cells(total, places)))
    share = f"{100 * float(data['participation'].values):.3g}\N{NO-BREAK SPACE}%"
    ends = [f"in {int(day)} d" for day in data["days"].values]
    sentence = f"Closing the whole book at {share} of volume takes {_days(time.max())} days"
    if np.isfinite(total[0]):
        cash = money(float(total[0]), summary.equity, summary.currency)
        sentence += f" and costs {percent(float(total[0]))} of equity ({cash}) in impact"
    return f"{sentence}.", Rows(
        "Exit cost in % of equity",
        ("position", "days", "cost", *ends),
        rows,
        f"days and cost at {share} of volume, more of it in fewer days; closed evenly under the "
        "liquidity of the start",
    )


def _cells(costs: np.ndarray[tuple[int], np.dtype[np.float64]], places: int) -> list[str]:
    return [percent(c, places).removesuffix(" %") if np.isfinite(c) else "never" for c in costs]


def _days(time: float) -> str:
    return "never" if np.isinf(time) else f"{time:,.0f}" if time >= 100 else f"{time:.2g}"
