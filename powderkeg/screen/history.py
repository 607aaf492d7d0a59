"""A decomposition and forecasts as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..engine.calibrate.bank import EFFECTIVE
from ..engine.calibrate.decompose import LEVEL, NO_DEALERS, Decomposition, Measured, Row
from ..engine.calibrate.forecast import Forecast
from ..results.measures.scores import BANDS, FAN
from ..results.measures.statistics import Estimate, wilson

OUTLOOK_COLUMNS = (
    "as of", "close", "in 5-95 %", "in 25-75 %", "highest", "5 %", "50 %", "95 %", "last", "5 %",
    "50 %", "95 %",
)  # fmt: skip
ODDS_COLUMNS = ("as of", "no crowd, before", "after", "P(peak >= 2x)", "error", "if a crowd comes",
                "if none")  # fmt: skip
OUTLOOK_SCORES = ("as of", "mean CRPS", "walk, volatility before", "walk, since", "width")
AHEAD_COLUMNS = ("date", "close", "5 %", "25 %", "50 %", "75 %", "95 %", "rank")


def peak_columns(found: Decomposition) -> tuple[str, ...]:
    """Of `peak_rows`."""
    return ("", "median", "error", "by", "error", "10 %", "90 %",
            f"above {found.peak:.3g}", "error", "by", "error")  # fmt: skip


def peak_rows(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Peak close of every row: median, range, probability of more than the actual one."""
    return [
        (row.name, *_cells(row.median, 2), f"{row.range[0]:.2f}", f"{row.range[1]:.2f}",
         *_cells(row.above, 3))
        for row in rows
    ]  # fmt: skip


def loss_columns(found: Decomposition) -> tuple[str, ...]:
    """Of `loss_rows`."""
    return ("", f"day {found.days}", "error", "by", "error", "worst close", "error", "by", "error")


def loss_rows(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """ES of a short of one share in every row, in prices of the first close."""
    return [(row.name, *_cells(row.at_end, 2), *_cells(row.at_worst, 2)) for row in rows]


def _cells(measured: Measured, places: int) -> tuple[str, str, str, str]:
    value, change = measured.value, measured.change
    by = ("", "") if _nothing(change) else (f"{change.value:+.{places}f}",
                                            f"{change.standard_error:.{places}f}")  # fmt: skip
    return (f"{value.value:.{places}f}", f"{value.standard_error:.{places}f}", *by)


def _nothing(change: Estimate) -> bool:
    return change.value == 0 and change.standard_error == 0


def notes(found: Decomposition) -> Iterator[str]:
    """What the tables are, and the answer by dealers' sign."""
    yield (
        f"{found.episode.symbol}, {found.paths:,} paths, the same random numbers in every "
        f"row. Peak closes are multiples of the first close, ES {LEVEL:.0%} is the loss of a short "
        "of one share in first prices. by: difference from all channels on, paired, with its "
        "standard error. Effects of single channels do not add up."
    )
    if found.signs:
        without = next(row for row in found.rows if row.name == NO_DEALERS)
        held = ", ".join(
            f"{_times(row.median)} {words}"
            for row, words in zip(
                found.signs,
                ("where they are long the listed options", "flat", "short"),
                strict=True,
            )
        )
        odds = ", ".join(f"{row.above.value.value:.3f}" for row in (*found.signs, without))
        yield (
            f"Dealers: the median peak is {held}; {_times(without.median)} if they never trade. "
            f"The actual {found.peak:.3g} is exceeded with probability {odds}. The sign is that of "
            "the listed options alone: dealers are short the calls that the crowd buys under every "
            "sign."
        )


def _times(measured: Measured) -> str:
    return f"{measured.value.value:.2f} +- {measured.value.standard_error:.2f}"


def ahead_rows(found: Forecast) -> list[tuple[str, ...]]:
    """Every close ahead, in money, beside what was foretold."""
    prices = found.close * np.exp(np.quantile(found.paths, FAN, axis=0))
    actual, pit = found.close * np.exp(found.actual), found.pit
    return [
        (str(day), f"{actual[k]:.2f}", *(f"{q:.2f}" for q in prices[:, k]), f"{pit[k]:.2f}")
        for k, day in enumerate(found.dates)
    ]


def odds_rows(found: Sequence[Forecast]) -> list[tuple[str, ...]]:
    """P(highest close ahead >= twice the last one known): over both cases, and in each."""
    rows: list[tuple[str, ...]] = []
    for each in found:
        shares = [float((x.max(axis=1) >= np.log(2)).mean()) for x in (each.crowd, each.nobody)]
        counts = [max(round(count), 1) for count in each.effective]
        crowd, nobody = (wilson(round(p * n), n) for p, n in zip(shares, counts, strict=True))
        w = each.weight
        value = (1 - w) * shares[0] + w * shares[1]
        error = np.hypot((1 - w) * crowd.standard_error, w * nobody.standard_error)
        cells = (f"{each.prior:.3f}", f"{w:.3f}", f"{value:.2%}", f"{error:.2%}")
        rows.append((str(each.as_of), *cells, *(f"{p:.2%}" for p in shares)))
    return rows


def outlook_rows(found: Sequence[Forecast]) -> list[tuple[str, ...]]:
    """A line for every day of forecasting: coverage, the highest close ahead and the last, in
    money.
    """
    rows = []
    for each in found:
        days = len(each.actual)
        cells = [str(each.as_of), f"{each.close:.2f}"]
        cells += [f"{each.inside[band]} of {days}" for band in BANDS]
        for path, paths in (
            (each.actual.max(), each.paths.max(axis=1)),
            (each.actual[-1], each.paths[:, -1]),
        ):
            quantiles = np.quantile(paths, (0.05, 0.5, 0.95))
            cells += [f"{each.close * np.exp(x):.2f}" for x in (path, *quantiles)]
        rows.append(tuple(cells))
    return rows


def outlook_scores(found: Sequence[Forecast]) -> list[tuple[str, ...]]:
    """Scores of every forecast, and how wide its kernel is; before any close no walk is since."""
    return [
        (str(each.as_of), *[f"{x:.3f}" for x in each.scores.values()], *["-"] * (not each.known),
         f"{each.width:.3f}")
        for each in found
    ]  # fmt: skip


def outlook_notes(found: Sequence[Forecast]) -> Iterator[str]:
    """What the forecasts are, and their coverage over all days."""
    inside = [sum(each.inside[band] for each in found) for band in BANDS]
    days = sum(len(each.actual) for each in found)
    yield (
        "Unconditional: draws of the prior with a crowd and without, from the first close on, "
        "weighed by how near they pass to the closes known, as returns from the last one; "
        f"{EFFECTIVE:.0f} paths count. width: of that kernel, in log price. walk: driftless, with "
        "the volatility from before the episode or that of the closes known."
    )
    yield f"{inside[0]} of {days} closes lie in 5-95 %, {inside[1]} in 25-75 %, as found"
