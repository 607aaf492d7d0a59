"""What it costs to close the whole book, by how long it takes: the group /exit and its table."""

from __future__ import annotations

import numpy as np

from ..formats import decimals, money, percent
from .explained import Rows
from .summary import Summary


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
