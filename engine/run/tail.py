"""Pass 2: the tail of every scenario again, by path id, with everything on it recorded.

What the tail is, and when on a path, the run's measure says: by default every path at its own worst
moment.

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
from ...results.measures.path_loss import PathLoss, stored_losses
from ...results.measures.tail import Replayed, Tails
from ...results.store.errors import StoreUnfinished
from ..campaign import Campaign
from ..job import Job
from ..path_loss import pnl_of, rows_of
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
    return Tails(tail, job.loss, channels, replayed, tuple(labels))


def replay_piece(store: str, index: int) -> Replayed:
    """Replay piece `index`, counted scenario by scenario. Called in a worker."""
    job, packed, engine = ready(store)
    tail = choose(job.paths)
    assert tail is not None
    scenario, piece = divmod(index, -(-len(tail.ranks) // PIECE))
    ids = _tail_ids(store, scenario, job.loss, job.fingerprint)[piece * PIECE : (piece + 1) * PIECE]
    return replay_paths(engine, packed(scenario), ids, job.loss)


@lru_cache(maxsize=4)
def _tail_ids(
    store: str, scenario: int, loss: PathLoss, _fingerprint: str
) -> npt.NDArray[np.uint64]:
    """Ids of the paths of a scenario that explain its tail; all losses must be on the disk."""
    group = zarr.open_group(store, path="losses", mode="r")
    losses = stored_losses(group, scenario, loss)
    tail = choose(losses.size)
    assert tail is not None
    return tail.paths(losses).astype(np.uint64)


def replay_paths(
    engine: Backend, packed: Packed, ids: npt.NDArray[np.uint64], loss: PathLoss
) -> Replayed:
    """Simulate paths with a trace, a bounded number at a time, and with each channel off."""
    size = traced_paths(packed)
    parts = [_replayed(engine, packed, ids[i : i + size], loss) for i in range(0, len(ids), size)]
    whole = Replayed.joined(parts)
    for channel in channel_names():
        without = packed.without(channel)
        if without is not None:
            whole.off[channel] = pnl_of(engine.simulate(without, ids), loss)
    return whole


def _replayed(
    engine: Backend, packed: Packed, ids: npt.NDArray[np.uint64], loss: PathLoss
) -> Replayed:
    """Some paths with a trace of everything."""
    ran = engine.simulate(packed, ids, trace=True)
    assert ran.trace is not None
    rows = rows_of(ran, packed, loss)
    time = np.append(0.0, packed.schedule["time"])
    return Replayed(
        paths=ids.astype(np.int64),
        pnl=ran.pnl[packed.horizons - 1],
        loss=pnl_of(ran, loss),
        step=rows.astype(np.int32),
        day=time[rows].astype(np.float32),
        names=of_names(packed, ran.trace, ids, rows),
        off={},
        derivatives=pnl_by_derivative(packed, ran.trace, rows),
    )


def of_names(
    packed: Packed,
    trace: npt.NDArray[np.void],
    ids: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.int64],
) -> dict[str, npt.NDArray[np.float32]]:
    """The NAME_FIELDS of traced paths at a row of each, each (paths, names)."""
    time, trace = np.append(0.0, packed.schedule["time"]), trace[:, : rows.max(initial=0) + 1]
    every = np.arange(len(trace))
    so_far = np.arange(trace.shape[1]) <= rows[:, None]
    x, attention = (
        np.where(so_far[..., None], trace[field], -np.inf) for field in ("log_price", "attention")
    )
    anybody = attention.max(axis=1) > 0
    end, names = trace[every, rows], packed.names[: trace.shape[-1]]
    traded = end["book"] - names["book0"].astype(float)
    cost = names["book_value"] * traded
    financing = financing_by_name(packed, trace)[every, rows]
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
        "loop_gain": largest(packed, trace, ids=ids, until=rows)["total"],
    }
    return {name: np.asarray(values, np.float32) for name, values in found.items()}
