"""What a run will do, worked out and checked before anything is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels import Backend, backend
from ...kernels.backends import kind
from ...kernels.histogram_bins import QUANTITIES, bin_edges, price_bin_edges
from ...kernels.packed import Packed
from ...kernels.packing.name import Impact
from ...kernels.packing.scenario import Prepared, prepare
from ...kernels.packing.tilt import SHARES, component_of
from ...kernels.probes.exit_cost import DAYS, exit_cost, exit_days, participation
from ...kernels.probes.loop_gain import CHANNELS, loop_gain
from ...kernels.probes.overlap import overlap
from ...kernels.records import PATH, Channel, channel_names
from ...results import InputFile, StoreSpec
from ...results.measures.euler import choose
from ...results.measures.levels import ES, LEVELS, VAR, percent
from ...results.measures.statistics import REFUSE
from ...results.measures.tail import NAME_FIELDS
from ...results.measures.target import Until
from ...results.store.schema import Exit, Variant
from ...scenarios.book import Book
from ...scenarios.bound import bind
from ...scenarios.chain import Chain
from ...scenarios.errors import InputError
from ...scenarios.market import Market
from ...scenarios.overrides import variants
from ...scenarios.scenario import Scenario
from ..job import ROLE, Job
from ..memory import SEALING_DOUBLES, Projection, of_block, resident
from .blocks import traced_bytes
from .importance import NEAR, choose_tilt, pilot_paths

TASK_SECONDS = 1.5
"""How long a block should take: long against what a task costs, short against a run."""

SMALLEST_BLOCK, LARGEST_BLOCK = 1 << 8, 1 << 20
MOST_PATHS = 1 << 40
PATHS, PATHS_UNTIL = 100_000, 5_000_000
"""Paths where nobody says how many, and at most where an error is asked for."""

# What encoding a block takes on top of its arrays.
ENCODING = 3

# Loop gains are worked out from traces: the trace and the fields and gains made of it.
GAINS_OVER_TRACE = 3

# Sealing a store: the losses of one scenario, the doubles made of them, and the libraries that are
# loaded only then.
SEALING_LIBRARIES = 56 << 20
# Replayed tails: as the workers gave them, joined, and encoded.
SEALING_TAILS = 3


def block_size(names: int, steps: int, back_end: str) -> int:
    """Paths per block, a power of two: from the model's size and the back end, never the workers.

    Every block runs twice, with feedback and calm.
    """
    paths = kind(back_end).rate * TASK_SECONDS / (2 * names * steps)
    power = 1 << max(0, round(np.log2(paths)))
    return int(min(max(power, SMALLEST_BLOCK), LARGEST_BLOCK))


@dataclass(frozen=True)
class Plan:
    """A checked job with its packed scenarios and what to tell the person before it runs."""

    job: Job
    packed: tuple[Packed, ...]
    impacts: tuple[tuple[Impact, ...], ...]
    back_end: Backend

    def with_tilts(self) -> Plan:
        """The plan with the tilts of its weighted paths, for which pilots run here and now."""
        if not self.job.importance:
            return self
        given = zip(self.job.scenarios, self.packed, strict=True)
        tilts = tuple(
            choose_tilt(self.back_end, packed, self.job.importance)
            for scenario, packed in given
            if scenario.variant_of is None
        )
        return replace(self, job=replace(self.job, tilts=tilts))

    @property
    def tasks(self) -> int:
        """Blocks over all scenarios."""
        return len(self.job.scenarios) * self.job.blocks

    @property
    def name_steps(self) -> float:
        """Name-steps of the whole run, all runs of every block counted."""
        return sum(
            self._passes(s) * int(p.run["names"] * p.run["steps"])
            for s, p in enumerate(self.packed)
        )

    def _passes(self, scenario: int) -> float:
        """Paths of a scenario over all its runs: with feedback, calm, with one channel off."""
        given = self.job.scenarios[scenario].variant_of is None
        off = int(self.packed[scenario].run["channels"]).bit_count() if given else 0
        weighted = self.job.importance + pilot_paths(self.job.importance) if given else 0
        return 2.0 * self.job.most + off * self.job.attribution + weighted

    def projection(self, workers: int, processes: int) -> Projection:
        """Memory the run takes with so many workers in so many processes."""
        run = self.packed[0].run
        paths = min(self.job.block, self.job.most)
        output, scratch = of_block(self.packed[0], paths, self.back_end.name)
        sets = [each for p in self.packed for each in (p, *p.members)]
        tables = {id(each.chain): each.chain.nbytes for each in sets}
        return Projection(
            baseline=resident() - sum(tables.values()),
            inputs=sum(tables.values()) + sum(each.names.nbytes for each in sets),
            scratch=scratch,
            results=(2 + ENCODING + (self.job.attribution > 0) + (self.job.importance > 0))
            * output,
            sealing=SEALING_LIBRARIES
            + self.job.most * (self._bytes_per_path(run) + 8 * SEALING_DOUBLES)
            + SEALING_TAILS * self._tail_bytes(),
            workers=min(workers, self.tasks),
            processes=min(processes, self.tasks) + (processes > 1),
            tracing=max(GAINS_OVER_TRACE * traced_bytes(p, self.job.most) for p in self.packed),
        )

    def _tail_bytes(self) -> int:
        """Of what is kept of the replayed paths of all scenarios that vary none."""
        tail = choose(self.job.most)
        given = sum(scenario.variant_of is None for scenario in self.job.scenarios)
        names = int(self.packed[0].run["names"])
        return 0 if tail is None else given * len(tail.ranks) * names * len(NAME_FIELDS) * 4

    @staticmethod
    def _bytes_per_path(run: npt.NDArray[np.void]) -> int:
        """Of the losses of one scenario, with feedback and calm."""
        return 2 * (PATH.itemsize + 4 * int(run["horizons"]))

    def store_spec(self, inputs: Sequence[InputFile], provenance: dict[str, object]) -> StoreSpec:
        """What the store must know before the first path."""
        job, first = self.job, self.packed[0]
        gains = [loop_gain(packed) for packed in self.packed]
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
            overlap=overlaps(job.scenarios, self.packed),
            attribution=job.attribution,
            channels_off=job.channels_off,
            until=job.until,
            exit=exits(self.packed),
            **self._weighted(),
            provenance=provenance,
        )

    def _weighted(self) -> dict[str, Any]:
        """What the store is told of the weighted paths, if there are any."""
        job, first = self.job, self.packed[0]
        if not job.importance:
            return {}
        names, given = len(first.symbols), job.scenarios[: len(job.tilts)]
        factors = list(dict.fromkeys(f for scenario in given for f in scenario.factors))
        shape = (len(given), len(SHARES), names + len(factors), 1 + int(first.run["days"]))
        tilts = np.zeros(shape)
        for table, scenario, tilt in zip(tilts, given, job.tilts, strict=True):
            mine = [*range(names), *(names + factors.index(f) for f in scenario.factors)]
            table[1:, mine] = tilt
        return {
            "importance": job.importance,
            "shares": tuple(SHARES.tolist()),
            "component_of": component_of(np.arange(job.importance)),
            "streams": (*first.symbols, *(f"factor {f}" for f in factors)),
            "tilts": tilts,
        }


def parse_until(text: str | None, most: int | None = None) -> Until | None:
    """What `es99=1%` asks for, with at most so many paths; None asks for nothing.

    Raises InputError.
    """
    if text is None:
        return None
    levels = {percent(level): level for level in LEVELS}
    found = re.fullmatch(r"(es|var)([\d.]+)=(\d+\.?\d*|\.\d+)%", text.replace(" ", "").lower())
    if found is None or found[2] not in levels:
        raise InputError(
            f"until: {text!r} is not of the form es99=1%; es or var, at {', '.join(levels)}"
        )
    error = float(found[3]) / 100
    if not 1e-4 <= error <= 0.5:
        raise InputError(f"until: an error of {found[3]} % is not between .01 % and 50 %")
    kind = ES if found[1] == "es" else VAR
    return Until(kind, levels[found[2]], error, PATHS_UNTIL if most is None else int(most))


def with_variants(scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
    """The scenarios, then what each makes of the ranges of its `sensitivity`. Raises InputError."""
    return (*scenarios, *(variant for scenario in scenarios for variant in variants(scenario)))


def varied(scenario: Scenario, scenarios: Sequence[Scenario]) -> Variant:
    """Which parameter a variant has changed, and to what."""
    base = next((other for other in scenarios if other.id == scenario.variant_of), None)
    if base is None:
        return Variant()
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


def make_plan(
    book: Book,
    market: Market,
    chain: Chain,
    scenarios: Sequence[Scenario],
    *,
    paths: int,
    seed: int,
    back_end: str = "auto",
    block: int | None = None,
    attribution: int = 0,
    until: Until | None = None,
    importance: int = 0,
) -> Plan:
    """Check everything that can be checked before a run, and pack it.

    With `until`, whose `most` is `paths`, the job begins with the paths of its first stage.

    Raises InputError, one line, for inputs that do not fit together, and BackendUnavailable.
    """
    if not scenarios:
        raise InputError("no scenario given; name a preset or a YAML file with --scenario")
    paths, seed = _whole("paths", paths), _whole("seed", seed)
    block = None if block is None else _whole("block", block)
    if not 1 <= paths <= MOST_PATHS:
        raise InputError(f"paths: {paths} is not between 1 and {MOST_PATHS:,}")
    if not 0 <= seed < 2**64:
        raise InputError(f"seed: {seed} is not between 0 and 2^64 - 1")
    if block is not None and (block < 1 or block & (block - 1) or block > LARGEST_BLOCK):
        raise InputError(f"block: {block} is not a power of two up to {LARGEST_BLOCK:,}")
    attribution = check_attribution(attribution, paths)
    importance = check_importance(importance, paths)
    _same_grid(scenarios)
    engine = backend(back_end)

    prepared: list[Prepared] = []
    for scenario in scenarios:
        bound = bind(scenario, book, market, chain)
        try:
            ready = prepare(bound, seed=seed)
        except InputError as error:
            raise InputError(f"scenario {scenario.id}: {error}") from None
        prepared.append(ready)
    run = prepared[0].packed.run
    largest = max(int(p.packed.run["steps"]) for p in prepared)
    size = block or block_size(int(run["names"]), largest, engine.name)
    packed = tuple(p.packed for p in prepared)
    off = channels_on(scenarios, packed) if attribution else ()
    if attribution and not off:
        raise InputError("attribution: no scenario has a channel in use; leave it out")
    begin = paths if until is None else until.first(size, max(attribution, importance))
    return Plan(
        job=Job(
            book,
            market,
            chain,
            tuple(scenarios),
            seed,
            begin,
            size,
            engine.name,
            attribution,
            off,
            until,
            importance,
        ),
        packed=packed,
        impacts=tuple(p.impacts for p in prepared),
        back_end=engine,
    )


def check_attribution(attribution: int, paths: int) -> int:
    """Paths that also run with one channel off, 0 for none. Raises InputError."""
    attribution = _whole("attribution", attribution)
    least = round(REFUSE / (1 - LEVELS[0]))
    if attribution and not least <= attribution <= paths:
        raise InputError(
            f"attribution: {attribution:,} is not between {least:,}, the fewest that say anything "
            f"about a tail, and the {paths:,} paths of the run"
        )
    return attribution


def check_importance(importance: int, paths: int) -> int:
    """Weighted paths of every scenario, 0 for none. Raises InputError."""
    importance = _whole("importance", importance)
    least = round(REFUSE / NEAR)
    if importance and not least <= importance <= paths:
        raise InputError(
            f"importance: {importance:,} is not between {least:,}, the fewest that say where the "
            f"tail is, and the {paths:,} paths of the run"
        )
    return importance


def channels_on(scenarios: Sequence[Scenario], packed: Sequence[Packed]) -> tuple[str, ...]:
    """Names of the channels that any scenario that varies none has in use, in their order."""
    on = Channel(0)
    for scenario, arrays in zip(scenarios, packed, strict=True):
        if scenario.variant_of is None:
            on |= Channel(int(arrays.run["channels"]))
    return tuple(name for name, flag in zip(channel_names(), Channel, strict=True) if flag in on)


def _whole(name: str, value: float) -> int:
    """The number as an integer: Python's 1e6 is a float. Raises InputError."""
    if isinstance(value, bool | str) or value != value // 1:  # NaN and infinity, too
        raise InputError(f"{name}: {value!r} is not a whole number")
    return int(value)


def _same_grid(scenarios: Sequence[Scenario]) -> None:
    """Scenarios of one store have names of their own, and days and horizons in common."""
    ids = [scenario.id for scenario in scenarios]
    for name in ids:
        if ids.count(name) > 1:
            raise InputError(f"scenario {name} is given twice; give each an id of its own")
    first = scenarios[0]
    for other in scenarios[1:]:
        if (first.horizon_days, first.horizons) != (other.horizon_days, other.horizons):
            raise InputError(
                f"scenarios {first.id} ({first.horizon_days} days, losses at "
                f"{_days(first)}) and {other.id} ({other.horizon_days} days, losses at "
                f"{_days(other)}) do not share their days; run them separately"
            )


def _days(scenario: Scenario) -> str:
    return ", ".join(str(day) for day in scenario.horizons)
