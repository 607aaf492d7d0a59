"""Scenarios by name or path: presets, bases, named lists, grids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence as AnySequence
from itertools import product
from pathlib import Path
from typing import Any

from .book import Book
from .ensemble import pinned, place_in, steps
from .episode import Episode
from .errors import InputError, did_you_mean, shown
from .joint import check
from .market import Market
from .members import with_tables
from .scenario import NameParameters, Scenario
from .validation import build, normalise_names
from .yamlfile import Mapping, Place, Sequence, copy, merge
from .yamlfile import load as load_yaml

PRESETS = Path(__file__).parent / "presets"
MAX_BASES = 8
MAX_SCENARIOS = 20_000
_OWN_KEYS = ("id", "base", "scenarios", "grid")  # of a file, not of a scenario's parameters

Texts = tuple[str, ...]


def presets() -> tuple[str, ...]:
    """Names of the scenarios that come with powderkeg."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.yaml")))


def _find(name: str, folder: Path, where: str) -> tuple[Path, str]:
    """File and label of a preset name or of a path. `where` opens the error."""
    if name in presets():
        return PRESETS / f"{name}.yaml", f"{name}.yaml"
    if name.endswith((".yaml", ".yml")):
        path = folder / name
        return path, str(path)
    help_ = did_you_mean(name, presets(), f"; presets are {', '.join(presets())}")
    raise InputError(f"{where}{shown(name)} is neither a preset nor a .yaml file{help_}")


def _without(tree: Mapping, keys: AnySequence[str]) -> Mapping:
    made = Mapping(tree.place)
    for key, value in tree.items():
        if key not in keys:
            made.put(key, value, tree.places[key])
    return made


def _load(path: Path, label: str) -> tuple[Mapping, Texts]:
    """Tree of a file and its text, then those of the tables it names.

    Symbols under `names` are in upper case, so that files merge by them.
    """
    tree, text = load_yaml(path, label)
    tables: Texts = ()
    for part in (tree, *(tree.get("scenarios") or ())):
        if isinstance(part, Mapping):
            tables += with_tables(part, path.parent, PRESETS)
            normalise_names(part, {})
    return tree, (text, *tables)


def _over(base: Mapping, over: Mapping) -> Mapping:
    """`over` on top of `base`, whose ensemble leaves alone what `over` says.

    A past is a whole: an episode with closes stands in for the base's of that name.
    """
    below = _without(base, ("episode",)) if _is_past(over.get("episode")) else base
    if isinstance(pasts := below.get("episodes"), Mapping):
        again = [key for key, past in (over.get("episodes") or {}).items() if _is_past(past)]
        below = copy(below)
        below.put("episodes", _without(pasts, again), base.places["episodes"])
    return merge(pinned(below, over, NameParameters.model_fields), over)


def _is_past(value: object) -> bool:
    return isinstance(value, Mapping) and "closes" in value


def _base(tree: Mapping, folder: Path, above: tuple[Path, ...]) -> tuple[Mapping, Texts]:
    """What a tree stands on: its base with the base's own bases, and their texts."""
    if "base" not in tree:
        return Mapping(tree.place), ()
    name, place = tree["base"], tree.places["base"]
    if not isinstance(name, str):
        raise InputError(f"{place}: base: {shown(name)} is not a preset or a path")
    path, label = _find(name, folder, f"{place}: base: ")
    if path.resolve() in above or len(above) > MAX_BASES:
        raise InputError(f"{place}: base: {shown(name)} stands on itself; remove one base")
    below, own = _load(path, label)
    for key in ("scenarios", "grid"):
        if key in below:
            raise InputError(f"{place}: base: {label} holds several scenarios; a base is one")
    start, texts = _base(below, path.parent, (*above, path.resolve()))
    return _over(start, _without(below, _OWN_KEYS)), (*own, *texts)


def _without_brackets(dotted: str) -> str:
    """`timeline[0].size` -> timeline.0.size."""
    return re.sub(r"\[(\d+)\]", r".\1", dotted)


