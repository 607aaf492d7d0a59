"""From models to arrays: book, market, chain and scenario as the back ends read them."""

from .scenario import Prepared, pack, prepare

__all__ = ["Prepared", "pack", "prepare"]
