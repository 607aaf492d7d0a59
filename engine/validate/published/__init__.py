"""Published tables: what the literature reports, simulated (`powderkeg validate --published`)."""

from . import covering, gamma, multiplier, overlap, squeeze_impact
from .table import Claim, Figure, Measured, Published, Result, run

TABLES: dict[str, Published] = {
    each.TABLE.id: each.TABLE for each in (multiplier, squeeze_impact, covering, gamma, overlap)
}

__all__ = ["TABLES", "Claim", "Figure", "Measured", "Published", "Result", "run"]
