"""A case: one channel switched on alone, what theory says about it, and how to ask the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from ...kernels.packed import Packed, Simulated

Array = npt.NDArray[np.float64]
Run = Callable[..., Simulated]
"""`run(packed, paths=1, trace=True)`: the back end under test."""


class Kind(StrEnum):
    """How simulated and exact value are compared."""

    MEAN = "mean"  # of samples: z-score, standard error at most .5 % of the value
    PROBABILITY = "probability"  # z-score, standard error at most .003
    DETERMINISTIC = "deterministic"  # no randomness decides: a stated tolerance


@dataclass(frozen=True)
class Sampled:
    """A statement about the mean of independent samples, one per path.

    `sample` takes one Simulated per packed scenario (all of the same paths) and returns (paths,).
    `size` is what the standard error is measured against where the exact value is small.
    """

    exact: float
    packed: Packed | Sequence[Packed]
    sample: Callable[..., npt.ArrayLike]
    trace: bool = False
    size: float | None = None


@dataclass(frozen=True)
class Computed:
    """A statement about a number that the model computes: `measure(run)` against `exact`."""

    exact: float
    measure: Callable[[Run], float]


State = Callable[[SimpleNamespace], Sampled | Computed]
"""A case as written: from its parameters to what theory says and how to ask the model."""


@dataclass(frozen=True)
class Range:
    """A parameter of a case: its usual value, and the range `--vary` draws it from."""

    usual: float
    low: float
    high: float

    def draw(self, random: np.random.Generator) -> float:
        """Uniform in the range; a whole number where the usual value is an int."""
        if isinstance(self.usual, int):
            return int(random.integers(int(self.low), int(self.high) + 1))
        return float(random.uniform(self.low, self.high))


@dataclass(frozen=True)
class Case:
    """One row of the table.

    `header` is the file of kernels/model/ that computes the law, `test` (file::function) another
    test of it, `step` what the time step does to the comparison.
    """

    id: str
    channel: str
    title: str
    equation: str
    header: str
    test: str
    kind: Kind
    state: State = field(repr=False)
    ranges: Mapping[str, Range] = field(repr=False)
    step: str
    tolerance: float = 0.0  # of a deterministic case, relative to the exact value
    absolute: bool = False  # the tolerance is absolute

    def parameters(self, vary: int | None = None) -> SimpleNamespace:
        """The usual parameters, or a draw that depends on `vary` and the case alone."""
        seed = 20210128 if vary is None else 20210128 + 7919 * (vary + 1)
        if vary is None:
            values: dict[str, Any] = {name: r.usual for name, r in self.ranges.items()}
        else:
            random = np.random.default_rng([vary, crc32(self.id.encode())])
            values = {name: r.draw(random) for name, r in self.ranges.items()}
        return SimpleNamespace(seed=seed, **values)

    def allowed(self, exact: float) -> float:
        """The largest gap of a deterministic case."""
        return self.tolerance if self.absolute else self.tolerance * abs(exact)


CASES: dict[str, Case] = {}


# long: a case is written as one call, by name
def case(
    id: str,
    channel: str,
    title: str,
    equation: str,
    *,
    header: str,
    test: str,
    step: str,
    kind: Kind = Kind.DETERMINISTIC,
    tolerance: float = 0.0,
    absolute: bool = False,
    ranges: Mapping[str, tuple[float, float, float]],
) -> Callable[[State], State]:
    """Registers a function of the parameters as a case; `ranges` are (usual, low, high)."""

    def register(state: State) -> State:
        if id in CASES:
            raise ValueError(f"two validation cases are called {id}")
        CASES[id] = Case(
            id=id,
            channel=channel,
            title=title,
            equation=equation,
            header=header,
            test=test,
            kind=kind,
            state=state,
            ranges={name: Range(*values) for name, values in ranges.items()},
            step=step,
            tolerance=tolerance,
            absolute=absolute,
        )
        return state

    return register
