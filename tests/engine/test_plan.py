"""What a run will do: block sizes, fingerprints, memory, refusals."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import powderkeg
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.job import Job
from powderkeg.engine.memory import Projection, words
from powderkeg.engine.run import checks
from powderkeg.engine.run import plan as planning
from powderkeg.engine.run.inputs import Inputs, read_inputs
from powderkeg.engine.run.plan import block_size
from powderkeg.engine.run.request import RunRequest
from powderkeg.engine.run.store_spec import store_spec
from powderkeg.kernels.backends import kind, native
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import Channel
from powderkeg.scenarios import InputError, Scenario, bind
from tests.helpers.small_run import BOOK, CALM, CHAIN, MARKET, SQUEEZE, plan_of, run_at, small_plan


def refusal(**changes: Any) -> str:
    arguments: dict[str, Any] = {"scenarios": (CALM,), "paths": 10, "seed": 1, **changes}
    with pytest.raises(InputError) as caught:
        plan_of(*arguments.pop("scenarios"), **arguments)
    return str(caught.value)


@pytest.mark.parametrize("back_end", ["reference", "native", "cuda"])
@pytest.mark.parametrize(("names", "steps"), [(1, 27), (12, 270), (96, 7000)])
def test_block_size_is_a_power_of_two_of_the_model_alone(
    names: int, steps: int, back_end: str
) -> None:
    size = block_size(names, steps, back_end)
    assert size & (size - 1) == 0
    assert planning.SMALLEST_BLOCK <= size <= checks.LARGEST_BLOCK
    seconds = 2 * size * names * steps / kind(back_end).rate
    clipped = size in (planning.SMALLEST_BLOCK, checks.LARGEST_BLOCK)
    assert clipped or 0.7 < seconds / planning.TASK_SECONDS < 1.5


def test_block_size_does_not_depend_on_paths() -> None:
    sizes = {small_plan(paths, block=None).job.block for paths in (10, 1000, 10**7)}
    assert len(sizes) == 1


def test_job_survives_its_text() -> None:
    """Overrides under `names` stay overrides, and floats keep every bit."""
    job = small_plan().job
    again = Job.from_json(job.to_json())
    assert again.to_json() == job.to_json()
    for before, after in zip(job.scenarios, again.scenarios, strict=True):
        one = pack(bind(before, job.book, job.market, job.chain), seed=job.seed)
        two = pack(bind(after, again.book, again.market, again.chain), seed=again.seed)
        assert one.names.tobytes() == two.names.tobytes()
        assert one.chain.tobytes() == two.chain.tobytes()


def test_fingerprint_is_the_digest_of_all_inputs() -> None:
    job = small_plan().job
    assert job.fingerprint == hashlib.sha256(job.to_json().encode()).hexdigest()
    richer = replace(MARKET["GME"], borrow_fee=0.29)
    changes = [
        {"seed": 8},
        {"paths": 601},
        {"block": 512},
        {"backend": "reference" if job.backend != "reference" else "native"},
        {"book": replace(BOOK, cash=BOOK.cash + 1)},
        {"market": replace(MARKET, rows={**MARKET.rows, "GME": richer})},
        {"chain": replace(CHAIN, rows=CHAIN.rows[:-1])},
        {"scenarios": (SQUEEZE,)},
    ]
    prints = {replace(job, **change).fingerprint for change in changes}  # type: ignore[arg-type]
    assert len(prints | {job.fingerprint}) == len(changes) + 1


def test_fingerprint_leaves_out_what_changes_no_number() -> None:
    job = small_plan().job
    elsewhere = replace(MARKET, file="/somewhere/else.csv", text="# a comment", warnings=("hm",))
    bystander = replace(MARKET["NO"], symbol="XYZ")
    larger = replace(elsewhere, rows={"XYZ": bystander, **MARKET.rows})
    assert replace(job, market=larger).fingerprint == job.fingerprint


def test_plan_counts_its_work() -> None:
    plan = small_plan(paths=600, block=256)
    assert (plan.job.blocks, plan.tasks) == (3, 6)
    assert plan.name_steps == 2 * 600 * 3 * 2 * 9 * 2  # runs, paths, names, days, steps, scenarios
    spec = store_spec(plan.job, plan.packed, [], {})
    assert spec.problem() is None
    assert spec.scenarios == ("squeeze", "calm")
    assert spec.horizons == (1, 2)
    assert spec.loop_gain.shape == (2, 3, len(spec.channels))


def test_refusals() -> None:
    assert refusal(scenarios=()) == (
        "no scenario given; name a preset or a YAML file with `scenarios`"
    )
    assert refusal(paths=0) == "paths: 0 is not between 1 and 1,099,511,627,776"
    assert refusal(seed=-1) == "seed: -1 is not between 0 and 2^64 - 1"
    assert refusal(block=100) == "block: 100 is not a power of two up to 1,048,576"
    twice = (CALM, CALM)
    assert refusal(scenarios=twice) == ("scenario calm is given twice; give each an id of its own")
    longer = Scenario(id="longer", horizon_days=6)
    assert refusal(scenarios=(CALM, longer)) == (
        "scenarios calm (2 days, losses at 1, 2) and longer (6 days, losses at 1, 5, 6) "
        "do not share their days; run them separately"
    )
    tight = Scenario.model_validate(
        {"id": "tight", "horizon_days": 2, "names": {"NO": {"locked": {"share": 1.15}}}}
    )
    assert refusal(scenarios=(tight,)).startswith("scenario tight: NO: only 0.05 floats are left")


def test_numbers_as_python_writes_them() -> None:
    plan = plan_of(CALM, paths=1e3, seed=1)
    assert plan.job == plan_of(CALM, paths=1000, seed=1).job
    assert isinstance(plan.job.paths, int)
    for value in (1.5, float("nan"), float("inf"), "10", True):
        assert refusal(paths=value) == f"paths: {value!r} is not a whole number"
    assert refusal(seed=1.5) == "seed: 1.5 is not a whole number"


def test_a_place_is_said_once() -> None:
    inputs, place = ("b.csv", "m.csv", "calm", "o.zarr"), Placement("local", 2)
    assert RunRequest.of(*inputs, cluster="local", workers=2).placement == place
    assert RunRequest.of(*inputs, placement=place).placement == place
    assert RunRequest.of(*inputs).placement == Placement()
    both: list[dict[str, Any]] = [{"workers": 3}, {"cluster": "embedded"}]
    for twice in both:
        with pytest.raises(TypeError, match="give placement, or cluster and workers"):
            RunRequest.of(*inputs, placement=place, **twice)


def test_one_scenario_may_stand_alone() -> None:
    alone, listed = (
        read_inputs(RunRequest(BOOK, MARKET, name, "o.zarr", CHAIN)) for name in ("calm", ["calm"])
    )
    assert [s.id for s in alone.scenarios] == ["calm"] == [s.id for s in listed.scenarios]


def test_a_chain_is_missed_only_where_no_calls_are_assumed() -> None:
    assumed = {"GME": {"dealers": {"open_interest": 0.1}}}
    with_calls = SQUEEZE.model_validate(
        SQUEEZE.model_dump(exclude_unset=True) | {"id": "calls", "names": assumed}, strict=False
    )
    said = "no option chain given"
    for scenarios, missed in (([with_calls], False), ([with_calls, CALM], True), ([CALM], True)):
        notes = read_inputs(RunRequest(BOOK, MARKET, scenarios, "o.zarr")).warnings
        assert any(said in note for note in notes) is missed


def test_memory_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = small_plan()
    monkeypatch.setattr("powderkeg.engine.memory.available", lambda: 1 << 20)
    needs = r"the run needs \d+ MiB of memory and 1 MiB are available; give fewer `paths`"
    with pytest.raises(InputError, match=needs):
        run_at(plan, tmp_path / "out.zarr", workers=2)
    assert list(tmp_path.iterdir()) == []


def test_projection_in_words() -> None:
    mib = 1 << 20
    one = Projection(100 * mib, 10 * mib, 5 * mib, 6 * mib, 8 * mib, workers=1, processes=1)
    assert one.total == 121 * mib  # the worker takes more than the sealing
    assert (
        str(one) == "about 121 MiB of memory: program 100 MiB and inputs 10 MiB, "
        "11 MiB for 1 worker, 8 MiB for the measures at the end"
    )
    two = replace(one, workers=2, processes=3)
    assert two.total == (3 * 110 + 2 * 11) * mib
    assert "in each of 3 processes, 11 MiB for each of 2 workers" in str(two)
    assert replace(one, sealing=50 * mib).total == 160 * mib
    assert words(3.25 * 2**30) == "3.2 GiB"


RUN_AND_MEASURE = """
import sys
from pathlib import Path
from typing import Any
from powderkeg.engine.run.execute import run_plan
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.run.store_spec import store_spec
from powderkeg.engine.run.plan import make_plan
from powderkeg.engine.run.request import RunRequest
book, market, out = sys.argv[1:]
one = Placement(workers=1)
plan = make_plan(RunRequest(book, market, ["calm"], out, paths=600_000, placement=one))
said = plan.projection(1, 1).total
run_plan(plan)
# the peak of this program alone: getrusage also tells that of the process it was forked from
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(said, int(peak) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not native.available(), reason="no native library was built")
def test_projection_is_within_a_fifth_of_the_peak(tmp_path: Path) -> None:
    here = Path(__file__).parents[1]
    book, market = here / "data" / "gme_short.csv", here.parent / "examples" / "january-2021"
    command = [sys.executable, "-c", RUN_AND_MEASURE]
    command += [str(book), str(market / "market.csv"), str(tmp_path / "out.zarr")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said, peak = map(int, done.stdout.split()[-2:])
    assert abs(said / peak - 1) < 0.2, (said, peak)


def test_store_keeps_inputs_to_the_letter(tmp_path: Path) -> None:
    plan = small_plan(paths=64, block=64)
    market = replace(MARKET, file="/some/where/market.csv", text="symbol,price\nNO,10\n")
    inputs = Inputs(BOOK, market, CHAIN, plan.job.scenarios)
    files = {(f.role, f.name): f.text for f in inputs.files}
    assert files == {("market", "market.csv"): "symbol,price\nNO,10\n"}


def test_calm_scenario_runs_no_channel() -> None:
    off = {str(c.name).lower(): False for c in Channel}
    scenario = Scenario.model_validate({"id": "off", "horizon_days": 2, "channels": off})
    plan = plan_of(scenario, paths=10, seed=1)
    assert int(plan.packed[0].run["channels"]) == 0


def test_a_request_stands_alone() -> None:
    request = RunRequest("book.csv", "market.csv", ["calm.yaml"], "out.zarr")
    with pytest.raises(TypeError, match="give a RunRequest alone, or its fields"):
        powderkeg.run(request, paths=1000)
    fit = powderkeg.CalibrationRequest("prices.csv", "market.csv")
    with pytest.raises(TypeError, match="give a CalibrationRequest alone, or its fields"):
        powderkeg.calibrate(fit, "other.csv")
