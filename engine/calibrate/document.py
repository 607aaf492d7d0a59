"""A fit as a scenario's YAML and as tables for a person."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ... import __version__
from ...scenarios.calendar import EXCHANGE
from ...scenarios.dated import as_yaml
from ...scenarios.ensemble import NO_CROWD, TIMELINE, is_size, steps
from ...scenarios.library import presets
from ...scenarios.scenario import NameParameters
from .fit import RATE, Fit
from .inputs import Episode
from .sentences import sentences
from .simulator import dotted


def yaml(fit: Fit, episode: Episode, output: Path) -> str:
    """The scenario's text: medians under `names`, members under `ensemble`, and how it was made."""
    lines = [*_comments(fit, episode), f"id: {output.stem}"]
    lines.append(f"description: Fitted to {_what(episode)}; {len(fit.members)} parameter sets.")
    if episode.base_name is not None:
        lines.append(f"base: {_base_from(episode.base_name, output)}")
    lines += _long_enough(episode)
    lines += ["names:", f"  {_quoted(episode.symbol)}:"]
    medians = np.median(fit.members, axis=0)
    sd_ratio = dict(zip(fit.simulator.priors.parameters, fit.sd_ratio, strict=True))
    section = None
    of_events = {key: value for key, value in zip(sd_ratio, medians, strict=True) if is_size(key)}
    for key, value in sorted(zip(sd_ratio, medians, strict=True)):
        if key in of_events:
            continue
        above, _, field = key.partition(".")
        if above != section:
            lines.append(f"    {above}:")
            section = above
        words = f"# median; sd {sd_ratio[key]:.2f} of its prior's"
        lines.append(f"      {field}: {value:.4g}  {words}")
    lines += _timeline(episode, of_events, sd_ratio)
    lines.append("ensemble:")
    columns = {
        dotted(episode.symbol, key): values
        for key, values in zip(sd_ratio, fit.members.T, strict=True)
    }
    lines += _columns(_sizes_of_base(episode) | columns, episode, "  ")
    if fit.crowd_may_come:
        lines += _no_crowd(fit, episode)
    past = list(_episode(episode))
    own = episode.base.episode
    # that of the others stands under `episode` of the base
    if episode.beside and not (own is not None and own.symbol == episode.symbol):
        past = ["episodes:", f"  {_quoted(episode.symbol)}:", *(f"  {line}" for line in past[2:])]
    return "\n".join([*lines, *past]) + "\n"


def _columns(
    columns: Mapping[str, Sequence[float]], episode: Episode, indent: str
) -> Iterator[str]:
    """An ensemble, one value a member."""
    for column, values in columns.items():
        path = steps(column, NameParameters.model_fields)
        assert path[0] == TIMELINE or path[1] == episode.symbol
        numbers = ", ".join(f"{value:.12g}" for value in values)
        yield f"{indent}{column}:"
        yield from textwrap.wrap(
            f"[{numbers}]",
            100,
            initial_indent=f"{indent}  ",
            subsequent_indent=f"{indent}   ",
        )


def _no_crowd(fit: Fit, episode: Episode) -> Iterator[str]:
    """The case that no crowd comes: its weight, and the sets that hold then."""
    case = fit.no_crowd
    yield f"{NO_CROWD}:"
    yield f"  weight: {case.weight:.6g}  # {case.prior:.4g} before the closes"
    keys = case.simulator.priors.parameters
    if keys:
        yield "  ensemble:"
    columns = {
        dotted(episode.symbol, key): values
        for key, values in zip(keys, case.members.T, strict=True)
    }
    yield from _columns(_sizes_of_base(episode) | columns, episode, "    ")


def _long_enough(episode: Episode) -> Iterator[str]:
    """A horizon that every event is within, where the base's is none."""
    last = max((event.day or 0 for event in episode.events), default=0)
    if last > episode.base.horizon_days:
        yield f"horizon_days: {episode.prices.days[-1]}"


def _timeline(
    episode: Episode, sizes: Mapping[str, float], sd_ratio: Mapping[str, float]
) -> Iterator[str]:
    """Every event, one that was fitted with its median size, and its source.

    The base's stand here as well: a list stands in for the whole of another.
    """
    if episode.events:
        yield "timeline:"
    for tree in as_yaml(episode.events):
        if source := episode.sources.get(tree["id"]):
            yield f"  # {source}"
        key, words = f"{TIMELINE}.{tree['id']}.size", ""
        if key in sizes:
            tree["size"] = float(f"{sizes[key]:.4g}")
            words = f"  # median; sd {sd_ratio[key]:.2f} of its prior's"
        fields = ", ".join(f"{field}: {json.dumps(value)}" for field, value in tree.items())
        yield f"  - {{{fields}}}{words}"


def _sizes_of_base(episode: Episode) -> dict[str, Sequence[float]]:
    """Columns of the base's ensemble that a timeline of one's own would take out."""
    columns = episode.base.ensemble.items() if episode.events else ()
    return {key: values for key, values in columns if is_size(key)}


def _episode(episode: Episode) -> Iterator[str]:
    """The closes and the market they began in, for `powderkeg scenarios score`."""
    row, prices = episode.market[episode.symbol], episode.prices
    yield "episode:"
    yield f"  symbol: {_quoted(episode.symbol)}"
    yield f"  as_of: {prices.dates[0]}"
    if prices.calendar != EXCHANGE:
        yield f"  calendar: {prices.calendar}"
    if prices.some:
        yield "  sessions: some"
    yield f"  source: {json.dumps(row.source or Path(prices.file).name)}"
    for name in ("price", "float_shares", "short_interest", "borrow_fee", "adv", "volatility",
                 "implied_vol", "lendable"):  # fmt: skip
        if (value := getattr(row, name)) is not None:
            yield f"  {name}: {value:.12g}"
    if prices.high is not None:
        yield f"  high: {prices.high[1:].max():.10g}"
    yield "  closes:"
    for day, close in zip(prices.dates[1:], prices.close[1:], strict=True):
        yield f"    {day}: {close:.10g}"
    if points := episode.reported:
        yield "  short_interest_reported:"
        for day, shares in zip(points.dates, points.values, strict=True):
            yield f"    {day}: {shares:.12g}"


def _what(episode: Episode) -> str:
    dates = episode.prices.dates
    others = f" (beside {', '.join(episode.beside)})" if episode.beside else ""
    return f"{len(dates)} closes of {episode.symbol}{others}, {dates[0]} to {dates[-1]}"


def _comments(fit: Fit, episode: Episode) -> Iterator[str]:
    size, seed = fit.size, fit.simulator.seed
    text = (
        f"Fitted by powderkeg {__version__} calibrate to {_what(episode)} "
        f"({Path(episode.prices.file).name}), with the priors {fit.simulator.priors.name}: draws "
        f"of prior x exp(-{RATE:g} loss), the loss made of {', '.join(fit.observed.parts)}; "
        f"{size.sets:,} sets of {size.paths} paths, seed {seed}."
    )
    for sentence in (text, *sentences(fit)):
        sentence = sentence[:1].upper() + sentence[1:].rstrip(".") + "."
        yield from textwrap.wrap(
            sentence, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
        )


def _base_from(base: str, output: Path) -> str:
    """A base as the scenario's file names it: presets by name, files from its own folder."""
    return base if base in presets() else os.path.relpath(base, output.absolute().parent)


def _quoted(symbol: str) -> str:
    return symbol if symbol[0].isalpha() else f'"{symbol}"'
