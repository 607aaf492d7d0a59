"""The plan of a run before it starts."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..engine.memory import available, words
from ..engine.run.conventions import PILOT
from ..engine.run.importance import pilot_paths
from ..engine.run.plan import Plan
from ..results.measures.target import error_text
from .book import glance_table, print_findings
from .console import plural, table


def show_plan(to: Console, plan: Plan, warnings: Iterable[str], workers: int, where: str) -> None:
    """The size of the run, what it will take, impacts and their source, and warnings."""
    job = plan.job
    size = min(job.block, job.paths)
    given = [scenario for scenario in job.scenarios if scenario.variant_of is None]
    more = len(job.scenarios) - len(given)
    scenarios = plural(len(given), "scenario")
    if more:
        scenarios = f"({scenarios} and {plural(more, 'variant')})"
    most = "up to " if job.until else ""
    to.print(
        f"{most}{plural(job.most, 'path')} x {scenarios} x "
        f"{plural(len(plan.packed[0].symbols), 'name')}: {most}{plural(plan.tasks, 'block')} of "
        f"{plural(size, 'path')}"
    )
    if job.until:
        to.print(
            f"--until begins with {plural(job.paths, 'path')} and goes on until {job.until} is "
            f"known to {error_text(job.until.error)} in every scenario"
        )
    for scenario, packed in zip(job.scenarios, plan.packed, strict=True):
        if packed.members and scenario.variant_of is None:
            sets = f"{len(packed.members)} parameter sets"
            to.print(f"{scenario.id}: {sets}, an equal share of the paths each", markup=False)
    twins = sum(scenario.no_crowd is not None for scenario in given)
    if twins:
        to.print(f"no_crowd runs {plural(twins, 'scenario')} again, without a crowd")
    if more > twins:
        times = len(job.scenarios) / (len(given) + twins)
        to.print(f"--sensitivity makes this run {times:.3g} times as long as it would be without")
    if job.attribution:
        off = plural(len(job.channels_off), "channel")
        to.print(
            f"--attribution runs {plural(job.attribution, 'path')} again without each of {off}"
        )
    if job.importance:
        to.print(
            f"--importance runs {plural(job.importance, 'weighted path')} of each scenario "
            f"besides, after a pilot of {plural(pilot_paths(job.importance), 'path')}"
        )
    if said := pilots_text(plan):
        to.print(said)
    device = f"{plan.back_end.name} ({plan.back_end.device})"
    places = {"embedded": "thread", "local": "process"}
    on = plural(workers, places[where]) if where in places else f"the cluster at {where}"
    to.print(f"back end {device} on {on}")
    processes = workers if where != "embedded" else 1
    to.print(f"{plan.projection(workers, processes)}; {words(available())} are available")
    to.print(impact_table(plan))
    if plan.inputs.glance is not None:
        to.print(glance_table(plan.inputs.glance.as_json()))
    print_findings(to, [each.as_json() for each in plan.inputs.findings])
    for warning in dict.fromkeys(warnings):
        to.print(Text(f"note: {warning}"))


def pilots_text(plan: Plan) -> str:
    """What trying conventions takes, "" where nothing is tried."""
    signs = sum(each.signs for each in plan.pilots)
    floors = sum(each.floors for each in plan.pilots)
    if not signs + floors:
        return ""
    of_signs = f"{plural(signs, 'pilot')} at other signs of the dealers" if signs else ""
    of_floors = f"up to {plural(floors, 'pilot')} at other max_multiple where it decides a tail"
    what = ", ".join(filter(None, (of_signs, of_floors if floors else "")))
    share = f"{plan.pilots_share:.1%} of the run's time if all run"
    return f"conventions: {what}, of {plural(PILOT, 'path')} each: {share}"


def impact_table(plan: Plan) -> Table:
    """Impact per float of every name and where it comes from; scenarios that agree share a row.

    Variants of a scenario are left out.
    """
    seen: dict[tuple[str, str, str, str], list[str]] = {}
    everywhere = 0
    for scenario, impacts in zip(plan.job.scenarios, plan.impacts, strict=True):
        if scenario.variant_of is not None:
            continue
        everywhere += 1
        for i in impacts:
            key = (i.symbol, f"{i.per_float:.3f}", f"{i.elastic:.2f}", i.source)
            seen.setdefault(key, []).append(scenario.id)
    rows = [
        (symbol, impact, f"{float(impact) / 10:+.1%}", elastic, source,
         "all" if len(ids) == everywhere else ", ".join(ids))
        for (symbol, impact, elastic, source), ids in sorted(seen.items())
    ]  # fmt: skip
    columns = ("name", "log price per float", "10 % bought", "elastic float", "source", "scenarios")
    return table("Impact at the start", columns, rows)
