"""The empty tree: every array of a store with its dimensions, chunks, codecs and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, ZstdCodec
from zarr.storage import StoreLike

from ..measures.closes import BINS, EVENTS, edges
from ..measures.limits import attribute
from .fields import (
    CALL_COUNTS,
    CLOSES,
    EVENT_COUNTS,
    EVERY_PATH_FIELD,
    GAIN_MAX,
    LOSS_COUNTS,
    PATH_WEIGHT,
    PEAKS,
    PNL,
    PNL_OFF,
    PNL_TILTED,
    TOTAL_MAX,
    quantity_field,
)
from .schema import CONVENTIONS, FORMAT, GAIN_QUANTILES, RECORD_BYTES, StoreSpec

ZSTD_LEVEL = 3


def empty_array(
    group: zarr.Group,
    name: str,
    sizes: Mapping[str, int],
    chunks: tuple[int, ...],
    dtype: str,
    attributes: dict[str, Any],
    *,
    compress: bool,
    checksum: bool = True,
) -> None:
    """An array that waits for its blocks; `sizes` by dimension. crc32c stands last, or it would not
    see every bit.
    """
    codecs = [ZstdCodec(level=ZSTD_LEVEL)] * compress + [Crc32cCodec()] * checksum
    group.create_array(
        name,
        shape=tuple(sizes.values()),
        chunks=chunks,
        dtype=dtype,
        fill_value=np.nan if dtype.startswith("float") else 0,
        serializer=BytesCodec(endian="little" if dtype != "uint8" else None),
        compressors=codecs or None,
        dimension_names=tuple(sizes),
        attributes=attributes,
    )


def full_array(
    group: zarr.Group,
    name: str,
    dims: tuple[str, ...],
    values: npt.NDArray[Any] | list[str] | tuple[str, ...],
    units: str,
    long_name: str,
    description: str = "",
    chunks: tuple[int, ...] | None = None,
) -> None:
    """A small array with its values; texts become Zarr strings."""
    text = isinstance(values, list | tuple)
    data = np.array(values, dtype=object) if text else np.asarray(values)
    shape = data.shape
    array = group.create_array(
        name,
        shape=shape,
        chunks=chunks or tuple(max(n, 1) for n in shape),
        dtype="string" if text else data.dtype,
        fill_value="" if text else (np.nan if data.dtype.kind == "f" else 0),
        compressors=[ZstdCodec(level=ZSTD_LEVEL), Crc32cCodec()],
        dimension_names=dims,
        attributes={
            "units": units,
            "long_name": long_name,
            "description": description or long_name,
        },
    )
    array.with_config({"write_empty_chunks": True})[...] = data


def new_group(root: zarr.Group, name: str, title: str, **attributes: Any) -> zarr.Group:
    """A group of the tree with the sentence that explains it."""
    return root.create_group(name, attributes={"title": title, **attributes})


def lay_out(store: StoreLike, spec: StoreSpec) -> zarr.Group:
    """Create all groups and arrays of `spec`, filled as far as inputs and layout go: the root."""
    grid = {
        "format": FORMAT,
        "fingerprint": spec.fingerprint,
        "scenarios": len(spec.scenarios),
        "paths": spec.paths,
        "block_size": spec.block_size,
        "attribution": spec.attribution,
        "attributed": spec.attributed,
        "importance": spec.importance,
        "weighted": spec.weighted,
    }
    attributes = {
        "title": spec.title,
        "conventions": CONVENTIONS,
        "status": "running",
        "equity": float(spec.equity),
        "currency": spec.currency,
        "measure": spec.measure,
        "grid": grid,
        "provenance": dict(spec.provenance),
    }
    if spec.until is not None:
        attributes["until"] = asdict(spec.until)
    if spec.limits:
        attributes |= attribute(spec.limits)
    if spec.findings:
        attributes["findings"] = [dict(each) for each in spec.findings]
    if spec.glance is not None:
        attributes["glance"] = dict(spec.glance)
    root = zarr.create_group(store, zarr_format=3, attributes=attributes)
    _inputs(root, spec)
    _losses(root, spec)
    _histograms(root, spec)
    _counts(root, spec)
    _loop_gain(root, spec)
    _overlap(root, spec)
    _channel_off(root, spec)
    _tilted(root, spec)
    blocks = new_group(root, "blocks", "One record per finished block of paths.")
    empty_array(
        blocks,
        "record",
        {"scenario": len(spec.scenarios), "block": spec.blocks, "byte": RECORD_BYTES},
        (1, 1, RECORD_BYTES),
        "uint8",
        {
            "units": "1",
            "long_name": "record of the block",
            "description": "JSON text in UTF-8, padded with spaces: digests, counts, ranges.",
        },
        compress=False,
        checksum=False,
    )
    return root


def scenario_coordinate(group: zarr.Group, spec_scenarios: tuple[str, ...]) -> None:
    """The coordinate `scenario`."""
    full_array(group, "scenario", ("scenario",), spec_scenarios, "1", "scenario id")


def name_coordinate(group: zarr.Group, symbols: tuple[str, ...]) -> None:
    """The coordinate `name`."""
    full_array(group, "name", ("name",), symbols, "1", "symbol of the name")


_VARIED = (
    "impact and max_multiple: a factor on those of every name; dealer_sign, attention_share: the "
    "value itself."
)


def _inputs(root: zarr.Group, spec: StoreSpec) -> None:
    group = new_group(root, "inputs", "What was read, to the letter.", coordinates="role file_name")
    files = spec.inputs
    for name, values, words in (
        ("role", [f.role for f in files], "what the file is for"),
        ("file_name", [f.name for f in files], "name of the file"),
        ("text", [f.text for f in files], "text of the file exactly as read (UTF-8)"),
    ):
        full_array(group, name, ("file",), values, "1", words)
    scenario_coordinate(group, spec.scenarios)
    name_coordinate(group, spec.symbols)
    parameters = spec.parameters or ("{}",) * len(spec.scenarios)
    words = "resolved parameters of the scenario, JSON"
    full_array(group, "parameters", ("scenario",), parameters, "1", words)
    if any(variant.base for variant in spec.variants):
        words = "scenario that this one varies; empty: none"
        bases = [variant.base for variant in spec.variants]
        full_array(group, "variant_of", ("scenario",), bases, "1", words)
        varied = [variant.parameter for variant in spec.variants]
        full_array(group, "varied", ("scenario",), varied, "1", "parameter that is varied")
        numbers = np.array([variant.value for variant in spec.variants], np.float64)
        words = "its value here"
        full_array(group, "varied_value", ("scenario",), numbers, "1", words, _VARIED)
    if spec.weights is not None:
        weights = np.asarray(spec.weights, np.float64)
        words = "value of the position at the start over equity, negative: short"
        full_array(group, "weight", ("name",), weights, "1", words)


def _losses(root: zarr.Group, spec: StoreSpec) -> None:
    money = {"equity": float(spec.equity), "currency": spec.currency}
    group = new_group(root, "losses", "What every path did to the book.", **money)
    scenario_coordinate(group, spec.scenarios)
    days = np.array(spec.horizons, np.int32)
    full_array(group, "horizon", ("horizon",), days, "trading days", "close of this day")
    ids = np.arange(spec.paths, dtype=np.int64)
    size = min(spec.block_size, spec.paths)
    words = "id of the path, which replays it"
    full_array(group, "path", ("path",), ids, "1", words, chunks=(size,))
    scenarios, horizons = len(spec.scenarios), len(spec.horizons)
    for field in PNL:
        sizes = {"scenario": scenarios, "horizon": horizons, "path": spec.paths}
        chunks, with_money = (1, horizons, size), field.attributes | money
        empty_array(group, field.name, sizes, chunks, "float32", with_money, compress=False)
    for field in EVERY_PATH_FIELD:
        sizes, attributes = {"scenario": scenarios, "path": spec.paths}, field.attributes
        empty_array(group, field.name, sizes, (1, size), "float32", attributes, compress=False)


def _histograms(root: zarr.Group, spec: StoreSpec) -> None:
    group = new_group(
        root,
        "histograms",
        "How many paths fell into each bin; adding blocks is exact.",
        coordinates="unit",
    )
    scenario_coordinate(group, spec.scenarios)
    name_coordinate(group, spec.symbols)
    day = np.arange(1, spec.days + 1, dtype=np.int32)
    full_array(group, "day", ("day",), day, "trading days", "close of this day")
    full_array(group, "quantity", ("quantity",), spec.quantities, "1", "what is counted")
    units = [quantity_field(q).units for q in spec.quantities]
    full_array(group, "unit", ("quantity",), units, "1", "units of the quantity")
    words = "edges of the bins, in the units of the quantity"
    edges = np.asarray(spec.edges, np.float64)
    full_array(group, "edges", ("quantity", "edge"), edges, "1", words)
    peak_edges = np.asarray(spec.peak_edges, np.float64)
    words = "edges of the bins of the peak price, relative to the start"
    full_array(group, "peak_edges", ("edge",), peak_edges, "1", words)
    names, bins = len(spec.symbols), spec.peak_edges.size - 1
    lead = {"scenario": len(spec.scenarios), "block": spec.blocks}
    closes = {"day": spec.days, "name": names, "quantity": len(spec.quantities), "bin": bins}
    for field, inner in ((CLOSES, closes), (PEAKS, {"name": names, "bin": bins})):
        chunks = (1, 1, *inner.values())
        attributes = field.attributes
        empty_array(group, field.name, lead | inner, chunks, "uint32", attributes, compress=True)


def _counts(root: zarr.Group, spec: StoreSpec) -> None:
    group = new_group(root, "counts", "The book by day; adding blocks is exact.")
    scenario_coordinate(group, spec.scenarios)
    day = np.arange(1, spec.days + 1, dtype=np.int32)
    full_array(group, "day", ("day",), day, "trading days", "close of this day")
    words = "edges of the bins of a loss or a call, fractions of equity at the start"
    full_array(group, "edges", ("edge",), edges(), "1", words)
    full_array(group, "event", ("event",), EVENTS, "1", "what happens")
    lead = {"scenario": len(spec.scenarios), "block": spec.blocks}
    by_bin = {"day": spec.days, "bin": BINS}
    by_event = {"event": len(EVENTS), "day": spec.days}
    for field, inner in ((LOSS_COUNTS, by_bin), (CALL_COUNTS, by_bin), (EVENT_COUNTS, by_event)):
        chunks, attributes = (1, 1, *inner.values()), field.attributes
        empty_array(group, field.name, lead | inner, chunks, "uint32", attributes, compress=True)


def _loop_gain(root: zarr.Group, spec: StoreSpec) -> None:
    group = new_group(
        root, "loop_gain", "How strongly the price feeds back on itself, at the start and at most."
    )
    scenario_coordinate(group, spec.scenarios)
    name_coordinate(group, spec.symbols)
    full_array(group, "channel", ("channel",), spec.channels, "1", "who answers the price")
    words = "Below 1 feedback amplifies a move by 1/(1 - G); at 1 it ignites."
    values = np.asarray(spec.loop_gain, np.float64)
    dims = ("scenario", "name", "channel")
    full_array(group, "gain", dims, values, "1", "loop gain at the start", words)
    words = "share of paths below"
    full_array(group, "quantile", ("quantile",), np.array(GAIN_QUANTILES), "1", words)
    for field, over in ((GAIN_MAX, dims), (TOTAL_MAX, dims[:2])):
        sizes = dict(zip(over, values.shape, strict=False)) | {"quantile": len(GAIN_QUANTILES)}
        chunks, attributes = (1, *list(sizes.values())[1:]), field.attributes
        empty_array(group, field.name, sizes, chunks, "float32", attributes, compress=False)


def _overlap(root: zarr.Group, spec: StoreSpec) -> None:
    if spec.overlap is None:
        return
    group = new_group(root, "overlap", "Who is hurt when somebody else unwinds.")
    scenario_coordinate(group, spec.scenarios)
    words = "who holds positions that lose"
    full_array(group, "holder", ("holder",), spec.holders, "1", words)
    full_array(group, "unwinder", ("unwinder",), spec.holders, "1", "who unwinds everything")
    words = (
        "sum over names of the holder's weight x impact per float M/E0 x the unwinder's floats, a "
        "fraction of the holder's equity: positive is a loss, NaN where the scenario has no such "
        "holder. Linear impact at the start. Cont & Schaanning (2019), J. Banking & Finance 104."
    )
    values = np.asarray(spec.overlap, np.float64)
    dims = ("scenario", "holder", "unwinder")
    full_array(group, "overlap", dims, values, "1", "liquidity-weighted overlap", words)


def _channel_off(root: zarr.Group, spec: StoreSpec) -> None:
    if not spec.attribution:
        return
    group = new_group(root, "channel_off", "The first paths again, each time with one channel off.")
    scenario_coordinate(group, spec.scenarios[: spec.attributed])
    full_array(group, "channel", ("channel",), spec.channels_off, "1", "channel that is off")
    size = min(spec.block_size, spec.attribution)
    ids = np.arange(spec.attribution, dtype=np.int64)
    full_array(group, "path", ("path",), ids, "1", "id of the path", chunks=(size,))
    sizes = {"scenario": spec.attributed, "channel": len(spec.channels_off)}
    sizes["path"] = spec.attribution
    chunks = (1, sizes["channel"], size)
    attributes = PNL_OFF.attributes | {"measure": spec.measure}
    empty_array(group, PNL_OFF.name, sizes, chunks, "float32", attributes, compress=False)


def _tilted(root: zarr.Group, spec: StoreSpec) -> None:
    if spec.tilts is None or spec.component_of is None:
        return
    group = new_group(root, "tilted", "Weighted paths, drawn where losses are large.")
    scenario_coordinate(group, spec.scenarios[: spec.weighted])
    size = min(spec.block_size, spec.importance)
    words, component = "component that the path was drawn from", spec.component_of.astype(np.int8)
    full_array(group, "component_of", ("path",), component, "1", words, chunks=(size,))
    words = "share of all weighted paths"
    full_array(group, "share", ("component",), np.array(spec.shares), "1", words)
    full_array(group, "stream", ("stream",), spec.streams, "1", "name or factor")
    day = np.arange(1, spec.days + 1, dtype=np.int32)
    full_array(group, "day", ("day",), day, "trading days", "day of the tilt")
    dims, tilts = ("scenario", "component", "stream"), np.asarray(spec.tilts, np.float64)
    words = "mean of the day's normal, of standard deviation 1"
    full_array(group, "mean", (*dims, "day"), tilts[..., 1:], "1", words)
    words = "rate of the restriction clock, 1 without a tilt"
    full_array(group, "clock_rate", dims, 1 + tilts[..., 0], "1", words)
    money = {"equity": float(spec.equity), "currency": spec.currency}
    sizes = {"scenario": spec.weighted, "path": spec.importance}
    of_pnl: dict[str, Any] = PNL_TILTED.attributes | money | {"measure": spec.measure}
    for field, attributes in ((PNL_TILTED, of_pnl), (PATH_WEIGHT, PATH_WEIGHT.attributes)):
        empty_array(group, field.name, sizes, (1, size), "float32", attributes, compress=False)
