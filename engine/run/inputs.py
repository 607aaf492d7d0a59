"""What a run is about, read and validated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...results import InputFile, StoreError
from ...scenarios import (
    Book,
    Chain,
    InputError,
    Market,
    Scenario,
    load_book,
    load_chain,
    load_market,
    load_scenarios,
)
from ...scenarios.overrides import for_name


@dataclass(frozen=True)
class Inputs:
    """What a run is about, read and validated."""

    book: Book
    market: Market
    chain: Chain
    scenarios: tuple[Scenario, ...]

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


def read_inputs(
    book: str | Path | Book,
    market: str | Path | Market,
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    chain: str | Path | Chain | None = None,
    mapping: dict[str, str] | None = None,
) -> Inputs:
    """Load what is given as files or preset names; models pass through. Raises InputError."""
    the_market = market if isinstance(market, Market) else load_market(market)
    the_book = book if isinstance(book, Book) else load_book(book, the_market)
    the_chain = chain if isinstance(chain, Chain) else load_chain(chain, the_market)
    several = [scenarios] if isinstance(scenarios, str | Path | Scenario) else scenarios
    names = [given for given in several if not isinstance(given, Scenario)]
    made = [given for given in several if isinstance(given, Scenario)]
    the_scenarios = (*load_scenarios(names, the_market, the_book, mapping), *made)
    return Inputs(the_book, the_market, the_chain, the_scenarios)


def refuse_existing(output: str | Path) -> None:
    """Results are never overwritten. Raises StoreError, before anything is read."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(output)):
        raise InputError(f"{output}: a store is written to a folder of this machine; give its path")
    if Path(output).exists() or Path(output).is_symlink():
        raise StoreError(f"{output} exists; results are never overwritten, choose another name")
