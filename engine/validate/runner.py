"""Runs cases on a back end and judges them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt

from ...kernels.packed import Packed, Simulate, Simulated
from ...kernels.records import TRACE
from .case import Array, Case, Computed, Kind, Sampled

RELATIVE, ABSOLUTE = 0.005, 0.003
"""Standard errors aimed at: of a mean, as a fraction of the value; of a probability."""
LARGEST_Z = 4.0
PILOT = 4096
MOST_PATHS = 1 << 23
CHUNK = 1 << 16
TRACE_BYTES = 1 << 26


@dataclass(frozen=True)
class Outcome:
    """One row of the table. `error` is None for a deterministic case, `allowed` for the others."""

    case: Case
    parameters: SimpleNamespace
    exact: float
    simulated: float
    paths: int
    seconds: float
    error: float | None = None
    allowed: float | None = None

    @property
    def z(self) -> float:
        """Standard errors off; of a deterministic case the gap as a fraction of its tolerance."""
        gap = self.simulated - self.exact
        unit = self.error if self.error is not None else self.allowed
        if not unit:
            return 0.0 if gap == 0 else math.copysign(math.inf, gap)
        return gap / unit

    @property
    def passed(self) -> bool:
        """|z| below 4, or the gap within the tolerance; NaN never passes."""
        limit = LARGEST_Z if self.error is not None else 1.0
        return abs(self.z) < limit or self.simulated == self.exact


def validate(
    cases: Sequence[Case], simulate: Simulate, *, vary: int | None = None, precision: float = 1.0
) -> Iterator[Outcome]:
    """Outcomes of the cases in order, each as soon as it is known.

    `vary` draws the parameters of every case by this seed. `precision` multiplies the standard
    errors aimed at: 2 takes a quarter of the paths.
    """
    for case in cases:
        yield judge(case, simulate, case.parameters(vary), precision)


def judge(case: Case, simulate: Simulate, p: SimpleNamespace, precision: float = 1.0) -> Outcome:
    """Runs one case with parameters `p`."""
    start = time.perf_counter()
    statement = case.state(p)
    if isinstance(statement, Computed):
        paths = 0

        def run(packed: Packed, paths_wanted: int = 1, *, trace: bool = True) -> Simulated:
            nonlocal paths
            paths += paths_wanted
            return simulate(packed, np.arange(paths_wanted, dtype=np.uint64), trace=trace)

        value = float(statement.measure(run))
        seconds = time.perf_counter() - start
        allowed = float(case.allowed(statement.exact))
        return Outcome(case, p, float(statement.exact), value, paths, seconds, allowed=allowed)
    value, error, paths = estimate(statement, simulate, case.kind, precision)
    seconds = time.perf_counter() - start
    return Outcome(case, p, float(statement.exact), value, paths, seconds, error=error)


def estimate(
    statement: Sampled, simulate: Simulate, kind: Kind, precision: float
) -> tuple[float, float, int]:
    """Mean of the samples, its standard error and the paths taken.

    A pilot sets the number of paths, and its paths are not used again; more are taken where they
    turn out to be too few.
    """
    aim = (
        ABSOLUTE if kind is Kind.PROBABILITY else RELATIVE * abs(statement.size or statement.exact)
    )
    pilot = samples(statement, simulate, 0, PILOT)
    wanted = (pilot.std() / (aim * precision)) ** 2
    if kind is Kind.PROBABILITY:  # known beforehand, and the pilot may not have seen the event
        wanted = statement.exact * (1 - statement.exact) / (aim * precision) ** 2
    count, mean, square = 0, 0.0, 0.0
    while count == 0 or count < min(wanted, MOST_PATHS):
        paths = min(CHUNK, PILOT * max(1, math.ceil((wanted - count) / PILOT)))
        x = samples(statement, simulate, PILOT + count, paths)
        # Chan, Golub & LeVeque (1979): sums of squares of chunks about their own means
        delta, count = x.mean() - mean, count + len(x)
        square += x.var() * len(x) + delta**2 * len(x) * (count - len(x)) / count
        mean += delta * len(x) / count
        if kind is Kind.MEAN:  # the pilot may have seen too little of a heavy tail
            wanted = max(wanted, square / count / (aim * precision) ** 2)
    error = math.sqrt(square / count / count)
    if kind is Kind.PROBABILITY:  # under the hypothesis, so that no events are no surprise
        error = math.sqrt(statement.exact * (1 - statement.exact) / count)
    return float(mean), error, count


def samples(statement: Sampled, simulate: Simulate, first: int, paths: int) -> Array:
    """Samples of paths `first`, ..., in pieces where a trace would be large."""
    packed = [statement.packed] if isinstance(statement.packed, Packed) else list(statement.packed)
    ids = np.arange(first, first + paths, dtype=np.uint64)
    return in_pieces(packed, statement.sample, simulate, ids, trace=statement.trace)


def in_pieces(
    packed: Sequence[Packed],
    sample: Callable[..., npt.ArrayLike],
    simulate: Simulate,
    ids: npt.NDArray[np.uint64],
    *,
    trace: bool = False,
) -> Array:
    """`sample` of what each packed scenario makes of these paths, a row a path.

    In pieces where a trace would be large.
    """
    largest = max(int(s.run["steps"] + 1) * len(s.symbols) for s in packed)
    piece = max(16, TRACE_BYTES // (largest * TRACE.itemsize)) if trace else CHUNK
    parts = []
    for start in range(0, len(ids), piece):
        these = ids[start : start + piece]
        outs = [simulate(s, these, trace=trace) for s in packed]
        parts.append(np.asarray(sample(*outs), float))
    return np.concatenate(parts)
