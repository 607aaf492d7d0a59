"""The sentence at the top of terminal and page: how bad, how sure, whether the book lives."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np

from ..formats import MINUS, clean, count, money, percent, percent_range
from ..measures import statistics as st
from ..measures.conventions import FLOOR, SHARE, SIGN
from ..measures.levels import LEVELS
from ..measures.levels import percent as level_text
from .limits import limits_words, verdicts
from .summary import FLOOR_WARNING, HOLD, MOSTLY, Line, Summary
from .unconditional import unconditional


@dataclass(frozen=True)
class Span:
    """ES over the values of a convention, and as the scenario is, on the first paths."""

    parameter: str
    low: float
    high: float
    now: float

    @property
    def matters(self) -> bool:
        """Whether it moves ES by more than a tenth of it."""
        return self.high - self.low > SHARE * abs(self.now)

    @property
    def text(self) -> str:
        """The range, `120-210 %`."""
        return percent_range(self.low, self.high, self.high)

    @property
    def sentence(self) -> str:
        """What is tried and what comes out."""
        if self.parameter == FLOOR:
            return f"With max_multiple at half and twice its value it is {self.text}."
        return f"With dealers' sign at {MINUS}1, 0 and +1 it is {self.text}."


def headline(summary: Summary) -> str:
    """The sentence at the top, with its interval, and how many limits are broken."""
    text, words = _tail(summary), limits_words(verdicts(summary))
    return f"{text} {words[0].upper()}{words[1:]}." if words else text


def _tail(summary: Summary) -> str:
    worst = summary.order[0]
    line = summary.headline_line(worst)
    if line is None:
        need = math.ceil(st.REFUSE / (1 - LEVELS[0]))
        return (
            f"{count(summary.paths)} paths are too few to say anything about the tail; "
            f"take at least {count(need)}."
        )
    size = abs(line.on.value)
    does = "loses" if line.on.value >= 0 else "gains"
    among = f" of {count(len(summary.given))}" if len(summary.given) > 1 else ""
    spans = conventions(summary, worst)
    first = f"In scenario {summary.scenarios[worst]}" + (f", the worst{among}," if among else "")
    text = (
        f"{first} the book {does} {_size(summary, line, size, spans)} on average in the worst "
        f"{level_text(1 - line.level)} % of paths, {summary.when}; "
        f"95 % interval {percent_range(line.on.low, line.on.high, line.on.value)}"
        f"{_alone(line)}, and {percent(line.off.value)} with all feedback off."
    )
    if line.floor_share > FLOOR_WARNING:
        text += (
            f" {percent(line.floor_share)} of those paths ran out of elastic float, "
            "so the number rests on max_multiple."
        )
    said = line.floor_share > MOSTLY  # in the first words
    text += "".join(f" {s.sentence}" for s in spans if not (said and s.parameter == FLOOR))
    beside = unconditional(summary, worst)
    return text + beside + _survival(summary, worst) + _ties(summary, line)


def _alone(line: Line) -> str:
    """What the interval leaves out, where a convention decides most of the tail."""
    return " of Monte Carlo error alone" if line.floor_share > MOSTLY else ""


def _size(summary: Summary, line: Line, size: float, spans: list[Span]) -> str:
    """How much of its equity, as a number; as a range where a convention decides most of it."""
    floor = [span for span in spans if span.parameter == FLOOR]
    if line.floor_share > MOSTLY and floor:
        span = floor[0]
        return (
            f"between {percent(span.low)} and {percent(span.high)} of its equity, as "
            "max_multiple is half or twice its value,"
        )
    return f"{percent(size)} of its equity ({money(size, summary.equity, summary.currency)})"


def conventions(summary: Summary, scenario: int) -> list[Span]:
    """What conventions make of a scenario's ES, where that is more than a tenth of it."""
    if "conventions" not in summary.tree:
        return []
    data = summary.tree["conventions"].to_dataset().load()
    mine = data["base"].values == summary.measures["scenario"].values[scenario]
    spans = []
    for parameter in (FLOOR, SIGN):
        rows = np.flatnonzero(mine & (data["parameter"].values == parameter))
        if rows.size:
            after, now = data["after"].values[rows], float(data["before"].values[rows[0]])
            both = after if parameter == SIGN else np.append(after, now)
            spans.append(Span(parameter, float(both.min()), float(both.max()), now))
    return [span for span in spans if span.parameter == FLOOR or span.matters]


def policy_of(summary: Summary, scenario: int) -> str:
    """What the book does on its way: `hold`, or the words of its policy."""
    texts = summary.tree["inputs"].to_dataset()
    given = json.loads(str(texts["parameters"].values[scenario])) if "parameters" in texts else {}
    policy = given.get("book", {}).get("policy") or [HOLD]
    return ", ".join(map(clean, [policy] if isinstance(policy, str) else policy))


def _survival(summary: Summary, scenario: int) -> str:
    """The second half of the headline: whether the book survives, and under which policy."""
    call, unmet, ruin = (
        percent(summary.line(scenario, name).on.value)
        for name in ("p_margin_call", "p_call_unmet", "p_ruin")
    )
    policy = policy_of(summary, scenario)
    how = "nobody trades, whatever it costs" if policy == HOLD else "it trades as that says"
    return (
        f" A margin call comes in {call} of all paths and is not met in {unmet}; all equity is "
        f"gone at some time in {ruin}. Policy of the book: {policy} ({how})."
    )


def _ties(summary: Summary, worst: Line) -> str:
    """Scenarios that the sample cannot tell from the worst: their intervals reach its own."""
    others = [(s, summary.headline_line(s)) for s in summary.order[1:]]
    ties = [(s, line) for s, line in others if line and line.on.high >= worst.on.low]
    if not ties:
        return ""
    if len(ties) > 1:
        return f" {count(len(ties))} other scenarios cannot be told apart from it."
    scenario, line = ties[0]
    calls = summary.line(scenario, "p_margin_call")
    return (
        f" Scenario {summary.scenarios[scenario]} cannot be told apart from it: "
        f"{percent(line.on.value)}, a margin call in {percent(calls.on.value)}."
    )
