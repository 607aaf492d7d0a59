"""docs/plausibility.md is written from the table of rules, and the table is whole."""

from __future__ import annotations

from powderkeg.scenarios.plausibility.finding import SEVERITIES
from powderkeg.scenarios.plausibility.page import PAGE, renewed
from powderkeg.scenarios.plausibility.table import KINDS, RULES, rules_of


def test_the_page_is_current() -> None:
    text = PAGE.read_text()
    assert renewed(text) == text, "run python -m powderkeg.scenarios.plausibility.page"


def test_every_rule_is_declared_once_and_says_a_way_out() -> None:
    ids = [each.id for each in RULES]
    assert len(set(ids)) == len(ids)
    assert all(rules_of(kind) for kind in KINDS)
    for each in RULES:
        assert each.severity in SEVERITIES and each.source and each.looks_at
        assert each.sentence.partition(";")[2].strip(), each.id
