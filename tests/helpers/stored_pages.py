"""What page and terminal must say of a store: every table with its head, every text with numbers.

Texts are lists of fragments: each has to stand in the text, in any order, and no other number may.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from powderkeg.results.formats import count, decimals, money, percent, percent_range
from tests.helpers.stored_tables import REFUSE, Rows, Stored, bare, days_text, level_text

Tables = dict[tuple[str, str], Rows]
"""By section and title; the first row is the head."""

WARN = 200
"""Tail paths below which an interval is a hint."""


def under(head: str, rows: Rows) -> Rows:
    """Rows with a head of columns a|b|c."""
    return [head.split("|"), *rows]


# --- tables ---------------------------------------------------------------------------------------


def named(t: Stored, s: str) -> dict[str, Rows]:
    """Tables of a scenario that page and terminal have alike, by title."""
    when, level = f"at the worst moment of {t.days} days", level_text(t.level)
    attributed = level_text(t.supported("attribution", s))
    weighted = count(t.data["importance"].attrs["paths"])
    part = "contribution|error|95 % interval|share"
    days = "|".join(f"in {day} d" for day in t.data["exit"]["days"].values)
    return {
        "Day by day, at the close": under(
            f"day|ES {level} %|95 % interval|call {level} %|called|unmet|ruin|below", t.by_day(s)
        ),
        f"ES {level} % by position, {when}": under(f"position|{part}", t.contributions(s)),
        f"ES {level} % by component, {when}": under(f"component|{part}", t.components(s)),
        f"What ES {attributed} % is due to, {when}": under(
            "channel|ES with it off|change|error|95 % interval", t.channels(s)
        ),
        "Exit cost in % of equity": under(f"position|days|cost|{days}", t.exit(s)),
        f"ES {when} from {weighted} weighted paths": under(
            "measure|estimate|error|95 % interval|plain|z|ratio|tail", t.weighted(s)
        ),
    }


def common(t: Stored) -> dict[str, Rows]:
    """Tables about all scenarios that page and terminal have alike, by title."""
    level, when = level_text(t.level), f"at the worst moment of {t.days} days"
    return {
        "Limits": under(
            "scenario|measure|verdict|held|95 % interval|limit", [row for *_, row in t.verdicts()]
        ),
        f"What nobody knows, varied: ES {level} % {when}": under(
            "scenario|parameter|value|ES|95 % interval|change|error", t.sensitivity()
        ),
    }


def odds_heads(t: Stored) -> str:
    """Multiples, each with its interval."""
    return "|".join(f"{m:g}x|95 % interval" for m in t.data["squeeze"]["multiple"].values)


def unwinding(rows: Rows) -> Rows:
    """A table of overlaps: as many columns as holders."""
    return [["holder", *(f"{row[0]} unwinds" for row in rows)], *rows]


def glance(t: Stored) -> Rows:
    """The book at a glance, from the store's attribute; money beside its share of equity."""
    said, own = t.attrs["glance"], t.currency
    labels = {
        "long": "long", "short": "short", "gross": "gross", "net": "net",
        "delta, options and futures in": "delta", "beta-adjusted": "beta_delta",
        "options' delta": "option_delta", "gamma, delta per 1 % up": "gamma",
        "vega, per point of volatility": "vega", "cash": "cash", "equity": "equity",
        "requirement at the start": "requirement", "excess over it": "excess",
    }  # fmt: skip
    options = ("option_delta", "gamma", "vega")
    rows = [["as of", said["as_of"] or "no date"]]
    for label, key in labels.items():
        if said[key] is not None and (key not in options or any(said[each] for each in options)):
            part = said[key] / t.equity
            share = "" if key == "equity" else f" ({percent(part)})"
            rows.append([label, f"{money(part, t.equity, own)}{share}"])
    rows.append(["days to exit at 10 % of volume", f"{said['days']:.2f} ({said['slowest']})"])
    for of, parts in said["top"].items():
        if parts:
            named = ", ".join(f"{symbol} {percent(part)}" for symbol, part in parts)
            rows.append([f"largest parts of {of}", named])
    return rows


