"""The lists that follow from the declarations of agents, and that a wrong one is seen."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from ctypes import CDLL
from pathlib import Path

import numpy as np
import pytest

from powderkeg.kernels.backends import native
from powderkeg.kernels.backends.native import Native
from powderkeg.kernels.holders import HOLDERS
from powderkeg.kernels.holders.crowd import call_delivery
from powderkeg.kernels.packed import INPUTS, OUTPUTS, Packed, Simulated
from powderkeg.kernels.packing.in_use import channels_in_use
from powderkeg.kernels.records import (
    ALL_CHANNELS,
    FIELDS,
    HOLDINGS,
    NAME,
    QUANTITIES_OF_NAMES,
    TRACE,
    Channel,
    channel_names,
)
from powderkeg.scenarios.agents import Channels
from tests.helpers import builders
from tests.helpers.everything import everything
from tests.helpers.host_gpu import COMPILER

MODEL = Path(__file__).parents[2] / "kernels" / "model"
REFERENCE = MODEL.parent / "reference"

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")


def test_nothing_is_declared_twice() -> None:
    for names in (
        [holder.name for holder in HOLDERS],
        [field.name for field in FIELDS],
        [each.name for each in QUANTITIES_OF_NAMES],
        [holding.quantity for holding in HOLDINGS],
        [switch.name for holder in HOLDERS for switch in holder.switches],
    ):
        assert len(set(names)) == len(names)


def test_channels_are_single_bits_that_stores_know() -> None:
    """Stores hold the bits, scenarios the names: neither may ever move."""
    assert [int(channel) for channel in Channel] == [1 << k for k in range(len(Channel))]
    assert int(ALL_CHANNELS) == (1 << len(Channel)) - 1
    assert set(channel_names()) == set(Channels.model_fields)
    bits = {"dealers": 1, "crowd": 2, "shorts": 16, "funds": 512, "leader": 8192, "book": 131072}
    assert {name: int(Channel[name.upper()]) for name in bits} == bits


def test_declarations_fit_together() -> None:
    quantities = {each.name: each for each in QUANTITIES_OF_NAMES}
    for each in quantities.values():
        assert not isinstance(each.start, str) or each.start in (NAME.names or ())
        assert each.traced or each.stored, f"{each.name} is nowhere"
    for holding in HOLDINGS:
        assert quantities[holding.quantity].undone, f"{holding.quantity} is traded"
        assert all(switch.lower() in channel_names() for switch in holding.switches)
        if holding.alone:
            assert (REFERENCE / f"{holding.law}.py").exists()
            assert f"FN Order {holding.quantity}_order(" in (MODEL / f"{holding.law}.h").read_text()


def test_a_laws_twin_has_the_same_stem() -> None:
    """A law is read twice, in a header and in NumPy, under one name."""
    places = (REFERENCE, REFERENCE.parent / "draws")
    python = {path.stem for place in places for path in place.glob("*.py")}
    headers = {path.stem for path in MODEL.glob("*.h")}
    for holding in HOLDINGS:
        assert not holding.law or holding.law in python & headers
    pairs = "anchor book borrow calls cancellation clearing clearing_rule crowd dealers derivatives"
    more = "funds issuer jumps leader levered_longs locked new_shorts orders pauses philox policy"
    last = "programmes restriction shorts state tails tilt timeline tolerance volatility"
    assert set(f"{pairs} {more} {last}".split()) <= python & headers


def test_a_launch_is_handed_over_by_name() -> None:
    packed = builders.gme_like(1, days=1, steps_per_day=2, options=None)
    out = Simulated.blank(packed, 3, trace=True)
    assert [array is getattr(packed, name) for name, array in packed.inputs().items()]
    members = [field[0] for field in native._Launch._fields_]
    assert members == [*INPUTS, "path_ids", "path_count", *OUTPUTS]
    assert list(out.outputs()) == list(OUTPUTS)


def swapped(text: str, macro: str, one: str, other: str) -> str:
    """The header with two entries of a list in each other's place."""
    begin = text.index(f"#define {macro}(X)")
    end = text.index("\n\n", begin)
    body = text[begin:end]
    assert f"X({one}" in body and f"X({other}" in body
    turned = re.sub(rf"\b({one}|{other})\b", lambda m: other if m[0] == one else one, body)
    return text[:begin] + turned + text[end:]


