"""The records and enumerations as C++: `python -m powderkeg.kernels.header` writes records.h."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum, IntFlag
from pathlib import Path

import numpy as np

from .histogram_bins import HISTOGRAM_BINS, LINEAR_BINS, QUANTITIES
from .holders import Holding
from .packed import INPUTS, OUTPUTS
from .records import (
    COMPONENT,
    COMPONENT_CYCLE,
    DERIVATIVE,
    EVENT,
    FUND,
    HIGHEST_X,
    HOLDINGS,
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
    QUANTITIES_OF_NAMES,
    RUN,
    STEP,
    TRACE,
    Channel,
    DerivativeKind,
    EventType,
    Feature,
    Moment,
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


def _list(name: str, entries: Iterable[str], words: str) -> str:
    """A list as a macro: NAME(X) is X of every entry, one after the other."""
    body = "".join(f" \\\n    X({entry})" for entry in entries)
    return f"// {words}\n#define {name}(X){body}"


def _pointers(types: Mapping[str, str], const: str) -> list[str]:
    return [f"{const}{kind}* {name}" for name, kind in types.items()]


def _launch() -> str:
    """The struct, its members as the parameters of a kernel, and their names."""
    members = [
        *_pointers(INPUTS, "const "),
        "const unsigned long long* path_ids",
        "long long path_count",
        *_pointers(OUTPUTS, ""),
    ]
    names = [member.split()[-1] for member in members]
    return "\n".join(
        (
            "// Arrays of a launch; shapes in kernels/packed.py (Packed, Simulated).",
            "struct Launch {",
            *(f"    {member};" for member in members),
            "};",
            "#define LAUNCH_PARAMETERS \\",
            ", \\\n".join(f"    {member}" for member in members),
            "#define LAUNCH_ARGUMENTS \\",
            ", \\\n".join(f"    {name}" for name in names),
        )
    )


def _lists() -> list[str]:
    """What the model's laws run over, from the declarations of kernels/holders."""
    kept = [each for each in QUANTITIES_OF_NAMES if each.stored]
    switched = [h for h in HOLDINGS if h.switches]

    def switches(holding: Holding) -> str:
        return " | ".join(f"CHANNEL_{name}" for name in holding.switches)

    return [
        _list("STATE_FIELDS", (q.name for q in kept), "What a path remembers of a name."),
        _list(
            "STARTING_FIELDS",
            (
                f"{q.name}, {f'p.{q.start}' if isinstance(q.start, str) else f'{q.start}f'}"
                for q in kept
                if q.start
            ),
            "Of it, what does not start at 0: field, value.",
        ),
        _list(
            "UNDONE_FIELDS",
            (q.name for q in kept if q.undone),
            "Of it, what a trade cancellation takes back.",
        ),
        _list("TRACED_FIELDS", (q.name for q in kept if q.traced), "Of it, what a trace keeps."),
        _list(
            "DERIVED_FIELDS",
            (q.name for q in QUANTITIES_OF_NAMES if q.traced and not q.stored),
            "What a trace works out when it is kept.",
        ),
        _list(
            "SWITCHED_HOLDERS",
            (f"{h.quantity}, {switches(h)}, {'-' if h.owed else '+'}" for h in switched),
            "Who trades under a switch, in the order of sums: holding, channels, sign in the "
            "ledger.",
        ),
        _list(
            "LAPSING_HOLDERS",
            (f"{h.quantity}, {switches(h)}" for h in switched if h.fails),
            "Of them, those whose unfilled buys do not come back by themselves.",
        ),
        _list(
            "LONE_HOLDERS",
            (f"{h.quantity}, {switches(h)}" for h in switched if h.alone),
            "Of them, those whose order needs no more than state, parameters and volume.",
        ),
        _list("PATH_FIELDS", PATH.names or (), "What is kept of a path."),
    ]


def records_header() -> str:
    """The text of kernels/model/records.h."""
    linear = "\n".join(
        f"constexpr float {q.upper()}_LOW = {low}f, {q.upper()}_SCALE = {1 / width}f;"
        for q, (low, width) in LINEAR_BINS.items()
    )
    quantities = ", ".join(f"Q_{q.upper()}" for q in (*QUANTITIES, "COUNT"))
    parts = [
        "// Written by `python -m powderkeg.kernels.header` from kernels/records.py and "
        "kernels/holders;\n"
        "// do not edit. Long, as every field and list of the model is in it.",
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
        _enum(Moment, "MOMENT_"),
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
        _launch(),
        *_lists(),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "model" / "records.h").write_text(records_header())
