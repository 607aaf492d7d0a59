"""The search for the nearest point, against surfaces whose nearest point is known."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from powderkeg.engine.reverse.nearest import NARROW, REACH, Floats, Search
from powderkeg.results.measures.statistics import Estimate

ERROR = 1e-6
FREE = np.full(3, np.inf)


def search(
    measure: Callable[[Floats], float | None],
    target: float,
    low: Floats = -FREE,
    high: Floats = FREE,
) -> Search:
    def evaluate(points: list[Floats]) -> list[Estimate | None]:
        values = [measure(point) for point in points]
        return [None if v is None else Estimate(v, ERROR, v, v) for v in values]

    return Search(evaluate, low, high, target)


def test_a_plane_is_reached_along_its_normal() -> None:
    slopes = np.array([0.1, -0.2, 0.05])
    found = search(lambda u: 0.3 + float(slopes @ u), 0.6)
    alone = found.along_axes()
    assert [None if a is None else a.point[i] for i, a in enumerate(alone)] == [
        pytest.approx(3.0, abs=1e-3),
        pytest.approx(-1.5, abs=1e-3),
        None,  # 6 units away
    ]
    for reached in alone[:2]:
        assert reached is not None
        slope = 0.3 / reached.distance
        assert reached.error == pytest.approx(ERROR / slope, rel=1e-3)
    joint = found.jointly(alone)
    assert joint is not None
    assert joint.distance == pytest.approx(0.3 / np.linalg.norm(slopes), rel=1e-3)
    assert joint.point == pytest.approx(0.3 * slopes / (slopes @ slopes), abs=2e-3)


def test_a_curved_surface_has_its_nearest_point_where_the_normal_goes_through_the_base() -> None:
    """(u + 1)^2 + 4 v^2 = 9, nearest to 0: |v|, by Lagrange u = 1/3, v^2 = 65/36."""
    found = search(lambda u: (u[0] + 1) ** 2 + 4 * u[1] ** 2 + u[1] * 1e-3, 9.0)
    joint = found.jointly(found.along_axes())
    assert joint is not None
    assert joint.distance == pytest.approx(math.sqrt(1 / 9 + 65 / 36), rel=0.01)


def test_what_is_beyond_the_target_is_moved_back() -> None:
    found = search(lambda u: math.exp(0.5 * u[0]), 0.5)
    (reached, *others) = found.along_axes()
    assert reached is not None and others == [None, None]
    assert reached.point[0] == pytest.approx(2 * math.log(0.5), abs=NARROW)
    joint = found.jointly([reached, None, None])
    assert joint is not None and joint.point == pytest.approx(reached.point, abs=1e-2)


def test_the_nearer_of_two_ways_is_taken() -> None:
    found = search(lambda u: (u[0] - 0.2) ** 2, 0.5)
    (reached, *_) = found.along_axes()
    assert reached is not None
    assert reached.point[0] == pytest.approx(0.2 - math.sqrt(0.5), abs=1e-3)


def test_a_limit_is_kept_and_the_rest_goes_further() -> None:
    """u + v = 3 with u <= 1/2: (1/2, 5/2)."""
    high = np.array([0.5, np.inf, np.inf])
    found = search(lambda u: u[0] + u[1], 3.0, high=high)
    alone = found.along_axes()
    assert alone[0] is None
    joint = found.jointly(alone)
    assert joint is not None
    assert joint.point == pytest.approx([0.5, 2.5, 0], abs=1e-2)


def test_where_the_model_cannot_go_an_axis_ends() -> None:
    def measure(u: Floats) -> float | None:
        return None if u[0] > 1.7 or u[1] > 1.7 else float(u[0] + 0.5 * u[1])

    near, far = search(measure, 0.9), search(measure, 1.75)
    one, two, _ = near.along_axes()
    assert one is not None and one.point[0] == pytest.approx(0.9, abs=1e-3)
    assert two is None
    assert far.along_axes() == [None] * 3


def test_nothing_is_reached_where_nothing_moves() -> None:
    found = search(lambda _: 0.1, 0.2)
    alone = found.along_axes()
    assert alone == [None] * 3 and found.jointly(alone) is None
    assert all(np.abs(point).max() <= REACH[-1] for point in found.values)
    assert all(np.count_nonzero(point) <= 1 for point in found.values)


def test_a_step_function_is_met_as_near_as_its_grain() -> None:
    """VaR of a sample is one of its losses: the root is a bracket that cannot be narrowed."""
    found = search(lambda u: math.floor(10 * u[0]) / 10, 0.55)
    (reached, *_) = found.along_axes()
    assert reached is not None and reached.point[0] == pytest.approx(0.6, abs=0.03)
