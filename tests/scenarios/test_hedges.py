"""A short of an index, and futures, are hedges: no scenario squeezes them as one of the shorts."""

from pathlib import Path

import numpy as np
import pytest

from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.scenario import pack
from powderkeg.scenarios import (
    Chain,
    InputError,
    bind,
    load_book,
    load_market,
    load_scenarios,
    shifted_market,
)

MARKET = """\
# as_of: 2021-01-15
symbol,security_type,price,float_shares,short_interest,borrow_fee,adv,volatility
GME,,40,1e6,3e5,.2,1e5,1.06
BB,stock,10,1e6,3e5,.2,1e5,.7
SPY,INDEX,375,9e8,1e8,.003,7e7,.16
IWM,{type},210,3e8,1e8,.003,7e7,.2
"""
BOOK = """\
symbol,instrument_type,quantity,multiplier,strike,expiry
GME,equity,-1e4,,,
SPY,equity,-2e3,,,
IWM,equity,-1e3,,,
BB,{bb}
,cash,1e7,,,
"""
SHORT, FUTURE, PUT = "equity,-1e4,,,", "future,-100,100,,", "put,100,,9,2021-02-19"
STORY = """\
base: crowded-basket
timeline:
- {type: margin_rate, names: shorts, day: 1, size: 1.0}
market_shifts:
- {symbol: shorts, field: adv, type: relative, size: 1.0}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(iwm: str, bb: str) -> None:
    Path("market.csv").write_text(MARKET.format(type=iwm))
    Path("book.csv").write_text(BOOK.format(bb=bb))
    Path("story.yaml").write_text(STORY)


def squeezed(iwm: str, bb: str = SHORT) -> tuple[frozenset[str], Packed, set[str]]:
    """The book's shorts, the packed story, and whose volume the story doubles."""
    written(iwm, bb)
    market = load_market("market.csv")
    book = load_book("book.csv", market)
    (story,) = load_scenarios(["story.yaml"], market, book)
    shifted = shifted_market(story, market, book)
    more = {s for s in market.rows if shifted[s].adv > market[s].adv}
    return book.shorts, pack(bind(story, book, market, Chain()), seed=1), more


@pytest.mark.parametrize(
    ("iwm", "bb", "shorts"),
    [
        ("index", SHORT, {"BB", "GME"}),
        ("", SHORT, {"BB", "GME", "IWM"}),  # nothing is guessed from a ticker
        ("index", FUTURE, {"GME"}),
        ("index", PUT, {"BB", "GME"}),
    ],
)
def test_what_a_story_does_to_shorts_spares_hedges(iwm: str, bb: str, shorts: set[str]) -> None:
    found, packed, more = squeezed(iwm, bb)
    assert found == more == shorts
    mine = np.array([s in shorts for s in packed.symbols])
    names = packed.names[: len(mine)]
    for field in ("attention0", "attention_share"):
        np.testing.assert_array_equal(names[field] > 0, mine, err_msg=field)
    held = names["book0"] != 0  # a margin event speaks of shares
    np.testing.assert_array_equal(packed.event_sizes[: len(mine), 0] > 0, mine & held)


def test_another_word_is_refused() -> None:
    written("etf", SHORT)
    with pytest.raises(InputError) as error:
        load_market("market.csv")
    assert str(error.value) == (
        'market.csv: row 6, security_type: "etf" is not known; give stock or index'
    )
