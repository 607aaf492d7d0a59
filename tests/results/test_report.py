"""The terminal table and the page: all is there, nothing from outside runs or is asked for."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from powderkeg.engine.report import report
from powderkeg.results import StoreError, create_store, finish_store, open_results, write_block
from powderkeg.results.report.headline import headline
from powderkeg.results.report.pictures import loss_picture
from powderkeg.results.report.summary import Summary
from powderkeg.results.store.schema import InputFile
from powderkeg.results.testing import made_up_block, made_up_spec, made_up_store
from powderkeg.screen.store import show
from tests.helpers.said import page_of, printed

EVIL = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}[bold]$\\frac$ &amp;\x1b[31m"
)


@pytest.fixture(scope="module", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    made_up_store(folder / "plain.zarr", made_up_spec(paths=6000, block_size=3000))
    evil = made_up_spec(
        scenarios=(EVIL, "quiet"),
        symbols=(EVIL, "GME"),
        paths=6000,
        block_size=6000,
        days=3,
        title=EVIL,
        currency="U$D<b>",
        channels=(EVIL, "crowd", "shorts"),
        inputs=(InputFile(EVIL, EVIL, EVIL),),
        provenance={EVIL: EVIL},
    )
    made_up_store(folder / "evil.zarr", evil)
    few = made_up_spec(paths=300, block_size=300, days=3, weights=None)
    made_up_store(folder / "few.zarr", few)
    return folder


@pytest.fixture(scope="module")
def pages(stores: Path) -> dict[str, str]:
    return {name: page_of(stores / f"{name}.zarr") for name in ("plain", "evil", "few")}


@pytest.fixture(scope="module")
def page(pages: dict[str, str]) -> str:
    return pages["plain"]


class Elements(HTMLParser):
    """Every element with its attributes, and all text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "evil", "few"])
