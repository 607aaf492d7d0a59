"""The model in NumPy float64: an independent reading of docs/model.md, one file per agent."""

from .clearing import fill_price, lots
from .loop import simulate

__all__ = ["fill_price", "lots", "simulate"]
