"""The table /sensitivity: ES of every variant of a scenario, and its paired change.

Variants share random numbers with their base, path by path, so the error of a change is far below
that of two separate runs: psi = (L - q)+/a + q - ES is what a path adds to the error of ES, and
SE = sd(psi_1 - psi_0)/sqrt n (results/measures/statistics.py).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import zarr

from ..store.arrays import group_of, texts_of, values_of
from ..store.layout import full_array, new_group
from ..store.schema import NO_CROWD
from . import statistics as st
from .estimates import write_estimates
from .levels import LEVELS
from .path_loss import PathLoss, stored_losses

Floats = npt.NDArray[np.float64]
PARTS = ("value", "standard_error", "low", "high")


def write_sensitivity(root: zarr.Group, store: zarr.Group) -> None:
    """Add the group /sensitivity to `root`, if a scenario of `store` varies another one."""
    inputs, losses = (group_of(store, name) for name in ("inputs", "losses"))
    if "variant_of" not in inputs:
        return
    scenarios, bases, parameters = (
        texts_of(inputs, name) for name in ("scenario", "variant_of", "varied")
    )
    values = values_of(inputs, "varied_value")
    loss = PathLoss(str(store.attrs["measure"]))
    variants = [s for s, base in enumerate(bases) if base and parameters[s] != NO_CROWD]
    if not variants:
        return
    found = np.full((2, len(PARTS), len(variants), len(LEVELS)), np.nan)
    for base in dict.fromkeys(bases[s] for s in variants):
        before = stored_losses(losses, scenarios.index(base), loss)
        for row, s in enumerate(variants):
            if bases[s] == base:
                found[:, :, row] = _compared(stored_losses(losses, s, loss), before)

    group = new_group(
        root,
        "sensitivity",
        f"ES {loss.words} of scenarios that vary another one, on the same random numbers.",
        coordinates="base parameter value",
        measure=loss.name,
    )
    ids = [scenarios[s] for s in variants]
    full_array(group, "variant", ("variant",), ids, "1", "scenario id of the variant")
    words = "scenario that it varies"
    full_array(group, "base", ("variant",), [bases[s] for s in variants], "1", words)
    words = "parameter that is varied"
    full_array(group, "parameter", ("variant",), [parameters[s] for s in variants], "1", words)
    words = "value of the parameter, or the factor on it"
    full_array(group, "value", ("variant",), values[variants], "1", words)
    full_array(group, "level", ("level",), np.array(LEVELS), "1", "level of the expected shortfall")
    about = "Fraction of equity, losses positive; NaN: the sample is too small."
    for table, name, words in zip(
        found,
        ("es", "change"),
        ("expected shortfall", "expected shortfall less that of the base, same paths"),
        strict=True,
    ):
        write_estimates(group, name, ("variant", "level"), table, words, about)


def _compared(losses: Floats, base: Floats) -> Floats:
    """ES and its change, (2, parts, levels)."""
    found = np.full((2, len(PARTS), len(LEVELS)), np.nan)
    ordered, ordered_base = st.sorted_losses(losses), st.sorted_losses(base)
    for number, level in enumerate(LEVELS):
        try:
            known, known_base = (
                (st.value_at_risk(side, level), st.expected_shortfall(side, level))
                for side in (ordered, ordered_base)
            )
        except st.TooFewPaths:
            continue
        change = st.paired_difference(losses, known, base, known_base, level)[1]
        for side, estimate in zip(found, (known[1], change), strict=True):
            side[:, number] = [getattr(estimate, part) for part in PARTS]
    return found
