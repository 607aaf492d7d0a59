"""The table of rules, a file a kind, and what all of them find at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from types import ModuleType

from ..errors import InputError, did_you_mean
from . import (
    cash,
    currency,
    dates,
    events,
    headers,
    limits,
    placeholders,
    rates,
    scale,
    sign,
    symbols,
    units,
)
from .finding import NOTE, REFUSAL, WARNING, Finding, Implausible, sorted_by_weight
from .rule import Rule
from .said import Said

KINDS: tuple[ModuleType, ...] = (
    rates, units, scale, sign, cash, currency, placeholders, dates, symbols, headers, events,
    limits,
)  # fmt: skip


def rules_of(kind: ModuleType) -> tuple[Rule, ...]:
    """The rules that a file declares, in its order."""
    mine = kind.__name__.rpartition(".")[2] + "."
    return tuple(
        each for each in vars(kind).values() if isinstance(each, Rule) and each.id.startswith(mine)
    )


RULES: tuple[Rule, ...] = tuple(each for kind in KINDS for each in rules_of(kind))


def examine(said: Said) -> tuple[Finding, ...]:
    """What all rules find, the gravest first.

    Source: the thresholds of docs/plausibility.md, each with its own.
    """
    return sorted_by_weight(each for rule in RULES for each in rule.findings(said))


def judged(
    findings: Collection[Finding], strict: bool = False, accept: Collection[str] = ()
) -> tuple[Finding, ...]:
    """The findings as a person wants them judged: what is accepted becomes a note, and with
    `strict` warnings become refusals.

    Raises Implausible where a refusal is left, InputError for a rule to accept that is none.
    """
    known = [rule.id for rule in RULES]
    for name in accept:
        if name not in known:
            help_ = did_you_mean(name, known, "; docs/plausibility.md lists all")
            raise InputError(f"accept: there is no rule {name}{help_}")
    found = []
    for each in findings:
        if each.rule in accept:
            each = replace(each, severity=NOTE)
        elif strict and each.severity == WARNING:
            each = replace(each, severity=REFUSAL)
        found.append(each)
    ordered = sorted_by_weight(found)
    if any(each.severity == REFUSAL for each in ordered):
        raise Implausible(ordered)
    return ordered
