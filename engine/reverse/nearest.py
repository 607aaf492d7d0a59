"""The smallest move at which a measure reaches a target: along each axis, and over all at once.

A point is a vector of units, the base is 0. Along an axis, and along any ray, steps of 1, 2 and 4
units look for a change of sign, which is then narrowed. Jointly it is the
design point of first-order reliability (Hasofer & Lind 1974; Rackwitz & Fiessler 1978): the nearest
point of the surface g = measure - target, found by going to the nearest point of the surface made
linear at the last one,

    min |v|^2  with  grad g . (v - u) + g(u) = 0  within the limits:   v = clip(lambda grad g)

and back to the true surface along the ray through v. It starts at the best axis and only ever
comes nearer. All values are on the same random numbers, so g is smooth up to the grain of the
sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ...results.measures.statistics import Estimate

Floats = npt.NDArray[np.float64]
Evaluate = Callable[[list[Floats]], list[Estimate | None]]

REACH = (1.0, 2.0, 4.0)
"""Units at which a crossing is looked for; nothing further is."""
CLOSE, NARROW = 0.1, 0.02
"""A root is found at so many standard errors of the measure, or in a bracket of so many units."""
ROUNDS, STEPS = 8, 6
STEP = 0.5
"""Units of a difference that stands for a slope."""
WORTH = 0.99
"""A step that does not bring the distance below this part of it ends the search."""


@dataclass(frozen=True)
class Reached:
    """Where the target is reached: `distance` |point| in units with its standard error, `value`
    what the measure is there."""

    point: Floats
    distance: float
    error: float
    value: Estimate


@dataclass
class Ray:
    """What is known of the measure along a direction: t -> value less target."""

    direction: Floats
    most: float
    known: dict[float, float] = field(default_factory=dict)

    def crossing(self) -> tuple[float, float] | None:
        """The two nearest t between which the target is reached, the inner one first."""
        at = sorted(self.known)
        for low, high in pairwise(at):
            if self.known[at[0]] * self.known[high] <= 0:
                return low, high
        return None

    def slope(self, t: float, width: float = 0.25) -> float:
        """Secant over at least `width` on both sides of t where so much is known."""
        at = sorted(self.known)
        low = max((x for x in at if x <= t - width), default=at[0])
        high = min((x for x in at if x >= t + width), default=at[-1])
        return (self.known[high] - self.known[low]) / (high - low) if high > low else math.nan


class Search:
    """Points and their values, each evaluated once. `low`, `high` (axes,) limit what is tried."""

    def __init__(self, evaluate: Evaluate, low: Floats, high: Floats, target: float) -> None:
        self.evaluate, self.target = evaluate, target
        self.low = np.maximum(low, -REACH[-1])
        self.high = np.minimum(high, REACH[-1])
        self.values: dict[tuple[float, ...], Estimate | None] = {}
        self.base = self.at([np.zeros(len(low))])[0]

    def at(self, points: Sequence[Floats]) -> list[Estimate | None]:
        """Values at points, None where the model cannot go."""
        keys = [tuple(float(x) + 0.0 for x in point) for point in points]
        new = [key for key in dict.fromkeys(keys) if key not in self.values]
        if new:
            found = self.evaluate([np.array(key) for key in new])
            self.values.update(zip(new, found, strict=True))
        return [self.values[key] for key in keys]

    def along_axes(self) -> list[Reached | None]:
        """The smallest move along each axis, either way; None where nothing reaches the target."""
        assert self.base is not None
        rays = []
        for axis in range(len(self.low)):
            for sign, most in ((1.0, self.high[axis]), (-1.0, -self.low[axis])):
                direction = np.zeros(len(self.low))
                direction[axis] = sign
                rays.append(Ray(direction, float(most), {0.0: self.base.value - self.target}))
        for reach in REACH:
            asked = [
                ray
                for one, other in zip(rays[::2], rays[1::2], strict=True)
                if not (one.crossing() or other.crossing())
                for ray in (one, other)
            ]
            self.look(asked, reach)
        self.narrow(rays)
        found = []
        for pair in zip(rays[::2], rays[1::2], strict=True):
            both = [r for ray in pair if (r := self.reached(ray)) is not None]
            found.append(min(both, key=lambda r: r.distance, default=None))
        return found

    def look(self, rays: Sequence[Ray], reach: float) -> None:
        """Evaluate rays at a reach, or at their end where that is nearer and new."""
        asked = [(ray, min(reach, ray.most)) for ray in rays]
        asked = [(ray, t) for ray, t in asked if t > max(ray.known)]
        self.add(asked)

    def add(self, asked: Sequence[tuple[Ray, float]]) -> None:
        """Evaluate rays at t; a ray ends before a place where the model cannot go."""
        values = self.at([t * ray.direction for ray, t in asked])
        for (ray, t), value in zip(asked, values, strict=True):
            if value is None:
                ray.most = min(ray.most, max(ray.known))
            else:
                ray.known[t] = value.value - self.target

    def narrow(self, rays: Sequence[Ray]) -> None:
        """Close in on every crossing, one evaluation each a round: by turns where the chord
        crosses, and in the middle."""
        for turn in range(ROUNDS):
            asked = []
            for ray in rays:
                ends = ray.crossing()
                if ends is None or self.done(ray, ends):
                    continue
                low, high = ends
                chord = ray.known[low] / (ray.known[low] - ray.known[high])
                part = 0.5 if turn % 2 else min(max(chord, 0.05), 0.95)
                asked.append((ray, low + part * (high - low)))
            if not asked:
                return
            self.add(asked)

    def done(self, ray: Ray, ends: tuple[float, float]) -> bool:
        """Whether the better end is on the target within a tenth of the measure's error."""
        best = min(ends, key=lambda t: abs(ray.known[t]))
        value = self.at([best * ray.direction])[0]
        assert value is not None
        near = abs(ray.known[best]) <= CLOSE * value.standard_error
        return best > 0 and (near or ends[1] - ends[0] <= NARROW)

    def reached(self, ray: Ray) -> Reached | None:
        """The end of a ray's crossing that is nearest to the target."""
        ends = ray.crossing()
        if ends is None:
            return None
        t = min((t for t in ends if t > 0), key=lambda t: abs(ray.known[t]))
        point = t * ray.direction
        value = self.at([point])[0]
        assert value is not None
        size = float(np.linalg.norm(ray.direction))
        slope = ray.slope(t, 0.25 / size) / size
        error = value.standard_error / abs(slope) if slope else math.inf
        return Reached(point, t * size, error, value)

    def jointly(self, alone: Sequence[Reached | None]) -> Reached | None:
        """The nearest point over all axes, never further than the best axis alone."""
        assert self.base is not None
        best = min(
            (each for each in alone if each is not None), key=lambda r: r.distance, default=None
        )
        gap = self.base.value - self.target
        base = np.zeros(len(self.low))
        start = self.linear(base, gap, self.gradient(base))
        if start is not None:
            best = self.nearer(start, best.distance if best else math.inf) or best
        if best is None:
            return None
        for _ in range(STEPS):
            v = self.linear(best.point, best.value.value - self.target, self.gradient(best.point))
            if v is None:
                return best
            found = self.nearer(v, best.distance) or self.nearer(
                (v + best.point) / 2, best.distance
            )
            if found is None:
                return best
            best = found
        return best

    def nearer(self, v: Floats, distance: float) -> Reached | None:
        """Where the ray through v crosses the surface, if that is worth it against `distance`."""
        assert self.base is not None
        if not v.any():
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.where(v > 0, self.high / v, np.where(v < 0, self.low / v, np.inf))
        ray = Ray(v, float(ends.min()), {0.0: self.base.value - self.target})
        for t in (1.0, 1.25, 1.6, 2.5):
            self.look([ray], t)
            if ray.crossing():
                break
        self.narrow([ray])
        found = self.reached(ray)
        return found if found is not None and found.distance < WORTH * distance else None

    def gradient(self, point: Floats) -> Floats:
        """Slopes of the measure per unit by one step along each axis; over both sides at the base,
        whose neighbours are known."""
        steps = []
        for axis, at in enumerate(point):
            ends = {1.0: self.high[axis], -1.0: self.low[axis]}
            if not point.any():
                steps += [(axis, sign * min(REACH[0], abs(end))) for sign, end in ends.items()]
            else:  # away from the base, unless a limit is there
                sign = -1.0 if at < 0 else 1.0
                sign = sign if abs(ends[sign] - at) >= STEP / 2 else -sign
                steps.append((axis, sign * min(STEP, abs(ends[sign] - at))))
        moved = [point + step * np.eye(len(point))[axis] for axis, step in steps]
        centre, *values = self.at([point, *moved])
        assert centre is not None
        slopes: list[list[float]] = [[] for _ in point]
        for (axis, step), value in zip(steps, values, strict=True):
            if value is not None and step:
                slopes[axis].append((value.value - centre.value) / step)
        return np.array([np.mean(each) if each else 0.0 for each in slopes])

    def linear(self, u: Floats, g: float, gradient: Floats) -> Floats | None:
        """The nearest point of the surface made linear at u, within the limits; None if none is.

        grad . clip(lambda grad) rises with lambda, so the root is bracketed and bisected.
        """
        wanted = float(gradient @ u) - g

        def reaches(scale: float) -> float:
            return float(gradient @ np.clip(scale * gradient, self.low, self.high))

        size = float(gradient @ gradient)
        if size == 0:
            return None
        end = math.copysign(2 * REACH[-1] / np.abs(gradient[gradient != 0]).min(), wanted)
        if abs(reaches(end)) < abs(wanted):
            return None
        low, high = 0.0, end
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if abs(reaches(middle)) < abs(wanted) else (low, middle)
        return np.clip(high * gradient, self.low, self.high)