def _put(tree: Mapping, dotted: str, value: Any, place: Place) -> None:
    *above, last = path = steps(dotted, NameParameters.model_fields)
    node: Any = tree
    for step in above:
        if isinstance(node, Sequence):
            if not (step.isdigit() and int(step) < len(node)):
                raise InputError(f"{place}: grid: {dotted}: the list has {len(node)} items")
            node = node[int(step)]
        else:
            if node.get(step) is None:
                node.put(step, Mapping(place), place)
            node = node[step]
        if not isinstance(node, Mapping | Sequence):
            raise InputError(f"{place}: grid: {dotted}: {step} is not a section")
    if isinstance(node, Sequence):
        raise InputError(f"{place}: grid: {dotted}: name a field of the item, as timeline[0].size")
    node.put(last, value, place)
    columns = tree.get("ensemble") or {}
    for column in list(columns):
        if place_in(tree, steps(column, NameParameters.model_fields)) == path:
            del columns[column]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(_shown, value))
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^A-Za-z0-9._+-]", "_", text)


def _labels(keys: AnySequence[str]) -> dict[str, str]:
    """A short name of each grid parameter: its last word where that is unambiguous."""
    last = [key.rpartition(".")[2] for key in keys]
    return {
        key: word if last.count(word) == 1 else _without_brackets(key.removeprefix("names."))
        for key, word in zip(keys, last, strict=True)
    }


def _grid(tree: Mapping, name: str, grid: Any, place: Place) -> Iterator[tuple[str, Mapping]]:
    """Every combination of a grid's values on top of a tree, with readable names."""
    if grid is None:
        yield name, tree
        return
    if not isinstance(grid, Mapping) or not grid:
        raise InputError(f"{place}: grid: write `parameter: [values]` lines under it")
    count = 1
    for key, values in grid.items():
        if not isinstance(values, Sequence) or not values:
            raise InputError(f"{grid.places[key]}: grid: {key}: give a list of values")
        count *= len(values)
        if count > MAX_SCENARIOS:
            raise InputError(f"{place}: grid: more than {MAX_SCENARIOS:,} scenarios; thin it out")
    labels = _labels(list(grid))
    for values in product(*grid.values()):
        made, parts = copy(tree), [name]
        for key, value in zip(grid, values, strict=True):
            _put(made, key, value, grid.places[key])
            parts.append(f"{labels[key]}={_shown(value)}")
        yield ",".join(parts), made


def _identified(tree: Mapping, name: str, place: Place) -> Mapping:
    made = _without(tree, ("id",))
    made.put("id", name, place)
    return made


def _expand(path: Path, label: str) -> Iterator[tuple[Mapping, str, Texts]]:
    """Every scenario of a file as a resolved tree, the file's text, and those it stands on."""
    tree, (text, *tables) = _load(path, label)
    above = (path.resolve(),)
    common = _without(tree, _OWN_KEYS)
    file_base, file_texts = _base(tree, path.parent, above)
    entries: list[tuple[Mapping, Mapping, Texts]] = []
    if "scenarios" not in tree:
        entries.append((tree, _over(file_base, common), file_texts))
    elif "id" in tree:
        raise InputError(f"{tree.places['id']}: id: give one to each of the scenarios instead")
    else:
        items, place = tree["scenarios"], tree.places["scenarios"]
        if not isinstance(items, Sequence) or not items:
            raise InputError(f"{place}: scenarios: write a list of `- id: ...` items")
        for item, item_place in zip(items, items.places, strict=True):
            if not isinstance(item, Mapping) or "id" not in item:
                raise InputError(f"{item_place}: scenarios: every item needs an id")
            if "scenarios" in item:
                raise InputError(f"{item.places['scenarios']}: a list inside a list; flatten it")
            start, texts = file_base, file_texts
            if "base" in item:
                start, texts = _base(item, path.parent, above)
            own = _without(item, _OWN_KEYS)
            entries.append((item, _over(_over(start, common), own), texts))
    for entry, resolved, texts in entries:
        name = entry.get("id", path.stem)
        place = entry.places.get("id", entry.place)
        if not isinstance(name, str):
            raise InputError(f"{place}: id: {shown(name)} is not a word; put it in quotes")
        grids = [(entry.get("grid"), entry.places.get("grid", place))]
        if entry is not tree:
            grids.append((tree.get("grid"), tree.places.get("grid", place)))
        trees = [(name, resolved)]
        for grid, grid_place in grids:
            trees = [new for n, t in trees for new in _grid(t, n, grid, grid_place)]
            if len(trees) > MAX_SCENARIOS:
                raise InputError(f"{grid_place}: grid: more than {MAX_SCENARIOS:,} scenarios")
        for full_name, made in trees:
            yield _identified(made, full_name, place), text, (*tables, *texts)


