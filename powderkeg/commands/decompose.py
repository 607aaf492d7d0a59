"""`powderkeg scenarios decompose`."""

from __future__ import annotations

from .past import Story, one_of

FEWEST_DECOMPOSED = 5100  # paths of which ES 99 % can be told


def decompose(story: Story, symbol: str | None, paths: int) -> None:
    """Show what a peak is due to: the paths again without each channel."""
    from ..engine.calibrate.decompose import LEVEL, decompose
    from ..engine.calibrate.inputs import read_scored
    from ..kernels import backend as back_end
    from ..scenarios import InputError
    from ..screen import history as say
    from ..screen.console import console, fit, table
    from ..screen.progress import progress_for

    if paths < FEWEST_DECOMPOSED:
        raise InputError(
            f"--paths: {paths:,} do not tell ES {LEVEL:.0%}; give {FEWEST_DECOMPOSED:,} or more"
        )
    scenario, options = read_scored(story.scenario, story.chain)
    wanted = one_of(symbol, [episode.symbol for episode in scenario.pasts])
    engine = back_end(story.backend)
    aside = console(stderr=True)
    aside.print(f"{paths:,} paths again without each channel, and by dealers' sign", markup=False)
    with story.campaign(engine, progress_for(aside)) as work:
        every = decompose(work, scenario, options, paths=paths, seed=story.seed, engine=engine)
    screen = console()
    for found in every:
        if found.episode.symbol in wanted:
            rows = (*found.rows, *found.signs)
            title = f"{scenario.id}: peak close of {found.episode.symbol}, multiples of the first"
            made = table(title, say.peak_columns(found), say.peak_rows(rows))
            screen.print(fit(made, screen))
            title = f"ES {LEVEL:.0%} of a short of one share of {found.episode.symbol}"
            made = table(title, say.loss_columns(found), say.loss_rows(rows))
            screen.print(fit(made, screen))
            for note in say.notes(found):
                screen.print(note, markup=False)
