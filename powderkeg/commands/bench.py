"""`powderkeg bench`."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure the speed of every back end on gme-2021, and what each channel costs."""
    from ..engine.bench import NAMES, bench_channels
    from ..engine.bench import as_json as plain
    from ..engine.bench import bench as measure
    from ..screen.console import console, table

    speeds, costs = measure(), bench_channels()
    if as_json:
        print(json.dumps(plain(speeds, costs), indent=2))
        return
    rows = [
        (s.name, s.device, f"{s.name_steps_per_second / 1e6:,.1f}", f"{s.ratio:,.1f}x")
        for s in speeds
    ]
    columns = ("back end", "device", "million name-steps/s", "to reference")
    title = f"One thread, {NAMES} names with the whole gme-2021 model, medians"
    screen = console()
    screen.print(table(title, columns, rows, left=2))
    models = [(c.model, f"{c.name_steps_per_second / 1e6:,.1f}", f"{c.ratio:.2f}") for c in costs]
    heads = ("model", "million name-steps/s", "time to gme-2021")
    title = f"What channels cost: {costs[0].back_end}, one thread, {NAMES} names, medians"
    screen.print(table(title, heads, models))
