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
SILENT = {
    "powderkeg.kernels.digest",  # names the build, and decides nothing
    # these read files and word mistakes; what was read stands in the job
    *(f"powderkeg.scenarios.{name}" for name in ("episode", "errors", "parameter", "table",
                                                 "textfile", "yamlfile")),
}  # fmt: skip


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """A copy of the rooms, so that they can be changed."""
    unused = shutil.ignore_patterns("__pycache__", "*.so", "presets")
    for room in ("kernels", "scenarios"):
        shutil.copytree(digest.ROOMS / room, tmp_path / room, ignore=unused)
    return tmp_path


def append(text: str) -> Callable[[str], str]:
    return lambda before: before + text


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(before: str) -> str:
        assert old in before
        return before.replace(old, new, 1)

    return change


def after(rooms: Path, file: str, change: Callable[[str], str]) -> bool:
    """Whether the digest is another one once the file is changed."""
    before = model_digest(rooms)
    model_digest.cache_clear()
    path = rooms / file
    path.write_text(change(path.read_text() if path.exists() else ""))
    return model_digest(rooms) != before


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("kernels/packing/schedule.py", append("\n# so it is\n")),
        ("kernels/packing/schedule.py", replaced('"""The steps', '"""All the steps')),
        ("kernels/packing/schedule.py", replaced("\n\n\n", "\n\n\n\n\n")),
        (
            "kernels/packing/schedule.py",
            append("\n# a word\n"),
        ),
        ("kernels/model/crowd.h", append("\n// so it is\n")),
        ("kernels/model/crowd.h", append("\n/* so\n   it is */\n\n")),
        ("kernels/probes/loop_gain.py", append("\nx = 1\n")),
        ("kernels/header.py", append("\nx = 1\n")),
        ("kernels/probes/new.py", append("x = 1\n")),
        ("kernels/model/notes.txt", append("x = 1\n")),
        ("scenarios/describe.py", append("x = 1\n")),
        ("scenarios/agents/crowd.py", append("# so it is\n")),
    ],
)
def test_words_and_what_computes_nothing_change_nothing(
    rooms: Path, file: str, change: Callable[[str], str]
) -> None:
    assert not after(rooms, file, change)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (
            "kernels/packing/schedule.py",
            replaced("CLOSING_MINUTES = 15, 25", "CLOSING_MINUTES = 15, 26"),
        ),
        ("kernels/packing/new.py", append("x = 1\n")),
        ("kernels/reference/crowd.py", append("x = 1\n")),
        ("kernels/records.py", append("x = 1\n")),
        ("kernels/backends/native.py", append("x = 1\n")),
        ("kernels/model/crowd.h", append("\nconst int x = 1;\n")),
        ("kernels/model/new.h", append("const int x = 1;\n")),
        ("kernels/model/below/new.h", append("const int x = 1;\n")),
        ("scenarios/agents/clearing.py", replaced("15.4", "25.4")),
    ],
)
def test_what_computes_changes_it(rooms: Path, file: str, change: Callable[[str], str]) -> None:
    (rooms / file).parent.mkdir(exist_ok=True)
    assert after(rooms, file, change)


def test_a_file_under_another_name_changes_it(rooms: Path) -> None:
    before = model_digest(rooms)
    model_digest.cache_clear()
    (rooms / "kernels" / "packing" / "mixing.py").rename(
        rooms / "kernels" / "packing" / "mixtures.py"
    )
    assert model_digest(rooms) != before


def test_a_number_in_a_string_counts_and_a_string_alone_does_not() -> None:
    assert without_words('x = "a # 1"\n') != without_words('x = "a # 2"\n')
    assert without_words('x = 1\n"""why"""\n') == without_words("x = 1\n") == "x = 1"
    assert without_words('def f():\n    """Why."""\n    return 1\n') == "def f():\n    return 1"
    assert without_comments('s = "// 1";') != without_comments('s = "// 2";')
    assert without_comments("x = 1; // why\n\n/* a\nb */ y = 2;\n") == "x = 1;\n  y = 2;"


def test_whatever_the_model_imports_is_listed() -> None:
    """A module that packing, reference or back ends use cannot drop out in silence."""
    tree = modules(ROOT)
    listed = {path.relative_to(digest.ROOMS).as_posix() for path in sources()}
    todo = [n for n in tree if n.startswith(tuple(f"powderkeg.kernels.{f}" for f in FOLDERS))]
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen or name in SILENT or name.count(".") < 2:
            continue
        seen.add(name)
        assert tree[name].file.relative_to(ROOT).as_posix() in listed, name
        todo += [place(each, tree) for each in imports(tree[name])]
    assert {"powderkeg.kernels.records", "powderkeg.kernels.members"} < seen


def test_what_is_listed_is_there() -> None:
    assert all((digest.ROOMS / name).exists() for name in digest.DECIDES)
    headers = {path.name for path in (digest.ROOMS / "kernels/model").iterdir() if path.is_file()}
    assert headers == {p.name for p in sources() if p.parent == digest.ROOMS / "kernels/model"}
