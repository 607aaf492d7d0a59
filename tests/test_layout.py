"""The contract of the tree: four rooms under one import package, and which may know which."""

import ast
import subprocess
import sys
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What a room may import of the others.
ARROWS = {
    "engine": {"scenarios", "kernels", "results"},
    "kernels": {"scenarios"},
    "results": set(),
    "scenarios": set(),
}


def imported_modules(source: Path, package: str) -> set[str]:
    """Absolute names of everything that a source file of `package` imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def rooms_imported(room: str) -> set[str]:
    """The other rooms that any file of `room` imports."""
    found: set[str] = set()
    for source in (ROOT / room).rglob("*.py"):
        parts = source.relative_to(ROOT).parent.parts
        for name in imported_modules(source, ".".join(("powderkeg", *parts))):
            found |= {other for other in ARROWS if f"{name}.".startswith(f"powderkeg.{other}.")}
    return found - {room}


@pytest.mark.parametrize("room", ARROWS)
def test_room_is_imported_as_powderkeg(room: str) -> None:
    module = import_module(f"powderkeg.{room}")
    assert module.__name__ == f"powderkeg.{room}"
    assert module.__doc__, f"{room}/__init__.py says in a docstring what the room is for"


@pytest.mark.parametrize("room", ARROWS)
def test_room_imports_only_along_the_arrows(room: str) -> None:
    assert rooms_imported(room) <= ARROWS[room]


@pytest.mark.parametrize("module", ["powderkeg", "powderkeg.scenarios", "powderkeg.results"])
def test_import_needs_neither_dask_nor_cupy(module: str) -> None:
    """A store is opened, and a scenario loaded, on a machine that has neither."""
    code = (
        f"import sys, {module}\n"
        "print(*{'dask', 'distributed', 'cupy', 'cuda'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_front_door_opens_rooms_when_touched() -> None:
    code = (
        "import sys, powderkeg\n"
        "assert not [m for m in sys.modules if m.startswith('powderkeg.')]\n"
        "print(powderkeg.scenarios.__name__, powderkeg.__version__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    name, version = done.stdout.split()
    assert name == "powderkeg.scenarios"
    assert version[0].isdigit()


def test_links_lead_to_the_rooms() -> None:
    """`powderkeg/engine` and its like are relative links, for type checkers and editors."""
    for room in ARROWS:
        link = ROOT / "powderkeg" / room
        assert link.is_symlink() and link.readlink() == Path("..") / room


def test_only_a_back_end_knows_the_reference() -> None:
    """It is an oracle: what production shares with it stands in kernels beside it."""
    allowed = {ROOT / "kernels" / "reference", ROOT / "kernels" / "backends"}
    for room in ("engine", "kernels", "results", "scenarios", "powderkeg"):
        for source in (ROOT / room).rglob("*.py"):
            if allowed & set(source.parents):
                continue
            parts = source.relative_to(ROOT).parent.parts
            package = ".".join(parts if room == "powderkeg" else ("powderkeg", *parts))
            for name in imported_modules(source, package):
                assert not f"{name}.".startswith("powderkeg.kernels.reference."), source


def test_only_the_back_ends_ask_for_one_by_name() -> None:
    """What differs between them is said by kernels/backends/kind.py."""
    for room in ("engine", "kernels", "results", "scenarios", "powderkeg"):
        for source in (ROOT / room).rglob("*.py"):
            if (ROOT / "kernels" / "backends") in source.parents:
                continue
            for node in ast.walk(ast.parse(source.read_text())):
                if isinstance(node, ast.Compare):
                    texts = [c.value for c in ast.walk(node) if isinstance(c, ast.Constant)]
                    assert not {"cuda", "native", "reference"} & set(map(str, texts)), source
