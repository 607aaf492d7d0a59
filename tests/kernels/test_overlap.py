"""Overlaps of holders against the closed form for one and for two names."""

import numpy as np
import pytest

from powderkeg.kernels.probes.overlap import overlap
from tests.helpers.builders import packed
from tests.helpers.events import fund


def test_two_names_by_hand() -> None:
    """Cont & Schaanning's matrix, with the price impact M/E0 a float."""
    held = {"one": (-0.02, 0.03), "two": (0.01, 0.04)}
    value = {"one": (3.0, 5.0), "two": (2.4, 4.0)}  # prices as 3 to 5, as in the book
    p = packed(
        2,
        book_floats=(0.05, 0.02),
        book_weight=(-0.3, 0.2),
        elasticity=(1.5, 0.8),
        short_interest=0.3,
        funds=[fund(held[who], value[who][0]) for who in ("one", "two")],
    )
    found = overlap(p)
    assert found.shape == (3, 3)

    impact = np.array([1.5, 0.8]) / p.names["elastic0"][:2].astype(float)
    floats = np.array([[-0.05, 0.02], held["one"], held["two"]])
    of_funds = [np.multiply(held[who], value[who]).tolist() for who in ("one", "two")]
    weights = np.array([[-0.3, 0.2], *of_funds])
    for row in range(3):
        for column in range(3):
            expected = sum(weights[row, i] * impact[i] * floats[column, i] for i in range(2))
            assert found[row, column] == pytest.approx(expected, rel=1e-5)
    # The first fund is short and long as the book is: its end hurts the book.
    assert found[0, 1] > 0
    # The second is long what the book is short; what they share weighs less.
    assert found[0, 2] == pytest.approx(-0.3 * impact[0] * 0.01 + 0.2 * impact[1] * 0.04, rel=1e-5)


def test_a_short_squeezed_by_its_twin() -> None:
    """One name: a fund with the book's own position hurts it as its own unwinding does."""
    p = packed(book_floats=0.04, book_weight=-0.4, funds=[fund((-0.04,), 10.0)])
    found = overlap(p)
    impact = float(p.names["elasticity"][0] / p.names["elastic0"][0])
    np.testing.assert_allclose(found, 0.4 * 0.04 * impact, rtol=1e-5)


def test_without_funds_there_is_the_book_alone() -> None:
    found = overlap(packed(book_floats=0.04, book_weight=-0.4))
    assert found.shape == (1, 1)
    assert found[0, 0] > 0
