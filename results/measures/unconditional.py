"""The table /unconditional: every measure over a scenario's law and that in which no crowd comes.

Both ran on the same random numbers, and the store knows how likely the second is; quantiles are
those of the weighted law of both (results/measures/mixture.py). Headline, ranking and limits stay
those of the scenario, which is a stress: conditional on its crowd.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from ..store.fields import EVERY_PATH_FIELD, PNL
from ..store.layout import full_array, new_group, scenario_coordinate
from ..store.schema import NO_CROWD
from . import statistics as st
from .estimates import PARTS
from .levels import SHORT, percent
from .mixture import Mixture
from .table import list_measures, quantities

Floats = npt.NDArray[np.float64]


def write_unconditional(root: zarr.Group, store: zarr.Group) -> None:
    """Add the group /unconditional to `root`, if a scenario of `store` has a twin without crowd."""
    inputs, losses = store["inputs"], store["losses"]
    assert isinstance(inputs, zarr.Group) and isinstance(losses, zarr.Group)
    if "variant_of" not in inputs:
        return
    names, bases, varied, values = (
        np.asarray(_array(inputs, name)[:]).tolist()
        for name in ("scenario", "variant_of", "varied", "varied_value")
    )
    twins = [s for s, parameter in enumerate(varied) if str(parameter) == NO_CROWD]
    if not twins:
        return
    horizons = tuple(int(day) for day in np.asarray(_array(losses, "horizon")[:]))
    ids = [measure.measure for measure in list_measures(horizons)]
    table = np.full((len(PARTS), len(twins), len(ids)), np.nan)
    for row, twin in enumerate(twins):
        both = [_read(losses, s) for s in (names.index(bases[twin]), twin)]
        for name, found in measures(both, float(values[twin]), horizons):
            table[:, row, ids.index(name)] = (
                found.value,
                found.standard_error,
                found.low,
                found.high,
            )
    group = new_group(
        root,
        "unconditional",
        "Risk measures of the weighted law of a scenario and of the case that no crowd comes.",
        coordinates="weight",
    )
    scenario_coordinate(group, tuple(str(bases[twin]) for twin in twins))
    full_array(group, "measure", ("measure",), ids, "1", "id of the measure, as in /measures")
    weight = np.array([float(values[twin]) for twin in twins])
    full_array(
        group, "weight", ("scenario",), weight, "1", "weight of the case that no crowd comes"
    )
    about = "Fraction of equity or a probability; NaN: the sample is too small."
    words = ("estimate", "standard_error", "low", "high")
    for values_, name, (_, prefix) in zip(table, words, PARTS.items(), strict=True):
        text = f"{prefix}measure of the weighted law"
        full_array(group, name, ("scenario", "measure"), values_, "1", text, about)


def measures(
    both: list[dict[str, npt.NDArray[np.float32]]], weight: float, horizons: tuple[int, ...]
) -> Iterator[tuple[str, st.Estimate]]:
    """Every measure by its id, of a scenario's arrays and its twin's, which weighs `weight`."""
    weights = (1 - weight, weight)
    for one, other in zip(*(quantities(arrays, horizons) for arrays in both), strict=True):
        law = Mixture((one.values, other.values), weights)
        if not one.levels:
            yield one.name, law.probability(lambda hits: hits > 0)
        for level in one.levels:
            try:
                found = law.var_es(level)
            except st.TooFewPaths:
                continue
            for kind, estimate in zip(SHORT, found, strict=True):
                if kind in one.kinds:
                    yield f"{SHORT[kind]}_{percent(level)}_{one.name}", estimate


def _read(losses: zarr.Group, scenario: int) -> dict[str, npt.NDArray[np.float32]]:
    return {
        of.name: np.asarray(_array(losses, of.name)[scenario]) for of in (*PNL, *EVERY_PATH_FIELD)
    }


def _array(parent: zarr.Group, name: str) -> zarr.Array[Any]:
    found = parent[name]
    assert isinstance(found, zarr.Array)
    return found
