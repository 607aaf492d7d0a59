"""Levels of quantiles and kinds of measures, as stores and people call them."""

from __future__ import annotations

LEVELS = (0.95, 0.975, 0.99, 0.995, 0.999)
WORST_LEVEL = 0.99
SHAPE_LEVEL = 0.99
LOSS_SIZES = (0.1, 0.2)
VAR, ES, PROBABILITY = "value_at_risk", "expected_shortfall", "probability"
SHORT = {VAR: "var", ES: "es"}
"""How the ids of measures begin."""


def percent(level: float) -> str:
    """99.5 for .995: a level as people write it."""
    return f"{100 * level:.6g}"
