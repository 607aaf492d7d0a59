"""The loop gain: how much buying a price rise calls forth, as a price rise.

    G = (M / E) d(target holding)/dx     at fixed time, at the start, per channel

Below 1 feedback amplifies a shock by 1/(1 - G); at 1 it ignites. docs/model.md, section 13.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from .layout import Channel, Packed, StepKind

Array = npt.NDArray[np.float64]

CHANNELS = ("dealers", "shorts", "crowd_shares", "crowd_calls")
SQRT_2PI = np.sqrt(2 * np.pi)


def loop_gain(packed: Packed) -> dict[str, Array]:
    """Gains of every channel (0 where it is switched off) and their `total`.

    Shape: each (names,), without padding. Dealers: the table's slope at the first step that
    trades. Crowd: what it buys in one day; its calls count by the hedge they ask for.
    """
    count, on = int(packed.run["names"]), Channel(int(packed.run["channels"]))
    records = packed.names[:count]
    p = {field: records[field].astype(float) for field in records.dtype.names or ()}
    per_share = p["elasticity"] / p["elastic0"]
    first = int(np.argmax(packed.schedule["kind"] & StepKind.OVERNIGHT == 0))
    gains = {channel: np.zeros(count) for channel in CHANNELS}

    if Channel.DEALERS in on:
        gains["dealers"] = per_share * chain_slope(packed, first)
    if Channel.SHORTS in on:
        d = p["tolerance"] * p["tolerance_inverse_sd"]
        density = np.exp(-0.5 * d * d) / SQRT_2PI * p["tolerance_inverse_sd"]
        called = p["cohort0"] * density * p["tolerance_inverse_mass"]
        gains["shorts"] = per_share * called
    if Channel.CROWD in on:
        attention, shared = p["attention0"], p["shared"]
        seen = (1 - shared) * attention + shared * (p["attention_weight"] @ attention)
        joining = (1 - attention) * p["infection"] * p["momentum"] * seen
        if Channel.CROWD_SHARES in on:
            gains["crowd_shares"] = per_share * p["share_budget"] * joining
        if Channel.CROWD_CALLS in on and Channel.DEALERS in on:
            s = np.maximum(p["vol0"] * float(packed.schedule[first]["sqrt_tau_buy"]), 1e-4)
            d1 = s / 2 - p["call_strike"] / s
            premium = ndtr(d1) - p["call_strike_exp"] * ndtr(d1 - s)
            bought = p["call_budget"] * joining / np.maximum(premium, 0.005)
            gains["crowd_calls"] = per_share * bought * ndtr(d1)
    total = np.sum([gains[channel] for channel in CHANNELS], axis=0)
    return {**gains, "total": total}


def chain_slope(packed: Packed, step: int) -> Array:
    """dH*/dx of the static chain at x = 0 and v = v0, shape (names,)."""
    run, names = packed.run, packed.names[: int(packed.run["names"])]
    slope = np.zeros(len(names))
    for i, name in enumerate(names):
        if name["chain"] < 0:
            continue
        table = packed.chain[name["chain"], step].astype(float)
        place = (np.sqrt(float(name["vol0"])) - run["vol_start"]) * run["vol_inverse_step"]
        place = float(np.clip(place, 0, len(table) - 1))
        lower = min(int(place), len(table) - 2)
        cell = int(-float(name["chain_start"]) * float(name["chain_inverse_step"]))
        if not 0 <= cell < table.shape[1] - 1:
            continue
        rise = np.diff(table[lower : lower + 2, cell : cell + 2], axis=1)[:, 0]
        mixed = rise[0] + (place - lower) * (rise[1] - rise[0])
        slope[i] = float(name["dealer_sign"]) * float(name["chain_inverse_step"]) * mixed
    return slope
