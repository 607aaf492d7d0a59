"""Writes docs/history.md and its pictures:  .venv/bin/python docs/history.py

Every preset that has a past is scored and decomposed, so a new one only has to be there. The page
names the digests of the files it was made of; tests/test_history_page.py compares them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from powderkeg.engine.calibrate.comovement import comovement
from powderkeg.engine.calibrate.decompose import LEVEL, Decomposition, decompose
from powderkeg.engine.calibrate.forecast import Forecast, banked, forecast, reported
from powderkeg.engine.calibrate.inputs import read_scored
from powderkeg.engine.calibrate.scorecard import Scorecard, score_all
from powderkeg.engine.calibrate.verdict import outside, shortfalls, unsurprising
from powderkeg.engine.campaign import campaign
from powderkeg.engine.executors.placement import EMBEDDED
from powderkeg.kernels import backend
from powderkeg.results.measures.scores import BANDS, FAN
from powderkeg.scenarios import Scenario, presets
from powderkeg.scenarios.chain import Chain
from powderkeg.scenarios.library import PRESETS
from powderkeg.scenarios.yamlfile import load
from powderkeg.screen import history as show_history
from powderkeg.screen import score as show_score

ROOT = Path(__file__).parent.parent
PAGE, IMAGES = ROOT / "docs" / "history.md", ROOT / "docs" / "images"
SEED, PATHS = 2, 16_384
TOGETHER = 5_120  # paths of every row where several names are decomposed, which are traced
FORETOLD, DRAWS = "gme-2021-ensemble", 4096
DAYS = (date(2021, 1, 13), date(2021, 1, 22), date(2021, 1, 26))
COLOURS = 48
KNOWN_SHORT = 71_200_000  # of 31 December 2020, the last report out on 12 January 2021

INTRODUCTION = f"""\
# History

What every preset with a past makes of it. Written by

    .venv/bin/python docs/history.py

