"""The table of rules as docs/plausibility.md prints it, written when this module is run."""

from __future__ import annotations

from pathlib import Path

from .table import KINDS, rules_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plausibility.md"
MARK = "<!-- written by python -m powderkeg.scenarios.plausibility.page -->\n"


def tables() -> str:
    """Every rule, a table a kind."""
    lines = [MARK]
    for kind in KINDS:
        name = kind.__name__.rpartition(".")[2]
        lines += [f"## {name}\n", f"{(kind.__doc__ or '').splitlines()[0]}\n"]
        lines += [
            "| rule | looks at | from | because | it is a | it says |",
            "|---|---|---|---|---|---|",
        ]
        for each in rules_of(kind):
            cells = (
                f"`{each.id}`", each.looks_at, f"{each.threshold:g}", each.source, each.severity,
                each.sentence,
            )  # fmt: skip
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def renewed(text: str) -> str:
    """A page with its tables written anew."""
    return text.partition(MARK)[0] + tables()


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
