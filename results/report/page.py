"""`powderkeg report`: one self-contained page, no script, no request, for screen and paper."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..formats import REFUSED, clean, count, money, number, percent, percent_range
from ..measures.levels import percent as level_text
from ..store.commit import open_results
from ..store.durable import write_file
from ..store.errors import StoreExists, StoreUnwritable
from .days import curve_svg, day_rows
from .exit import exit_rows
from .explained import Explained
from .headline import headline
from .inline import StyleSheet, policy_hash
from .pictures import FAINT, INK, OFF, ON, fan_svg, loss_svg
from .summary import FLOOR_WARNING, Line, Summary
from .unconditional import unconditional_rows

DETAILED = 8
FANNED = 24
POSITIONS = 24
TEMPLATES = Path(__file__).parent / "templates"


def write_report(store: str | Path, output: str | Path, *, verify: bool = True) -> None:
    """Write the page of a finished store: one self-contained HTML file, for screen and paper.

    Parameters
    ----------
    store
        A finished results store.
    output
        The HTML file to write, which must not exist.
    verify
        Whether every byte of the store is compared with its commit record first.

    Raises
    ------
    StoreError
        The store is unfinished or damaged, `output` exists or cannot be written.

    Example
    -------
    >>> import powderkeg
    >>> store = powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=1000)
    >>> powderkeg.report(store, "out.html")
    """
    out = Path(output)
    if os.path.lexists(out):
        raise StoreExists(f"{out} exists; choose another name")
    page = report_html(store, verify=verify).encode()
    try:
        write_file(out, page)
    except OSError as error:
        raise StoreUnwritable(f"{out} cannot be created: {error.strerror}") from error


def report_html(path: str | Path, *, verify: bool = True) -> str:
    """The page as text; the same for the same store.

    Errors: StoreError if the store is unfinished or damaged.
    """
    import jinja2

    summary = Summary(open_results(path, verify=verify))
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
        level="" if summary.level is None else level_text(summary.level),
        day=summary.horizons[-1],
        when=summary.when,
        currency=summary.currency,
        equity=money(1.0, summary.equity, summary.currency),
        paths=count(summary.paths),
        sensitivity=_sensitivity(summary),
        overview=[_overview(summary, s) for s in summary.order],
        detailed=detailed,
        hidden=max(len(summary.order) - DETAILED, 0),
        inputs=_inputs(summary),
        provenance=_provenance(summary),
        store=clean(Path(path).name),
    )


def _overview(summary: Summary, scenario: int) -> dict[str, Any]:
    line = summary.headline_line(scenario)
    level = "99" if summary.level is None else level_text(summary.level)
    last = f"es_{level}_day_{summary.horizons[-1]}"
    names = {"end": last, "call": "p_margin_call", "ruin": "p_ruin"}
    cells = {key: percent(summary.line(scenario, name).on.value) for key, name in names.items()}
    cells["scenario"] = summary.scenarios[scenario]
    refused = dict.fromkeys(("interval", "money", "off"), "") | {"value": REFUSED}
    return cells | (refused if line is None else _cells(summary, line))


def _cells(summary: Summary, line: Line) -> dict[str, Any]:
    """A line as the texts of a table row."""
    on, d = line.on, line.difference
    floor = line.floor_share
    return {
        "label": line.label if line.is_money else f"P({line.label})",
        "value": percent(on.value),
        "interval": percent_range(on.low, on.high, on.value),
        "money": money(on.value, summary.equity, "").strip() if line.is_money else "",
        "off": percent(line.off.value),
        "off_interval": percent_range(line.off.low, line.off.high, line.off.value),
        "difference": "" if np.isnan(d.value) else percent(d.value),
        "difference_interval": percent_range(d.low, d.high, d.value),
        "floor": "" if np.isnan(floor) else percent(floor),
        "floor_bad": floor > FLOOR_WARNING,
        "tail": count(line.tail_paths),
        "break": line.horizon,
    }


def _scenario(summary: Summary, scenario: int, sheet: StyleSheet) -> dict[str, Any]:
    squeeze = summary.tree["squeeze"].to_dataset().isel(scenario=scenario).load()
    odds, low, high = (squeeze[v].values for v in ("probability", "low", "high"))
    gains = summary.gains(scenario)
    shown = np.flatnonzero(gains.start.any(axis=0) | gains.largest.any(axis=(0, 2)))
    inputs = summary.tree["inputs"].to_dataset()
    weights = inputs["weight"].values if "weight" in inputs else None
    order = [int(i) for i in np.argsort(-odds[:, 0], kind="stable")]
    headline = summary.headline_line(scenario)
    names = []
    for i in order:
        typical, most = (float(g) for g in gains.total[i])
        names.append(
            {
                "name": summary.symbols[i],
                "weight": "" if weights is None else percent(float(weights[i])),
                "odds": [
                    (percent(o), percent_range(a, b, o))
                    for o, a, b in zip(odds[i], low[i], high[i], strict=True)
                ],
                "gains": [
                    (number(gains.start[i, c]), number(gains.largest[i, c, 0])) for c in shown
                ],
                "total": (number(gains.start[i].sum()), number(typical), number(most)),
                "ignites": typical >= 1,
            }
        )
    fanned = order[:FANNED]
    explained = Explained(summary, scenario)
    return {
        "id": f"scenario-{scenario}",
        "name": summary.scenarios[scenario],
        "headline": headline and headline.label,
        "losses": sheet.adopt(loss_svg(summary, scenario)),
        "curve": sheet.adopt(curve_svg(summary, scenario)),
        "main": [_cells(summary, line) for line in summary.main_lines(scenario)],
        "all": [_cells(summary, line) for line in summary.lines(scenario)],
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
        "multiples": [f"{m:g}x" for m in squeeze["multiple"].values],
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


def _sensitivity(summary: Summary) -> list[dict[str, Any]]:
    """Rows of the table of parameters that nobody knows."""
    return [
        {
            "scenario": summary.scenarios[row.scenario] if row.change is None else "",
            "parameter": row.parameter,
            "value": row.value,
            "es": percent(row.es.value),
            "interval": percent_range(row.es.low, row.es.high, row.es.value),
            "change": row.change_texts[0],
            "error": row.change_texts[1],
        }
        for row in summary.sensitivity
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
