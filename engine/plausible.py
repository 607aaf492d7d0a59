"""What the rules of plausibility find of a question's inputs, all at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ..scenarios.book import Book, load_book
from ..scenarios.chain import Chain, load_chain
from ..scenarios.errors import InputError
from ..scenarios.glance import Glance, glance
from ..scenarios.library import load_scenarios
from ..scenarios.limits import Limit, read_limits
from ..scenarios.market import Market, load_market
from ..scenarios.plausibility.finding import NOTE, READER, REFUSAL, Finding, Implausible
from ..scenarios.plausibility.said import Before, Said
from ..scenarios.plausibility.table import examine, judged
from .stored import Finished, finished


@dataclass(frozen=True)
class Judgement:
    """How findings are judged: `strict` refuses warnings, `accept` are rules that may speak.

    `yesterday` is a store of an earlier day, whose book and market tonight's are held against;
    `today` the day on which it is asked.
    """

    strict: bool = False
    accept: Collection[str] = ()
    yesterday: str | Path | None = None
    today: date | None = None

    def said(self, market: Market) -> Said:
        """What is known before the book is read. Raises StoreError."""
        before = None if self.yesterday is None else before_of(finished(self.yesterday))
        return Said(market, before=before, today=self.today)

    def of(self, said: Said, more: Sequence[Finding] = ()) -> tuple[Finding, ...]:
        """All findings. Raises Implausible."""
        return judged((*examine(said), *more), self.strict, self.accept)


LENIENT = Judgement()


def before_of(source: Finished) -> Before:
    """Book and market of a store."""
    return Before(source.job.book, source.job.market, source.store.name)


def read_files(
    book: str | Path | Book,
    market: str | Path | Market,
    chain: str | Path | Chain | None,
    judgement: Judgement,
) -> tuple[Book, Market, Chain, Said]:
    """Read what is given as files, and what the rules look at.

    Raises InputError; where a reader refuses the book or the chain, the error brings what the rules
    find of what was read before it.
    """
    quotes = market if isinstance(market, Market) else load_market(market)
    said = judgement.said(quotes)
    try:
        held = book if isinstance(book, Book) else load_book(book, quotes)
        said = replace(said, book=held)
        options = chain if isinstance(chain, Chain) else load_chain(chain, quotes)
    except InputError as error:
        raise _with_findings(error, said) from None
    return held, quotes, options, replace(said, chain=options)


def _with_findings(error: InputError, said: Said) -> InputError:
    """A reader's refusal with what the rules find beside it, if that is more than notes."""
    found = [each for each in examine(said) if each.severity != NOTE]
    own = Finding(READER, REFUSAL, "", 0, "", str(error))
    return Implausible([own, *found]) if found else error


@dataclass(frozen=True)
class Seen:
    """The book at a glance, and what looks odd in the inputs."""

    glance: Glance
    findings: tuple[Finding, ...]


def look(
    book: str | Path | Book,
    market: str | Path | Market,
    chain: str | Path | Chain | None = None,
    *,
    scenarios: Sequence[str | Path] = (),
    mapping: Mapping[str, str] | None = None,
    limits: str | Path | Sequence[Limit] = (),
    judgement: Judgement = LENIENT,
) -> Seen:
    """Read inputs and say what they are, without a run. Raises InputError, StoreError."""
    held, quotes, _, said = read_files(book, market, chain, judgement)
    stories = load_scenarios(scenarios, quotes, held, mapping) if scenarios else []
    said = replace(said, scenarios=stories, limits=read_limits(limits))
    return Seen(glance(held, quotes, mapping, judgement.today), judgement.of(said))
