"""The tail in words and rows: whose losses ES is made of, and which feedback it is due to.

The terminal table and the page print these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..formats import clean, count, decimals, number, percent, percent_range
from ..measures import statistics as st
from ..measures.estimates import PARTS
from ..measures.euler import LEVEL
from ..measures.levels import percent as level_text
from ..measures.path_loss import PathLoss
from .summary import Summary

INDENT = "\N{NO-BREAK SPACE}" * 2


@dataclass(frozen=True)
class Rows:
    """A table as text: numbers of one unit have the decimals of the whole they are part of."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str


class Explained:
    """What a store says of the tail of one scenario, where it was replayed or attributed."""

    def __init__(self, summary: Summary, scenario: int) -> None:
        self.summary, self.scenario = summary, scenario
        self.tail = self._group("tail")
        self.attribution = self._group("attribution")
        self.importance = self._group("importance")

    def _group(self, name: str) -> xr.Dataset | None:
        """The scenario's part of a group, or None if there is none."""
        if name not in self.summary.tree:
            return None
        data = self.summary.tree[name].to_dataset()
        mine = data["scenario"].values == self.summary.measures["scenario"].values[self.scenario]
        return data.isel(scenario=int(np.argmax(mine))).load() if mine.any() else None

    def story(self) -> str:
        """The typical path of the tail in one sentence, about the name that costs most."""
        if self.tail is None:
            return ""
        data, n = self.tail, int(np.argmax(self.tail["contribution"].values))
        peak, when = (float(np.median(data[v].values[:, n])) for v in ("peak", "peak_day"))
        text = (
            f"On a typical path of the worst {level_text(1 - data.attrs['level'])} %"
            f"{self._moment()}, {self.summary.symbols[n]}, which costs most, peaks at "
            f"{peak:.1f}x on day {when:.1f}"
        )
        attention = data["attention_day"].values[:, n]
        if not np.isnan(attention).any():
            text += f" and attention on day {float(np.median(attention)):.1f}"
        losses = self.summary.tree["losses"].to_dataset()["margin_call_day"]
        days = losses.isel(scenario=self.scenario, path=data["path"].values).values
        called = days[~np.isnan(days)]
        text += f"; {percent(called.size / days.size)} of them have a margin call"
        if called.size:
            text += f", the median one on day {float(np.median(called)):.1f}"
        covered, price = (data[v].values[:, n] for v in ("covered", "covered_price"))
        if (traded := ~np.isnan(price)).any():
            text += (
                f"; {percent(traded.mean())} of them trade {self.summary.symbols[n]}, typically "
                f"{percent(float(np.median(covered[traded])))} of the position at "
                f"{float(np.median(price[traded])):.1f}x the start"
            )
        return f"{text}."

    def _moment(self) -> str:
        """When the losses of the tail are taken: the median day and where most of them lie."""
        assert self.tail is not None
        loss, day = PathLoss(self.tail.attrs["measure"]), self.tail["day"].values
        if loss.day is not None:
            return f" on day {loss.day}"
        low, middle, high = np.quantile(day, (0.1, 0.5, 0.9))
        words = loss.words.removeprefix("at the ")
        return f", whose {words} comes on day {middle:.1f} (10-90 %: {low:.1f}-{high:.1f})"

    def contributions(self, most: int) -> Rows | None:
        """Euler contributions by name, largest first."""
        if self.tail is None:
            return None
        names = self.summary.symbols
        found = [_estimate(self.tail, "contribution", i) for i in range(len(names))]
        total = sum(each.value for each in found)
        places = decimals(100 * total)
        order = sorted(range(len(names)), key=lambda i: -abs(found[i].value))

        def row(words: str, each: st.Estimate) -> tuple[str, ...]:
            return (
                words,
                percent(each.value, places),
                percent(each.standard_error, places),
                percent_range(each.low, each.high, total),
                percent(each.value / total, 1) if total > 0 else "",
            )

        rows = []
        for i in order[:most]:
            rows.append(row(names[i], found[i]))
            rows += [row(INDENT + words, each) for words, each in self._contracts(names[i])]
        if rest := order[most:]:
            left = sum(found[i].value for i in rest)
            share = percent(left / total, 1) if total > 0 else ""
            rows.append((f"{len(rest)} others", percent(left, places), "", "", share))
        data = self.tail
        note = "contributions add up to ES"
        if not data.attrs["complete"]:
            note = (
                f"from {count(data.sizes['tail'])} of {count(data.attrs['tail_paths'])} tail paths"
            )
        level = level_text(data.attrs["level"])
        return Rows(
            f"ES {level} % by position, {self.summary.when}",
            ("position", "contribution", "error", "95 % interval", "share"),
            rows,
            f"{note}; error: standard error",
        )

    def components(self) -> Rows | None:
        """What the loss of the tail is made of: prices, derivatives, costs."""
        if self.tail is None:
            return None
        names = [clean(str(c)) for c in self.tail["component"].values]
        found = [_estimate(self.tail, "component_contribution", i) for i in range(len(names))]
        total = sum(each.value for each in found)
        places = decimals(100 * total)
        rows = [
            (
                name,
                percent(each.value, places),
                percent(each.standard_error, places),
                percent_range(each.low, each.high, total),
                percent(each.value / total, 1) if total > 0 else "",
            )
            for name, each in zip(names, found, strict=True)
            if each.value or each.standard_error
        ]
        level = level_text(self.tail.attrs["level"])
        return Rows(
            f"ES {level} % by component, {self.summary.when}",
            ("component", "contribution", "error", "95 % interval", "share"),
            rows,
            "what prices and contracts did at the prices that trades saw, and what was paid; they "
            "add up to ES",
        )

    def _contracts(self, name: str) -> list[tuple[str, st.Estimate]]:
        """Contributions of the options and futures on a name: part of the name's own."""
        data = self.tail
        if data is None or "derivative" not in data:
            return []
        labels = [clean(str(label)) for label in data["derivative"].values]
        return [
            (label.removeprefix(f"{name} "), _estimate(data, "derivative_contribution", i))
            for i, label in enumerate(labels)
            if label.split(" ")[0] == name
        ]

    @property
    def _at_level(self) -> xr.Dataset | None:
        """/attribution at the headline's level, or the highest below that its paths support."""
        data, level = self.attribution, self.summary.level
        if data is None or level is None:
            return None
        known = data["level"].values[~np.isnan(data["es"].values)]
        return data.sel(level=max(p for p in known if p <= level))

    def endogenous(self) -> str:
        """How much of ES is there only because agents answer the price, in one sentence."""
        data = self._at_level
        if data is None:
            return ""
        share = _estimate(data, "endogenous_share")
        es, off = (float(data[name].values) for name in ("es", "es_all_off"))
        places = decimals(100 * es)
        text = f"ES {level_text(float(data['level']))} % is {percent(es, places)}, and "
        text += f"{percent(off, places)} with all feedback off"
        if np.isnan(share.value):
            return f"{text}."
        interval = percent_range(share.low, share.high, share.value)
        return f"{text}: {percent(share.value)} of it is endogenous (95 % interval {interval})."

    def channels(self) -> Rows | None:
        """Change of ES by channel, largest first, parts of a channel under it; then the rest."""
        data = self._at_level
        if data is None:
            return None
        names = [str(c) for c in data["channel"].values]
        inside = [str(c) for c in data["part_of"].values]
        change = {c: _estimate(data, "es_change", i) for i, c in enumerate(names)}
        places = decimals(100 * float(data["es"].values))
        rows = []

        def add(words: str, off: float | None, each: st.Estimate) -> None:
            interval = percent_range(each.low, each.high, float(data["es"].values))
            without = "" if off is None else percent(off, places)
            sizes = (percent(each.value, places), percent(each.standard_error, places))
            rows.append((words, without, *sizes, interval))

        for top in _largest([c for c, of in zip(names, inside, strict=True) if not of], change):
            parts = [c for c, of in zip(names, inside, strict=True) if of == top]
            for c in (top, *_largest(parts, change)):
                if change[c].value or change[c].standard_error:
                    off = float(data["es_off"].values[names.index(c)])
                    indent = INDENT if c != top else ""
                    add(f"{indent}{clean(c).replace('_', ' ')}", off, change[c])
        add("all channels", float(data["es_all_off"].values), _estimate(data, "endogenous"))
        add("interaction", None, _estimate(data, "interaction"))
        return Rows(
            f"What ES {level_text(float(data['level']))} % is due to, {self.summary.when}",
            ("channel", "ES with it off", "change", "error", "95 % interval"),
            rows,
            f"the first {count(data.attrs['paths'])} paths again, one channel off at a time; "
            "interaction: what the channels' changes leave of all channels'",
        )

    @property
    def _weighted_level(self) -> xr.Dataset | None:
        """/importance at the headline's level, or the highest that its paths support."""
        data = self.importance
        if data is None:
            return None
        known = data["level"].values[~np.isnan(data["es"].values)]
        most = self.summary.level or LEVEL
        return data.sel(level=max(p for p in known if p <= most)) if known.size else None

    def sharper(self) -> str:
        """What weighted paths say of ES, and how many plain paths would say it, in one sentence."""
        data = self._weighted_level
        if data is None:
            return ""
        es, times = _estimate(data, "es"), float(data["es_variance_ratio"].values)
        text = (
            f"{count(data.attrs['paths'])} weighted paths say that ES "
            f"{level_text(float(data['level']))} % is {percent(es.value)}, 95 % interval "
            f"{percent_range(es.low, es.high, es.value)}"
        )
        if np.isnan(times):
            return f"{text}."
        return (
            f"{text}: as sharp as {count(int(round(times * data.attrs['paths'], -3)))} plain paths."
        )

    def weighted(self) -> Rows | None:
        """ES of weighted paths by level beside that of the plain ones."""
        data = self.importance
        if data is None:
            return None
        rows = []
        for i, level in enumerate(data["level"].values):
            es, plain = _estimate(data, "es", i), _estimate(data, "es_plain", i)
            z, times, tail = (
                float(data[name].values[i])
                for name in ("es_z", "es_variance_ratio", "effective_tail")
            )
            places = None if np.isnan(es.value) else decimals(100 * es.standard_error)
            error = "" if places is None else percent(es.standard_error, places)
            rows.append(
                (
                    f"ES {level_text(float(level))} %",
                    percent(es.value, places),
                    error,
                    percent_range(es.low, es.high, es.standard_error),
                    percent(plain.value, places),
                    "" if np.isnan(z) else number(z),
                    "" if np.isnan(times) else number(times),
                    count(int(tail)),
                )
            )
        mean = _estimate(data, "mean_weight")
        return Rows(
            f"ES {self.summary.when} from {count(data.attrs['paths'])} weighted paths",
            ("measure", "estimate", "error", "95 % interval", "plain", "z", "ratio", "tail"),
            rows,
            "z: difference to plain in standard errors; ratio: of variances, plain to weighted, at "
            f"equal paths; tail: effective paths; mean weight {mean.value:.3f}, error "
            f"{mean.standard_error:.3f}",
        )


def _largest(channels: list[str], change: dict[str, st.Estimate]) -> list[str]:
    return sorted(channels, key=lambda c: -change[c].value)


def _estimate(data: xr.Dataset, variable: str, at: int | None = None) -> st.Estimate:
    """An estimate of the scenario, or of one of its names or channels."""
    place = () if at is None else (at,)
    return st.Estimate(*(float(data[variable + part].values[place]) for part in PARTS))
