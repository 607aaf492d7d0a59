"""The driver's last step: check every block, add the tables made from all of them, commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from .measures.attribution import write_attribution
from .measures.by_day import write_by_day
from .measures.conventions import Convention, write_conventions
from .measures.histograms import write_prices, write_squeeze
from .measures.importance import write_importance
from .measures.sensitivity import write_sensitivity
from .measures.table import COLUMNS, Row, columns, list_measures, measure_scenario
from .measures.tail import Tails, write_tail
from .measures.unconditional import write_unconditional
from .store.arrays import array_of, group_of, texts_of, values_of
from .store.commit import all_records, check_blocks, write_commit
from .store.durable import METADATA, Staged, remove_partials, write_files
from .store.errors import StoreError
from .store.fields import EVERY_PATH_FIELD, PNL
from .store.layout import full_array, new_group, scenario_coordinate
from .store.schema import FEEDBACK


def finish_store(
    path: str | Path,
    provenance: Mapping[str, Any] | None = None,
    tails: Tails | None = None,
    conventions: Sequence[Convention] = (),
) -> None:
    """Check all blocks, write the tables made from all of them, then the commit record.

    `provenance` (finished, wall time, device, ...) joins what `create_store` was given; `tails` are
    the worst paths replayed, for the group /tail, `conventions` what was tried, for the group
    /conventions. Safe to repeat after a failure.
    Errors: StoreError naming the first block that is missing or damaged, or the first path that
    was not replayed to the bit.
    """
    path = Path(path)
    remove_partials(path)
    records = all_records(path)
    check_blocks(path, records, deep=True)
    store = zarr.open_group(path, mode="r", zarr_format=3)
    staged = Staged(path, blank=True)
    root = zarr.create_group(staged, zarr_format=3)
    write_prices(root, store)
    write_squeeze(root, store)
    _write_measures(root, store, str(path))
    write_by_day(root, store)
    write_sensitivity(root, store)
    write_unconditional(root, store)
    write_attribution(root, store)
    write_importance(root, store)
    write_conventions(root, conventions)
    if tails is not None:
        write_tail(root, store, tails, str(path))
    del staged.files[METADATA]  # the root itself is the store's
    write_files(path, staged.files)
    write_commit(path, records, provenance or {})


def _write_measures(root: zarr.Group, store: zarr.Group, where: str) -> None:
    """Add the group /measures to `root` from the losses of `store`."""
    stored = group_of(store, "losses")
    scenarios = texts_of(stored, "scenario")
    horizons = tuple(int(day) for day in values_of(stored, "horizon"))
    losses = {f.name: array_of(stored, f.name) for f in (*PNL, *EVERY_PATH_FIELD)}

    def each() -> Iterator[dict[str, Row]]:
        for s, scenario in enumerate(scenarios):
            arrays = {name: np.asarray(array[s]) for name, array in losses.items()}
            try:
                yield measure_scenario(arrays, horizons)
            except ValueError as error:
                raise StoreError(f"{where}: scenario {scenario!r}: {error}") from error

    found = columns(each(), len(scenarios), horizons)
    measures = list_measures(horizons)
    group = new_group(
        root,
        "measures",
        "Risk measures with 95 % intervals; losses are positive, in fractions of equity.",
        coordinates="kind label level horizon",
    )
    scenario_coordinate(group, scenarios)
    words = "whether the agents answer the price, or all feedback is off"
    full_array(group, "feedback", ("feedback",), FEEDBACK, "1", words)
    for name, texts, words in (
        ("measure", [m.measure for m in measures], "id of the measure"),
        ("kind", [m.kind for m in measures], "what it is"),
        ("label", [m.label for m in measures], "how people call it"),
    ):
        full_array(group, name, ("measure",), texts, "1", words)
    level = np.array([m.level for m in measures])
    horizon = np.array([m.horizon for m in measures], np.int32)
    full_array(group, "level", ("measure",), level, "1", "level of the quantile, 0: none")
    words = "close of this day, 0: the whole path"
    full_array(group, "horizon", ("measure",), horizon, "trading days", words)
    for column in COLUMNS:
        both = ("scenario", "feedback", "measure")
        dims = both if column.by_feedback else (both[0], both[2])
        values: npt.NDArray[Any] = found[column.name]
        if column.name == "tail_paths":
            values = values.astype(np.int64)
        words = column.description
        full_array(group, column.name, dims, values, "1", column.long_name, words)
