"""Every mistake a person can make is one line, exit code 1, and writes nothing."""

from pathlib import Path

import pytest

from powderkeg.commands import options_of
from powderkeg.commands.exits import (
    INCOMPLETE,
    INTERNAL,
    UNVERIFIED,
    USER_ERROR,
    explain,
    with_options,
)
from powderkeg.engine.errors import Incomplete, Interrupted
from powderkeg.results.store.errors import (
    OtherBuild,
    StoreDamaged,
    StoreError,
    StoreExists,
    StoreMissing,
    StoreUnfinished,
    StoreUnwritable,
    VerificationFailed,
)
from powderkeg.scenarios import InputError, presets
from tests.helpers.cli_runs import RUN, command, folder

__all__ = ["folder"]  # a fixture

NO_STORE = "o.zarr: no such results store; check the name and the folder"
LIMITS = (
    "short.yaml: no list of limits; write lines such as "
    "`- {scenario: all, measure: es_99_day_10, below: 0.4}`"
)
MISTAKES = {
    "no-book": (
        ("run", "b.csv", *RUN[2:]),
        "b.csv: no such file; check the name and the folder",
    ),
    "no-market": (
        ("run", "book.csv", "--market", "m.csv", *RUN[4:]),
        "m.csv: no such file; check the name and the folder",
    ),
    "no-chain": (
        (*RUN, "--chain", "c.csv"),
        "c.csv: no such file; check the name and the folder",
    ),
    "misspelt-preset": (
        (*RUN[:5], "clam", *RUN[6:]),
        'scenario "clam" is neither a preset nor a .yaml file, did you mean calm?',
    ),
    "calibrate-no-prices": (
        ("calibrate", "p.csv", "--market", "market.csv", "--symbol", "GME", "-o", "f.yaml"),
        "p.csv: no such file; check the name and the folder",
    ),
    "calibrate-whose": (
        ("calibrate", "p.csv", "--market", "market.csv", "-o", "f.yaml"),
        "--symbol: whose prices are these? market.csv has GME, NO",
    ),
    "calibrate-output": (
        ("calibrate", "p.csv", "--market", "market.csv", "-o", "f.zarr"),
        "--output: f.zarr is a scenario; let its name end in .yaml",
    ),
    "calibrate-exists": (
        ("calibrate", "p.csv", "--market", "market.csv", "-o", "short.yaml"),
        "short.yaml exists; nothing is overwritten, choose another name",
    ),
    "calibrate-date": (
        ("calibrate", "p.csv", "--market", "market.csv", "-o", "f.yaml", "--to", "19.2.2021"),
        '--to: "19.2.2021" is not a date; write 2021-01-15',
    ),
    "calibrate-draws": (
        ("calibrate", "p.csv", "--market", "market.csv", "-o", "f.yaml", "--draws", "9"),
        "--draws: 9 is not between 256 and 1,048,576",
    ),
    "zero-paths": (
        (*RUN, "--paths", "0"),
        '--paths: "0" is not a whole number of at least 1, such as 1e6',
    ),
    "half-a-path": (
        (*RUN, "--paths", "1.5"),
        '--paths: "1.5" is not a whole number of at least 1, such as 1e6',
    ),
    "words-for-paths": (
        (*RUN, "--paths", "many"),
        '--paths: "many" is not a whole number of at least 1, such as 1e6',
    ),
    "infinite-paths": (
        (*RUN, "--paths", "inf"),
        '--paths: "inf" is not a whole number of at least 1, such as 1e6',
    ),
    "astronomic-paths": ((*RUN, "--paths", "1e30"), '--paths: "1e30" is above 1,099,511,627,776'),
    "seed-in-words": ((*RUN, "--seed", "one"), '--seed: "one" is not a whole number'),
    "workers-in-words": ((*RUN, "--workers", "two"), '--workers: "two" is not a whole number'),
    "path-in-words": (
        ("replay", "o.zarr", "--path", "worst"),
        '--path: "worst" is not a whole number',
    ),
    "cluster-without-port": (
        (*RUN, "--cluster", "tcp://127.0.0.1"),
        '--cluster: "tcp://127.0.0.1" is not embedded, local or an address tls://HOST:PORT',
    ),
    "output-elsewhere": (
        (*RUN[:-1], "s3://bucket/o.zarr"),
        "s3:/bucket/o.zarr: a store is written to a folder of this machine; give its path",
    ),
    "block": ((*RUN, "--block", "100"), "--block: 100 is not a power of two up to 1,048,576"),
    "seed": ((*RUN, "--seed", "-1"), "--seed: -1 is not between 0 and 2^64 - 1"),
    "backend": (
        (*RUN, "--backend", "gpu"),
        '--backend: "gpu" is not one of auto, cuda, native, reference',
    ),
    "cluster": (
        (*RUN, "--cluster", "slurm"),
        '--cluster: "slurm" is not embedded, local or an address tls://HOST:PORT',
    ),
    "workers": ((*RUN, "--workers", "0"), "--workers: 0 is not between 1 and 4096"),
    "workers-of-a-cluster": (
        (*RUN, "--workers", "2", "--cluster", "tcp://127.0.0.1:9"),
        "--workers: a running cluster has its own workers; leave it out",
    ),
    "map": ((*RUN, "--map", "GME"), '--map: "GME" is not of the form GME=XYZ'),
    "map-twice": ((*RUN, "--map", "GME=NO", "--map", "GME=GME"), "--map: GME is given twice"),
    "map-to-nowhere": (
        (*RUN, "--map", "GME=ZZZ"),
        "--map GME=ZZZ: the market file has no ZZZ; add its row there",
    ),
    "output-exists": (
        (*RUN[:-1], "book.csv"),
        "book.csv exists; results are never overwritten, choose another name",
    ),
    "output-into-nowhere": (
        (*RUN[:-1], "no/o.zarr"),
        "no/o.zarr: the folder no does not exist",
    ),
    "output-into-a-file": (
        (*RUN[:-1], "book.csv/o.zarr"),
        "book.csv/o.zarr: the folder book.csv is not a folder",
    ),
    "report-into-nowhere": (
        ("report", "o.zarr", "-o", "no/o.html"),
        "no/o.html: the folder no does not exist",
    ),
    "replay-into-nowhere": (
        ("replay", "o.zarr", "--path", "1", "-o", "no/path"),
        "no/path: the folder no does not exist",
    ),
    "reverse-into-nowhere": (
        ("reverse", "o.zarr", "--loss", "20%", "-o", "no/far.yaml"),
        "no/far.yaml: the folder no does not exist",
    ),
    "calibrate-into-nowhere": (
        ("calibrate", "p.csv", "--market", "market.csv", "-o", "no/f.yaml"),
        "no/f.yaml: the folder no does not exist",
    ),
    "demo-into-nowhere": (("demo", "no/demo"), "no/demo: the folder no does not exist"),
    "resume-no-limits": (
        ("resume", "o.zarr", "--limits", "l.yaml"),
        "l.yaml: no such file; check the name and the folder",
    ),
    "different-days": (
        (*RUN, "--scenario", "calm"),
        "scenarios short (2 days, losses at 1, 2) and calm (10 days, losses at 1, 5, 10) "
        "do not share their days; run them separately",
    ),
    "no-option": (RUN[:2], "Missing option '--market'. (powderkeg run --help)"),
    "no-command": (("fly",), "No such command 'fly'. (powderkeg --help)"),
    "show-nothing": (("show", "o.zarr"), NO_STORE),
    "show-a-file": (("show", "book.csv"), "book.csv is not a powderkeg results store"),
    "report-nothing": (("report", "o.zarr"), NO_STORE),
    "replay-nothing": (
        ("replay", "o.zarr", "--path", "1"),
        NO_STORE,
    ),
    "resume-nothing": (("resume", "o.zarr"), NO_STORE),
    "whatif-nothing": (("whatif", "o.zarr", "--close", "GME"), NO_STORE),
    "compare-nothing": (("compare", "o.zarr", "o.zarr"), NO_STORE),
    "check-nothing": (("check", "o.zarr"), NO_STORE),
    "check-no-file": (
        ("check", "o.zarr", "--limits", "l.yaml"),
        "l.yaml: no such file; check the name and the folder",
    ),
    "check-no-list": (("check", "o.zarr", "--limits", "short.yaml"), LIMITS),
    "demo-exists": (
        ("demo", "."),
        ". exists; nothing is overwritten, choose another name",
    ),
    "unknown-parameter": (
        ("scenarios", "zzz"),
        f"zzz is neither a preset ({', '.join(presets())}) nor part of a parameter's name",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_writes_nothing(
    mistake: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words, said = MISTAKES[mistake]
    code, out, err = command(capsys, monkeypatch, *words)
    assert (code, out, err) == (1, "", f"powderkeg: {said}\n")
    assert sorted(p.name for p in folder.iterdir()) == ["book.csv", "market.csv", "short.yaml"]


# file, what stands in it, what the mistake is, what is said
FILE_MISTAKES = {
    "unknown-column": (
        "book.csv",
        ("quantity", "quantitty"),
        'book.csv: row 1: unknown column "quantitty", did you mean quantity?',
    ),
    "not-a-number": (
        "book.csv",
        ("-1000000", "a lot"),
        'book.csv: row 2, quantity: "a lot" is not a number; give signed shares',
    ),
    "no-such-symbol": (
        "book.csv",
        ("NO,equity", "NOO,equity"),
        "book.csv: row 3, symbol: NOO is not in the market file, did you mean NO?",
    ),
    "too-short": (
        "book.csv",
        ("-1000000", "-99000000"),
        "book.csv: row 2, quantity: short 99,000,000 GME but the market file reports short "
        "interest of 61,780,000; the book's short is part of it, raise it there",
    ),
    "no-equity": (
        "book.csv",
        ("60000000", "-60000000"),
        "book.csv: equity is -75,500,000, not above 0; add a cash row that includes the proceeds "
        "of short sales",
    ),
    "negative-price": (
        "market.csv",
        ("35.5", "-35.5"),
        'market.csv: row 3, price: "-35.5" is not above 0; give the close in the row\'s currency',
    ),
    "text-in-scenario": (
        "short.yaml",
        ("horizon_days: 2", "horizon_days: two"),
        'short.yaml:2: horizon_days: "two" is not a whole number',
    ),
    "unknown-parameter": (
        "short.yaml",
        ("steps_per_day", "steps_per_dya"),
        "short.yaml:3: steps_per_dya: unknown field, did you mean steps_per_day?",
    ),
    "locked-out": (
        "short.yaml",
        ("steps_per_day: 6", "names: {NO: {locked: {share: 1.2}}}"),
        "scenario short: NO: only -0.02 floats are left to trade with (1 + short interest 0.20 - "
        "locked 1.20 - dealers' hedge 0.00 - book 0.02), and the model needs 0.1; lower "
        "locked.share or the open interest",
    ),
}


@pytest.mark.parametrize("mistake", FILE_MISTAKES)
def test_a_mistake_in_a_file_is_one_line_and_writes_nothing(
    mistake: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, change, said = FILE_MISTAKES[mistake]
    file = folder / name
    file.write_text(file.read_text().replace(*change, 1))
    code, out, err = command(capsys, monkeypatch, *RUN)
    assert (code, out, err) == (1, "", f"powderkeg: {said}\n")
    assert sorted(p.name for p in folder.iterdir()) == ["book.csv", "market.csv", "short.yaml"]


def test_the_command_line_adds_dashes() -> None:
    """A message of the engine names parameters, first or in backticks; others stay."""
    options = options_of(["whatif", "s.zarr"])
    assert options["rate"] == "--cover-cost" and options["plain_tcp"] == "--allow-plain-tcp"
    assert options_of(["nothing"]) == {}
    for said, shown in (
        ("rate: 2 is no fraction", "--cover-cost: 2 is no fraction"),
        ("give `rate` or `spread`, `other` not", "give --cover-cost or --spread, `other` not"),
        ("book.csv: row 7", "book.csv: row 7"),
        ("store: has no option", "store: has no option"),  # an argument
    ):
        assert with_options(said, options) == shown


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (InputError("say resume"), USER_ERROR),
        (StoreMissing("gone"), USER_ERROR),
        (StoreExists("there"), USER_ERROR),
        (StoreUnwritable("no"), USER_ERROR),
        (OtherBuild("use that build to resume it"), USER_ERROR),
        (Incomplete("lost"), INCOMPLETE),
        (Interrupted("stopped"), INCOMPLETE),
        (StoreUnfinished("not yet"), INCOMPLETE),
        (StoreDamaged("exists; no results store"), UNVERIFIED),
        (VerificationFailed("another"), UNVERIFIED),
        (StoreError("odd"), UNVERIFIED),
        (KeyError("x"), INTERNAL),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exit_codes_follow_from_types(failure: BaseException, code: int) -> None:
    """No word of a message decides."""
    assert explain(failure)[1] == code


def test_an_open_cluster_is_taken_only_on_request(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*RUN, "--cluster", "tcp://127.0.0.1:9")
    code, _, err = command(capsys, monkeypatch, *words)
    assert code == 1 and "or take the risk with --allow-plain-tcp" in err
    monkeypatch.setattr("powderkeg.engine.executors.cluster.CONNECT_SECONDS", 1)
    code, _, err = command(capsys, monkeypatch, *words, "--allow-plain-tcp")
    assert code == 1 and "--cluster: no scheduler answers at tcp://127.0.0.1:9" in err
