"""A replayed path as files: CSV, Zarr and a picture."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from ..engine.replay.path import Replay
from .replay_picture import draw


def write(replay: Replay, folder: Path) -> list[Path]:
    """Write path.csv, path.zarr and path.png into a new folder; returns their paths.

    Raises FileExistsError if the folder exists.
    """
    folder.mkdir(mode=0o700)
    csv, store, picture = folder / "path.csv", folder / "path.zarr", folder / "path.png"
    write_csv(replay.data, csv)
    replay.data.to_zarr(store, zarr_format=3, consolidated=False)
    draw(replay, picture)
    return [csv, store, picture]


def write_csv(data: xr.Dataset, path: Path) -> None:
    """One row a step and name; columns in the units of the dataset's attributes."""
    flat = {
        f"{field}_{label}": data[field].sel({dim: label}, drop=True)
        for field, dim in (("loop_gain", "channel"), ("fund_holding", "fund"))
        if field in data
        for label in data[dim].values
    }
    plain = [name for name in data.data_vars if data[name].dims == ("step", "name")]
    table = data[plain].assign(flat).drop_dims("channel", errors="ignore")
    rows = table.to_dataframe().reset_index()
    # A spreadsheet would run a cell that starts with one of these.
    rows["name"] = [f"'{s}" if s[0] in "=+-@" else s for s in rows["name"]]
    first = ["step", "time", "name", "price", "pnl_by_name", "log_price"]
    rows[[*first, *(c for c in rows.columns if c not in first)]].to_csv(path, index=False)
