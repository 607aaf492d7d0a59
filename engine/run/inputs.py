"""What a run is about, read and validated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...results import InputFile
from ...results.store.existing import exists
from ...scenarios import (
    Book,
    Chain,
    Glance,
    InputError,
    Market,
    Scenario,
    glance,
    load_scenarios,
)
from ...scenarios.limits import read_limits
from ...scenarios.overrides import for_name
from ...scenarios.plausibility.finding import Finding
from ..checks import check_folder
from ..plausible import Judgement, read_files
from .request import RunRequest


@dataclass(frozen=True)
class Inputs:
    """What a run is about, read and validated."""

    book: Book
    market: Market
    chain: Chain
    scenarios: tuple[Scenario, ...]
    findings: tuple[Finding, ...] = ()
    glance: Glance | None = None

    @property
    def files(self) -> list[InputFile]:
        """The texts exactly as read."""
        given: list[tuple[str, Book | Market | Chain]] = [
            ("book", self.book),
            ("market", self.market),
            ("chain", self.chain),
        ]
        files = [InputFile(role, Path(m.file).name, m.text) for role, m in given if m.text]
        for scenario in self.scenarios:
            texts = [text for text in (scenario.text, *scenario.base_texts) if text]
            files += [InputFile("scenario", scenario.id, text) for text in texts]
        return files

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the loaders want the reader to know."""
        notes = (*self.market.warnings, *self.book.warnings)
        if self.chain.text or not all(map(self._assumes_calls, self.scenarios)):
            notes += self.chain.notes
        return (*notes, *(note for scenario in self.scenarios for note in scenario.notes))

    def _assumes_calls(self, scenario: Scenario) -> bool:
        """Whether the scenario says how many calls are open in some name of the book."""
        shorts = self.book.shorts
        found = (for_name(scenario, s, s in shorts) for s in self.book.symbols)
        return any(name.dealers.open_interest > 0 for name in found)


def read_inputs(request: RunRequest) -> Inputs:
    """Load what is given as files or preset names; models pass through. Raises InputError."""
    judgement = Judgement(request.strict, request.accept, request.yesterday, request.today)
    book, market, chain, said = read_files(request.book, request.market, request.chain, judgement)
    some = request.scenarios
    several = [some] if isinstance(some, str | Path | Scenario) else some
    names = [each for each in several if not isinstance(each, Scenario)]
    ready = [each for each in several if isinstance(each, Scenario)]
    mapping = request.mapping
    if mapping is not None and not isinstance(mapping, Mapping):
        raise InputError(f'mapping: {mapping!r} is none; write {{"GME": "XYZ"}}')
    scenarios = (*load_scenarios(names, market, book, mapping), *ready)
    if not scenarios:
        raise InputError("no scenario given; name a preset or a YAML file with `scenarios`")
    said = replace(said, scenarios=scenarios, limits=read_limits(request.limits))
    at_a_glance = glance(book, market, mapping, request.today)
    return Inputs(book, market, chain, scenarios, judgement.of(said), at_a_glance)


def check_output(output: str | Path) -> None:
    """Results are never overwritten, and go where a person meant: no folder is made on the way.

    Raises InputError, StoreExists, before anything is read.
    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(output)):
        raise InputError(f"{output}: a store is written to a folder of this machine; give its path")
    if Path(output).exists() or Path(output).is_symlink():
        raise exists(output)
    check_folder(output)
