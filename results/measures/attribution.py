"""The table /attribution: how much of ES each feedback channel is responsible for.

A channel's change is ES as the scenario has it less ES with that channel off, over the same paths
with the same random numbers. Influence functions add up, so every sum of changes has its error:

    psi = (L - q)+/a + q - ES,     SE(sum c_j ES_j) = sd(sum c_j psi_j)/sqrt n

The endogenous share is (ES - ES_off)/ES with all channels off; what the channels' changes leave of
ES - ES_off is their interaction. A channel inside another one (`part_of`) is not counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple

import numpy as np
import numpy.typing as npt
import zarr

from ..store.arrays import array_of, group_of, texts_of
from ..store.layout import full_array, new_group, scenario_coordinate
from . import statistics as st
from .estimates import PARTS, write_estimates
from .levels import LEVELS
from .path_loss import PathLoss, stored_losses

Floats = npt.NDArray[np.float64]
Known = tuple[st.Estimate, st.Estimate]

PART_OF = {"crowd_shares": "crowd", "crowd_calls": "crowd"}
"""Channels that another one switches off as well."""

BY_CHANNEL = {
    "var_off": "value at risk with the channel off",
    "es_off": "expected shortfall with the channel off",
    "var_change": "value at risk less that with the channel off, same paths",
    "es_change": "expected shortfall less that with the channel off, same paths",
}
BY_SCENARIO = {
    "es": "expected shortfall as the scenario has it",
    "es_all_off": "expected shortfall with all channels off",
    "endogenous": "expected shortfall less that with all channels off, same paths",
    "endogenous_share": "share of the expected shortfall that all channels off take away",
    "interaction": "endogenous change less the sum of the channels' changes",
}
_ABOUT = "Fraction of equity, losses positive; NaN: the sample is too small."
_SHARE = "Fraction of the expected shortfall; NaN: the sample is too small, or there is no loss."


def write_attribution(root: zarr.Group, store: zarr.Group) -> None:
    """Add the group /attribution to `root`, if paths of `store` ran with one channel off."""
    if "channel_off" not in store:
        return
    off, losses = group_of(store, "channel_off"), group_of(store, "losses")
    scenarios, channels = texts_of(off, "scenario"), texts_of(off, "channel")
    n, loss = array_of(off, "path").shape[0], PathLoss(str(store.attrs["measure"]))
    shape = (len(scenarios), len(channels), len(LEVELS))
    tables = {name: np.full((len(PARTS), *shape), np.nan) for name in BY_CHANNEL}
    tables |= {name: np.full((len(PARTS), shape[0], shape[2]), np.nan) for name in BY_SCENARIO}
    for s in range(len(scenarios)):
        full, calm = (stored_losses(losses, s, loss, calm=side)[:n] for side in (False, True))
        without = -np.asarray(array_of(off, "pnl_off")[s], np.float64)
        for number, level in enumerate(LEVELS):
            if st.tail_paths(n, level) >= st.REFUSE:
                found = attribute(full, calm, dict(zip(channels, without, strict=True)), level)
                for name, estimates in found.items():
                    tables[name][:, s, ..., number] = estimates

    group = new_group(
        root,
        "attribution",
        f"ES {loss.words} with channels off, same random numbers: what each is due to.",
        coordinates="part_of",
        measure=loss.name,
        paths=n,
    )
    scenario_coordinate(group, scenarios)
    full_array(group, "channel", ("channel",), channels, "1", "channel that is off")
    inside = [PART_OF.get(c, "") if PART_OF.get(c) in channels else "" for c in channels]
    words = "channel that switches this one off as well; empty: none"
    full_array(group, "part_of", ("channel",), inside, "1", words)
    full_array(group, "level", ("level",), np.array(LEVELS), "1", "level of the quantile")
    for name, words in {**BY_CHANNEL, **BY_SCENARIO}.items():
        dims = ("scenario", "channel", "level") if name in BY_CHANNEL else ("scenario", "level")
        about = _SHARE if name == "endogenous_share" else _ABOUT
        write_estimates(group, name, dims, tables[name], words, about)


def attribute(
    full: Floats, calm: Floats, without: dict[str, Floats], level: float
) -> dict[str, Floats]:
    """All estimates of one scenario and level, each as value, standard error, low, high.

    Shape: losses (n,) as the scenario has it, with all channels off and with each channel off ->
    (4, channels) of BY_CHANNEL, (4,) of BY_SCENARIO. Errors: statistics.TooFewPaths.
    """
    known, known_calm = st.var_es(full, level), st.var_es(calm, level)
    es, es_calm = known[1].value, known_calm[1].value
    endogenous = st.paired_difference(full, known, calm, known_calm, level)[1]
    psi, psi_calm = (_influence(*both, level) for both in ((full, known), (calm, known_calm)))
    left, psi_left = endogenous.value, psi - psi_calm
    rows = []
    for channel, losses in without.items():
        mine = st.var_es(losses, level)
        changes = st.paired_difference(full, known, losses, mine, level)
        rows.append((*mine, *changes))
        if PART_OF.get(channel) not in without:
            left -= changes[1].value
            psi_left -= psi - _influence(losses, mine, level)
    share = st.REFUSED
    if es > 0:
        share = _estimate(endogenous.value / es, (es_calm / es * psi - psi_calm) / es)
    by_channel = (_parts(column) for column in zip(*rows, strict=True))
    totals = (known[1], known_calm[1], endogenous, share, _estimate(left, psi_left))
    return {
        **dict(zip(BY_CHANNEL, by_channel, strict=True)),
        **dict(zip(BY_SCENARIO, _parts(totals).T, strict=True)),
    }


def _influence(losses: Floats, known: Known, level: float) -> Floats:
    """What every path adds to the error of ES, but for a constant, (n,)."""
    return np.maximum(losses - known[0].value, 0) / (1 - level)


def _estimate(value: float, psi: Floats) -> st.Estimate:
    se = float(psi.std(ddof=1)) / np.sqrt(psi.size)
    return st.Estimate(value, se, value - st.Z * se, value + st.Z * se)


def _parts(estimates: Iterable[st.Estimate]) -> Floats:
    """(4, estimates): value, standard error, low, high."""
    return np.array([astuple(estimate) for estimate in estimates]).T
