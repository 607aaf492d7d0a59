"""`powderkeg scenarios forecast`."""

from __future__ import annotations

from datetime import date

from .past import Story


def forecast(
    story: Story,
    days: list[date],
    short_interest: int | None,
    priors: str,
    draws: int,
    no_crowd_prior: float | None,
) -> None:
    """Show what somebody would have foretold on each of the days."""
    from ..engine.calibrate.fit import Size, check_prior
    from ..engine.calibrate.forecast import banked, forecast, known_at, reported
    from ..engine.calibrate.inputs import read_scored
    from ..kernels import backend as back_end
    from ..scenarios import InputError
    from ..scenarios.capacity import FEWEST_MEMBERS
    from ..screen import history as say
    from ..screen.console import console, fit, table
    from ..screen.progress import progress_for

    if not days:
        raise InputError("scenarios forecast: --as-of is missing; give the last close known")
    Size(draws=draws, members=FEWEST_MEMBERS).check()
    check_prior(no_crowd_prior)
    scenario, options = read_scored(story.scenario, story.chain)
    for as_of in days:
        known_at(scenario, as_of)
    if short_interest is not None:
        scenario = reported(scenario, short_interest)
    engine, aside, screen = back_end(story.backend), console(stderr=True), console()
    found = []
    with story.campaign(engine, progress_for(aside)) as work:
        bank = banked(
            work, scenario, options, draws=draws, seed=story.seed, engine=engine, priors=priors,
            no_crowd_prior=no_crowd_prior,
        )  # fmt: skip
        for as_of in days:
            each = forecast(bank, scenario, as_of, story.seed)
            title = (
                f"{scenario.id}: what was to come on {as_of}, close {each.close:g}, unconditional"
            )
            screen.print(fit(table(title, say.AHEAD_COLUMNS, say.ahead_rows(each)), screen))
            found.append(each)
    title = "Ten sessions ahead: no crowd's weight, and a close of twice the last one known"
    screen.print(fit(table(title, say.ODDS_COLUMNS, say.odds_rows(found)), screen))
    title = "Ten sessions ahead: closes in bands, the highest close, the last"
    screen.print(fit(table(title, say.OUTLOOK_COLUMNS, say.outlook_rows(found)), screen))
    title = "Mean CRPS of log returns, less is better"
    screen.print(fit(table(title, say.OUTLOOK_SCORES, say.outlook_scores(found)), screen))
    for note in say.outlook_notes(found):
        screen.print(note, markup=False)
