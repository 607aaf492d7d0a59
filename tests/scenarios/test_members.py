"""An ensemble as a table beside the story: the same as columns in YAML, refusals with row and
column, text kept."""

from pathlib import Path

import pytest

from powderkeg.engine.run.inputs import Inputs
from powderkeg.scenarios import Chain, InputError, Scenario, load_scenarios
from powderkeg.scenarios.library import PRESETS, presets
from powderkeg.scenarios.overrides import members
from tests.helpers.small_market import BOOK, MARKET, load, load_one

STORY = "id: s\nnames:\n  GME:\n    crowd: {infection: 1.0}\ntimeline:\n"
STORY += "  - {id: news, type: anchor_news, day: 1, size: 0.1}\n"
TABLE = "names.gme.crowd.infection,timeline.news.size\n0.31,-0.1\n0.1,2\n3e-1,0.25\n"
COLUMNS = {
    "names.GME.crowd.infection": (0.31, 0.1, 0.3),
    "timeline.news.size": (-0.1, 2.0, 0.25),
}
IN_YAML = "ensemble:\n  names.gme.crowd.infection: [0.31, 0.1, 3e-1]\n"
IN_YAML += "  timeline.news.size: [-0.1, 2, 0.25]\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TABLE)


def of(name: str = "t.csv") -> Scenario:
    return load_one(f"{STORY}ensemble: {name}\n")


def test_a_table_is_the_columns_in_yaml() -> None:
    assert of().ensemble == COLUMNS
    assert of().model_dump() == load_one(STORY + IN_YAML).model_dump()


def test_marks_line_ends_comments_and_blanks_of_spreadsheets_are_read() -> None:
    text = "\ufeff# fitted last night\r\n\r\n" + TABLE.replace("\n", "\r\n").replace(",", " , ")
    Path("t.csv").write_bytes(text.encode())
    assert of().ensemble == COLUMNS


def test_a_table_is_relative_to_its_story() -> None:
    Path("sub").mkdir()
    Path("sub/deep.yaml").write_text(f"{STORY}ensemble: t.csv\n")
    with pytest.raises(InputError, match=r"sub/deep.yaml:7: ensemble: sub/t.csv: no such file; "):
        load_scenarios(["sub/deep.yaml"], MARKET, BOOK)
    Path("sub/t.csv").write_text(TABLE)
    Path("t.csv").unlink()
    (deep,) = load_scenarios(["sub/deep.yaml"], MARKET, BOOK)
    assert deep.ensemble == COLUMNS
    assert load_one("base: sub/deep.yaml\n").ensemble == COLUMNS


def test_what_stands_nearer_holds_over_a_table() -> None:
    Path("base.yaml").write_text(f"{STORY}ensemble: t.csv\n")
    size = {"timeline.news.size": COLUMNS["timeline.news.size"]}
    own = load_one("base: base.yaml\nnames: {GME: {crowd: {infection: 7.0}}}\n")
    assert own.ensemble == size
    grid = load("base: base.yaml\ngrid: {names.GME.crowd.infection: [1.0, 2.0]}\n")
    assert [story.ensemble for story in grid] == [size, size]
    Path("one.csv").write_text("timeline.news.size\n1\n2\n3\n")
    over = load_one("base: base.yaml\nensemble: one.csv\n")
    assert over.ensemble == COLUMNS | {"timeline.news.size": (1.0, 2.0, 3.0)}
    listed = load(
        "base: base.yaml\nscenarios:\n  - {id: a, ensemble: one.csv}\n  - {id: b, horizon_days: 3}"
    )
    assert [story.ensemble for story in listed] == [over.ensemble, COLUMNS]


def test_a_story_on_another_name_takes_its_table_along() -> None:
    mapped = load_one(f"{STORY}ensemble: t.csv\n", GME="NO")
    assert list(mapped.ensemble) == ["names.NO.crowd.infection", "timeline.news.size"]


def test_a_preset_that_was_copied_elsewhere_finds_its_table() -> None:
    Path("mine.yaml").write_text((PRESETS / "gme-2021-ensemble.yaml").read_text())
    mine, preset = load_scenarios(["mine.yaml"], MARKET, BOOK), load_one("base: gme-2021-ensemble")
    assert mine[0].ensemble == preset.ensemble
    assert len(members(preset)) == 64


