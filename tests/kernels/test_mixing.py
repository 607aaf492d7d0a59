"""Heavy tails: the mixing table against the law it stands for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from powderkeg.kernels.packing.mixing import mean_of, mixing_table, scores


@pytest.mark.parametrize(("dof", "cap"), [(3.0, 25.0), (4.0, 10.0), (8.0, 1e6)])
def test_the_mean_is_one(dof: float, cap: float) -> None:
    assert mean_of(mixing_table(dof, cap)) == pytest.approx(1, abs=1e-6)


def test_without_a_cap_a_mixture_is_a_student_t() -> None:
    rng = np.random.default_rng(11)
    variance = np.interp(rng.standard_normal(400_000), scores(), mixing_table(5.0, 1e6))
    returns = np.sqrt(variance) * rng.standard_normal(400_000)
    unit = stats.t(5.0, scale=np.sqrt(3 / 5))
    assert stats.kstest(returns, unit.cdf).pvalue > 1e-3


def test_the_cap_holds_and_the_table_rises() -> None:
    table = mixing_table(3.0, 9.0)
    assert (np.diff(table) >= 0).all()
    assert table.max() / table[-1] == 1
    uncapped = mixing_table(3.0, 1e12)
    assert table.max() < uncapped.max()


@pytest.mark.parametrize(("dof", "cap"), [(2.0, 10.0), (4.0, 1.0)])
def test_what_has_no_variance_is_refused(dof: float, cap: float) -> None:
    with pytest.raises(ValueError, match="must be above"):
        mixing_table(dof, cap)
