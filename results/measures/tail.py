"""The group /tail: the worst paths of every scenario, replayed whole, and whom the loss comes from.

A path's loss is taken when the measure says (path_loss.py), by default at its own worst moment, and
so is every part of it: parts add up to the loss on every path.

The engine simulates the paths again by their ids; here the result is compared with what pass 1
stored, to the bit, and Euler contributions are made of it (euler.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import zarr

from ..store.arrays import array_of, group_of, texts_of
from ..store.errors import VerificationFailed
from ..store.fields import Field
from ..store.layout import full_array, name_coordinate, new_group, scenario_coordinate
from .estimates import write_estimates
from .euler import Floats, Tail, contributions
from .path_loss import PathLoss, stored_losses

_PART = (
    "Fraction of equity. pnl is what prices and derivatives did less borrow_paid, slippage and "
    "financing."
)
NAME_FIELDS = (
    Field("pnl", "1", "profit and loss of the name", _PART),
    Field("borrow_paid", "1", "borrow fees paid", "Fraction of equity."),
    Field("peak", "1", "highest price relative to the start"),
    Field("peak_day", "trading days", "time of the highest price"),
    Field("attention_day", "trading days", "time attention peaked", "NaN: nobody paid attention."),
    Field("slippage", "1", "cost of the book's trades against the prices they saw", _PART),
    Field("financing", "1", "financing of the name", _PART),
    Field("derivatives", "1", "profit and loss of the name's options and futures", _PART),
    Field("covered", "1", "part of the position that the book has given up"),
    Field("covered_price", "1", "mean price of that, relative to the start", "NaN: it has not."),
    Field("loop_gain", "1", "largest total loop gain", "Over all steps (docs/model.md, 13)."),
)
"""What is kept of a name on a replayed path, when its loss is taken: at the path's worst moment, or
on the day of the measure. Peaks and gains are those so far.
"""
COMPONENTS = ("price", "derivatives", "borrow fees", "financing", "slippage")
_CONTRIBUTION = (
    "Euler: mean loss of the name over the tail of the book, fraction of equity; they add up to ES."
)
_COMPONENT = (
    "Mean over the tail of the book of what each part of P&L took away, over all names; they add "
    "up to ES."
)
_EFFECT = (
    "Mean over the tail of the whole scenario of the loss less the loss of the same path with the "
    "channel off. No attribution: with the channel off other paths are the worst, and the sign may "
    "differ. What ES owes to the channel is in /attribution."
)


@dataclass(frozen=True)
class Replayed:
    """Some paths of a scenario, simulated again.

    Shapes: paths (k,) ids; pnl (horizons, k); loss (k,) P&L where the loss is taken, step and day
    (k,) when that is; names the NAME_FIELDS, each (k, names); off P&L by the same measure with one
    channel off, by channel in use, each (k,); derivatives P&L of every option and future, (k,
    derivatives).
    """

    paths: npt.NDArray[np.int64]
    pnl: npt.NDArray[np.float32]
    loss: npt.NDArray[np.float32]
    step: npt.NDArray[np.int32]
    day: npt.NDArray[np.float32]
    names: Mapping[str, npt.NDArray[np.float32]]
    off: dict[str, npt.NDArray[np.float32]]
    derivatives: Floats

    @classmethod
    def joined(cls, pieces: list[Replayed]) -> Replayed:
        """Pieces of one scenario in their order as one."""
        return cls(
            np.concatenate([p.paths for p in pieces]),
            np.concatenate([p.pnl for p in pieces], axis=1),
            np.concatenate([p.loss for p in pieces]),
            np.concatenate([p.step for p in pieces]),
            np.concatenate([p.day for p in pieces]),
            {f.name: np.concatenate([p.names[f.name] for p in pieces]) for f in NAME_FIELDS},
            {c: np.concatenate([p.off[c] for p in pieces]) for c in pieces[0].off},
            np.concatenate([p.derivatives for p in pieces]),
        )


@dataclass(frozen=True)
class Tails:
    """The replayed tails of a store's scenarios, in the order of `tail`, by scenario id.

    `loss` is what a path loses and when, `derivatives` the labels of the book's options and
    futures.
    """

    tail: Tail
    loss: PathLoss
    channels: tuple[str, ...]
    scenarios: Mapping[str, Replayed]
    derivatives: tuple[str, ...] = ()


def write_tail(root: zarr.Group, store: zarr.Group, tails: Tails, where: str) -> None:
    """Add the group /tail to `root`.

    Errors: StoreError if a replayed path is not the stored one to the bit.
    """
    tail, size = tails.tail, tails.tail.size
    losses = group_of(store, "losses")
    check(losses, tails, where)
    symbols = texts_of(store, "inputs/name")
    found = list(tails.scenarios.values())

    group = new_group(
        root,
        "tail",
        f"The worst paths {tails.loss.words} replayed, worst first, and what they say of ES.",
        measure=tails.loss.name,
        level=tail.level,
        tail_paths=tail.beyond,
        complete=tail.complete,
    )
    scenario_coordinate(group, tuple(tails.scenarios))
    name_coordinate(group, symbols)
    full_array(group, "channel", ("channel",), tails.channels, "1", "channel that is off")
    full_array(group, "component", ("component",), COMPONENTS, "1", "what the loss is made of")
    about = "They add up to 1; evenly spaced ranks stand for all where the tail is large."
    full_array(group, "weight", ("tail",), tail.weights[:size], "1", "share in ES", about)
    paths = np.stack([r.paths[:size] for r in found])
    full_array(group, "path", ("scenario", "tail"), paths, "1", "id of the path")
    step = np.stack([r.step[:size] for r in found])
    about = "Row of the path's trace: 0 is the start; the first row of a day is its open."
    full_array(group, "step", ("scenario", "tail"), step, "1", "when the loss is taken", about)
    day = np.stack([r.day[:size] for r in found])
    about = "An open has the time of the close before it."
    full_array(group, "day", ("scenario", "tail"), day, "trading days", "time of the loss", about)
    for field in NAME_FIELDS:
        values = np.stack([r.names[field.name][:size] for r in found])
        dims, chunks = ("scenario", "tail", "name"), (1, *values.shape[1:])
        texts = (field.units, field.long_name, field.description)
        full_array(group, field.name, dims, values, *texts, chunks=chunks)

    estimates = [
        ("contribution", "name", _losses(tails), "contribution of the name to ES", _CONTRIBUTION),
        (
            "component_contribution",
            "component",
            _components(tails),
            "contribution of prices, derivatives and costs to ES",
            _COMPONENT,
        ),
        ("tail_effect", "channel", _effects(tails), "loss due to the channel on the tail", _EFFECT),
    ]
    if tails.derivatives:
        words = "option or future"
        full_array(group, "derivative", ("derivative",), tails.derivatives, "1", words)
        lost = (-replayed.derivatives for replayed in found)
        words = "contribution of the option or future to ES"
        part = "Part of that of its name; the rest is the shares'."
        estimates.append(("derivative_contribution", "derivative", lost, words, part))
    for name, dim, parts, words, about in estimates:
        table = np.stack([contributions(tail, each) for each in parts], axis=1)
        write_estimates(group, name, ("scenario", dim), table, words, about)


def _losses(tails: Tails) -> Iterator[Floats]:
    """Losses by name, (k, names)."""
    for replayed in tails.scenarios.values():
        yield -replayed.names["pnl"].astype(np.float64)


def _components(tails: Tails) -> Iterator[Floats]:
    """Losses by COMPONENTS, (k, components)."""
    for replayed in tails.scenarios.values():
        of = {
            name: values.astype(np.float64).sum(axis=1) for name, values in replayed.names.items()
        }
        costs = of["borrow_paid"], of["financing"], of["slippage"]
        price = of["pnl"] - of["derivatives"] + sum(costs)
        yield np.column_stack([-price, -of["derivatives"], *costs])


def _effects(tails: Tails) -> Iterator[Floats]:
    """Losses less those with each channel off, (k, channels); 0 for a channel not in use."""
    for replayed in tails.scenarios.values():
        pnl = replayed.loss
        effects = np.empty((len(pnl), len(tails.channels)))
        for column, channel in zip(effects.T, tails.channels, strict=True):
            column[:] = replayed.off.get(channel, pnl).astype(np.float64) - pnl
        yield effects


def check(losses: zarr.Group, tails: Tails, where: str) -> None:
    """Compare replayed profit and loss with the stored one, at every horizon and by the measure.

    Errors: StoreError naming the first path that is not the same to the bit.
    """
    stored = array_of(losses, "pnl")
    for s, (scenario, replayed) in enumerate(tails.scenarios.items()):
        before = np.asarray(stored[s])[:, replayed.paths]
        same = (before.view(np.uint32) == replayed.pnl.view(np.uint32)).all(axis=0)
        lost = -stored_losses(losses, s, tails.loss)[replayed.paths]
        same &= lost.astype(np.float32) == replayed.loss
        if not same.all():
            path = int(replayed.paths[np.argmin(same)])
            raise VerificationFailed(
                f"{where}: path {path} of scenario {scenario!r}, replayed, is not the stored one; "
                "the store or this machine is not to be trusted: run again into a new store"
            )
