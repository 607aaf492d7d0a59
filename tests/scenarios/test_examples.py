"""Examples in the docstrings of the loaders run in a folder with a book, a market, a scenario."""

import doctest
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from powderkeg.scenarios import bind, load_book, load_chain, load_market, load_scenarios

FILES = {
    "book.csv": "symbol,instrument_type,quantity\nGME,equity,-1000\n,cash,100000\n",
    "market.csv": "# as_of: 2021-01-15\n"
    "symbol,price,float_shares,short_interest,borrow_fee,adv,volatility\n"
    "GME,35.5,5.144e7,6.178e7,.28,7.5e6,1.06\n",
    "calm.yaml": "id: calm\nhorizon_days: 2\nsteps_per_day: 4\n",
}


@pytest.mark.parametrize("public", [bind, load_book, load_chain, load_market, load_scenarios])
def test_examples_run(
    public: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file, text in FILES.items():
        Path(file).write_text(text)
    document = inspect.getdoc(public) or ""
    assert {"Parameters", "Returns", "Raises", "Example"} <= set(document.splitlines())
    (test,) = doctest.DocTestFinder(recurse=False).find(public, globs={})
    said: list[str] = []
    assert test.examples
    assert doctest.DocTestRunner().run(test, out=said.append).failed == 0, "".join(said)
