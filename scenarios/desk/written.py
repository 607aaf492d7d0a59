"""The files that a build writes: market, its sources, chain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from ..errors import InputError
from ..market import DATED
from .build import Built, fields_used
from .figures import COLUMNS, Figure, as_csv, number, write_new

KEPT_OUT = ("available",)  # one broker's, which no model uses: in the sources alone


def write_market(
    built: Built, output: Path, currency: str, rates: Mapping[str, float]
) -> list[Path]:
    """Write market file, sources beside it and, where there are quotes, the chain. Raises
    InputError before anything is written where one of them is there already."""
    texts = {output: market_text(built, currency, rates),
             output.with_suffix(".sources.csv"): sources_text(built)}  # fmt: skip
    if (chain := chain_text(built)) is not None:
        texts[output.with_name("chain.csv")] = chain
    for path in texts:
        if path.exists():
            raise InputError(f"{path}: is there already; choose another name or remove it")
    for path, text in texts.items():
        write_new(path, text)
    return list(texts)


def market_text(built: Built, currency: str, rates: Mapping[str, float]) -> str:
    """The market file: a row a name, `<figure>_as_of` where a figure is of another day."""
    fields = [field for field in fields_used(built) if field not in KEPT_OUT]
    dated = {f for f in DATED if any(_other_day(built, name, f) for name in built.names)}
    header = ["symbol", "security_type"]
    for field in fields:
        header += [field, f"{field}_as_of"] if field in dated else [field]
    header += ["currency", "source"]
    above = [f"as_of: {built.as_of}", f"currency: {currency}"]
    above += [f"rate_{other}: {rate:g}" for other, rate in rates.items()]
    return as_csv(header, [_row(built, name, header, currency) for name in built.names], above)


def _row(built: Built, name: str, header: list[str], currency: str) -> list[str]:
    used = {field: f for (symbol, field), f in built.choice.used.items() if symbol == name}
    own = built.currencies.get(name, "")
    cells = {
        "symbol": name,
        "security_type": "index" if name in built.indices else "",
        "currency": "" if own == currency else own,
        "source": _sources(used, built.as_of),
    }
    for field, figure in used.items():
        cells[field] = number(figure.value)
        cells[f"{field}_as_of"] = str(figure.as_of) if figure.as_of != built.as_of else ""
    return [cells.get(column, "") for column in header]


def _sources(used: Mapping[str, Figure], as_of: date) -> str:
    """`price, adv: GME.csv (Yahoo); short_interest: FINRA`: what comes from where."""
    by_source: dict[str, list[str]] = {}
    for field, figure in used.items():
        if field not in KEPT_OUT:
            by_source.setdefault(figure.source.split(", ")[0], []).append(field)
    return "; ".join(f"{', '.join(fields)}: {source}" for source, fields in by_source.items())


def _other_day(built: Built, name: str, field: str) -> bool:
    figure = built.choice.used.get((name, field))
    return figure is not None and figure.as_of != built.as_of


def sources_text(built: Built) -> str:
    """Every figure that was found, used or not, and why."""
    order = {name: k for k, name in enumerate(built.names)}
    rows = sorted(
        built.choice.verdicts, key=lambda v: (order[v[0].symbol], v[0].field, v[1] != "yes")
    )
    return as_csv(
        COLUMNS,
        [
            [f.symbol, f.field, number(f.value), verdict, f.source, str(f.as_of), str(f.published),
             str(f.age(built.as_of))]
            for f, verdict in rows
        ],
        [f"as_of: {built.as_of}"],
    )  # fmt: skip


def chain_text(built: Built) -> str | None:
    """Open interest of every option that is alive, None where no chain says any."""
    totals: dict[tuple[str, date, float, str], float] = {}
    for chain in built.chains:
        for q in chain.quotes:
            if q.open_interest and q.expiry > built.as_of:
                key = (chain.symbol, q.expiry, q.strike, q.kind)
                totals[key] = totals.get(key, 0.0) + q.open_interest
    rows = [
        [s, str(e), number(k), kind, number(oi)] for (s, e, k, kind), oi in sorted(totals.items())
    ]
    header = ("symbol", "expiry", "strike", "option_type", "open_interest")
    return as_csv(header, rows, [f"as_of: {built.as_of}"]) if rows else None