def _check_map(symbol_map: AnyMapping[str, str], market: Market) -> dict[str, str]:
    upper = {old.upper(): new.upper() for old, new in symbol_map.items()}
    for old, new in upper.items():
        if new not in market:
            help_ = did_you_mean(new, market.rows, "; add its row there")
            raise InputError(f"`mapping` {old}={new}: the market file has no {new}{help_}")
    return upper


def load_episodes(spec: str) -> tuple[Episode, ...]:
    """The pasts that the first scenario of a preset or file is held against. Raises InputError."""
    path, label = _find(spec, Path(), "scenario ")
    tree, _, _ = next(_expand(path, label))
    normalise_names(tree, {})
    scenario = build(tree)
    if not scenario.pasts:
        raise InputError(
            f"{label}: no episode to hold it against; powderkeg calibrate writes one, or type its "
            "closes under `episode`"
        )
    return scenario.pasts


def load_scenarios(
    specs: AnySequence[str | Path],
    market: Market,
    book: Book,
    symbol_map: AnyMapping[str, str] | None = None,
) -> list[Scenario]:
    """Load presets and YAML files and check them against market and book.

    Parameters
    ----------
    specs
        Names of presets or paths of YAML files. A file is one scenario (with `base:` a preset or
        path that it changes), a `scenarios:` list, or a `grid:` of values per dotted parameter.
    market, book
        What the scenarios are to run on.
    symbol_map
        Puts a story on another name: {"GME": "XYZ"}.

    Returns
    -------
    Scenarios in the order of `specs`, each with the texts it was read from and notes.

    Raises
    ------
    InputError
        One line with file and line, of a table with row and column.

    Example
    -------
    >>> from powderkeg.scenarios import load_book, load_market, load_scenarios
    >>> market = load_market("market.csv")
    >>> book = load_book("book.csv", market)
    >>> [story.id for story in load_scenarios(["calm.yaml", "gme-2021"], market, book)]
    ['calm', 'gme-2021']
    """
    mapping = _check_map(symbol_map or {}, market)
    met: set[str] = set()
    scenarios: dict[str, Scenario] = {}
    for spec in specs:
        path, label = _find(str(spec), Path(), "scenario ")
        for tree, text, base_texts in _expand(path, label):
            met |= normalise_names(tree, mapping)
            scenario = build(tree)
            if scenario.id in scenarios:
                raise InputError(
                    f"{tree.places['id']}: id: two scenarios are {shown(scenario.id)}; "
                    "rename one or leave it out"
                )
            notes = check(tree, scenario, market, book)
            scenario.remember(text, base_texts, tuple(notes))
            scenarios[scenario.id] = scenario
            if len(scenarios) > MAX_SCENARIOS:
                raise InputError(f"{label}: more than {MAX_SCENARIOS:,} scenarios in one run")
    for old in mapping:
        if old not in met:
            raise InputError(f"`mapping` {old}={mapping[old]}: no scenario of this run names {old}")
    return list(scenarios.values())
