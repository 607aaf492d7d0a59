"""Docstrings of the public names: their sections, and examples that run in an empty folder.

An example finds a tiny book, its market, prices and a calm scenario beside it, and nothing else.
"""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path
from typing import get_type_hints

import pytest

import powderkeg

BOOK = "symbol,instrument_type,quantity\nGME,equity,-1000\n,cash,100000\n"
MARKET = (
    "# as_of: 2021-01-15\n"
    "symbol,price,float_shares,short_interest,borrow_fee,adv,volatility\n"
    "GME,35.5,5.144e7,6.178e7,.28,7.5e6,1.06\n"
)
SCENARIO = "id: calm\nhorizon_days: 2\nsteps_per_day: 4\n"

ARRAYS = ("ndarray", "NDArray", "DataArray", "Dataset", "DataTree")
WITHOUT_NUMBERS = {"run", "resume", "report"}  # return a path, or nothing
WITHOUT_FORMULA = {"open", "check", "report", "resume"}  # read or show what was computed
# prices of seven sessions and a market of their first close, for what learns from the past
PRICES = "date,close\n" + "".join(
    f"2021-01-{day},{price}\n"
    for day, price in zip((15, 19, 20, 21, 22, 25, 26), (35.5, 39.36, 39.12, 43.03, 65.01, 76.79,
                                                         147.98), strict=True)
)  # fmt: skip
FILES = {"book.csv": BOOK, "market.csv": MARKET, "calm.yaml": SCENARIO, "prices.csv": PRICES}
PUBLIC = sorted(name for name in powderkeg.__all__ if not name.startswith("__"))
FAILURES = {name for name in PUBLIC if inspect.isclass(getattr(powderkeg, name))
            and issubclass(getattr(powderkeg, name), BaseException)}  # fmt: skip


def missing(document: str, wanted: list[str]) -> list[str]:
    """Sections that a public docstring lacks, of those that are wanted."""
    heads = {line.partition(":")[0].strip() for line in document.splitlines()}
    return [each for each in wanted if not heads & {each, f"{each}s"}]


def lacks(name: str) -> list[str]:
    target = getattr(powderkeg, name)
    text = inspect.getdoc(target) or ""
    if inspect.isclass(target):
        return missing(text, ["Parameters", "Example"])
    wanted, returned = ["Parameters", "Raises", "Example"], get_type_hints(target)["return"]
    if returned is not type(None):
        wanted.append("Returns")
    if any(kind in str(returned) for kind in ARRAYS):
        wanted.append("Shape")
    if name not in WITHOUT_NUMBERS:
        wanted.append("Units")
    if name not in WITHOUT_FORMULA:
        wanted.append("Source")
    return missing(text, wanted)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name: str) -> None:
    assert inspect.getdoc(getattr(powderkeg, name)) and (name in FAILURES or lacks(name) == [])


def test_what_is_public_is_what_people_ask_for() -> None:
    asked = {"run", "resume", "open", "replay", "whatif", "reverse", "compare", "check", "report",
             "calibrate", "score"}  # fmt: skip
    assert asked == {name for name in PUBLIC if not inspect.isclass(getattr(powderkeg, name))}


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - FAILURES))
def test_examples_run_in_an_empty_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file, text in FILES.items():
        Path(file).write_text(text)
    tests = doctest.DocTestFinder(recurse=False).find(
        getattr(powderkeg, name), name, globs={"powderkeg": powderkeg}
    )
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    for test in tests:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
    assert any(test.examples for test in tests)


def test_what_is_missing_is_seen() -> None:
    whole = "Parameters\n---\nx\nReturns\n---\ny\nShape: (n,)\nUnits\nRaises\nExample\n>>> 1\n1"
    assert missing(whole, ["Parameters", "Returns", "Shape", "Units", "Raises", "Example"]) == []
    assert missing(whole, ["Source"]) == ["Source"]
    assert missing("Raises\nExamples\nReturns", ["Example", "Shape"]) == ["Shape"]