from the presets as they are, never by hand. How a scenario is fitted and what a scorecard asks
stands in [calibration.md](calibration.md); `powderkeg scenarios score NAME`, `decompose NAME` and
`forecast NAME` print the same for any scenario. Scores are of {PATHS:,} paths that no fit has
seen; Merton's jumps and a GARCH(1,1) are fitted to the episode itself. Where a preset falls short
it says so. What a fit says of quiet names, where nothing happened, stands beside GameStop in
[calibration.md](calibration.md#no-false-alarm).
"""
WHOLE = """\
Peaks are highest closes as multiples of the first, beside simulated ones. Taken as a whole:
coverage of both bands and evenness of ranks lie within the central 95 % of what they are with each
simulated path as the truth, and the CRPS is at most a quarter above that of a random walk and that
of the GARCH.

Where they fall short, every way that a scorecard knows of:
"""
FORECASTS = f"""\
## What would have been said in January 2021

Forecasts of GameStop from what was out at the close of a day: closes from 12 January on, and the
short interest of 31 December (71.2 million shares, out on 12 January; the report of the 15th came
out on the 27th). {DRAWS:,} draws of the prior; no event is used. The hindsight that is left:
the model and the medians of its priors were written after January 2021, and what no prior is of
(.3 floats of listed calls) is the preset's. On the command line: `powderkeg scenarios forecast
{FORETOLD} --short-interest {KNOWN_SHORT} --as-of 2021-01-13`. All
dates of all episodes and controls stand in [forecasts.md](forecasts.md).

![forecasts](images/history-forecast.png)

Closes of the ten sessions ahead inside the bands, the highest of them and the last beside
quantiles, in dollars:
"""


def stories() -> Iterator[tuple[Scenario, Chain]]:
    """Presets that tell a past of their own, not that of one they stand on."""
    for name in presets():
        tree, _ = load(PRESETS / f"{name}.yaml", name)
        if "episode" in tree or "episodes" in tree:
            yield read_scored(name, None)


def digest(story: Scenario) -> str:
    """Of a preset's file and of those it stands on."""
    return hashlib.sha256("\0".join((story.text, *story.base_texts)).encode()).hexdigest()[:12]


def stamp(story: Scenario) -> str:
    """How the page names what it was made of."""
    return f"<!-- {story.id} {digest(story)} -->"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown: the first column is text, the rest are numbers."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def overview(cards: Sequence[Scorecard]) -> Iterator[str]:
    """All episodes in one table, then what each falls short of."""
    columns = (
        "preset", "name", "closes", "in 5-95 %", "in 25-75 %", "taken as a whole", "peak", "5 %",
        "50 %", "95 %", "rank", "mean CRPS", "random walk", "Merton", "GARCH",
    )  # fmt: skip
    rows = []
    for card in cards:
        peak = card.figures[0]
        rows.append((
            f"[{card.scenario.id}](#{card.scenario.id})", card.episode.symbol,
            str(len(card.actual)),
            *(str(card.inside[band]) for band in BANDS), 
            "unsurprising" if unsurprising(card) else "SURPRISING",
            *(f"{x:.3g}" for x in (peak.actual, *peak.quantiles[[0, 2, -1]])),
            f"{peak.rank:.2f}" + (f", outside {outside(peak)}" if outside(peak) else ""),
            *(f"{crps:.3f}" for crps, _ in card.scores.values()),
        ))  # fmt: skip
    yield "## All episodes\n"
    yield table(columns, rows)
    yield WHOLE
    for card in cards:
        found = list(shortfalls(card)) or ["none"]
        yield "\n".join(f"* {card.scenario.id}, {card.episode.symbol}: {line}" for line in found)
    yield ""


def foretold(found: Sequence[Forecast]) -> Iterator[str]:
    """Forecasts as tables; their picture beside."""
    draw_forecasts(found, picture := IMAGES / "history-forecast.png")
    shrink(picture)
    yield FORECASTS
    yield table(show_history.OUTLOOK_COLUMNS, show_history.outlook_rows(found))
    yield "No crowd's weight, and a close of at least twice the last one known:\n"
    yield table(show_history.ODDS_COLUMNS, show_history.odds_rows(found))
    yield "Mean CRPS of log returns from the last close known, less is better:\n"
    yield table(show_history.OUTLOOK_SCORES, show_history.outlook_scores(found))
    yield from (f"{note}\n" for note in show_history.outlook_notes(found))


def shrink(picture: Path) -> None:
    """A third of its bytes, with as many colours as are seen."""
    with Image.open(picture) as image:
        image.convert("RGB").quantize(COLOURS).save(picture, optimize=True)


def draw_forecasts(found: Sequence[Forecast], path: Path) -> None:
    """Closes ahead over the fan of each forecast, a panel a day."""
    figure = Figure(figsize=(10, 3.3), layout="constrained")
    panels = figure.subplots(1, len(found))
    for panel, each in zip(panels, found, strict=True):
        days = np.arange(len(each.actual) + 1)
        paths = np.concatenate([np.zeros((len(each.paths), 1)), each.paths], axis=1)
        quantiles = np.quantile(paths, FAN, axis=0)
        low, lower, middle, upper, high = each.close * np.exp(quantiles)
        panel.fill_between(days, low, high, color="#c9d3dc", label="5-95 %")
        panel.fill_between(days, lower, upper, color="#8fa1b3", label="25-75 %")
        panel.plot(days, middle, color="#5f7d8c", lw=1.2, label="median")
        actual = each.close * np.exp(np.append(0.0, each.actual))
        panel.plot(days, actual, "o-", color="#b5451b", ms=3.5, lw=1.4, label="closes")
        ticks = [t for t in (5, 10, 20, 50, 100, 200, 500, 1000) if low.min() < t < high.max()]
        panel.set(yscale="log", xlabel=f"sessions after {each.as_of}",
                  title=f"{each.inside[BANDS[0]]} of {len(each.actual)} inside 5-95 %")  # fmt: skip
        panel.set_yticks(ticks, [str(tick) for tick in ticks])
        panel.minorticks_off()
    panels[0].set_ylabel("dollars")
    panels[-1].legend(frameon=False)
    figure.savefig(path, dpi=75)


def together(name: str, cards: Sequence[Scorecard]) -> Iterator[str]:
    """What several names had in common."""
    found = comovement(cards)
    if found is not None:
        yield f"### {name}: names together\n"
        yield "\n".join(f"* {line}" for line in show_score.joint_sentences(found)) + "\n"
        yield table(show_score.FIGURE_COLUMNS, show_score.figure_rows(found.figures))
        yield "Joint scores of daily returns, less is better:\n"
        yield table(show_score.JOINT_COLUMNS, show_score.joint_rows(found))


def chapter(cards: Sequence[Scorecard], parts: Sequence[Decomposition]) -> Iterator[str]:
    """One preset: what it is, its picture, its cards, its decomposition."""
    story = cards[0].scenario
    picture = f"history-{story.id}.png"
    show_score.draw(cards, IMAGES / picture, dpi=80)
    shrink(IMAGES / picture)
    yield f"## {story.id}\n"
    yield f"{story.description}\n"
    yield f"![{story.id}](images/{picture})\n"
    yield from together(story.id, cards)
    for card, part in zip(cards, parts, strict=True):
        if len(cards) > 1:
            yield f"### {story.id}: {card.episode.symbol}\n"
        yield f"Source: {card.episode.source.rstrip('.')}.\n"
        yield "\n".join(f"* {line}" for line in show_score.sentences(card)) + "\n"
        yield table(show_score.FIGURE_COLUMNS, show_score.figure_rows(card.figures))
        yield table(show_score.SCORE_COLUMNS, show_score.score_rows(card))
        rows = (*part.rows, *part.signs)
        yield "What the peak is due to: peak close as a multiple of the first.\n"
        yield table(show_history.peak_columns(part), show_history.peak_rows(rows))
        if len(cards) == 1:
            yield f"ES {LEVEL:.0%} of a short of one share, in first prices.\n"
            yield table(show_history.loss_columns(part), show_history.loss_rows(rows))
        yield from (f"{note}\n" for note in show_history.notes(part))


def write() -> None:
    """The whole page."""
    engine = backend("auto")
    pasts, cards, chapters = list(stories()), [], []
    with campaign(EMBEDDED, engine.name) as work:
        for story, chain in pasts:
            print(story.id, flush=True)
            mine = score_all(work, story, chain, paths=PATHS, seed=SEED, engine=engine)
            paths = PATHS if len(mine) == 1 else TOGETHER
            due = decompose(work, story, chain, paths=paths, seed=SEED, engine=engine)
            cards += mine
            chapters += chapter(mine, due)
        story, chain = read_scored(FORETOLD, None)
        story = reported(story, KNOWN_SHORT)
        bank = banked(work, story, chain, draws=DRAWS, seed=SEED, engine=engine)
        found = [forecast(bank, story, day, SEED) for day in DAYS]
    stamps = "\n".join(stamp(story) for story, _ in pasts) + "\n"
    text = [INTRODUCTION, stamps, *overview(cards), *foretold(found), *chapters]
    PAGE.write_text("\n".join(text))


if __name__ == "__main__":
    write()
