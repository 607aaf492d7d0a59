"""The results store: who may read it, what it refuses, and what its bytes depend on."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from powderkeg.results import (
    StoreError,
    check_commit,
    create_store,
    finish_store,
    missing_blocks,
    open_results,
    store_digest,
    write_block,
)
from powderkeg.results.store.durable import Staged, write_file, write_files
from powderkeg.results.store.fields import BLOCK_VARIABLES, NEVER
from powderkeg.results.store.records import chunk_key, read_record
from powderkeg.results.store.schema import StoreSpec
from powderkeg.results.testing import all_blocks, made_up_block, made_up_spec, made_up_store


@pytest.fixture(scope="module", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """A test machine's disk takes 10 ms to flush a file, and a test cannot see whether it did."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(scope="module")
def spec() -> StoreSpec:
    return made_up_spec(symbols=("AMC", "GME"), paths=2500, block_size=1000, days=4)


@pytest.fixture(scope="module")
def finished(spec: StoreSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "finished.zarr"
    made_up_store(path, spec)
    return path


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy.zarr"))


@pytest.fixture
def started(spec: StoreSpec, tmp_path: Path) -> Path:
    path = tmp_path / "started.zarr"
    create_store(path, spec)
    return path


@pytest.mark.slow
def test_everything_written_is_read_back(finished: Path, spec: StoreSpec) -> None:
    tree = open_results(finished)
    losses, histograms, counts = (
        tree[group].to_dataset() for group in ("losses", "histograms", "counts")
    )
    for scenario, block in all_blocks(spec):
        arrays = made_up_block(spec, scenario, block)
        paths = slice(block * spec.block_size, (block + 1) * spec.block_size)
        for name in BLOCK_VARIABLES:
            if name in histograms or name in counts:
                group = histograms if name in histograms else counts
                found = group[name].isel(scenario=scenario, block=block).values
            else:
                found = losses[name].isel(scenario=scenario, path=paths).values
            np.testing.assert_array_equal(found, arrays[name])
            assert found.dtype == arrays[name].dtype
    assert [str(s) for s in losses["scenario"].values] == list(spec.scenarios)
    assert list(losses["path"].values) == list(range(spec.paths))
    texts = [str(t) for t in tree["inputs"].to_dataset()["text"].values]
    assert texts == [file.text for file in spec.inputs]  # BOM and CRLF and all


def test_the_store_opens_without_powderkeg(finished: Path, tmp_path: Path) -> None:
    code = """
import sys
class Refuse:
    def find_spec(self, name, *rest):
        if name.split(".")[0] == "powderkeg":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import warnings
warnings.simplefilter("error")
import xarray as xr
tree = xr.open_datatree(sys.argv[1], engine="zarr", consolidated=False)
assert tree.attrs["commit"] and "Losses are positive" in tree.attrs["conventions"]
es = tree["measures"].to_dataset()["estimate"].sel(measure="es_95_day_4", feedback="on")
print(float(es[0]), float(-tree["losses"].to_dataset()["pnl"].min(skipna=False)))
"""
    command = [sys.executable, "-c", code, str(finished)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    es, worst = map(float, done.stdout.split())
    assert 0 < es < worst


def test_every_variable_says_what_it_is(finished: Path) -> None:
    seen = 0
    for group in xr.open_datatree(finished, engine="zarr", consolidated=False).subtree:
        assert group.path == "/" or group.attrs["title"]
        for name, variable in group.to_dataset(inherit=False).variables.items():
            for attribute in ("units", "long_name", "description"):
                assert variable.attrs.get(attribute), f"{group.path}/{name}: no {attribute}"
            seen += 1
    assert seen > 60


def test_only_margin_call_days_may_be_nan(finished: Path) -> None:
    losses = open_results(finished)["losses"].to_dataset()
    for name in losses.data_vars:
        assert bool(np.isnan(losses[name].values).any()) == (name in NEVER)


def test_order_and_repetition_of_blocks_do_not_change_bytes(
    finished: Path, spec: StoreSpec, tmp_path: Path
) -> None:
    other = tmp_path / "other.zarr"
    create_store(other, spec)
    blocks = all_blocks(spec)
    for scenario, block in [*reversed(blocks), blocks[1], blocks[0]]:
        write_block(other, scenario, block, made_up_block(spec, scenario, block))
    finish_store(other, {"finished": "another day", "device": "another device"})
    assert store_digest(other) == store_digest(finished)
    finish_store(other)  # repeating the last step changes nothing either
    assert store_digest(other) == store_digest(finished)
    changed = made_up_spec(symbols=("AMC", "GME"), paths=2500, block_size=1000, days=4, equity=1.0)
    made_up_store(tmp_path / "changed.zarr", changed)
    assert store_digest(tmp_path / "changed.zarr") != store_digest(finished)


def test_an_unfinished_store_is_refused(started: Path, spec: StoreSpec) -> None:
    with pytest.raises(StoreError, match=r"not finished \(no commit record\).*resume"):
        open_results(started)
    assert missing_blocks(started) == all_blocks(spec)
    for scenario, block in all_blocks(spec)[:-1]:
        write_block(started, scenario, block, made_up_block(spec, scenario, block))
    assert missing_blocks(started) == [(1, 2)]
    with pytest.raises(StoreError, match="scenario 1, block 2 was never finished"):
        finish_store(started)
    with pytest.raises(StoreError, match="not finished"):
        open_results(started)


def test_what_is_not_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a powderkeg results store"):
        open_results(tmp_path)


def test_nothing_is_ever_overwritten(finished: Path, spec: StoreSpec, tmp_path: Path) -> None:
    before = store_digest(finished)
    with pytest.raises(StoreError, match="exists; results are never overwritten"):
        create_store(finished, spec)
    assert store_digest(finished) == before
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(StoreError, match="exists"):
        create_store(empty, spec)
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]


def _flip(place: Path, bit: int) -> None:
    raw = bytearray(place.read_bytes())
    raw[bit // 8 % len(raw)] ^= 1 << bit % 8
    place.write_bytes(raw)


DAMAGE: dict[str, Callable[[Path, Path], object]] = {
    "flipped bit": lambda a, b: _flip(a, 12345),
    "missing": lambda a, b: a.unlink(),
    "truncated": lambda a, b: a.write_bytes(a.read_bytes()[:-5]),
    "empty": lambda a, b: a.write_bytes(b""),
    "swapped": lambda a, b: (a.rename(a.with_name("t")), b.rename(a), a.with_name("t").rename(b)),
}


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["pnl", "margin_call_day", "closes"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_to_a_block_is_found(
    copy: Path, spec: StoreSpec, damage: str, variable: str
) -> None:
    one, two = (copy / chunk_key(variable, 0, block) for block in (0, 1))
    DAMAGE[damage](one, two)
    with pytest.raises(StoreError, match=f"{variable} of scenario 0, block"):
        open_results(copy)
    assert (0, 0) in missing_blocks(copy)
    with pytest.raises(StoreError, match="scenario 0, block"):
        finish_store(copy)  # a damaged store is never sealed again
    for scenario, block in missing_blocks(copy):  # and running what is missing repairs it
        write_block(copy, scenario, block, made_up_block(spec, scenario, block))
    finish_store(copy)
    open_results(copy)


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty"])
def test_gross_damage_is_found_without_reading_the_blocks(copy: Path, damage: str) -> None:
    DAMAGE[damage](copy / chunk_key("pnl_calm", 0, 1), copy)
    with pytest.raises(StoreError, match="pnl_calm of scenario 0, block 1"):
        open_results(copy, verify=False)


def test_a_flipped_bit_in_any_file_is_found(copy: Path) -> None:
    rng = np.random.default_rng(11)
    files = sorted(p for p in copy.rglob("*") if p.is_file())
    for place in rng.choice(np.array(files), 60, replace=False):
        raw = place.read_bytes()
        _flip(place, int(rng.integers(8 * len(raw))))
        with pytest.raises(StoreError):
            check_commit(copy)
        place.write_bytes(raw)
    check_commit(copy)


def test_zarr_itself_refuses_a_flipped_bit(copy: Path) -> None:
    """A reader without powderkeg is warned by crc32c, which stands last in every chain."""
    for variable in ("pnl", "floor_names", "closes", "peaks"):
        _flip(copy / chunk_key(variable, 0, 0), 999)
    tree = xr.open_datatree(copy, engine="zarr", consolidated=False)
    for name in ("losses/pnl", "losses/floor_names", "histograms/closes", "histograms/peaks"):
        with pytest.raises(ValueError, match="checksum"):
            tree[name].isel(scenario=0).load()


def test_edited_attributes_are_found(copy: Path) -> None:
    metadata = json.loads((copy / "zarr.json").read_text())
    metadata["attributes"]["equity"] *= 10
    (copy / "zarr.json").write_text(json.dumps(metadata))
    with pytest.raises(StoreError, match="attributes of the store are not those committed"):
        open_results(copy)


def test_a_block_of_another_run_is_refused(finished: Path, spec: StoreSpec, tmp_path: Path) -> None:
    other = tmp_path / "other.zarr"
    create_store(other, made_up_spec(**{**_fields(spec), "fingerprint": "another"}))
    for folder in ("losses", "histograms", "blocks"):
        shutil.copytree(finished / folder, other / folder, dirs_exist_ok=True)
    with pytest.raises(StoreError, match="of another run"):
        finish_store(other)


def _fields(spec: StoreSpec) -> dict[str, Any]:
    return {n: getattr(spec, n) for n in ("scenarios", "symbols", "paths", "block_size", "days")}


def test_the_same_block_with_other_numbers_is_refused(started: Path, spec: StoreSpec) -> None:
    arrays = made_up_block(spec, 0, 0)
    record = write_block(started, 0, 0, arrays)
    arrays["pnl"] = arrays["pnl"] + np.float32(1e-6)
    with pytest.raises(StoreError, match="exists with other results"):
        write_block(started, 0, 0, arrays)
    assert read_record(started, 0, 0) == record
    assert (0, 0) not in missing_blocks(started)


def _spoil(arrays: dict[str, np.ndarray], name: str, value: float) -> None:
    arrays[name] = arrays[name].copy()
    arrays[name].flat[3] = value


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: _spoil(a, "pnl", np.nan), "pnl has a value that is not finite"),
        (lambda a: _spoil(a, "margin_call_day", np.inf), "not finite"),
        (lambda a: _spoil(a, "closes", 7), "counts of closes do not add up to 1000 paths"),
        (lambda a: a.update(pnl=a["pnl"].astype("f8")), "pnl must be float32"),
        (lambda a: a.update(pnl=a["pnl"][:, 1:]), "pnl must be float32 .3, 1000."),
        (lambda a: a.pop("fails"), "missing or unknown variables fails"),
        (lambda a: a.update(extra=a["fails"]), "missing or unknown variables extra"),
    ],
)
def test_bad_arrays_never_reach_the_disk(
    started: Path, spec: StoreSpec, spoil: Callable[[dict[str, object]], object], message: str
) -> None:
    before = store_digest(started)
    arrays = made_up_block(spec, 0, 0)
    spoil(arrays)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=f"scenario 0, block 0.*{message}"):
        write_block(started, 0, 0, arrays)
    assert store_digest(started) == before


