"""The Zarr store: what it holds, how it is written, checked and sealed."""