def without(text: str, macro: str, entry: str) -> str:
    begin = text.index(f"#define {macro}(X)")
    end = text.index("\n\n", begin)
    body = text[begin:end]
    cut = re.sub(rf" \\\n    X\({entry}\b[^)]*\)", "", body)
    assert cut != body
    return text[:begin] + cut + text[end:]


# A list, and what is done to it: every one changes what a path is.
MUTANTS: dict[str, Callable[[str], str]] = {
    "trace keeps one holding for another": lambda t: t.replace(
        "    float cohort;\n    float new_shorts;", "    float new_shorts;\n    float cohort;"
    ).replace("    float new_shorts;\n    float new_short_entry;\n",
              "    float cohort;\n    float new_short_entry;\n"),
    "starts with another's holding": lambda t: swapped(t, "STARTING_FIELDS", "cohort", "hedge"),
    "a record's fields in another order": lambda t: t.replace(
        "    float fails;\n    float worst_close_pnl;",
        "    float worst_close_pnl;\n    float fails;",
    ),
    "a holding is not undone": lambda t: without(t, "UNDONE_FIELDS", "cohort"),
    "a holder's order is left out": lambda t: without(t, "SWITCHED_HOLDERS", "book"),
    "a holder's sign": lambda t: t.replace(
        "X(levered, CHANNEL_LEVERED_LONGS, +)", "X(levered, CHANNEL_LEVERED_LONGS, -)"
    ),
}  # fmt: skip


def built(folder: Path, change: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Native:
    """The portable build of the model with a list changed; fails where it does not compile."""
    model = shutil.copytree(MODEL, folder / "model")
    text = (model / "records.h").read_text()
    (model / "records.h").write_text(change(text))
    library = folder / "model.so"
    flags = "-std=c++17 -O1 -ffp-contract=off -DPOWDERKEG_PORTABLE -w -shared -fPIC".split()
    assert COMPILER
    subprocess.run([COMPILER, *flags, "-o", library, model / "native.cpp"], check=True)
    loaded = CDLL(str(library))
    monkeypatch.setattr(native, "_load", lambda build: loaded)
    return Native("portable")


def same(one: Simulated, other: Simulated) -> bool:
    assert one.trace is not None and other.trace is not None
    return all(
        getattr(one, part).tobytes() == getattr(other, part).tobytes()
        for part in ("pnl", "paths", "closes", "peaks", "trace")
    )


@pytest.fixture(scope="module")
def packed() -> Packed:
    """Every agent, an option chain, and a trade cancellation after some trading."""
    scenario = everything(2, days=5, steps_per_day=4, expiry_every=2)
    assert channels_in_use(scenario) == ALL_CHANNELS
    return scenario


@needs_compiler
def test_without_a_mistake_nothing_changes(
    packed: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = builders.path_ids(64)
    right = native.simulate(packed, ids, trace=True)
    assert same(right, built(tmp_path, lambda t: t, monkeypatch).simulate(packed, ids, trace=True))


@needs_compiler
@pytest.mark.parametrize("mistake", MUTANTS)
def test_a_wrong_list_is_seen(
    mistake: str, packed: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either it does not compile or it changes what a path is, and the other tests see that."""
    ids = builders.path_ids(64)
    right = native.simulate(packed, ids, trace=True)
    text = (MODEL / "records.h").read_text()
    assert MUTANTS[mistake](text) != text
    try:
        wrong = built(tmp_path, MUTANTS[mistake], monkeypatch)
    except subprocess.CalledProcessError:
        return
    assert not same(right, wrong.simulate(packed, ids, trace=True))


def test_a_trace_has_every_quantity_that_is_declared() -> None:
    out = builders.gme_like(1, days=1, steps_per_day=2, options=None)
    trace = native.simulate(out, np.arange(4, dtype=np.uint64), trace=True).trace
    assert trace is not None and trace.dtype == TRACE
    assert TRACE.names == tuple(each.name for each in QUANTITIES_OF_NAMES if each.traced)


def test_a_part_too_small_to_tell_is_not_rolled() -> None:
    """All is exercised but 1e-313: nothing is closed out, so nothing of it is rolled early."""
    found = call_delivery(1e-313, 1.0, 1.0, ladder=True)
    assert found["call_kept"] == 1 and found["call_roll_early"] == 0
