"""Made-up results for tests and for looking at pages: no model, only plausible shapes.

A block depends on (seed, scenario, block) alone, as the real ones do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .measures import closes as closes_of
from .seal import finish_store
from .store.blocks import create_store, write_block
from .store.fields import EVERY_PATH_FIELD, QUANTITIES
from .store.schema import GAIN_QUANTILES, InputFile, StoreSpec, Variant

BINS = 512
LINEAR = {  # low, width of the bins of the other quantities
    "short_interest": (0.0, 2.0**-7),
    "utilisation": (0.0, 2.0**-7),
    "borrow_fee": (0.0, 2.0**-7),
    "dealer_hedge": (-2.0, 2.0**-7),
    "implied_vol": (0.0, 2.0**-5),
    "attention": (0.0, 2.0**-9),
}


def price_edges() -> npt.NDArray[np.float64]:
    """32 bins to the octave from 2^-7 to 2^9."""
    index = np.arange(BINS + 1)
    return np.asarray(2.0 ** (index // 32 - 7) * (1 + (index % 32) / 32))


def made_up_spec(
    scenarios: Iterable[str] = ("gme-2021", "quiet"),
    symbols: Iterable[str] = ("AMC", "BBBY", "GME", "KOSS"),
    paths: int = 4000,
    block_size: int = 1500,
    days: int = 10,
    **changes: Any,
) -> StoreSpec:
    """A small store's specification."""
    scenarios, symbols = tuple(scenarios), tuple(symbols)
    linear = [LINEAR[q] for q in QUANTITIES if q != "price"]
    edges = [price_edges(), *(low + width * np.arange(BINS + 1) for low, width in linear)]
    channels = ("dealers", "crowd", "shorts")
    gain = np.random.default_rng(5).uniform(0, 0.6, (len(scenarios), len(symbols), 3))
    spec = StoreSpec(
        scenarios=scenarios,
        symbols=symbols,
        days=days,
        horizons=tuple(sorted({1, max(days // 2, 1), days})),
        paths=paths,
        block_size=block_size,
        quantities=tuple(QUANTITIES),
        edges=np.array(edges),
        peak_edges=price_edges(),
        fingerprint="0" * 64,
        equity=250e6,
        currency="USD",
        channels=channels,
        loop_gain=gain,
        inputs=(
            InputFile("book", "book.csv", "symbol,quantity\r\nGME,-1000\r\n"),
            InputFile("market", "market.yaml", "\ufeffas_of: 2021-01-12\n"),
        ),
        parameters=('{"made_up": true}',) * len(scenarios),
        weights=-np.linspace(0.12, 0.03, len(symbols)),
        variants=(Variant(),) * len(scenarios),
        holders=("book", "fund_1"),
        overlap=np.tile([[0.21, 0.04], [0.08, 0.35]], (len(scenarios), 1, 1)),
        provenance={"version": "0.1.0", "seed": 1, "back_end": "made up", "device": "none"},
    )
    return replace(spec, **changes)


def made_up_block(spec: StoreSpec, scenario: int, block: int) -> dict[str, npt.NDArray[Any]]:
    """The arrays of one block."""
    count = min(spec.block_size, spec.paths - block * spec.block_size)
    rng = np.random.default_rng((scenario, block))
    names, days = len(spec.symbols), spec.days
    weights = -np.linspace(0.12, 0.03, names) if spec.weights is None else spec.weights
    calm = np.cumsum(0.05 * rng.standard_normal((count, names, days)), axis=2)
    height = rng.standard_exponential((count, names, 1)) * (0.5 if scenario % 2 == 0 else 0.1)
    height *= rng.random((count, 1, 1)) < 0.3
    peak_day = rng.uniform(2, days, (count, 1, 1))
    bump = height * np.exp(-(((np.arange(1, days + 1) - peak_day) / 2.5) ** 2))
    blocks, price = _losses(spec, weights, calm, bump), np.exp(calm + bump)  # (path, name, day)
    values = [price, *(0.2 + 0.3 * price / (1 + price) for _ in range(len(QUANTITIES) - 1))]
    closes = np.stack([_count(v, e) for v, e in zip(values, spec.edges, strict=True)], axis=2)
    blocks["closes"] = closes.transpose(1, 0, 2, 3).astype(np.uint32)
    if block == 0:
        gain = np.asarray(spec.loop_gain[scenario], np.float32)[..., None] * (1.5, 3.0)
        blocks["gain_max"] = gain.astype(np.float32)
        blocks["total_max"] = gain.sum(axis=1, dtype=np.float32)
        assert gain.shape[-1] == len(GAIN_QUANTILES)
    blocks["peaks"] = _count(1.02 * price.max(axis=2, keepdims=True), spec.peak_edges)[:, 0]
    return blocks


def _losses(
    spec: StoreSpec,
    weights: npt.NDArray[np.floating[Any]],
    calm: npt.NDArray[np.float64],
    bump: npt.NDArray[np.float64],
) -> dict[str, npt.NDArray[Any]]:
    """What a book of these weights makes of the prices. Shape: calm, bump (path, name, day)."""
    count, by_day = len(calm), {}
    arrays: dict[str, npt.NDArray[Any]] = {}
    for suffix, x in (("", calm + bump), ("_calm", calm)):
        pnl = np.einsum("n,pnd->dp", weights, np.expm1(x))
        worst = np.minimum(pnl.min(axis=0), 0)
        called = np.where(worst < -0.25, pnl.argmin(axis=0) + 0.75, np.nan)
        by_day[suffix] = pnl.astype(np.float32)
        arrays[f"pnl{suffix}"] = pnl[np.array(spec.horizons) - 1]
        arrays[f"worst_pnl{suffix}"] = 1.05 * worst
        arrays[f"margin_call_day{suffix}"] = called
        arrays[f"margin_call_day_close{suffix}"] = np.ceil(called)
        arrays[f"borrow_cost{suffix}"] = -0.01 * worst
        arrays[f"financing_cost{suffix}"] = -0.001 * worst
        arrays[f"worst_close_pnl{suffix}"] = worst
        arrays[f"largest_call{suffix}"] = np.maximum(-worst - 0.25, 0)
    arrays["floor_names"] = (arrays["worst_pnl"] < -1.5).astype(float)
    arrays["forced_day"] = arrays["margin_call_day"] + 1
    arrays["slippage"] = 0.01 * arrays["largest_call"]
    arrays["derivative_pnl"] = np.zeros(count)
    costs = sum(arrays[f] for f in ("borrow_cost", "financing_cost", "slippage"))
    arrays["price_pnl"] = arrays["worst_pnl"] + costs
    arrays["fails"] = 0.1 * arrays["floor_names"]
    for field in EVERY_PATH_FIELD:
        arrays.setdefault(field.name, np.zeros(count))
    for suffix in ("_calm", ""):
        pnl = by_day[suffix]
        excess = np.vstack([np.full(count, 0.75, np.float32), pnl + np.float32(0.75)])
        arrays[f"largest_nav_loss{suffix}"] = closes_of.largest_nav_loss(pnl)
        arrays[f"largest_margin_rise{suffix}"] = closes_of.largest_margin_rise(pnl, excess)
        arrays[f"unmet_day{suffix}"] = closes_of.unmet_day(excess, 1)
    blocks: dict[str, npt.NDArray[Any]] = {
        name: numbers.astype(np.float32) for name, numbers in arrays.items()
    }
    first = dict.fromkeys(closes_of.EVENTS[:3], np.ceil(arrays["margin_call_day"]))
    blocks["loss_counts"] = closes_of.counts_of(-pnl)
    blocks["call_counts"] = closes_of.counts_of(np.maximum(-excess[1:], 0))
    blocks["event_counts"] = closes_of.event_counts(pnl, excess, first)
    return blocks


def _count(
    values: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint32]:
    """Counts per bin, (path, name, day) -> (name, day, bin)."""
    _, names, days = values.shape
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)
    cell = bins + BINS * (np.arange(days) + days * np.arange(names)[:, None])
    counts = np.bincount(cell.ravel(), minlength=names * days * BINS)
    return counts.reshape(names, days, BINS).astype(np.uint32)


def all_blocks(spec: StoreSpec) -> list[tuple[int, int]]:
    """(scenario, block) of the whole store in order."""
    return [(s, b) for s in range(len(spec.scenarios)) for b in range(spec.blocks)]


def made_up_store(path: str | Path, spec: StoreSpec | None = None) -> StoreSpec:
    """Write a finished store."""
    spec = spec or made_up_spec()
    create_store(path, spec)
    for scenario, block in all_blocks(spec):
        write_block(path, scenario, block, made_up_block(spec, scenario, block))
    finish_store(path, {"finished": "2026-11-22T12:00:00Z", "wall_time": 1.0})
    return spec
