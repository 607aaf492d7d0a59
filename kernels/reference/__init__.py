"""The model in NumPy float64: an independent reading of docs/model.md, one file per agent."""

from .clearing import fill_price, lots
from .loop import simulate
from .philox import normals, philox4x32

__all__ = ["fill_price", "lots", "normals", "philox4x32", "simulate"]
