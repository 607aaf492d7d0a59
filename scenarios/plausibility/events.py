"""Sizes of events and shifts of scenarios: relative changes written in per cent."""

from __future__ import annotations

from collections.abc import Iterator

from ..timeline import AnyEvent
from .finding import WARNING
from .rule import Hit, Rule, hit, rule
from .said import Said


def _of(kind: str, said: Said) -> Iterator[tuple[Hit, AnyEvent]]:
    """Every event of a type, with the start of what is said of it."""
    for story in said.scenarios:
        for index, event in enumerate(story.timeline):
            if event.type == kind:
                yield hit(said.story(story), f"timeline[{index}].size"), event


def _sized(
    kind: str, looks_at: str, threshold: float, source: str, sentence: str, *, either: bool = False
) -> Rule:
    """The rule that an event's size stays below a threshold, in size where it has `either` sign."""

    def find(said: Said, most: float) -> Iterator[Hit]:
        for place, event in _of(kind, said):
            size = float(getattr(event, "size", 0.0))
            if (abs(size) if either else size) >= most:
                yield Hit(place.row, place.field, {"size": size})

    name = f"events.{kind.replace('_', '-')}"
    return rule(name, looks_at, threshold, source, WARNING, sentence)(find)


news = _sized(
    "anchor_news", "size of anchor_news: relative return of the anchor", 3.0,
    "KaloBios was worth 2.9 times as much when it was not wound down (2015)",
    "the news makes a name worth {size:.0%} more; write .2 for 20 %",
)  # fmt: skip
shock = _sized(
    "market_shock", "size of market_shock, up or down: relative return of the factor", 0.25,
    "the S&P 500 fell by .205 on 19 October 1987, its largest move in a day",
    "the factor moves by {size:.0%} at once; write -.04 for -4 %", either=True,
)  # fmt: skip
vol = _sized(
    "implied_vol", "size of implied_vol: relative change", 4.0,
    "GameStop's first month went from 1.45 to 6.83 in January 2021, 3.7 times more",
    "implied volatility rises by {size:.0%}; write .5 for 50 %",
)  # fmt: skip
lock_up = _sized(
    "lock_up", "size of lock_up, floats", 1.0,
    "Porsche and Lower Saxony left 6 % of Volkswagen's shares (2008): nobody takes more than all",
    "{size:g} floats are taken out of the market; write .1 for 10 % of the float",
)  # fmt: skip
programme = _sized(
    "buying_programme", "size of buying_programme, floats a day, up or down", 0.5,
    "retail bought about a tenth of GameStop's float a day at most",
    "{size:g} floats a day; write .05 for 5 % of the float", either=True,
)  # fmt: skip
calls = _sized(
    "call_programme", "size of call_programme, floats at the start price a day", 0.05,
    "SoftBank spent .0004 of Tesla's a day in 2020, by the highest estimate .002",
    "premium of {size:.0%} of the float's value a day; write .001 for .1 %",
)  # fmt: skip
elasticity = _sized(
    "elasticity", "size of elasticity: factor on impact", 15.0,
    "four events of 1.8 together made nickel's night of 8 March 2022",
    "impact is {size:g} times as large; write 1.5 for half as much again",
)  # fmt: skip
depth = _sized(
    "depth", "size of depth: factor on depth", 15.0,
    "depth at the touch of US shares varies tenfold between calm and March 2020",
    "depth is {size:g} times as large; write .5 for half",
)  # fmt: skip
issuance = _sized(
    "issuance", "size of issuance, floats", 1.0,
    "AMC sold .9 of its float in January 2021",
    "the company sells {size:g} floats; write .1 for 10 % of the float",
)  # fmt: skip
margin = _sized(
    "margin_rate", "size of margin_rate: fraction of a position's value", 4.0,
    "Interactive Brokers asked 3 of shorts on 27 January 2021",
    "margin of {size:.0%} of a position's value; write .5 for 50 %",
)  # fmt: skip


@rule(
    "events.shift",
    "size of a relative market shift",
    5.0,
    "GameStop's volatility rose fivefold in January 2021",
    WARNING,
    "{field} becomes {times:.3g} times as large; write .5 for 50 % more",
)
def shift(said: Said, threshold: float) -> Iterator[Hit]:
    for story in said.scenarios:
        for index, each in enumerate(story.market_shifts):
            if each.type == "relative" and each.size >= threshold:
                words = {"field": each.field, "times": 1 + each.size}
                yield Hit(said.story(story), f"market_shifts[{index}].size", words)
