"""The contract of the tree: rooms under one import package, and which may know which."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.helpers.modules import Module, circles, imports, modules, place

ROOT = Path(__file__).parents[1]
ROOMS = ("engine", "kernels", "results", "scenarios")

# What a room may import of the others.
ARROWS = {
    "engine": {"scenarios", "kernels", "results"},
    "kernels": {"scenarios"},
    "results": set(),
    "scenarios": set(),
    "screen": {"engine", "results", "scenarios", "kernels"},
    "commands": {"engine", "kernels", "results", "scenarios", "screen"},
}
TERMINAL = {"typer", "rich"}  # what only commands and screen may import
# a compiler's, a style sheet's, and whole command lines that are printed
OTHER_PEOPLES = {"--version", "--ink", "--faint", "--on", "--off", "--path"}


@pytest.fixture(scope="module")
def tree() -> dict[str, Module]:
    return modules(ROOT)


def room_of(name: str) -> str:
    """The room of a module by its absolute name, "" for the front door."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "powderkeg" and parts[1] in ARROWS else ""


@pytest.mark.parametrize("room", ROOMS)
def test_room_is_imported_as_powderkeg(room: str) -> None:
    module = import_module(f"powderkeg.{room}")
    assert module.__name__ == f"powderkeg.{room}"
    assert module.__doc__, f"{room}/__init__.py says in a docstring what the room is for"


@pytest.mark.parametrize("room", ARROWS)
def test_room_imports_only_along_the_arrows(tree: dict[str, Module], room: str) -> None:
    mine = [module for module in tree.values() if room_of(module.name) == room]
    assert mine
    for module in mine:
        known = {room_of(name) for name in imports(module)} - {room, ""}
        assert known <= ARROWS[room], f"{module.file} imports {known - ARROWS[room]}"


@pytest.mark.parametrize("room", ROOMS)
def test_only_commands_and_screen_know_a_terminal(tree: dict[str, Module], room: str) -> None:
    for module in tree.values():
        if room_of(module.name) == room:
            packages = {name.split(".")[0] for name in imports(module)}
            assert not packages & TERMINAL, module.file


@pytest.mark.parametrize("room", ("engine", "results", "scenarios"))
def test_messages_of_the_library_name_parameters(tree: dict[str, Module], room: str) -> None:
    """`chain`, not --chain: whoever calls from Python has no options; commands add the dashes."""
    for module in tree.values():
        if room_of(module.name) == room:
            assert options_raised(module) == [], module.file


def options_raised(module: Module) -> list[str]:
    """Words like --chain in what a module raises or returns to be said."""
    texts = [
        text.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call | ast.Assign)
        for text in ast.walk(node)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    ]
    plain = " ".join(re.sub("`.*?`", "", text) for text in texts)  # without command lines
    words = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", plain))
    return sorted(words - OTHER_PEOPLES)


def test_an_option_in_a_message_is_seen() -> None:
    text = 'def f():\n    raise ValueError(f"give --chain with {1}")\nX = ("--map it",)\n'
    assert options_raised(Module("powderkeg.engine.x", Path("x.py"), text)) == ["--chain", "--map"]


def test_no_import_goes_in_a_circle(tree: dict[str, Module]) -> None:
    """In-function imports and those for type checkers alone count as well."""
    assert circles(tree) == []


def test_a_circle_is_seen(tmp_path: Path) -> None:
    """Also through a function and through a block for type checkers."""
    sources = {
        "one.py": "from .two import x",
        "two.py": "def f():\n    from .three import y",
        "three.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import one",
        "__init__.py": "from . import four",
        "four.py": "x = 1",
    }
    room = tmp_path / "results"
    room.mkdir()
    for file, text in sources.items():
        (room / file).write_text(text)
    tree = modules(tmp_path)
    assert circles(tree) == [tuple(f"powderkeg.results.{n}" for n in ("one", "three", "two"))]
    assert imports(tree["powderkeg.results"]) == {"powderkeg.results.four"}
    assert place("powderkeg.results.four.x", tree) == "powderkeg.results.four"


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
    for room in ROOMS:
        link = ROOT / "powderkeg" / room
        assert link.is_symlink() and link.readlink() == Path("..") / room


def test_only_a_back_end_knows_the_reference(tree: dict[str, Module]) -> None:
    """It is an oracle: what production shares with it stands in kernels beside it."""
    may = ("powderkeg.kernels.reference", "powderkeg.kernels.backends")
    for module in tree.values():
        if not module.name.startswith(may):
            known = [n for n in imports(module) if f"{n}.".startswith(f"{may[0]}.")]
            assert not known, module.file


def test_only_the_back_ends_ask_for_one_by_name(tree: dict[str, Module]) -> None:
    """What differs between them is said by kernels/backends/kind.py."""
    for module in tree.values():
        if module.name.startswith("powderkeg.kernels.backends"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Compare):
                words = [c.value for c in ast.walk(node) if isinstance(c, ast.Constant)]
                assert not {"cuda", "native", "reference"} & set(map(str, words)), module.file