def page_tables(t: Stored) -> Tables:
    """Every table of the page."""
    when, level = f"at the worst moment of {t.days} days", level_text(t.level)
    heads = (
        f"scenario|ES|95 % interval|{t.currency}|no feedback|ES {level} % on day {t.days}|"
        "P(margin call)|P(all equity lost)"
    )
    overview = [[*row[:6], row[6], row[8]] for row in t.overview()]
    tables = {("", title): rows for title, rows in common(t).items()} | {
        ("", f"Scenarios, worst first: ES {level} % {when}"): under(heads, overview),
        ("", "The book at a glance"): [[], *glance(t)],
        ("Inputs and provenance", "Inputs and provenance"): [[], *t.facts()],
    }
    measures = (
        f"measure|estimate|95 % interval|{t.currency}|no feedback|due to feedback|95 % interval|"
        "paths|at floor"
    )
    gains = "Loop gain, at the start and at its largest"
    hurt = "Who is hurt when somebody else unwinds, in % of the holder’s equity"
    for s in t.order:
        mine = named(t, s) | {
            "Risk measures, in % of equity": under(measures, t.measures(s)),
            "All horizons and levels": under(measures, t.measures(s)),
            "Odds that the highest price reaches a multiple of the start": under(
                f"name|position / equity|{odds_heads(t)}", t.squeeze(s)
            ),
            gains: under("|".join(["name", *t.used(s), "all", "95 %"]), t.gains(s, page=True)),
            hurt: unwinding(t.overlap(s)),
            f"The ten worst paths: loss {when}": under(
                f"path|loss|no feedback|loss on day {t.days}|margin call on day|names at floor",
                t.worst_paths(s),
            ),
        }
        tables |= {(s, title): rows for title, rows in mine.items()}
    return tables


def show_tables(t: Stored) -> Tables:
    """Every table of the terminal, titles with the scenario; some leave out what the page has."""
    when, level = f"at the worst moment of {t.days} days", level_text(t.level)
    heads = f"scenario|ES|95 % interval|no feedback|day {t.days}|called|unmet|ruin"
    overview = [row[:3] + row[4:] for row in t.overview()]
    tables = common(t) | {f"Scenarios, worst first: ES {level} % {when}": under(heads, overview)}
    measures = f"measure|estimate|95 % interval|{t.currency}|no feedback|at floor"
    gains = "loop gain; from 1 on a move feeds itself"
    hurt = "overlap, loss in % of the holder's equity when"
    for s in t.order:
        odds = [[row[0], *map(bare, row[1:])] for row in t.squeeze(s)]
        overlap = [[row[0], *map(bare, row[1:])] for row in t.overlap(s)]
        shared = named(t, s)
        if s != t.order[0]:
            del shared["Day by day, at the close"], shared["Exit cost in % of equity"]
        mine = shared | {
            "losses in % of equity, and odds": under(
                measures, [row[:5] + row[8:] for row in t.measures(s)]
            ),
            "odds in % that the price peaks at or above": under(
                f"name|position %|{odds_heads(t)}", odds
            ),
            gains: under("name|start|largest|95 %|at its largest from", t.gains(s, page=False)),
            hurt: unwinding(overlap),
        }
        tables |= {f"{s}: {title}": rows for title, rows in mine.items()}
    return {("", title): rows for title, rows in tables.items()}


# --- texts ----------------------------------------------------------------------------------------


