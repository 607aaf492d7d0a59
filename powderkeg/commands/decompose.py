"""`powderkeg scenarios decompose`."""

from __future__ import annotations

from pathlib import Path

from .score import one_of

FEWEST_DECOMPOSED = 5100  # paths of which ES 99 % can be told


def decompose(
    scenario: str,
    symbol: str | None,
    chain: Path | None,
    paths: int,
    seed: int,
    backend: str,
    workers: int | None,
) -> None:
    from ..engine.calibrate.decompose import LEVEL, decompose
    from ..engine.calibrate.inputs import read_scored
    from ..engine.executors import default_workers
    from ..kernels import backend as back_end
    from ..scenarios import InputError
    from ..screen import history as say
    from ..screen.console import console, fit, table
    from .exits import stoppable

    if paths < FEWEST_DECOMPOSED:
        raise InputError(
            f"--paths: {paths:,} do not tell ES {LEVEL:.0%}; give {FEWEST_DECOMPOSED:,} or more"
        )
    story, options = read_scored(scenario, chain)
    wanted = one_of(symbol, [episode.symbol for episode in story.pasts])
    engine = back_end(backend)
    aside = console(stderr=True)
    aside.print(f"{paths:,} paths again without each channel, and by dealers' sign", markup=False)
    with stoppable():
        every = decompose(story, options, paths=paths, seed=seed, engine=engine,
                          workers=workers or default_workers(engine.name))  # fmt: skip
    screen = console()
    for found in every:
        if found.episode.symbol in wanted:
            rows = (*found.rows, *found.signs)
            title = f"{story.id}: peak close of {found.episode.symbol}, multiples of the first"
            made = table(title, say.peak_columns(found), say.peak_rows(rows))
            screen.print(fit(made, screen))
            title = f"ES {LEVEL:.0%} of a short of one share of {found.episode.symbol}"
            made = table(title, say.loss_columns(found), say.loss_rows(rows))
            screen.print(fit(made, screen))
            for note in say.notes(found):
                screen.print(note, markup=False)
