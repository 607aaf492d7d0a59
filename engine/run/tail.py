"""Pass 2: the tail of every scenario again, by path id, with everything on it recorded.

Work goes out in pieces, each a pure function of the store's losses and its number, so neither
workers nor order change a bit. Nothing is written until the store is sealed: a run that stops here
replays the tail as a whole when it is resumed.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import zarr

from ...kernels import Backend
from ...kernels.packed import Packed
from ...kernels.probes.loop_gain import largest
from ...kernels.records import channel_names
from ...results.measures.euler import choose
from ...results.measures.tail import NAME_FIELDS, Replayed, Tails
from ...results.store.errors import StoreUnfinished
from ..campaign import Campaign
from ..job import Job
from ..replay.book_pnl import financing_by_name, pnl_by_name
from ..replay.derivative_pnl import pnl_by_derivative
from .blocks import ready, traced_paths

PIECE = 256
"""Paths that a worker replays at a time."""


def replay_tails(work: Campaign, output: Path, job: Job) -> Tails | None:
    """Replay the tails of all scenarios that vary none; None if the paths are too few for any.

    Raises StoreError if a piece failed for good.
    """
    tail = choose(job.paths)
    if tail is None:
        return None
    bases = [s for s, scenario in enumerate(job.scenarios) if scenario.variant_of is None]
    pieces = -(-len(tail.ranks) // PIECE)
    items = [s * pieces + piece for s in bases for piece in range(pieces)]
    done: dict[int, Replayed] = {}
    work.phase("replaying the tail", len(bases) * len(tail.ranks))

    def take(item: int, piece: Replayed) -> int:
        done[item] = piece
        return len(piece.paths)

    failures = work.attempt_all(replay_piece, str(output), items, take)
    if failures:
        _, error = min(failures.items())
        raise StoreUnfinished(
            f"{output}: the tail could not be replayed: {error}; to try again: "
            f"powderkeg resume {output}"
        )
    replayed = {
        job.scenarios[s].id: Replayed.joined([done[s * pieces + p] for p in range(pieces)])
        for s in bases
    }
    used = {channel for each in replayed.values() for channel in each.off}
    channels = tuple(name for name in channel_names() if name in used)
    symbols, contracts = job.book.symbols, job.book.derivatives
    labels = [d.label for symbol in symbols for d in contracts if d.symbol == symbol]
    return Tails(tail, channels, replayed, tuple(labels))


def replay_piece(store: str, index: int) -> Replayed:
    """Replay piece `index`, counted scenario by scenario. Called in a worker."""
    job, packed, engine = ready(store)
    tail = choose(job.paths)
    assert tail is not None
    scenario, piece = divmod(index, -(-len(tail.ranks) // PIECE))
    ids = _tail_ids(store, scenario, job.fingerprint)[piece * PIECE : (piece + 1) * PIECE]
    return replay_paths(engine, packed(scenario), ids)


@lru_cache(maxsize=4)
def _tail_ids(store: str, scenario: int, _fingerprint: str) -> npt.NDArray[np.uint64]:
    """Ids of the paths of a scenario that explain its tail; all losses must be on the disk."""
    pnl = zarr.open_array(store, path="losses/pnl", mode="r")
    losses = -np.asarray(pnl[scenario, -1], np.float64)
    tail = choose(losses.size)
    assert tail is not None
    return tail.paths(losses).astype(np.uint64)


def replay_paths(engine: Backend, packed: Packed, ids: npt.NDArray[np.uint64]) -> Replayed:
    """Simulate paths with a trace, a bounded number at a time, and with each channel off."""
    size = traced_paths(packed)
    pnl, names, derivatives = [], [], []
    for first in range(0, len(ids), size):
        mine = ids[first : first + size]
        result = engine.simulate(packed, mine, trace=True)
        assert result.trace is not None
        pnl.append(result.pnl)
        names.append(of_names(packed, result.trace, mine))
        derivatives.append(pnl_by_derivative(packed, result.trace[:, : last_row(packed) + 1]))
    off = {}
    for channel in channel_names():
        without = packed.without(channel)
        if without is not None:
            off[channel] = engine.last_pnl(without, ids)
    return Replayed(
        ids.astype(np.int64),
        np.concatenate(pnl, axis=1),
        {f.name: np.concatenate([n[f.name] for n in names]) for f in NAME_FIELDS},
        off,
        np.concatenate(derivatives),
    )


def last_row(packed: Packed) -> int:
    """Row of a trace at the last horizon."""
    return int(np.flatnonzero(packed.schedule["horizon"] == len(packed.horizons) - 1)[0]) + 1


def of_names(
    packed: Packed, trace: npt.NDArray[np.void], ids: npt.NDArray[np.uint64]
) -> dict[str, npt.NDArray[np.float32]]:
    """The NAME_FIELDS of traced paths up to the last horizon, each (paths, names)."""
    last = last_row(packed)
    trace = trace[:, : last + 1]
    time = np.append(0.0, packed.schedule["time"][:last])
    x, attention = trace["log_price"], trace["attention"]
    anybody = attention.max(axis=1) > 0
    end, names = trace[:, -1], packed.names[: trace.shape[-1]]
    traded = end["book"] - names["book0"].astype(float)
    cost = names["book_value"] * traded
    financing = financing_by_name(packed, trace)[:, -1]
    found = {
        "pnl": pnl_by_name(packed, end) - financing,
        "borrow_paid": end["borrow_paid"],
        "slippage": end["slippage"],
        "financing": financing,
        "derivatives": end["derivative_pnl"],
        "covered": -traded * names["book_inverse"],
        "covered_price": np.divide(
            end["spent"], cost, out=np.full(cost.shape, np.nan), where=cost != 0
        ),
        "peak": np.exp(x.max(axis=1)),
        "peak_day": time[x.argmax(axis=1)],
        "attention_day": np.where(anybody, time[attention.argmax(axis=1)], np.nan),
        "loop_gain": largest(packed, trace, ids=ids)["total"],
    }
    return {name: np.asarray(values, np.float32) for name, values in found.items()}
