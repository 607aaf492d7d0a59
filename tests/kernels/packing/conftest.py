"""The small squeeze, packed once."""

import numpy as np
import numpy.typing as npt
import pytest

from tests.helpers.packs import pack
from tests.helpers.small_run import BOOK, CHAIN, MARKET, SQUEEZE


@pytest.fixture(scope="session")
def names() -> npt.NDArray[np.void]:
    """NAME records of the squeeze."""
    return pack(BOOK, MARKET, CHAIN, SQUEEZE, seed=7).names
