"""Priors: laws of standard normal scores, within what the model allows, mistakes named."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import lognorm, norm, uniform

from powderkeg.scenarios import InputError
from powderkeg.scenarios.priors import load_priors, prior_names


def written(text: str, tmp_path: Path) -> str:
    (tmp_path / "p.yaml").write_text(text)
    return str(tmp_path / "p.yaml")


THREE = """\
parameters:
  crowd.infection: {law: lognormal, median: 0.4, sd: 0.5, source: a}
  crowd.call_strike: {law: normal, mean: 0.1, sd: 0.2, source: b}
  dealers.sign: {law: uniform, low: -0.5, high: 1, source: c}
"""


def test_laws_are_those_of_scipy(tmp_path: Path) -> None:
    priors = load_priors(written(THREE, tmp_path))
    assert priors.parameters == ("crowd.infection", "crowd.call_strike", "dealers.sign")
    z = np.linspace(-2, 2, 9)
    p = norm.cdf(z)
    values = priors.values(np.stack([z, z, z], axis=-1))
    np.testing.assert_allclose(values[:, 0], lognorm(0.5, scale=0.4).ppf(p))
    np.testing.assert_allclose(values[:, 1], norm(0.1, 0.2).ppf(p), atol=1e-12)
    np.testing.assert_allclose(values[:, 2], uniform(-0.5, 1.5).ppf(p))


def test_values_stay_in_the_range_of_the_model(tmp_path: Path) -> None:
    text = "parameters:\n  crowd.never_sell: {law: normal, mean: 0.9, sd: 0.5, source: a}\n"
    text += "  locked.share: {law: normal, mean: 0.1, sd: 0.2, source: a}\n"
    values = load_priors(written(text, tmp_path)).values([[1.0, -3.0], [0.0, 0.0]])
    np.testing.assert_allclose(values, [[1.0, 0.0], [0.9, 0.1]])


@pytest.mark.parametrize("name", prior_names())
def test_every_prior_has_a_source(name: str) -> None:
    priors = load_priors(name)
    assert all(len(law.source) > 9 for law in priors.laws.values())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("crowd.infektion: {law: normal, mean: 1, sd: 1, source: a}", r"p.yaml:2: crowd.infektion: "
         r"no such parameter of a name, did you mean crowd.infection"),
        ("crowd: {law: normal, mean: 1, sd: 1, source: a}", r"crowd: no such parameter"),
        ("crowd.infection: {law: cauchy, mean: 1, source: a}", r"crowd.infection: input tag"),
        ("crowd.infection: {law: normal, mean: 1, sd: 0, source: a}", r"crowd.infection.sd: input"),
        ("crowd.infection: {law: normal, mean: 1, sd: 1}", r"crowd.infection.source: field req"),
        ("crowd.infection: {law: normal, mean: -1, sd: 1, source: a}", r"its median -1 is not bet"),
        ("dealers.sign: {law: uniform, low: 1, high: 0, source: a}", r"low 1 is not below high 0"),
    ],
)  # fmt: skip
def test_mistakes_are_named(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        load_priors(written(f"parameters:\n  {line}\n", tmp_path))


def test_the_base_rate_of_crowds_stands_in_the_file(tmp_path: Path) -> None:
    assert load_priors("squeeze").crowds_per_year == 0.25
    assert load_priors(written("crowds_per_year: 0.1\n" + THREE, tmp_path)).crowds_per_year == 0.1
    for wrong in ("1.5", "0", "often", "true"):
        with pytest.raises(InputError, match=r"p.yaml:1: crowds_per_year: .* between 0 and 1"):
            load_priors(written(f"crowds_per_year: {wrong}\n" + THREE, tmp_path))


@pytest.mark.parametrize("name", ["squeeze", "meme", "large-cap"])
def test_who_sells_calls_and_what_a_crowd_has_are_finite(name: str) -> None:
    laws = load_priors(name).laws
    assert {"dealers.call_capacity", "crowd.wealth"} <= set(laws)


def test_what_is_no_file_of_priors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'no priors "sqeeze", did you mean squeeze'):
        load_priors("sqeeze")
    with pytest.raises(InputError, match=r'unknown key "crowd"; priors stand under parameters'):
        load_priors(written("crowd: {}\n", tmp_path))
    with pytest.raises(InputError, match=r"write `section.field: \{law"):
        load_priors(written("description: none\n", tmp_path))
