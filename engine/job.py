"""A job: all that decides the numbers of a run, as one JSON text.

The text goes into the store, so workers, `resume` and `replay` all read the very same inputs, and
its SHA-256 is the run's fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import zarr
from pydantic import TypeAdapter

from .. import __version__
from ..kernels.digest import model_digest
from ..kernels.packing.tilt import Tilt
from ..results.measures.path_loss import PathLoss
from ..results.measures.target import Until
from ..results.store.arrays import texts_of
from ..results.store.errors import OtherBuild, StoreMissing
from ..results.store.records import read_grid, read_root
from ..scenarios.book import Book
from ..scenarios.chain import Chain
from ..scenarios.market import Market
from ..scenarios.scenario import Scenario
from .settings import Settings

FORMAT = 1
ROLE = "job"
"""The role of the job's text among the inputs of a store."""

_BOOK, _MARKET, _CHAIN = TypeAdapter(Book), TypeAdapter(Market), TypeAdapter(Chain)
# Where a file lay and what was said about it do not change a number.
_WORDS = {"file", "text", "warnings", "notes"}


@dataclass(frozen=True)
class Job(Settings):
    """Inputs of a run. `block` is paths per block, `backend` a name that is not `auto`.

    The first `attribution` paths of every scenario that varies none also run with each of
    `channels_off` off, and besides `importance` weighted paths, tilted by `tilts`, one of each of
    these scenarios; there are none before the pilots have run. With `until` the run starts with
    `paths` and goes on to as many as it takes.
    """

    book: Book
    market: Market
    chain: Chain
    scenarios: tuple[Scenario, ...]
    paths: int
    block: int
    backend: str
    channels_off: tuple[str, ...] = ()
    until: Until | None = None
    tilts: tuple[Tilt, ...] = ()

    @property
    def loss(self) -> PathLoss:
        """The loss of a path that tail, attribution and weighted paths are about."""
        return PathLoss(self.measure)

    @property
    def most(self) -> int:
        """Paths that the run may come to."""
        return self.paths if self.until is None else self.until.most

    @property
    def blocks(self) -> int:
        """Path blocks per scenario that it may come to: what blocks are numbered by."""
        return -(-self.most // self.block)

    def to_json(self) -> str:
        """Canonical text: equal jobs give equal texts. Symbols outside the book are left out,
        but for those that a scenario shifts: a worker applies the shift, too.
        """
        held = set(self.book.symbols)
        shifted = {shift.symbol for s in self.scenarios for shift in s.market_shifts}
        kept = held | (shifted & self.market.rows.keys())
        market = replace(self.market, rows={s: self.market[s] for s in sorted(kept)})
        chain = replace(self.chain, rows=tuple(r for r in self.chain.rows if r.symbol in held))
        tree: dict[str, Any] = {
            "format": FORMAT,
            "version": __version__,
            "model": model_digest(),
            **self.settings(),
            "paths": self.most,
            "block": self.block,
            "backend": self.backend,
            "channels_off": list(self.channels_off),
            "tilts": self.tilts,
            "book": _BOOK.dump_python(self.book, mode="json", exclude=_WORDS),
            "market": _MARKET.dump_python(market, mode="json", exclude=_WORDS),
            "chain": _CHAIN.dump_python(chain, mode="json", exclude=_WORDS),
            # Unset fields stay unset: under `names` they mean "as at the top".
            "scenarios": [s.model_dump(mode="json", exclude_unset=True) for s in self.scenarios],
        }
        if self.until is not None:
            tree["until"] = asdict(self.until)
        return json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> Job:
        """The job of a text that `to_json` wrote.

        Raises ValueError for a text of another build, whose fields this one does not know.
        """
        tree = json.loads(text)
        if not isinstance(tree, dict) or tree.get("format") != FORMAT:
            raise ValueError(f"no job of format {FORMAT}")
        if odd := tree.keys() - _KEYS:
            raise ValueError(f"unknown settings {', '.join(sorted(odd))}")
        try:
            return cls._of(tree)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error

    @classmethod
    def _of(cls, tree: dict[str, Any]) -> Job:
        return cls(
            book=_BOOK.validate_python(tree["book"]),
            market=_MARKET.validate_json(json.dumps(tree["market"])),
            chain=_CHAIN.validate_json(json.dumps(tree["chain"])),
            scenarios=tuple(
                Scenario.model_validate_json(json.dumps(scenario)) for scenario in tree["scenarios"]
            ),
            paths=tree["paths"],
            block=tree["block"],
            backend=tree["backend"],
            channels_off=tuple(tree.get("channels_off", ())),
            until=Until(**tree["until"]) if "until" in tree else None,
            tilts=tuple(
                tuple(tuple(tuple(row) for row in component) for component in tilt)
                for tilt in tree.get("tilts", ())
            ),
            **{name: tree[name] for name in Settings().settings() if name in tree},
        )


_KEYS = {field.name for field in fields(Job)} | {"format", "version", "model"}


def parse_job(store: str | Path, text: str) -> Job:
    """The job of a store's text. Raises OtherBuild where this build cannot read it."""
    try:
        return Job.from_json(text)
    except ValueError as error:  # pydantic's among them
        raise OtherBuild(
            f"{store} was made by another build of the model, whose inputs this one cannot read; "
            "use that build"
        ) from error


def read_job(store: str | Path, *, any_build: bool = False) -> Job:
    """The job of a store, finished or not, with the paths that the store has come to.

    Raises StoreError if the folder is no store and, unless `any_build`, if another build of the
    model made it: its blocks could not be continued to the bit.
    """
    text = job_text(store)
    if not any_build and not same_build(text):
        version = json.loads(text).get("version")
        raise OtherBuild(
            f"{store} was made by another build of the model (powderkeg {version}); "
            "use that build to resume it"
        )
    return replace(parse_job(store, text), paths=read_grid(store).paths)


def same_build(text: str) -> bool:
    """Whether a job's text was written by this very build of the model."""
    return model_of(text) == model_digest()


def model_of(text: str) -> str:
    """The build that wrote a job's text, "" where it says none."""
    tree = json.loads(text)
    return str(tree.get("model", "")) if isinstance(tree, dict) else ""


def job_text(store: str | Path) -> str:
    """The text of a store's job. Raises StoreError if there is none."""
    read_root(store)
    try:
        return input_texts(store)[ROLE]
    except (KeyError, ValueError, FileNotFoundError) as error:
        raise StoreMissing(f"{store} has no job among its inputs ({error})") from None


def input_texts(store: str | Path) -> dict[str, str]:
    """The texts among a store's inputs by their role, exactly as read; the first of each role."""
    inputs = zarr.open_group(str(store), path="inputs", mode="r", zarr_format=3)
    roles, texts = (texts_of(inputs, name) for name in ("role", "text"))
    return dict(reversed([*zip(roles, texts, strict=True)]))
