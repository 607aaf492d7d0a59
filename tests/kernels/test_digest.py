"""The digest of the model: what changes it, and what does not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from powderkeg.kernels import digest
from powderkeg.kernels.digest import model_digest, sources, without_comments, without_words
from tests.helpers.modules import imports, modules, place

ROOT = Path(__file__).parents[2]
FOLDERS = ("packing", "reference", "backends")  # that make numbers from models, or paths from them
SILENT = {"powderkeg.kernels.digest"}  # names the build, and decides nothing


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A copy of the room, so that it can be changed."""
    copy = tmp_path / "kernels"
    shutil.copytree(digest.ROOM, copy, ignore=shutil.ignore_patterns("__pycache__", "*.so", "_*"))
    return copy


def append(text: str) -> Callable[[str], str]:
    return lambda before: before + text


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(before: str) -> str:
        assert old in before
        return before.replace(old, new, 1)

    return change


def after(room: Path, file: str, change: Callable[[str], str]) -> bool:
    """Whether the digest is another one once the file is changed."""
    before = model_digest(room)
    model_digest.cache_clear()
    path = room / file
    path.write_text(change(path.read_text() if path.exists() else ""))
    return model_digest(room) != before


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("packing/schedule.py", append("\n# so it is\n")),
        ("packing/schedule.py", replaced('"""The steps', '"""All the steps')),
        ("packing/schedule.py", replaced("\n\n\n", "\n\n\n\n\n")),
        (
            "packing/schedule.py",
            append("\n# a word\n"),
        ),
        ("model/crowd.h", append("\n// so it is\n")),
        ("model/crowd.h", append("\n/* so\n   it is */\n\n")),
        ("probes/loop_gain.py", append("\nx = 1\n")),
        ("header.py", append("\nx = 1\n")),
        ("probes/new.py", append("x = 1\n")),
        ("model/notes.txt", append("x = 1\n")),
    ],
)
def test_words_and_what_computes_nothing_change_nothing(
    room: Path, file: str, change: Callable[[str], str]
) -> None:
    assert not after(room, file, change)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("packing/schedule.py", replaced("CLOSING_MINUTES = 15, 25", "CLOSING_MINUTES = 15, 26")),
        ("packing/new.py", append("x = 1\n")),
        ("reference/crowd.py", append("x = 1\n")),
        ("records.py", append("x = 1\n")),
        ("backends/native.py", append("x = 1\n")),
        ("model/crowd.h", append("\nconst int x = 1;\n")),
        ("model/new.h", append("const int x = 1;\n")),
        ("model/below/new.h", append("const int x = 1;\n")),
    ],
)
def test_what_computes_changes_it(room: Path, file: str, change: Callable[[str], str]) -> None:
    (room / file).parent.mkdir(exist_ok=True)
    assert after(room, file, change)


def test_a_file_under_another_name_changes_it(room: Path) -> None:
    before = model_digest(room)
    model_digest.cache_clear()
    (room / "packing" / "mixing.py").rename(room / "packing" / "mixtures.py")
    assert model_digest(room) != before


def test_a_number_in_a_string_counts_and_a_string_alone_does_not() -> None:
    assert without_words('x = "a # 1"\n') != without_words('x = "a # 2"\n')
    assert without_words('x = 1\n"""why"""\n') == without_words("x = 1\n") == "x = 1"
    assert without_words('def f():\n    """Why."""\n    return 1\n') == "def f():\n    return 1"
    assert without_comments('s = "// 1";') != without_comments('s = "// 2";')
    assert without_comments("x = 1; // why\n\n/* a\nb */ y = 2;\n") == "x = 1;\n  y = 2;"


def test_whatever_the_model_imports_is_listed() -> None:
    """A module of this room that packing, reference or back ends use cannot drop out in silence."""
    tree = modules(ROOT)
    listed = {path.relative_to(digest.ROOM).as_posix() for path in sources()}
    todo = [n for n in tree if n.startswith(tuple(f"powderkeg.kernels.{f}" for f in FOLDERS))]
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen or not name.startswith("powderkeg.kernels.") or name in SILENT:
            continue
        seen.add(name)
        assert tree[name].file.relative_to(ROOT / "kernels").as_posix() in listed, name
        todo += [place(each, tree) for each in imports(tree[name])]
    assert {"powderkeg.kernels.records", "powderkeg.kernels.members"} < seen


def test_what_is_listed_is_there() -> None:
    assert all((digest.ROOM / name).exists() for name in digest.DECIDES)
    headers = {path.name for path in (digest.ROOM / "model").iterdir() if path.is_file()}
    assert headers == {p.name for p in sources() if p.parent == digest.ROOM / "model"}