@pytest.mark.parametrize(("scenario", "block"), [(2, 0), (0, 3), (-1, 0), (0, -1)])
def test_a_block_outside_the_store_is_refused(
    started: Path, spec: StoreSpec, scenario: int, block: int
) -> None:
    with pytest.raises(StoreError, match="no such block"):
        write_block(started, scenario, block, made_up_block(spec, 0, 0))


@pytest.mark.parametrize(
    "changes",
    [
        {"scenarios": ("a", "a")},
        {"symbols": ("GME", "GME")},
        {"scenarios": ()},
        {"horizons": (3, 2)},
        {"horizons": (1, 99)},
        {"paths": 0},
        {"equity": 0.0},
        {"equity": float("nan")},
        {"loop_gain": np.zeros((1, 1, 1))},
    ],
)
def test_an_inconsistent_specification_leaves_nothing(
    changes: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(StoreError):
        create_store(tmp_path / "x.zarr", made_up_spec(**changes))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_files_are_for_the_owner_only(finished: Path) -> None:
    modes = {p.stat().st_mode & 0o077 for p in [finished, *finished.rglob("*")]}
    assert modes == {0}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "file"
    write_file(place, b"old")

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_file(place, b"new")
    assert place.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_write_that_dies_before_its_record_counts_for_nothing(
    started: Path, spec: StoreSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every k-th file of a block fails once; the block is missing, and the next attempt heals."""
    import powderkeg.results.store.durable as durable

    real, arrays = durable.write_file, made_up_block(spec, 0, 0)
    for k in range(len(BLOCK_VARIABLES) + 1):
        calls = iter(range(1000))

        def flaky(path: Path, content: bytes, k: int = k, calls: object = calls) -> None:
            if next(calls) == k:  # type: ignore[call-overload]
                raise OSError(5, "Input/output error")
            real(path, content)

        monkeypatch.setattr(durable, "write_file", flaky)
        with pytest.raises(OSError, match="Input/output"):
            write_block(started, 0, 0, arrays)
        assert (0, 0) in missing_blocks(started)
    monkeypatch.setattr(durable, "write_file", real)
    write_block(started, 0, 0, arrays)
    assert (0, 0) not in missing_blocks(started)


def test_leftovers_of_killed_writers_are_removed(started: Path, spec: StoreSpec) -> None:
    for scenario, block in all_blocks(spec):
        write_block(started, scenario, block, made_up_block(spec, scenario, block))
    left = started / "losses" / "pnl" / "c" / "0" / "0" / "0.partial-00"
    left.write_bytes(b"half")
    finish_store(started)
    assert not left.exists()


def test_a_file_is_flushed_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, seen = tmp_path / "folder" / "file", []
    monkeypatch.setattr("os.fsync", lambda handle: seen.append(place.exists()))
    write_files(tmp_path, {"folder/file": b"new"})
    assert seen == [False, False, True]  # the new folder's parent, the file, then the folder


def test_staged_writes_touch_nothing(tmp_path: Path) -> None:
    import zarr

    staged = Staged(tmp_path)
    group = zarr.create_group(staged, zarr_format=3)
    group.create_array("x", shape=(4,), chunks=(2,), dtype="float32")[:] = 1.0
    assert set(staged.files) == {"zarr.json", "x/zarr.json", "x/c/0", "x/c/1"}
    assert list(tmp_path.iterdir()) == []


def test_thousands_of_scenarios_fit(tmp_path: Path) -> None:
    spec = made_up_spec([f"s{i:04}" for i in range(3000)], ["GME"], paths=100, block_size=100)
    create_store(tmp_path / "many.zarr", spec)
    assert len(missing_blocks(tmp_path / "many.zarr")) == 3000
    write_block(tmp_path / "many.zarr", 2999, 0, made_up_block(spec, 2999, 0))
    assert missing_blocks(tmp_path / "many.zarr")[-1] == (2998, 0)