def test_the_page_runs_nothing_and_asks_for_nothing(pages: dict[str, str], name: str) -> None:
    text = pages[name]
    found = Elements(text).found
    tags = {tag for tag, _ in found}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "base", "form", "b"}
    assert {"svg", "table", "style"} <= tags
    for _, attrs in found:
        assert not [a for a in attrs if a.startswith("on") or a in ("src", "srcset", "style")]
        for key in ("href", "xlink:href"):
            assert (attrs.get(key) or "#").startswith("#")
    assert not re.search(r"url\((?!#)|@import", text)
    urls = set(re.findall(r"https?://[^\"'\s<]+", text))
    assert urls <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_policy_allows_exactly_the_one_style(page: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (
        attrs["content"] or ""
        for tag, attrs in Elements(page).found
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy


def test_hostile_names_are_shown_as_text(stores: Path, pages: dict[str, str]) -> None:
    page = pages["evil"]
    assert "<script" not in page and "<img" not in page
    shown = EVIL.replace("\x1b", "�")
    assert Elements(page).text.count(shown) >= 5
    assert "\x1b" not in page and ">49<" not in page
    table = printed(stores / "evil.zarr", width=300)
    assert "<script>alert(1)</script>" in table and "[bold]" in table
    assert "\x1b" not in table


def test_a_page_reads_in_the_order_of_a_portfolio_manager(stores: Path, page: str) -> None:
    summary = Summary(open_results(stores / "plain.zarr"))
    order = [
        headline(summary),
        "Scenarios, worst first",
        "Loss at the worst moment of 10 days",
        "Risk measures",
        "ES 99 %, at the worst moment",
        "Price by day",
        "Odds that the highest price",
        "Loop gain",
        "powderkeg replay plain.zarr --path",
        "Inputs and provenance",
    ]
    text = Elements(page).text
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "book.csv" in text and "input fingerprint" in text
    visible = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"\bnan\b|\binf\b|None|Undefined", visible)


def test_the_headline_is_the_worst_scenario_with_its_interval(stores: Path) -> None:
    tree = open_results(stores / "plain.zarr")
    es = tree["measures"].to_dataset()["estimate"].sel(measure="es_99_worst", feedback="on")
    assert float(es[0]) > float(es[1])
    said = headline(Summary(tree))
    assert said.startswith("In scenario gme-2021, the worst of 2, the book loses ")
    assert f"loses {100 * float(es[0]):.0f} % of its equity (USD " in said
    assert "95 % interval" in said and "with all feedback off" in said
    assert "A margin call comes in " in said and "told apart" not in said


def test_a_tie_of_scenarios_is_said(tmp_path: Path) -> None:
    """Two scenarios with the same law: neither is the worst."""
    spec = made_up_spec(scenarios=("one", "two"), paths=6000, block_size=6000)
    create_store(tmp_path / "tie.zarr", spec)
    for scenario in range(2):
        write_block(tmp_path / "tie.zarr", scenario, 0, made_up_block(spec, 0, 0))
    finish_store(tmp_path / "tie.zarr")
    said = headline(Summary(open_results(tmp_path / "tie.zarr")))
    assert "Scenario two cannot be told apart from it: " in said


def test_too_few_paths_are_said_not_guessed(stores: Path, pages: dict[str, str]) -> None:
    for text in (printed(stores / "few.zarr"), pages["few"]):
        assert "300 paths are too few to say anything about the tail" in text
        assert "refused" in text and not re.search(r"\bnan\b", text, re.IGNORECASE)
    warnings = Summary(open_results(stores / "plain.zarr")).warnings()
    thin = "VaR and ES at 97.5 % (150 tail paths), 99 % (60 tail paths) rest on fewer than 200"
    assert warnings[:2] == [
        "VaR and ES refused at 99.5 % (30 tail paths), 99.9 % (6 tail paths): it takes 50, "
        "so 50,000 paths.",
        f"{thin}: read the interval as a hint.",
    ]
    assert [w for w in warnings if "elastic float" in w and w.startswith("gme-2021:")]


def test_the_table_fits_100_columns(stores: Path) -> None:
    text = printed(stores / "plain.zarr")
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    assert "…" not in text
    for part in ("ES 99 %, day 10", "P(margin call at any time)", "KOSS", "10x", "Warning"):
        assert part in text


def test_no_number_is_cut_in_80_columns(stores: Path) -> None:
    text = printed(stores / "plain.zarr", 80)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    number = re.compile(r"[\d.]+ %|[\d.]+ (?:bn|m|k)\b")
    narrow, wide = (
        number.findall(t[t.index("Scenarios, worst first") : t.index("Warning")])
        for t in (text, printed(stores / "plain.zarr"))
    )
    assert narrow == wide and len(wide) > 100


def test_an_unfinished_store_is_neither_shown_nor_reported(tmp_path: Path) -> None:
    create_store(tmp_path / "x.zarr", made_up_spec())
    for read in (lambda p: show(p, Console(file=io.StringIO())), page_of):
        with pytest.raises(StoreError, match="not finished"):
            read(tmp_path / "x.zarr")


def test_the_report_is_written_once_and_is_always_the_same(
    stores: Path, tmp_path: Path, page: str
) -> None:
    out = tmp_path / "report.html"
    report(stores / "plain.zarr", out)
    assert out.read_text() == page
    assert out.stat().st_mode & 0o077 == 0
    with pytest.raises(StoreError, match="exists"):
        report(stores / "plain.zarr", out)


def test_loss_picture(stores: Path, tmp_path: Path) -> None:
    for name in ("plain", "evil", "few"):
        loss_picture(stores / f"{name}.zarr", tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.slow
def test_many_scenarios_stay_readable(tmp_path: Path) -> None:
    names = [f"grid-{i:03}" for i in range(45)]
    spec = made_up_spec(names, ["GME"], paths=1000, block_size=1000, days=2, horizons=(2,))
    made_up_store(tmp_path / "many.zarr", spec)
    page = page_of(tmp_path / "many.zarr")
    assert page.count("<svg") == 3 * 8  # the eight worst have pictures, all stand in the table
    assert len([n for n in names if n in page]) == 45
    assert len(page) < 2_000_000
    text = printed(tmp_path / "many.zarr")
    assert len(text.splitlines()) < 260
    assert "and 5 more with smaller losses" in " ".join(text.split())


def test_loop_gains_and_overlaps_are_told(stores: Path, page: str) -> None:
    summary = Summary(open_results(stores / "plain.zarr"))
    gains = summary.gains(0)
    assert gains.channels == ["dealers", "crowd", "shorts"]
    first = gains.order[0]
    assert gains.total[first, 0] == gains.total[:, 0].max()
    main = gains.main(first).split()
    assert main[0] in gains.channels and len(main) == 4
    text, words = printed(stores / "plain.zarr"), Elements(page).text
    for said in (text, words):
        assert "loop gain" in said.lower()
        assert "fund_1 unwinds" in said.replace("\n", " ")
    start, typical = gains.start[first].sum(), gains.total[first, 0]
    assert f"{start:.2f}" in text and f"{typical:.2f}" in text
    assert f"{start:.2f} → {typical:.2f}" in words
    holders, losses = summary.overlap(0)
    assert holders == ["book", "fund_1"] and losses[0].tolist() == [0.21, 0.04]


def test_a_book_without_funds_has_no_overlaps(tmp_path: Path) -> None:
    alone = made_up_spec(
        paths=500, block_size=500, days=2, holders=("book",), overlap=np.full((2, 1, 1), 0.1)
    )
    made_up_store(tmp_path / "x.zarr", alone)
    assert Summary(open_results(tmp_path / "x.zarr")).overlap(0)[0] == []
    assert "unwinds" not in printed(tmp_path / "x.zarr") + page_of(tmp_path / "x.zarr")
