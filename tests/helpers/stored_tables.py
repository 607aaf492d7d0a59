"""The tables of page and terminal made anew from a store, as xarray reads it.

Nothing of `results.report` is used but the formats of numbers: what stands here is the second
opinion. What is derived, and not a value of the store as it stands, says how in `DERIVED`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from powderkeg.results.formats import MINUS, count, decimals, money, number, percent, percent_range

DERIVED = {
    "money": "fraction of equity times the attribute `equity`",
    "share": "contribution over the sum of contributions, which is ES",
    "exit cost of all": "sum over names of `cost` and `cost_at_participation`; longest `time`",
    "loop gain of all channels at the start": "sum over channels of `gain`",
    "worst paths": "the ten smallest `worst_pnl`, and what else is stored of them; loss = -pnl",
    "paths that would be as sharp": "`es_variance_ratio` times weighted paths, to thousands",
    "typical path": "medians and quantiles over the paths of /tail; shares of those paths",
    "range over a convention": "least and largest `after` of /conventions",
    "limits broken": "how many of estimate or upper end are not below their limit",
    "paths it takes": "50 tail paths over 1 less the level",
    "beyond the last bin": "losses above the last edge of the histogram",
    "size of an input": "characters of its text",
}

Rows = list[list[str]]
LEVELS = (0.95, 0.975, 0.99, 0.995, 0.999)
REFUSE = 50
"""Tail paths below which a quantile is refused."""
HEADLINE = 0.99
NAMES = {
    "policy": "policy",
    "impact": "impact x",
    "max_multiple": "max_multiple x",
    "dealer_sign": "dealers' sign",
}


def level_text(level: float) -> str:
    """99.5"""
    return f"{100 * level:.10g}"


def bare(text: str) -> str:
    """A cell of a table whose title says per cent."""
    return text.removesuffix(" %")


def signed(value: float) -> str:
    """A number as it is given."""
    return f"{value:g}".replace("-", MINUS)


def days_text(time: float) -> str:
    """How long an exit takes."""
    return f"{time:,.0f}" if time >= 100 else f"{time:.2g}"


class Stored:
    """A finished store and the rows that tables should have, by scenario."""

    def __init__(self, path: Path) -> None:
        tree = xr.open_datatree(path, engine="zarr", consolidated=False)
        self.attrs = tree.attrs
        self.data = {name: tree[name].to_dataset().load() for name in tree.children}
        self.equity, self.currency = float(self.attrs["equity"]), str(self.attrs["currency"])
        self.paths = int(self.attrs["grid"]["paths"])
        self.days = int(self.data["losses"]["horizon"][-1])
        self.level = max(p for p in LEVELS if p <= HEADLINE and self.paths * (1 - p) > REFUSE - 0.5)
        inputs, scenarios = self.data["inputs"], self.data["measures"]["scenario"].values
        self.given = [str(s) for s in scenarios[inputs["variant_of"].values == ""]]
        self.main = f"es_{level_text(self.level)}_worst"
        self.order = sorted(self.given, key=lambda s: -self.value(s, self.main))

    def of(self, group: str, scenario: str) -> xr.Dataset:
        """A scenario's part of a group."""
        return self.data[group].sel(scenario=scenario)

    def value(self, scenario: str, measure: str, part: str = "estimate", on: str = "on") -> float:
        """A number of /measures."""
        data = self.of("measures", scenario).sel(measure=measure)[part]
        return float(data.sel(feedback=on) if "feedback" in data.dims else data)

    def interval(self, scenario: str, measure: str) -> str:
        """Of an estimate of /measures with feedback."""
        low, high, at = (self.value(scenario, measure, p) for p in ("low", "high", "estimate"))
        return percent_range(low, high, at)

    def name(self, measure: str) -> str:
        """The label of a measure."""
        data = self.data["measures"].sel(measure=measure)
        label = str(data["label"].values)
        return f"P({label})" if measure.startswith("p_") else label

    def measures(self, s: str) -> Rows:
        """Every measure of a scenario."""
        rows = []
        for m in map(str, self.data["measures"]["measure"].values):
            es, loss = self.value(s, m), not m.startswith("p_")
            gap, low, high = (
                self.value(s, m, f"difference{part}") for part in ("", "_low", "_high")
            )
            floor = self.value(s, m, "floor_share")
            rows.append(
                [
                    self.name(m),
                    percent(es),
                    self.interval(s, m),
                    money(es, self.equity, "").strip() if loss else "",
                    percent(self.value(s, m, on="off")),
                    "" if np.isnan(gap) else percent(gap),
                    percent_range(low, high, gap),
                    count(int(self.value(s, m, "tail_paths"))),
                    "" if np.isnan(floor) else percent(floor),
                ]
            )
        return rows

    def verdicts(self) -> list[tuple[bool, bool, list[str]]]:
        """Broken, refused and the row of every limit and scenario it is for, broken ones first."""
        found = []
        for limit in self.attrs["limits"]:
            m, below = limit["measure"], limit["below"]
            for s in self.given if limit["scenario"] == "all" else [limit["scenario"]]:
                held = self.value(s, m, "high" if limit["confident"] else "estimate")
                tail = count(int(self.value(s, m, "tail_paths")))
                verdict = "kept" if held < below else "broken: above the limit"
                if np.isnan(held):
                    verdict = f"refused: {tail} tail paths, it takes {REFUSE}"
                name = self.name(m) + (" (upper end)" if limit["confident"] else "")
                texts = [
                    share
                    if limit["amount"] is None or np.isnan(x)
                    else f"{money(x, self.equity, limit['currency'])}, {share}"
                    for x, share in ((held, percent(held)), (below, percent(below)))
                ]
                row = [s, name, verdict, texts[0], self.interval(s, m), texts[1]]
                found.append((verdict != "kept", verdict.startswith("refused"), row))
        return sorted(found, key=lambda each: (not each[0], each[1]))

    def overview(self) -> Rows:
        """Scenarios, worst first: loss, interval, money, no feedback, day, call, unmet, ruin."""
        last = f"es_{level_text(self.level)}_day_{self.days}"
        odds = (last, "p_margin_call", "p_call_unmet", "p_ruin")
        return [
            [
                s,
                percent(self.value(s, self.main)),
                self.interval(s, self.main),
                money(self.value(s, self.main), self.equity, "").strip(),
                percent(self.value(s, self.main, on="off")),
                *(percent(self.value(s, m)) for m in odds),
            ]
            for s in self.order
        ]

    def sensitivity(self) -> Rows:
        """Every scenario and its variants."""
        data, rows = self.data["sensitivity"].sel(level=self.level), []
        for s in self.order:
            given = percent(self.value(s, self.main)), self.interval(s, self.main)
            rows.append([s, "", "as given", *given, "", ""])
            for v in np.flatnonzero(data["base"].values == s):
                row = data.isel(variant=v)
                parameter, value = str(row["parameter"].values), float(row["value"])
                es, low, high = (float(row[f"es{part}"]) for part in ("", "_low", "_high"))
                change = float(row["change"]), float(row["change_standard_error"])
                rows.append(
                    [
                        "",
                        NAMES[parameter],
                        "margin, house" if parameter == "policy" else signed(value),
                        percent(es),
                        percent_range(low, high, es),
                        *(percent(x, decimals(100 * es)) for x in change),
                    ]
                )
        return rows

    def by_day(self, s: str) -> Rows:
        """ES, call for cash and odds at every close."""
        data = self.of("by_day", s)
        tail = data.sel(level=self.level)
        most = float(tail["es"].max())
        events = ("margin call", "call not met", "all equity lost")
        rows = []
        for day in data["day"].values:
            row, odds = tail.sel(day=day), data["probability"].sel(day=day)
            rows.append(
                [
                    str(int(day)),
                    percent(float(row["es"]), decimals(100 * most)),
                    percent_range(float(row["es_low"]), float(row["es_high"]), most),
                    percent(float(row["cash_call"]), decimals(100 * most)),
                    *(
                        percent(float(odds.sel(event=event)))
                        for event in (*events, "below the requirement at the close")
                    ),
                ]
            )
        return rows

    def _part(self, data: xr.Dataset, stem: str, total: float) -> list[str]:
        """Contribution, error, interval and share."""
        value, error, low, high = (
            float(data[stem + part]) for part in ("", "_standard_error", "_low", "_high")
        )
        places = decimals(100 * total)
        interval = percent_range(low, high, total)
        sizes = percent(value, places), percent(error, places)
        return [*sizes, interval, percent(value / total, 1)]

    def contributions(self, s: str) -> Rows:
        """Names of the tail, largest first, and the contracts on each."""
        data, rows = self.of("tail", s), []
        values = data["contribution"]
        total = float(values.sum())
        for n in np.argsort(-np.abs(values.values), kind="stable"):
            name = str(data["name"].values[n])
            rows.append([name, *self._part(data.isel(name=n), "contribution", total)])
            for d, label in enumerate(map(str, data["derivative"].values)):
                if label.startswith(f"{name} "):
                    part = self._part(data.isel(derivative=d), "derivative_contribution", total)
                    rows.append([label.removeprefix(f"{name} "), *part])
        return rows

    def components(self, s: str) -> Rows:
        """What the loss of the tail is made of, where it is anything."""
        data, stem = self.of("tail", s), "component_contribution"
        total = float(data[stem].sum())
        return [
            [str(data["component"].values[c]), *self._part(data.isel(component=c), stem, total)]
            for c in range(data.sizes["component"])
            if float(data[stem][c]) or float(data[f"{stem}_standard_error"][c])
        ]

    def supported(self, group: str, s: str) -> float:
        """The headline's level, or the highest below that a group's paths support."""
        es = self.of(group, s)["es"]
        return max(float(p) for p in es["level"][~np.isnan(es)] if p <= self.level)

    def channels(self, s: str) -> Rows:
        """What ES is due to: channels, largest first, parts under their channel."""
        data = self.of("attribution", s).sel(level=self.supported("attribution", s))
        es = float(data["es"])
        places = decimals(100 * es)

        def row(words: str, off: float | None, stem: str, each: xr.Dataset) -> list[str]:
            value, error, low, high = (
                float(each[stem + part]) for part in ("", "_standard_error", "_low", "_high")
            )
            without = "" if off is None else percent(off, places)
            sizes = percent(value, places), percent(error, places)
            return [words, without, *sizes, percent_range(low, high, es)]

        def largest(of: str) -> list[xr.Dataset]:
            mine = [data.isel(channel=int(c)) for c in np.flatnonzero(data["part_of"].values == of)]
            return sorted(mine, key=lambda each: -float(each["es_change"]))

        rows = []
        for top in largest(""):
            for each in (top, *largest(str(top["channel"].values))):
                if float(each["es_change"]) or float(each["es_change_standard_error"]):
                    words = str(each["channel"].values).replace("_", " ")
                    rows.append(row(words, float(each["es_off"]), "es_change", each))
        rows.append(row("all channels", float(data["es_all_off"]), "endogenous", data))
        return [*rows, row("interaction", None, "interaction", data)]

    def exit(self, s: str) -> Rows:
        """What closing each position costs, dearest first, and all of them."""
        data = self.of("exit", s)
        costs = np.column_stack([data["cost_at_participation"], data["cost"]])
        places = decimals(100 * float(costs.sum(axis=0).max()))

        def row(
            words: str, time: float, each: np.ndarray[tuple[int], np.dtype[np.float64]]
        ) -> list[str]:
            return [words, days_text(time), *(bare(percent(float(x), places)) for x in each)]

        order = np.argsort(-costs[:, 0], kind="stable")
        rows = [row(str(data["name"].values[n]), float(data["time"][n]), costs[n]) for n in order]
        return [*rows, row("all", float(data["time"].max()), costs.sum(axis=0))]

    def weighted(self, s: str) -> Rows:
        """ES of weighted paths by level."""
        rows = []
        for level in self.data["importance"]["level"].values:
            data = self.of("importance", s).sel(level=level)
            es, error, low, high, plain = (
                float(data[f"es{part}"])
                for part in ("", "_standard_error", "_low", "_high", "_plain")
            )
            places = None if np.isnan(es) else decimals(100 * error)
            z, ratio = float(data["es_z"]), float(data["es_variance_ratio"])
            rows.append(
                [
                    f"ES {level_text(float(level))} %",
                    percent(es, places),
                    "" if np.isnan(es) else percent(error, places),
                    percent_range(low, high, error),
                    percent(plain, places),
                    "" if np.isnan(z) else number(z),
                    "" if np.isnan(ratio) else number(ratio),
                    count(int(data["effective_tail"])),
                ]
            )
        return rows

    def likeliest(self, s: str) -> list[str]:
        """Names by the odds of the smallest multiple."""
        odds = self.of("squeeze", s)["probability"].isel(multiple=0)
        return [str(odds["name"].values[n]) for n in np.argsort(-odds.values, kind="stable")]

    def squeeze(self, s: str) -> Rows:
        """Weight, and odds of a peak with their intervals."""
        data, weight, rows = self.of("squeeze", s), self.data["inputs"]["weight"], []
        for n in self.likeliest(s):
            row = [n, percent(float(weight.sel(name=n)))]
            for m in data["multiple"].values:
                p, low, high = (
                    float(data[v].sel(name=n, multiple=m)) for v in ("probability", "low", "high")
                )
                row += [percent(p), percent_range(low, high, p)]
            rows.append(row)
        return rows

    def gains(self, s: str, *, page: bool) -> Rows:
        """Loop gains: the page has every channel in use, the terminal the two largest."""
        data, rows = self.of("loop_gain", s), []
        used = [c.replace(" ", "_") for c in self.used(s)]
        total = data["total_max"]
        largest = np.argsort(-total.sel(quantile=0.5).values, kind="stable")
        for n in self.likeliest(s) if page else data["name"].values[largest]:
            mine = data.sel(name=n)
            start, most = mine["gain"], mine["gain_max"].sel(quantile=0.5)
            sums = float(start.sum()), *(float(total.sel(name=n, quantile=q)) for q in (0.5, 0.95))
            first, middle, high = map(number, sums)
            if page:
                cells = [f"{number(float(start.sel(channel=c)))} → "
                         f"{number(float(most.sel(channel=c)))}" for c in used]  # fmt: skip
                rows.append([str(n), *cells, f"{first} → {middle}", high])
                continue
            two = np.argsort(-np.abs(most.values), kind="stable")[:2]
            parts = [
                (str(most["channel"].values[c]).replace("_", " "), float(most[c])) for c in two
            ]
            main = ", ".join(f"{c} {number(g)}" for c, g in parts if abs(g) >= 0.005)
            rows.append([str(n), first, middle, high, main])
        return rows

    def used(self, s: str) -> list[str]:
        """Channels through which any price feeds back on itself."""
        data = self.of("loop_gain", s)
        return [
            str(c).replace("_", " ")
            for c in data["channel"].values
            if (data[["gain", "gain_max"]].sel(channel=c) != 0).any().to_array().any()
        ]

    def overlap(self, s: str) -> Rows:
        """Who loses how much when whom unwinds."""
        data = self.of("overlap", s)["overlap"]
        mine = [h for h in data["holder"].values if not np.isnan(data.sel(holder=h, unwinder=h))]
        table = data.sel(holder=mine, unwinder=mine).values
        return [[str(h), *map(percent, map(float, r))] for h, r in zip(mine, table, strict=True)]

    def worst_paths(self, s: str) -> Rows:
        """The ten paths with the largest losses."""
        data, rows = self.of("losses", s), []
        for p in np.argsort(data["worst_pnl"].values, kind="stable")[:10]:
            path = data.isel(path=p)
            called = float(path["margin_call_day"])
            rows.append(
                [
                    str(int(path["path"])),
                    *(percent(-float(path[v])) for v in ("worst_pnl", "worst_pnl_calm")),
                    percent(-float(path["pnl"].isel(horizon=-1))),
                    "never" if np.isnan(called) else f"{called:.2f}",
                    str(int(path["floor_names"])),
                ]
            )
        return rows

    def facts(self) -> Rows:
        """Inputs and provenance."""
        inputs = self.data["inputs"]
        files = zip(*(inputs[v].values for v in ("role", "file_name", "text")), strict=True)
        rest = "characters; exact text in the store, /inputs"
        rows = [[str(r), f"{name} ({count(len(str(text)))} {rest})"] for r, name, text in files]
        rows += [[k.replace("_", " "), str(v)] for k, v in self.attrs["provenance"].items()]
        rows.append(["input fingerprint", self.attrs["grid"]["fingerprint"]])
        return [*rows, ["content SHA-256", self.attrs["commit"]["content_sha256"]]]
