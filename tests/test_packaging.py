"""What a user installs: sdist, wheel, import from another folder; with a compiler and without."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

ROOT = Path(__file__).parents[1]
ROOMS = ("engine", "kernels", "results", "scenarios")
NO_COMPILER = "powderkeg: no C++ compiler found; the NumPy reference back end will be used"

# `-S` keeps the editable install of this checkout out of the way; the dependencies stay reachable.
SMOKE = """
import ctypes, sys
from importlib import import_module
from pathlib import Path
target, dependencies = sys.argv[1:]
sys.path += [target, dependencies]

import powderkeg
assert Path(powderkeg.__file__).is_relative_to(target), powderkeg.__file__
for room in ("engine", "kernels", "results", "scenarios"):
    assert Path(import_module("powderkeg." + room).__file__).is_relative_to(target)

libraries = [lib for folder in powderkeg.kernels.__path__
             for lib in sorted(Path(folder).glob("native/libpowderkeg_*.so"))]
for library in libraries:
    if library.stem.endswith("portable"):
        ctypes.CDLL(str(library))
print(*(library.name for library in libraries))
"""


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """Both output streams of a command that must succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **env},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def build_wheel(sdist: Path, into: Path, **env: str) -> tuple[Path, str]:
    """The wheel built from an sdist, and what the build said."""
    into.mkdir()
    pip = (sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "--no-build-isolation")
    said = run(*pip, "--no-cache-dir", "-w", into, sdist, cwd=into, **env)
    (wheel,) = into.glob("*.whl")
    return wheel, said


def native_libraries(wheel: Path, into: Path) -> list[str]:
    """Install the wheel into a folder of its own, import it from there, list what it can load."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", into)
    run(*pip, wheel, cwd=into.parent)
    dependencies = sysconfig.get_path("purelib")
    done = subprocess.run(
        [sys.executable, "-S", "-c", SMOKE, into, dependencies],
        cwd=into.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def files_under(*folders: str) -> set[str]:
    """Files of the tree, relative to its root, without caches and hidden files."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    names = (path.relative_to(ROOT) for path in found)
    return {
        str(name)
        for name in names
        if not any(part == "__pycache__" or part.startswith(".") for part in name.parts)
    }


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", out, ROOT, cwd=out)
    (built,) = out.glob("*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel_and_log(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return build_wheel(sdist, tmp_path_factory.mktemp("wheel") / "dist")


def test_sdist_holds_sources_tests_and_examples(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert files_under("powderkeg", *ROOMS, "tests", "examples") <= inside
    assert {"CMakeLists.txt", "LICENSE", "Makefile", "pyproject.toml"} <= inside


def test_wheel_holds_every_file_of_the_rooms(wheel_and_log: tuple[Path, str]) -> None:
    """Among them the model's headers (NVRTC compiles them), presets and templates."""
    inside = set(zipfile.ZipFile(wheel_and_log[0]).namelist())
    assert files_under("powderkeg") <= inside
    assert {f"powderkeg/{name}" for name in files_under(*ROOMS)} <= inside
    assert {name.split("/")[0].split("-")[0] for name in inside} == {"powderkeg"}


def test_wheel_works_from_another_folder(wheel_and_log: tuple[Path, str], tmp_path: Path) -> None:
    wheel, said = wheel_and_log
    libraries = native_libraries(wheel, tmp_path / "site")
    if NO_COMPILER in said:
        assert libraries == []
    else:
        assert "libpowderkeg_portable.so" in libraries


@pytest.mark.slow
def test_install_succeeds_without_a_compiler(sdist: Path, tmp_path: Path) -> None:
    wheel, said = build_wheel(sdist, tmp_path / "dist", CXX=str(tmp_path / "no-such-compiler"))
    lines = [line.strip() for line in said.splitlines()]
    assert [line for line in lines if line.startswith("powderkeg:")] == [NO_COMPILER]
    assert native_libraries(wheel, tmp_path / "site") == []
