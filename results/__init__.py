"""What came out: schema, Zarr store, risk measures, report.

Needs numpy, xarray and zarr only; the table (rich) and the page (jinja2, matplotlib) are modules
of their own.
"""

from .seal import finish_store
from .store.blocks import Clock, block_arrays, create_store, missing_blocks, write_block
from .store.commit import check_commit, open_results, store_digest
from .store.errors import StoreError
from .store.records import BlockRecord
from .store.schema import InputFile, StoreSpec

__all__ = [
    "BlockRecord",
    "Clock",
    "InputFile",
    "StoreError",
    "StoreSpec",
    "block_arrays",
    "check_commit",
    "create_store",
    "finish_store",
    "missing_blocks",
    "open_results",
    "store_digest",
    "write_block",
]