def headline_says(t: Stored) -> list[str]:
    """Numbers of the headline in their order."""
    s, m = t.order[0], t.main
    es, equity = t.value(s, m), f"{t.currency} "
    said = [
        f"the worst of {len(t.order)},",
        f"loses {percent(es)} of its equity ({money(es, t.equity, equity.strip())})",
        f"in the worst {level_text(1 - t.level)} % of paths",
        f"of {t.days} days",
        t.interval(s, m),
        f"{percent(t.value(s, m, on='off'))} with all feedback off",
    ]
    data = t.data["conventions"]
    mine = (data["base"] == s) & (data["parameter"] == "dealer_sign")
    after, now = data["after"].values[mine], float(data["before"].values[mine][0])
    assert after.max() - after.min() > 0.1 * now
    said.append(f"it is {percent_range(after.min(), after.max(), after.max())}.")
    for words, name in (
        ("comes in {} of all paths", "p_margin_call"),
        ("not met in {};", "p_call_unmet"),
        ("gone at some time in {}.", "p_ruin"),
    ):
        said.append(words.format(percent(t.value(s, name))))
    verdicts = t.verdicts()
    broken = sum(broken for broken, _, _ in verdicts)
    refused = sum(refused for _, refused, _ in verdicts)
    return [*said, f"{broken} of {len(verdicts)} limits broken, {refused} of them for want"]


def warnings_say(t: Stored) -> list[list[str]]:
    """Numbers of the warnings."""
    s, tails = t.order[-1], {}
    for level in (0.95, 0.975, 0.99, 0.995, 0.999):
        tails[level] = int(t.value(s, f"es_{level_text(level)}_worst", "tail_paths"))
    said = {p: f"{level_text(p)} % ({n} tail paths)" for p, n in tails.items()}
    refused = [p for p, n in tails.items() if n < REFUSE]
    need = math.ceil(REFUSE / (1 - max(refused)) - 1e-6)
    thin = [said[p] for p, n in tails.items() if REFUSE <= n < WARN]
    assert refused and thin
    found = [[*(said[p] for p in refused), f"so {count(need)} paths"], thin]
    data = t.data["importance"]
    for row in range(data.sizes["scenario"]):
        few = [(float(p), int(n)) for p, n in zip(data["level"], data["effective_tail"][row],
                                                   strict=True) if n < WARN]  # fmt: skip
        if few:
            found.append([f"{level_text(p)} % ({n} tail paths)" for p, n in few])
    return found


def story_says(t: Stored, s: str) -> list[str]:
    """Numbers of the typical path of the tail."""
    data = t.of("tail", s)
    n = int(np.argmax(data["contribution"].values))
    day = np.quantile(data["day"], (0.5, 0.1, 0.9))
    peak, when = (float(np.median(data[v][:, n])) for v in ("peak", "peak_day"))
    said = [
        f"worst {level_text(1 - data.attrs['level'])} %,",
        f"comes on day {day[0]:.1f}",
        f"{day[1]:.1f}-{day[2]:.1f}",
        f"peaks at {peak:.1f}x on day {when:.1f}",
    ]
    attention = data["attention_day"].values[:, n]
    if not np.isnan(attention).any():
        said.append(f"attention on day {np.median(attention):.1f}")
    called = t.of("losses", s)["margin_call_day"].sel(path=data["path"].values).values
    said.append(f"{percent(float(np.mean(~np.isnan(called))))} of them have a margin call")
    if not np.isnan(called).all():
        said.append(f"on day {np.nanmedian(called):.1f}")
    assert np.isnan(data["covered_price"].values[:, n]).all()  # the book holds
    return said


def beyond(t: Stored, s: str) -> list[list[str]]:
    """Losses that the last bin of the histogram holds besides its own."""
    on, off = (-t.of("losses", s)[f"worst_pnl{c}"].values.astype(float) for c in ("", "_calm"))
    last = np.sort(on)[min(int(0.9995 * on.size), on.size - 1)]
    high = max(last, off.max(), 1.15 * t.value(s, t.main))
    more = int((on > high).sum())
    return [[f"holds {more:,} beyond"]] if more else []


