"""The book at a glance and what the rules of plausibility found, as rows of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..formats import clean, number, percent
from ..formats import money as money_text

Said = Mapping[str, Any]


def findings(attributes: Mapping[Any, Any]) -> list[Said]:
    """What a store keeps of findings, the gravest first."""
    return list(attributes.get("findings", ()))


def finding_lines(found: Sequence[Said]) -> list[str]:
    """`warning: book.csv: row 7, quantity: ... [sign.turned]`"""
    return [clean(f"{each['severity']}: {each['line']} [{each['rule']}]") for each in found]


def glance_rows(said: Said) -> list[tuple[str, str]]:
    """Label and words, line by line."""
    equity, currency = float(said["equity"]), clean(str(said["currency"]))

    def amount(name: str) -> str:
        value = float(said[name])
        return f"{money_text(value / equity, equity, currency)} ({percent(value / equity)})"

    rows = [("as of", f"{said['as_of'] or 'no date'}{_age(said)}")]
    rows += [(name, amount(name)) for name in ("long", "short", "gross", "net")]
    rows.append(("delta, options and futures in", amount("delta")))
    if said["beta_delta"] is not None:
        rows.append(("beta-adjusted", amount("beta_delta")))
    if said["option_delta"] or said["gamma"] or said["vega"]:
        rows.append(("options' delta", amount("option_delta")))
        rows.append(("gamma, delta per 1 % up", amount("gamma")))
        rows.append(("vega, per point of volatility", amount("vega")))
    rows.append(("cash", amount("cash")))
    rows.append(("equity", money_text(1.0, equity, currency)))
    rows.append(("requirement at the start", amount("requirement")))
    rows.append(("excess over it", amount("excess")))
    days = number(float(said["days"]))
    rows.append(("days to exit at 10 % of volume", f"{days} ({clean(str(said['slowest']))})"))
    for of, parts in said["top"].items():
        if parts:
            names = ", ".join(f"{clean(str(s))} {percent(float(p))}" for s, p in parts)
            rows.append((f"largest parts of {of}", names))
    rows += [("told on", f"{clean(old)} is {clean(new)}") for old, new in said["maps"].items()]
    rows += [
        ("rate", f"1 {clean(c)} = {r:.6g} {currency}, 1 {currency} = {1 / r:.6g} {clean(c)}")
        for c, r in said["rates"].items()
    ]
    return rows


def _age(said: Said) -> str:
    days = said["ages"].get("market")
    return "" if days is None else f", {days:,} day{'s' * (days != 1)} old"
