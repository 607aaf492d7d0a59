"""The records and enumerations as C++: `python -m powderkeg.kernels.header` writes records.h."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from pathlib import Path

import numpy as np

from .histogram_bins import HISTOGRAM_BINS, LINEAR_BINS, QUANTITIES
from .records import (
    COMPONENT,
    COMPONENT_CYCLE,
    DERIVATIVE,
    EVENT,
    FUND,
    HIGHEST_X,
    LOTS_PER_FLOAT,
    LOWEST_X,
    MAX_COMPONENTS,
    MAX_EVENTS,
    MAX_FACTORS,
    MAX_FUNDS,
    MAX_NAMES,
    MIXING_NODES,
    MIXING_RANGE,
    NAME,
    PATH,
    POSITION,
    RUN,
    STEP,
    TRACE,
    Channel,
    DerivativeKind,
    EventType,
    Feature,
    Policy,
    StepKind,
    u8,
)

_C_TYPES = {"f": "float", "i": "int", "u": "unsigned"}


def _struct(name: str, dtype: np.dtype[np.void]) -> str:
    assert dtype.fields is not None
    lines = []
    for member, (base, _) in ((f, dtype.fields[f][:2]) for f in dtype.names or ()):
        kind = "unsigned long long" if base == u8 else _C_TYPES[base.kind]
        lines.append(f"    {kind} {member};")
    body = "\n".join(lines)
    return f"struct {name} {{\n{body}\n}};\nstatic_assert(sizeof({name}) == {dtype.itemsize});"


def _enum(flags: type[IntFlag] | type[IntEnum], prefix: str) -> str:
    body = ", ".join(f"{prefix}{f.name} = {f.value}" for f in flags)
    kind = "unsigned" if issubclass(flags, IntFlag) else "int"
    return f"enum : {kind} {{ {body} }};"


def records_header() -> str:
    """The text of kernels/model/records.h."""
    linear = "\n".join(
        f"constexpr float {q.upper()}_LOW = {low}f, {q.upper()}_SCALE = {1 / width}f;"
        for q, (low, width) in LINEAR_BINS.items()
    )
    quantities = ", ".join(f"Q_{q.upper()}" for q in (*QUANTITIES, "COUNT"))
    parts = [
        "// Written by `python -m powderkeg.kernels.header` from kernels/records.py; do not edit.",
        "#pragma once",
        f"constexpr int MAX_NAMES = {MAX_NAMES}, MAX_FACTORS = {MAX_FACTORS}, "
        f"HISTOGRAM_BINS = {HISTOGRAM_BINS},\n              MAX_FUNDS = {MAX_FUNDS}, "
        f"MAX_EVENTS = {MAX_EVENTS}, MIXING_NODES = {MIXING_NODES},\n              "
        f"MAX_COMPONENTS = {MAX_COMPONENTS}, COMPONENT_CYCLE = {COMPONENT_CYCLE};",
        f"constexpr float MIXING_RANGE = {MIXING_RANGE}f, LOWEST_X = {LOWEST_X}f, "
        f"HIGHEST_X = {HIGHEST_X}f;",
        f"constexpr float LOTS_PER_FLOAT = {LOTS_PER_FLOAT}.0f;",
        _enum(Channel, "CHANNEL_"),
        _enum(Feature, "FEATURE_"),
        _enum(EventType, "EVENT_"),
        _enum(Policy, "POLICY_"),
        _enum(DerivativeKind, "DERIVATIVE_"),
        _enum(StepKind, "STEP_"),
        f"enum : int {{ {quantities} }};",
        linear,
        _struct("Run", RUN),
        _struct("Step", STEP),
        _struct("Name", NAME),
        _struct("Fund", FUND),
        _struct("Position", POSITION),
        _struct("Derivative", DERIVATIVE),
        _struct("Event", EVENT),
        _struct("Component", COMPONENT),
        _struct("Path", PATH),
        _struct("Trace", TRACE),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "model" / "records.h").write_text(records_header())