def explained_says(t: Stored, s: str, *, worst: bool) -> list[list[str]]:
    """Numbers of the sentences and notes about one scenario, which page and terminal share."""
    level, tail = level_text(t.level), t.of("by_day", s).sel(level=t.level)["es"]
    rows = {row[0]: row for row in t.by_day(s)}
    day = str(int(tail["day"][int(np.argmax(tail.values))]))
    by_day = [
        [f"ES {level} %", f"on day {day}: {rows[day][1]}."],
        [f"in the worst {level_text(1 - t.level)} % of paths"],
    ]
    p = t.supported("attribution", s)
    data = t.of("attribution", s).sel(level=p)
    share = [float(data[f"endogenous_share{part}"]) for part in ("", "_low", "_high")]
    channels = {row[0]: row for row in t.channels(s)}
    es = float(data["es"])
    due = [
        [f"ES {level_text(p)} % is {percent(es, decimals(100 * es))}",
         f"{channels['all channels'][1]} with all feedback off",
         f": {percent(share[0])} of it", percent_range(share[1], share[2], share[0])],
        [f"first {count(t.data['attribution'].attrs['paths'])} paths"],
    ]  # fmt: skip
    cost = float(t.of("exit", s)["cost_at_participation"].sum())
    volume = f"{100 * float(t.of('exit', s)['participation']):.3g}\N{NO-BREAK SPACE}% of volume"
    longest = days_text(float(t.of("exit", s)["time"].max()))
    out = [
        [volume, f"takes {longest} days", f"costs {percent(cost)} of equity "
         f"({money(cost, t.equity, t.currency)})"],
        [volume],
    ]  # fmt: skip
    p, paths = t.supported("importance", s), t.data["importance"].attrs["paths"]
    data = t.of("importance", s)
    mean = f"mean weight {float(data['mean_weight']):.3f}, error "
    data = data.sel(level=p)
    es_, low, high = (float(data[f"es{part}"]) for part in ("", "_low", "_high"))
    times = float(data["es_variance_ratio"])
    sharper = [
        [f"{count(paths)} weighted paths", f"ES {level_text(p)} % is {percent(es_)}",
         percent_range(low, high, es_), f"as {count(int(round(times * paths, -3)))} plain paths"],
        [f"{mean}{float(data['mean_weight_standard_error']):.3f}"],
    ]  # fmt: skip
    first, last = (by_day, out) if worst else ([], [])
    return [*first, story_says(t, s), *due, *last, *sharper]


def page_says(t: Stored, path: Path) -> list[list[str]]:
    """Numbers of every text of the page outside its tables, in their order."""
    level, when = level_text(t.level), [f"of {t.days} days"]
    said = [[count(t.paths), money(1.0, t.equity, t.currency)], headline_says(t), *warnings_say(t)]
    for s in t.order:
        es = t.value(s, t.main)
        var = percent(t.value(s, t.main.replace("es_", "var_")))
        marks = [[f"VaR {level} %"], [var], [f"ES {level} %"], [percent(es)]]
        legend = [[f"ES {level} %"], [f"VaR {level} %"]]
        worst = t.worst_paths(s)[0][0]
        replay = [[f"powderkeg replay {path.name} --path {worst}"]]
        said += [when, *beyond(t, s), *marks, *legend]
        said += [*explained_says(t, s, worst=True), *replay]
    return said


def show_says(t: Stored) -> list[list[str]]:
    """The same of the terminal."""
    said = [headline_says(t), [f"day {t.days}"]]
    for s in t.order:
        said += explained_says(t, s, worst=s == t.order[0])
    seed = f"seed {t.attrs['provenance']['seed']}"
    size = money(1.0, t.equity, t.currency)
    footer = [f"{count(t.paths)} paths", f"{len(t.order)} scenarios", size, seed]
    return [*said, *warnings_say(t), [*footer, t.attrs["grid"]["fingerprint"][:12]]]
