"""The issuer sells new shares into the rally."""

from typing import Any

import numpy as np
import pytest

from powderkeg.kernels.records import Channel
from tests.helpers.builders import packed
from tests.helpers.events import event, news
from tests.helpers.traces import DT, LOT, STILL, one_name, one_path


def test_the_issuer_sells_new_stock_above_its_threshold() -> None:
    """A share of volume a step, up to the maximum; what events issue counts towards it."""
    settings: dict[str, Any] = {**STILL, "issue_maximum": 0.02, "issue_participation": 0.5}
    settings |= {"adv": 0.08, "issue_threshold": 0.3}
    t = one_name(
        one_path(packed(channels=Channel.ISSUER, events=[news(0.2), news(0.3, 4)], **settings))
    )
    each = 0.5 * 0.08 * DT
    assert (t["issued"][:6] == 0).all()  # it sees the price of row 4 in row 5
    np.testing.assert_allclose(t["issued"][6:9], each * np.array([1, 2, 3]), atol=3 * LOT)
    assert t["issued"][-1] == pytest.approx(0.02, abs=LOT)
    assert t["elastic"][-1] - t["elastic"][0] == t["issued"][-1]
    both = Channel.ISSUER | Channel.PROGRAMMES
    stock = event("issuance", 0.24, 0, rows=3)  # two intraday steps
    t = one_name(one_path(packed(channels=both, events=[news(0.4), stock], **settings)))
    assert t["issued"][2] == pytest.approx(each + 0.03, abs=LOT)
    assert t["issued"][-1] == pytest.approx(each + 0.06, abs=2 * LOT)
