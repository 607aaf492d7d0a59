"""Factors that scale with attention: whom they touch, how much of a name they are."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import Feature
from powderkeg.scenarios import Chain, InputError, Scenario, bind
from powderkeg.scenarios.factors import attention_loadings, loadings
from powderkeg.scenarios.overrides import variants
from tests.helpers.small_market import BOOK, MARKET, load, load_one

CROWD = "attention_factors: {crowd: {names: shorts, share: .4}}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def parts(scenario: Scenario) -> npt.NDArray[np.float64]:
    """Of the variance beyond other factors, (AAPL, GME, NO) x attention factors."""
    return attention_loadings(scenario, MARKET, BOOK, BOOK.symbols) ** 2


def test_the_share_is_of_the_whole_variance_of_the_names_it_touches() -> None:
    scenario = load_one(CROWD + "factors: {market: .4}")
    beyond = 1 - (loadings(scenario, MARKET, BOOK, BOOK.symbols) ** 2).sum(axis=1) / (0.8**2 / 252)
    assert BOOK.shorts == {"GME", "NO"} and (beyond < 0.9).all()
    np.testing.assert_allclose(parts(scenario)[:, 0] * beyond, [0, 0.4, 0.4], rtol=1e-12)


@pytest.mark.parametrize(
    ("names", "expected"),
    [("all", [0.4, 0.4, 0.4]), ("gme", [0, 0.4, 0]), ("[no, AAPL]", [0.4, 0, 0.4])],
)
def test_whom_it_touches(names: str, expected: list[float]) -> None:
    scenario = load_one(CROWD.replace("shorts", names) + "factors: {}")
    np.testing.assert_allclose(parts(scenario)[:, 0], expected)


def test_it_moves_with_the_story() -> None:
    scenario = load_one(CROWD.replace("shorts", "[gme]") + "factors: {}", GME="NO")
    np.testing.assert_allclose(parts(scenario)[:, 0], [0, 0, 0.4])


def test_what_betas_leave_too_small_is_scaled_down_and_said() -> None:
    scenario = load_one(CROWD + "factors: {market: .7}")
    market = 0.7**2 / 0.8**2
    np.testing.assert_allclose(parts(scenario)[1:, 0], 0.9999)
    what = "f: attention factors ask for 40% of GME's variance; its betas leave 23%"
    assert market + 0.4 > 1 and what in scenario.notes


def test_a_factor_for_less_than_two_names_of_the_book_is_a_note() -> None:
    note = "f: attention factor crowd touches GME alone that the book holds, so no two names move "
    assert load_one(CROWD.replace("shorts", "GME")).notes[0].startswith(note)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            CROWD.replace(".4", "1"),
            "f.yaml:1: attention_factors.crowd.share: 1 is above 0.99; give 0 to 0.99",
        ),
        (
            CROWD.replace("share", "shre"),
            "f.yaml:1: attention_factors.crowd.shre: unknown field, did you mean share?",
        ),
        (
            CROWD.replace("shorts", "AMCC"),
            "f.yaml:1: attention_factors.crowd.names: the market file has no AMCC",
        ),
        (
            CROWD.replace("shorts", "[]"),
            "f.yaml:1: attention_factors.crowd.names: give all, shorts, or a list of symbols",
        ),
        (
            CROWD.replace("crowd", "market"),
            "f.yaml:1: attention_factors: market is one of the factors; rename one",
        ),
        ("attention_factors: 3\n", 'f.yaml:1: attention_factors: "3" is not a section'),
    ],
)
def test_mistakes_are_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        load(text)
    assert str(error.value).startswith(message)


def test_variants_try_other_shares_where_there_is_a_factor() -> None:
    tried = {"impact": (), "max_multiple": (), "dealer_sign": ()}
    scenario = load_one(CROWD)
    made = variants(scenario.model_copy(update={"sensitivity": {}}).model_validate(
        {**scenario.model_dump(exclude_unset=True), "sensitivity": tried}
    ))  # fmt: skip
    assert [v.id for v in made] == ["f, attention_share 0.3", "f, attention_share 0.65"]
    np.testing.assert_allclose(
        [parts(v)[1, 0] for v in made], np.array([0.3, 0.65]) / 0.4 * parts(scenario)[1, 0]
    )
    none = Scenario.model_validate({"id": "f", "sensitivity": tried})
    assert variants(none) == []


def test_what_nobody_uses_is_no_feature() -> None:
    """With a share of 0 the factor is there and moves nobody."""
    for text, used in ((CROWD, True), (CROWD.replace(".4", "0"), False), ("factors: {}", False)):
        packed = pack(bind(load_one(text), BOOK, MARKET, Chain()), seed=1)
        assert (Feature.ATTENTION_FACTORS in Feature(int(packed.run["features"]))) is used
