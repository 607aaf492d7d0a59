"""`powderkeg scenarios forecast`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

MEMBERS = 64


def forecast(
    scenario: str,
    days: list[date],
    short_interest: int | None,
    chain: Path | None,
    priors: str,
    draws: int,
    seed: int,
    backend: str,
    workers: int | None,
) -> None:
    from ..engine.calibrate.fit import PER_DRAW, Size
    from ..engine.calibrate.forecast import forecast, known_at, reported
    from ..engine.calibrate.inputs import read_scored
    from ..engine.executors import default_workers
    from ..kernels import backend as back_end
    from ..scenarios import InputError
    from ..screen import history as say
    from ..screen.console import console, fit, table
    from ..screen.progress import progress_for
    from .exits import stoppable

    if not days:
        raise InputError("scenarios forecast: --as-of is missing; give the last close known")
    size = Size(draws=draws, members=min(MEMBERS, draws // PER_DRAW))
    size.check()
    story, options = read_scored(scenario, chain)
    for as_of in days:
        known_at(story, as_of)
    if short_interest is not None:
        story = reported(story, short_interest)
    engine, aside, screen = back_end(backend), console(stderr=True), console()
    found = []
    with stoppable():
        for as_of in days:
            each = forecast(
                story,
                options,
                as_of,
                size=size,
                seed=seed,
                engine=engine,
                workers=workers or default_workers(engine.name),
                priors=priors,
                progress=progress_for(aside),
            )
            title = f"{story.id}: what was to come on {as_of}, close {each.close:g}"
            screen.print(fit(table(title, say.AHEAD_COLUMNS, say.ahead_rows(each)), screen))
            found.append(each)
    title = "Ten sessions ahead: closes in bands, the highest close, the last"
    screen.print(fit(table(title, say.OUTLOOK_COLUMNS, say.outlook_rows(found)), screen))
    title = "Mean CRPS of log returns, less is better"
    screen.print(fit(table(title, say.OUTLOOK_SCORES, say.outlook_scores(found)), screen))
    for note in say.outlook_notes(found):
        screen.print(note, markup=False)
