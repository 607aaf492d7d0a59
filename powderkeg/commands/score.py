"""`powderkeg scenarios score`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .past import Story, one_of

if TYPE_CHECKING:
    from rich.console import Console

    from ..engine.calibrate.scorecard import Scorecard


def score(story: Story, symbol: str | None, paths: int, output: Path | None) -> None:
    """Hold a scenario against its episode: tables, a verdict, a picture. Of several names a summary
    first, then every name's.
    """
    from ..engine.calibrate.inputs import read_scored
    from ..engine.calibrate.scorecard import score_all
    from ..engine.checks import check_folder
    from ..kernels import backend as back_end
    from ..scenarios import InputError
    from ..screen import score as show_score
    from ..screen.console import console, fit, table
    from ..screen.progress import progress_for

    if output is not None and (output.suffix not in (".png", ".svg") or output.exists()):
        raise InputError(f"--output: {output}: give a new .png or .svg file")
    if output is not None:
        check_folder(output)
    scenario, options = read_scored(story.scenario, story.chain)
    wanted = one_of(symbol, [episode.symbol for episode in scenario.pasts])
    engine = back_end(story.backend)
    with story.campaign(engine, progress_for(console(stderr=True))) as work:
        cards = score_all(work, scenario, options, paths=paths, seed=story.seed, engine=engine)
    cards = tuple(card for card in cards if card.episode.symbol in wanted)
    screen = console()
    if len(cards) > 1:
        rows = show_score.summary_rows(cards)
        title = f"{scenario.id}: names simulated together, peaks as multiples of the first close"
        screen.print(fit(table(title, show_score.SUMMARY_COLUMNS, rows), screen))
        show_together(cards, screen)
    for card in cards:
        show_card(card, screen)
    if output is not None:
        show_score.draw(cards, output)
        print(f"wrote {output}")


def show_together(cards: Sequence[Scorecard], screen: Console) -> None:
    """What the names had in common, where every close is known."""
    from ..engine.calibrate.comovement import comovement
    from ..screen import score as show_score
    from ..screen.console import fit, table

    found = comovement(cards)
    if found is None:
        return
    rows = show_score.figure_rows(found.figures)
    screen.print(fit(table("Names together", show_score.FIGURE_COLUMNS, rows), screen))
    title = "Joint scores of daily returns, less is better"
    screen.print(table(title, show_score.JOINT_COLUMNS, show_score.joint_rows(found)))
    for sentence in show_score.joint_sentences(found):
        screen.print(sentence, markup=False)


def show_card(card: Scorecard, screen: Console) -> None:
    """One name's tables and verdict."""
    from ..screen import score as show_score
    from ..screen.console import fit, table

    title = f"Closes of {card.episode.symbol} as multiples of the first"
    screen.print(fit(table(title, show_score.DAY_COLUMNS, show_score.day_rows(card), 2), screen))
    rows = show_score.figure_rows(card.figures)
    screen.print(fit(table("The path", show_score.FIGURE_COLUMNS, rows), screen))
    rows = show_score.score_rows(card)
    screen.print(table("Scores of log closes, less is better", show_score.SCORE_COLUMNS, rows))
    for sentence in show_score.sentences(card):
        screen.print(sentence, markup=False)
