"""`powderkeg report`: one self-contained page, no script, no request, for screen and paper."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..formats import clean, count, money, number, percent
from ..measures.levels import percent as level_text
from ..store.durable import write_file
from ..store.errors import StoreExists, StoreUnwritable
from .cells import line_cells, name_odds, scenario_cells, varied_rows
from .days import curve_svg, day_rows
from .exit import exit_rows
from .explained import Explained
from .glance import finding_lines, findings, glance_rows
from .headline import headline
from .inline import StyleSheet, policy_hash
from .limits import limit_rows, verdicts
from .pictures import FAINT, INK, OFF, ON, fan_svg, loss_svg
from .summary import Summary
from .unconditional import unconditional_rows

DETAILED = 8
FANNED = 24
POSITIONS = 24
TEMPLATES = Path(__file__).parent / "templates"


def check_page(output: str | Path) -> None:
    """A page is never overwritten. Errors: StoreExists."""
    if os.path.lexists(output):
        raise StoreExists(f"{output} exists; choose another name")


def write_page(summary: Summary, store: str, output: str | Path) -> None:
    """Write the page of a store of this name into a new file. Errors: StoreError."""
    check_page(output)
    page = report_html(summary, store).encode()
    try:
        write_file(Path(output), page)
    except OSError as error:
        raise StoreUnwritable(f"{output} cannot be created: {error.strerror}") from error


def report_html(summary: Summary, store: str) -> str:
    """The page of a store of this name as text; the same for the same store."""
    import jinja2

    sheet = StyleSheet({INK: "--ink", FAINT: "--faint", ON: "--on", OFF: "--off"})
    detailed = [_scenario(summary, s, sheet) for s in summary.order[:DETAILED]]
    css = (TEMPLATES / "report.css").read_text() + sheet.css
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        css=css,
        css_hash=policy_hash(css),
        title=clean(str(summary.tree.attrs["title"])),
        headline=headline(summary),
        warnings=summary.warnings(),
        findings=finding_lines(findings(summary.tree.attrs)),
        glance=glance_rows(summary.tree.attrs["glance"]) if "glance" in summary.tree.attrs else [],
        limits=limit_rows(verdicts(summary)),
        level="" if summary.level is None else level_text(summary.level),
        day=summary.horizons[-1],
        when=summary.when,
        currency=summary.currency,
        equity=money(1.0, summary.equity, summary.currency),
        paths=count(summary.paths),
        sensitivity=varied_rows(summary),
        overview=[scenario_cells(summary, s) for s in summary.order],
        detailed=detailed,
        hidden=max(len(summary.order) - DETAILED, 0),
        inputs=_inputs(summary),
        provenance=_provenance(summary),
        store=clean(store),
    )


def _scenario(summary: Summary, scenario: int, sheet: StyleSheet) -> dict[str, Any]:
    gains = summary.gains(scenario)
    shown = np.flatnonzero(gains.start.any(axis=0) | gains.largest.any(axis=(0, 2)))
    multiples, order = name_odds(summary, scenario)
    headline = summary.headline_line(scenario)
    names = []
    for each in order:
        i = each.name
        typical, most = (float(g) for g in gains.total[i])
        names.append(
            {
                "name": summary.symbols[i],
                "weight": each.weight,
                "odds": each.odds,
                "gains": [
                    (number(gains.start[i, c]), number(gains.largest[i, c, 0])) for c in shown
                ],
                "total": (number(gains.at_start(i)), number(typical), number(most)),
                "ignites": typical >= 1,
            }
        )
    fanned = [each.name for each in order[:FANNED]]
    explained = Explained(summary, scenario)
    return {
        "id": f"scenario-{scenario}",
        "name": summary.scenarios[scenario],
        "headline": headline and headline.name,
        "losses": sheet.adopt(loss_svg(summary, scenario)),
        "curve": sheet.adopt(curve_svg(summary, scenario)),
        "main": [line_cells(summary, line) for line in summary.main_lines(scenario)],
        "all": [line_cells(summary, line) for line in summary.lines(scenario)],
        "explained": [
            ("", unconditional_rows(summary, scenario)),
            day_rows(summary, scenario),
            (explained.story(), explained.contributions(POSITIONS)),
            ("", explained.components()),
            (explained.endogenous(), explained.channels()),
            exit_rows(summary, scenario, POSITIONS),
            (explained.sharper(), explained.weighted()),
        ],
        "fan": sheet.adopt(fan_svg(summary, scenario, fanned)),
        "unfanned": len(order) - len(fanned),
        "multiples": multiples,
        "channels": [gains.channels[c] for c in shown],
        "overlap": _overlap(summary, scenario),
        "names": names,
        "worst": _worst_paths(summary, scenario),
    }


def _overlap(summary: Summary, scenario: int) -> list[dict[str, Any]]:
    """Who loses how much when whom unwinds, one row a holder; none where there is no fund."""
    holders, losses = summary.overlap(scenario)
    return [
        {"holder": name, "losses": [percent(x) for x in row]}
        for name, row in zip(holders, losses, strict=True)
    ]


def _worst_paths(summary: Summary, scenario: int, most: int = 10) -> list[dict[str, Any]]:
    """The paths with the largest losses by the run's measure, and how to replay them."""
    losses = summary.tree["losses"].to_dataset().isel(scenario=scenario)
    pnl, calm = -summary.losses(scenario), summary.losses(scenario, calm=True)
    few = min(most, pnl.size)
    worst = np.argpartition(pnl, few - 1)[:few]
    worst = worst[np.lexsort((worst, pnl[worst]))]
    picked = losses.isel(path=worst).load()
    rows = []
    for j in range(few):
        called = float(picked["margin_call_day"].values[j])
        rows.append(
            {
                "path": int(picked["path"].values[j]),
                "loss": percent(-float(pnl[worst[j]])),
                "calm": percent(float(calm[worst[j]])),
                "end": percent(-float(picked["pnl"].isel(horizon=-1).values[j])),
                "called": "never" if np.isnan(called) else f"{called:.2f}",
                "floor": f"{int(picked['floor_names'].values[j])}",
            }
        )
    return rows


def _inputs(summary: Summary) -> list[dict[str, str]]:
    data = summary.tree["inputs"].to_dataset()
    if "text" not in data:
        return []
    texts = zip(*(data[v].values for v in ("role", "file_name", "text")), strict=True)
    return [
        {"role": clean(str(role)), "name": clean(str(name)), "size": count(len(str(text)))}
        for role, name, text in texts
    ]


def _provenance(summary: Summary) -> list[tuple[str, str]]:
    attrs = summary.tree.attrs
    rows = [
        (clean(str(key)).replace("_", " "), clean(str(value)))
        for key, value in dict(attrs["provenance"]).items()
    ]
    rows.append(("input fingerprint", clean(str(attrs["grid"]["fingerprint"]))))
    rows.append(("content SHA-256", clean(str(attrs["commit"]["content_sha256"]))))
    return rows
