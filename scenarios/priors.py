"""What is believed of parameters before data: laws over numbers, with where each comes from.

Every law is a function of one standard normal z, so a prior over many parameters is N(0, I), and
the sd of a posterior in z says by itself how much the data told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from scipy.special import ndtr

from .describe import bound
from .errors import InputError, did_you_mean, shown
from .no_crowd import CROWDS_PER_YEAR
from .parameter import Section
from .scenario import NameParameters
from .yamlfile import Mapping as Tree
from .yamlfile import Place
from .yamlfile import load as load_yaml

FOLDER = Path(__file__).parent / "priors"
Array = npt.NDArray[np.float64]
Positive = Annotated[float, Field(gt=0)]


class Normal(Section):
    """mean + sd z."""

    law: Literal["normal"]
    mean: float
    sd: Positive
    source: str

    def value(self, z: npt.ArrayLike) -> Array:
        """The parameter at standard normal scores."""
        return np.asarray(self.mean + self.sd * np.asarray(z))


class LogNormal(Section):
    """median e^(sd z)."""

    law: Literal["lognormal"]
    median: Positive
    sd: Positive
    source: str

    def value(self, z: npt.ArrayLike) -> Array:
        """The parameter at standard normal scores."""
        return np.asarray(self.median * np.exp(self.sd * np.asarray(z)))


class Uniform(Section):
    """Between low and high."""

    law: Literal["uniform"]
    low: float
    high: float
    source: str

    def value(self, z: npt.ArrayLike) -> Array:
        """The parameter at standard normal scores."""
        return np.asarray(self.low + (self.high - self.low) * ndtr(np.asarray(z)))


Law = Annotated[Normal | LogNormal | Uniform, Field(discriminator="law")]
_LAW: TypeAdapter[Normal | LogNormal | Uniform] = TypeAdapter(Law)


@dataclass(frozen=True)
class Priors:
    """Independent priors by parameter, `section.field` of a name; `name` is the file's.

    `limits` are what the model allows of parameters that are of no name: sizes of events.
    `crowds_per_year` is the part of all names that a crowd comes to within a year.
    """

    laws: Mapping[str, Normal | LogNormal | Uniform]
    name: str
    text: str
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    crowds_per_year: float = CROWDS_PER_YEAR

    @property
    def parameters(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(self.laws)

    def values(self, z: npt.ArrayLike) -> Array:
        """Parameters at scores z, held to the range that the model allows.

        Shape: z and the result (..., parameters).
        """
        scores = np.asarray(z, float)
        columns = [law.value(scores[..., k]) for k, law in enumerate(self.laws.values())]
        limits = [self.limits.get(key) or limits_of(_field(key)) for key in self.laws]
        held = [np.clip(c, low, high) for c, (low, high) in zip(columns, limits, strict=True)]
        return np.stack(held, axis=-1) if held else scores  # which has no column either


def limits_of(of: FieldInfo) -> tuple[float, float]:
    """What the model allows of a parameter, ends included."""
    least, above = (_or(bound(of, name), -np.inf) for name in ("ge", "gt"))
    most, below = (_or(bound(of, name), np.inf) for name in ("le", "lt"))
    low, high = np.nextafter(above, np.inf), np.nextafter(below, -np.inf)
    return max(least, float(low)), min(most, float(high))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _field(key: str) -> FieldInfo:
    section, _, field = key.partition(".")
    model: type[Section] = type(NameParameters.model_fields[section].default)
    return model.model_fields[field]


def prior_names() -> tuple[str, ...]:
    """Priors that come with powderkeg."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_priors(name: str) -> Priors:
    """Priors that come with powderkeg, by name, or those of a YAML file.

    Raises InputError, one line with file and line number.
    """
    known = prior_names()
    if name not in known and not name.endswith((".yaml", ".yml")):
        help_ = did_you_mean(name, known, f"; known are {', '.join(known)}, or give a .yaml file")
        raise InputError(f"priors: no priors {shown(name)}{help_}")
    path = FOLDER / f"{name}.yaml" if name in known else Path(name)
    tree, text = load_yaml(path, path.name if name in known else name)
    for key, place in tree.places.items():
        if key not in ("description", "crowds_per_year", "parameters"):
            raise InputError(f"{place}: unknown key {shown(key)}; priors stand under parameters")
    entries = tree.get("parameters")
    if not isinstance(entries, Tree) or not entries:
        raise InputError(f"{tree.place}: parameters: write `section.field: {{law: ...}}` lines")
    laws = {key: _law(key, entry, entries.places[key]) for key, entry in entries.items()}
    return Priors(laws, path.stem, text, crowds_per_year=_base_rate(tree))


def _base_rate(tree: Tree) -> float:
    """Part of all names that a crowd comes to within a year."""
    rate = tree.get("crowds_per_year", CROWDS_PER_YEAR)
    if not isinstance(rate, float | int) or isinstance(rate, bool) or not 0 < rate < 1:
        place = tree.places["crowds_per_year"]
        raise InputError(
            f"{place}: crowds_per_year: {shown(rate)} is no part of all names; give a number "
            "between 0 and 1"
        )
    return float(rate)


def _law(key: str, entry: object, place: Place) -> Normal | LogNormal | Uniform:
    section, _, field = key.partition(".")
    sections = NameParameters.model_fields
    model = type(sections[section].default) if section in sections else None
    if model is None or not issubclass(model, Section) or field not in model.model_fields:
        known = [
            f"{name}.{each}"
            for name, info in sections.items()
            if isinstance(info.default, Section)
            for each in type(info.default).model_fields
        ]
        help_ = did_you_mean(key, known, "; `powderkeg scenarios` lists them")
        raise InputError(f"{place}: {key}: no such parameter of a name{help_}")
    try:
        law = _LAW.validate_python(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in (key, *first["loc"][1:]))
        raise InputError(
            f"{place}: {where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        ) from None
    if isinstance(law, Uniform) and law.low >= law.high:
        raise InputError(f"{place}: {key}: low {law.low:g} is not below high {law.high:g}")
    middle, (low, high) = float(law.value(0.0)), limits_of(_field(key))
    if not low <= middle <= high:
        raise InputError(
            f"{place}: {key}: its median {middle:g} is not between {low:g} and {high:g}"
        )
    return law
