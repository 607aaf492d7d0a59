"""The table /unconditional: every measure over a scenario's law and that in which no crowd comes.

Both ran on the same random numbers, and the store knows how likely the second is; quantiles are
those of the weighted law of both (results/measures/mixture.py). Headline, ranking and limits stay
those of the scenario, which is a stress: conditional on its crowd.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

import numpy as np
import numpy.typing as npt
import zarr

from ..store.arrays import array_of, group_of, texts_of, values_of
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
    inputs, losses = group_of(store, "inputs"), group_of(store, "losses")
    if "variant_of" not in inputs:
        return
    names, bases, varied = (texts_of(inputs, name) for name in ("scenario", "variant_of", "varied"))
    twins = [s for s, parameter in enumerate(varied) if parameter == NO_CROWD]
    if not twins:
        return
    weight = values_of(inputs, "varied_value")[twins].astype(np.float64)
    horizons = tuple(int(day) for day in values_of(losses, "horizon"))
    ids = [measure.measure for measure in list_measures(horizons)]
    table = np.full((len(PARTS), len(twins), len(ids)), np.nan)
    for row, twin in enumerate(twins):
        both = [_read(losses, s) for s in (names.index(bases[twin]), twin)]
        for name, found in measures(both, float(weight[row]), horizons):
            table[:, row, ids.index(name)] = astuple(found)
    group = new_group(
        root,
        "unconditional",
        "Risk measures of the weighted law of a scenario and of the case that no crowd comes.",
        coordinates="weight",
    )
    scenario_coordinate(group, tuple(bases[twin] for twin in twins))
    full_array(group, "measure", ("measure",), ids, "1", "id of the measure, as in /measures")
    full_array(
        group, "weight", ("scenario",), weight, "1", "weight of the case that no crowd comes"
    )
    about = "Fraction of equity or a probability; NaN: the sample is too small."
    words = ("estimate", "standard_error", "low", "high")
    for values, name, prefix in zip(table, words, PARTS.values(), strict=True):
        text = f"{prefix}measure of the weighted law"
        full_array(group, name, ("scenario", "measure"), values, "1", text, about)


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
        of.name: np.asarray(array_of(losses, of.name)[scenario]) for of in (*PNL, *EVERY_PATH_FIELD)
    }
