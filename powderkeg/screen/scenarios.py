"""Presets and parameters of a scenario, for a person."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ..scenarios import InputError, describe_parameters, presets
from ..scenarios.library import PRESETS
from ..scenarios.yamlfile import load
from .console import table


def print_scenarios(screen: Console, name: str | None) -> None:
    """Presets and parameters; a preset's YAML, its table's path; or parameters called `name`."""
    if name in presets():
        print((PRESETS / f"{name}.yaml").read_text(), end="")
        if (table_file := PRESETS / f"{name}.members.csv").exists():
            print(f"# its ensemble, a row a member: {table_file}")
        return
    if name is None:
        rows = [(preset, str(_description(preset))) for preset in presets()]
        screen.print(table("Presets (powderkeg scenarios NAME prints one)", ("", ""), rows, left=2))
    found = [row for row in describe_parameters() if name is None or name.lower() in row.key]
    if not found:
        raise InputError(
            f"{name} is neither a preset ({', '.join(presets())}) nor part of a parameter's name"
        )
    screen.print(Text("Parameters of a scenario, by their names in YAML", "bold"))
    for row in found:
        unit = "" if row.unit in ("", "1") else f" {row.unit}"
        allowed = f" ({row.range})" if row.range else ""
        screen.print(Text.assemble((row.key, "cyan"), f" = {row.default}{unit}{allowed}"))
        screen.print(Padding(Text(row.description), (0, 0, 0, 4)))
        if row.source:
            screen.print(Padding(Text(f"source: {row.source}", "dim"), (0, 0, 0, 4)))


def _description(preset: str) -> str:
    return str(load(PRESETS / f"{preset}.yaml")[0].get("description", ""))
