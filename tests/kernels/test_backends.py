"""Which back end is taken, and what is said when it is not the one expected."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from powderkeg.kernels import CHOICES, BackendUnavailable, backend, backends, why_not
from powderkeg.kernels.packed import Simulate


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No answer is kept from or for another test."""
    backend.cache_clear()
    yield
    backend.cache_clear()


def break_down(monkeypatch: pytest.MonkeyPatch, name: str, reason: str) -> None:
    """The back end cannot run here, for a reason."""

    def unavailable() -> tuple[str, Simulate]:
        raise BackendUnavailable(reason)

    broken = replace(backends.KINDS[name], open=unavailable)
    monkeypatch.setitem(backends.KINDS, name, broken)


def test_auto_takes_the_fastest_that_works() -> None:
    chosen = backend("auto")
    usable = [name for name in CHOICES[1:] if why_not(name) is None]
    assert chosen.name == usable[0]
    assert usable[-1] == "reference"


def test_auto_says_when_only_the_reference_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    break_down(monkeypatch, "cuda", "no GPU")
    break_down(monkeypatch, "native", "it does not load")
    chosen = backend("auto")
    assert chosen.name == "reference"
    assert chosen.note == (
        "no native library (it does not load); using the NumPy reference, many times slower"
    )


def test_a_named_back_end_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    break_down(monkeypatch, "native", "it does not load")
    with pytest.raises(BackendUnavailable, match="it does not load"):
        backend("native")
    assert why_not("native") == "it does not load"
    assert why_not("reference") is None


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="'gpu' is not one of auto, cuda, native, reference"):
        backend("gpu")
