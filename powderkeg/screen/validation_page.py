"""docs/validation.md, written from a run: figures, equations, where each is computed and tested."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import powderkeg

from ..engine.validate.assumptions import ASSUMPTIONS, LEFT_OUT
from ..engine.validate.case import CASES, Kind
from ..engine.validate.published import Result
from ..engine.validate.runner import ABSOLUTE, LARGEST_Z, RELATIVE, Outcome
from .published import section
from .validate import cells, verdict

INTRODUCTION = """\
# Validation

Every channel of the model is switched on alone and compared with what theory says about it: closed
forms, quadrature and fixed points that share no line with the kernels (`engine/validate/exact.py`).
This page is written by

    powderkeg validate --write docs/validation.md

and `powderkeg validate` runs the same table on any machine: `--backend reference` on the NumPy
reading of the model, `--vary SEED` with the parameters of every case drawn at random within the
ranges below, so that the table is not tuned to one set. It ends with exit code 3 if a case fails.

Means and probabilities are compared in standard errors, and pass below {z:g} of them. Paths are
added until the standard error is at most {relative:.1%} of a mean, or {absolute:g} of a
probability; that of a probability is the exact value's own. Deterministic cases have a stated
tolerance, in brackets, and z is the gap as a fraction of it.

Limits say whether the laws are computed as they are written. Whether they are laws of markets the
[published tables](#published-tables) ask, and [history.md](history.md).
"""

HEADERS = "../kernels/model"


def document(outcomes: Sequence[Outcome], where: str, results: Sequence[Result]) -> str:
    """The page, in Markdown, of cases and published tables. `where` names the back end."""
    date = datetime.now(UTC).date().isoformat()
    parts = [
        INTRODUCTION.format(z=LARGEST_Z, relative=RELATIVE, absolute=ABSOLUTE),
        f"{verdict(outcomes, where)}. powderkeg {powderkeg.__version__}, {date}.",
        "\n## Figures\n",
        *_figures(outcomes),
        "\n## Published tables\n",
        *section(results),
        "## Statements\n",
        *_statements(),
        "\n## What has no row\n",
        *(f"* **{what}**: {why}" for what, why in LEFT_OUT),
        "\n## Assumptions\n",
        "What the model takes for granted, why, where it comes from, and what shows how much hangs "
        "on it.\n",
        "| id | what | why | source | sensitivity |",
        "|---|---|---|---|---|",
        *(f"| {a.id} | {a.what} | {a.why} | {a.source} | {a.sensitivity} |" for a in ASSUMPTIONS),
    ]
    return "\n".join(parts) + "\n"


def _figures(outcomes: Sequence[Outcome]) -> list[str]:
    rows = ["| case | alone | exact | simulated | error | z | paths | |"]
    rows.append("|---|---|---:|---:|---:|---:|---:|---|")
    return rows + [f"| {' | '.join(cells(o))} |" for o in outcomes]


def _statements() -> list[str]:
    """Every case: title, equation, tolerance, step, header, test, ranges."""
    lines = []
    for channel in dict.fromkeys(case.channel for case in CASES.values()):
        lines.append(f"### {_HEADINGS.get(channel, channel.replace('_', ' '))}\n")
        for case in CASES.values():
            if case.channel != channel:
                continue
            file, _, function = case.test.partition("::")
            judged = {
                Kind.MEAN: "mean",
                Kind.PROBABILITY: "probability",
                Kind.DETERMINISTIC: f"tolerance {case.tolerance:g}"
                + ("" if case.absolute or not case.tolerance else " of the value"),
            }[case.kind]
            drawn = "; ".join(
                f"{name} {r.usual:g}" if r.low == r.high else
                f"{name} {r.usual:g} ({r.low:g} to {r.high:g})"
                for name, r in case.ranges.items()
            )  # fmt: skip
            lines += [
                f"* **{case.id}**: {case.title}.",
                f"  `{case.equation}`",
                f"  ({judged}; step: {case.step}). Computed in [{case.header}]"
                f"({HEADERS}/{case.header}), tested in [{function}](../tests/{file}.py). {drawn}.",
            ]
        lines.append("")
    return lines


_HEADINGS = {"none": "nobody trades", "all": "the whole model"}
