"""The NumPy reference as a back end."""

from __future__ import annotations

import numpy as np

from ..packed import Simulate
from .kind import Kind


def _open() -> tuple[str, Simulate]:
    from ..reference import simulate

    return f"NumPy {np.__version__}", simulate


KIND = Kind("reference", rate=1e6, open=_open, scratch=100 * 8, chunk=2048)