def test_texts_are_kept_to_the_letter() -> None:
    raw = TABLE.replace("\n", "\r\n") + "\r\n"
    Path("t.csv").write_bytes(raw.encode())
    Path("base.yaml").write_text(f"{STORY}ensemble: t.csv\n")
    story = load_one(text := "base: base.yaml\nid: over\n")
    assert (story.text, *story.base_texts) == (text, f"{STORY}ensemble: t.csv\n", raw)
    kept = [(f.role, f.name, f.text) for f in Inputs(BOOK, MARKET, Chain(), (of(),)).files]
    assert ("scenario", "s", raw) in kept and ("scenario", "s", of().text) in kept
    (preset,) = load_scenarios(["gme-2021-ensemble"], MARKET, BOOK)
    table = (PRESETS / "gme-2021-ensemble.members.csv").read_bytes().decode()
    assert preset.base_texts == (table,)


HEAD = "names.GME.crowd.infection,names.GME.crowd.momentum\n"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "t.csv: the file is empty; first row: names of parameters"),
        (
            HEAD + "1,2\n3\n",
            "t.csv: row 3: 1 cells under 2 columns; look for a missing comma, or a comma inside a "
            "number",
        ),
        (
            HEAD + "1,2\n3,x\n",
            't.csv: row 3, names.GME.crowd.momentum: "x" is not a number; give the member\'s value',
        ),
        (
            HEAD + "1,2\n,4\n",
            "t.csv: row 3, names.GME.crowd.infection: is empty; give the member's value",
        ),
        (
            HEAD + "1,2\nnan,4\n",
            't.csv: row 3, names.GME.crowd.infection: "nan" is not a finite number; give the '
            "member's value",
        ),
        (
            "# mine\n\n" + HEAD + "1,2\n\n-2,4\n",
            "t.csv: row 6, names.GME.crowd.infection: -2 of member 1: give a number greater than or"
            " equal to 0",
        ),
        (
            HEAD + "1,2\n",
            "t.csv: row 1, names.GME.crowd.infection: 1 values; give 2 to 1024",
        ),
        (
            HEAD.replace("momentum", "momentun") + "1,2\n3,4\n",
            "t.csv: row 1, names.GME.crowd.momentun: unknown field, did you mean momentum?",
        ),
        (
            "names.AMC.crowd.infection\n1\n2\n",
            "t.csv: row 1, names.AMC.crowd.infection: AMC does not stand under names; add it there",
        ),
        (
            "names.gme.crowd.infection,names.GME.crowd.infection\n1,2\n3,4\n",
            "t.csv: row 1, names.GME.crowd.infection: ensemble: names.GME.crowd.infection is there "
            "twice; keep one",
        ),
        (
            "names.GME.crowd.infection,names.GME.crowd.infection\n1,2\n3,4\n",
            "t.csv: row 1, names.GME.crowd.infection: the column is there twice; keep one",
        ),
        ("a,\n1,2\n", "t.csv: row 1: column 2 of 2 has no name; name it or remove its commas"),
        (
            "a;b\n1;2\n",
            "t.csv: row 1: columns are not separated by commas; save as comma-separated",
        ),
        ('a,"b\n1,2\n', "t.csv: row 1: an unfinished quotation; close it or remove the quote"),
    ],
)
def test_mistakes_are_named_with_row_and_column(table: str, message: str) -> None:
    Path("t.csv").write_text(table)
    with pytest.raises(InputError) as error:
        of()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "missing.csv",
            "f.yaml:7: ensemble: missing.csv: no such file; put it beside the scenario's, or "
            "correct the name",
        ),
        (
            "t.yaml",
            'f.yaml:7: ensemble: "t.yaml" is no table; name a .csv file, or write `parameter: '
            "[values]` lines under it",
        ),
        ("[1, 2]", "f.yaml:7: ensemble: a list is not a section; indent its fields under it"),
    ],
)
def test_what_is_no_table_is_refused(line: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        of(line)
    assert str(error.value) == message


def test_every_table_of_the_presets_is_named_by_its_story() -> None:
    tables = {path.name for path in PRESETS.glob("*.csv")}
    named = {f"{name}.members.csv" for name in presets()} & tables
    assert named == tables and len(tables) == 10
    for table in tables:
        story = PRESETS / table.replace(".members.csv", ".yaml")
        assert f"\nensemble: {table}" in story.read_text()
