"""What a store must know before the first path: names, bins, loop gains, overlaps, exit, tilts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.histogram_bins import QUANTITIES, bin_edges, price_bin_edges
from ...kernels.packed import Packed
from ...kernels.packing.tilt import SHARES, component_of
from ...kernels.probes.exit_cost import DAYS, exit_cost, exit_days, participation
from ...kernels.probes.loop_gain import CHANNELS, loop_gain
from ...kernels.probes.overlap import overlap
from ...results import InputFile, StoreSpec
from ...results.measures.limits import KeptLimit
from ...results.store.schema import NO_CROWD, Exit, Variant
from ...scenarios.scenario import Scenario
from ..job import ROLE, Job


def store_spec(
    job: Job,
    packed: Sequence[Packed],
    inputs: Sequence[InputFile],
    provenance: Mapping[str, object],
    limits: tuple[KeptLimit, ...] = (),
    **said: Any,
) -> StoreSpec:
    """What the store must know before the first path; `limits`, and what else is `said` of the
    inputs (`findings`, `glance`), decide no number of the job.
    """
    first = packed[0]
    gains = [loop_gain(each) for each in packed]
    channels = CHANNELS
    return StoreSpec(
        scenarios=tuple(scenario.id for scenario in job.scenarios),
        symbols=first.symbols,
        days=int(first.run["days"]),
        horizons=tuple(int(day) for day in first.horizons),
        paths=job.paths,
        block_size=job.block,
        quantities=QUANTITIES,
        edges=np.array([bin_edges(quantity) for quantity in QUANTITIES]),
        peak_edges=price_bin_edges(),
        fingerprint=job.fingerprint,
        equity=job.book.equity,
        currency=job.book.currency,
        channels=channels,
        loop_gain=np.stack([np.stack([g[c] for c in channels], axis=-1) for g in gains]),
        inputs=(*inputs, InputFile(ROLE, "job.json", job.to_json())),
        parameters=tuple(scenario.model_dump_json() for scenario in job.scenarios),
        weights=first.names["book_weight"][: len(first.symbols)].astype(float),
        variants=tuple(varied(scenario, job.scenarios) for scenario in job.scenarios),
        holders=holders(job.scenarios),
        overlap=overlaps(job.scenarios, packed),
        attribution=job.attribution,
        channels_off=job.channels_off,
        measure=job.measure,
        until=job.until,
        limits=limits,
        exit=exits(packed),
        **_weighted(job, first),
        provenance=provenance,
        **said,
    )


def _weighted(job: Job, first: Packed) -> dict[str, Any]:
    """What the store is told of the weighted paths, if there are any."""
    if not job.importance:
        return {}
    names, given = len(first.symbols), job.scenarios[: len(job.tilts)]
    factors = list(dict.fromkeys(f for scenario in given for f in scenario.factor_names))
    shape = (len(given), len(SHARES), names + len(factors), 1 + int(first.run["days"]))
    tilts = np.zeros(shape)
    for table, scenario, tilt in zip(tilts, given, job.tilts, strict=True):
        mine = [*range(names), *(names + factors.index(f) for f in scenario.factor_names)]
        table[1:, mine] = tilt
    return {
        "importance": job.importance,
        "shares": tuple(SHARES.tolist()),
        "component_of": component_of(np.arange(job.importance)),
        "streams": (*first.symbols, *(f"factor {f}" for f in factors)),
        "tilts": tilts,
    }


def varied(scenario: Scenario, scenarios: Sequence[Scenario]) -> Variant:
    """Which parameter a variant has changed, and to what."""
    base = next((other for other in scenarios if other.id == scenario.variant_of), None)
    if base is None:
        return Variant()
    if base.no_crowd is not None and scenario.no_crowd is None:
        return Variant(base.id, NO_CROWD, base.no_crowd.weight)
    if scenario.book != base.book:
        return Variant(base.id, "policy")
    for parameter, value in scenario.variation:
        if value != getattr(base.variation, parameter):
            return Variant(base.id, parameter, float(value))
    return Variant()


BOOK = "book"


def holders(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """The book and every fund of any scenario, by name."""
    funds = [_holder(name) for scenario in scenarios for name in scenario.funds]
    return tuple(dict.fromkeys([BOOK, *funds]))


def _holder(fund: str) -> str:
    return "book (fund)" if fund == BOOK else fund


def overlaps(scenarios: Sequence[Scenario], packed: Sequence[Packed]) -> npt.NDArray[np.float64]:
    """Overlaps of the holders in every scenario, NaN where it lacks one.

    Shape: (scenarios, holders, holders), in the order of `holders`.
    """
    everyone = holders(scenarios)
    found = np.full((len(scenarios), len(everyone), len(everyone)), np.nan)
    for table, scenario, arrays in zip(found, scenarios, packed, strict=True):
        mine = [everyone.index(name) for name in (BOOK, *map(_holder, scenario.funds))]
        table[np.ix_(mine, mine)] = overlap(arrays)
    return found


def exits(packed: Sequence[Packed]) -> Exit:
    """What closing the book costs in every scenario."""
    time = [exit_days(arrays) for arrays in packed]
    pairs = list(zip(packed, time, strict=True))
    return Exit(
        DAYS,
        np.array([participation(arrays) for arrays in packed]),
        np.array(time),
        np.array([exit_cost(arrays, days) for arrays, days in pairs]),
        np.array([np.column_stack([exit_cost(p, day) for day in DAYS]) for p in packed]),
    )
