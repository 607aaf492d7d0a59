"""docs/history.md is written by docs/history.py; whether it is of the presets as they are."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("history_page", ROOT / "docs" / "history.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_page_is_of_the_presets_as_they_are() -> None:
    """Where it fails, run `.venv/bin/python docs/history.py` again."""
    page, written = (ROOT / "docs" / "history.md").read_text(), script()
    stories = [story for story, _ in written.stories()]
    assert "gme-2021-ensemble" in [story.id for story in stories]
    assert re.findall(r"<!-- .* -->", page) == [written.stamp(story) for story in stories]
    for story in stories:
        picture = f"images/history-{story.id}.png"
        assert f"\n## {story.id}\n" in page and f"]({picture})" in page
        assert (ROOT / "docs" / picture).read_bytes().startswith(b"\x89PNG")


def test_a_digest_is_of_the_file_and_of_those_it_stands_on() -> None:
    written = script()
    story, _ = next(written.stories())
    before = written.digest(story)
    story.remember(story.text, (*story.base_texts, "x: 1"), ())
    assert written.digest(story) != before


def test_a_table_in_markdown() -> None:
    assert script().table(("a", "b"), [("x", "1")]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n"
