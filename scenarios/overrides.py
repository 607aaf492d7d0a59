"""What a scenario says of one name, of one member of its ensemble, and in one of its variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from .ensemble import TIMELINE, steps
from .errors import InputError
from .parameter import Section
from .scenario import NameParameters, Scenario
from .timeline import labels
from .variation import Variation
from .whom import SHORTS

LEAST_MULTIPLE = 1.1  # of max_multiple
LONGEST_ID_WITH_VARIANTS = 150

Layer = TypeVar("Layer", bound=Section)


def for_name(scenario: Scenario, symbol: str, is_short: bool) -> NameParameters:
    """The parameters of one name: its own over `shorts` (if the book is short) over the top."""
    layers = [scenario.names[SHORTS]] if is_short and SHORTS in scenario.names else []
    if symbol in scenario.names:
        layers.append(scenario.names[symbol])
    sections: dict[str, Any] = {}
    for section in NameParameters.model_fields:
        value = getattr(scenario, section)
        for layer in layers:
            given = getattr(layer, section)
            if isinstance(value, dict):
                value = {**value, **given}
            else:
                value = value.model_copy(
                    update={field: getattr(given, field) for field in given.model_fields_set}
                )
        sections[section] = value
    return _varied(NameParameters.model_construct(**sections), scenario.variation)


def _varied(p: NameParameters, by: Variation) -> NameParameters:
    """One name's parameters under a variation."""
    clearing, crowd, sign = p.clearing, p.crowd, p.dealers.sign
    sign = (sign if by.dealer_sign is None else by.dealer_sign) + by.dealer_shift
    changed: dict[str, dict[str, Any]] = {
        "clearing": {
            "impact_factor": clearing.impact_factor * by.impact,
            "max_multiple": max(clearing.max_multiple * by.max_multiple, LEAST_MULTIPLE),
            "settlement_multiple": clearing.settlement_multiple * by.max_multiple,
        },
        "dealers": {"sign": min(max(sign, -1.0), 1.0)},
        "crowd": {
            "infection": crowd.infection * by.crowd,
            "share_budget": crowd.share_budget * by.crowd,
            "call_budget": crowd.call_budget * by.crowd,
            "wealth": None if crowd.wealth is None else crowd.wealth * by.crowd,
        },
        "borrow": {
            "lendable_elastic": p.borrow.lendable_elastic * by.lendable,
            "lendable_locked": p.borrow.lendable_locked * by.lendable,
        },
        "shorts": {
            "participation": p.shorts.participation * by.participation,
            "tolerance": p.shorts.tolerance + by.tolerance,
        },
    }
    update = {
        section: getattr(p, section).model_copy(update=values)
        for section, values in changed.items()
    }
    return p.model_copy(update=update)


def members(scenario: Scenario) -> list[Scenario]:
    """The scenario as each member has it, none of them with an ensemble; [] without one."""
    columns = scenario.ensemble
    count = len(next(iter(columns.values()), ()))
    return [
        with_values(scenario, {key: values[k] for key, values in columns.items()})
        for k in range(count)
    ]


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The scenario with values at dotted parameters, which must be in range, and no ensemble."""
    names: dict[str, Any] = dict(scenario.names)
    events = dict(zip(labels(scenario.timeline), scenario.timeline, strict=True))
    made = scenario.model_copy(update={"ensemble": {}, "names": names})
    for dotted, value in values.items():
        *above, section, field = steps(dotted, NameParameters.model_fields)
        if above == [TIMELINE]:
            events[section] = events[section].model_copy(update={field: value})
        elif above:
            layer = names.get(above[1], NameParameters())
            names[above[1]] = _with_value(layer, section, field, value)
        else:
            made = _with_value(made, section, field, value)
    return made.model_copy(update={"timeline": tuple(events.values())})


def _with_value(layer: Layer, section: str, field: str, value: float) -> Layer:
    changed = getattr(layer, section).model_copy(update={field: value})
    return layer.model_copy(update={section: changed})


def variants(scenario: Scenario) -> list[Scenario]:
    """The scenario with one value of its `sensitivity` at a time, in their order.

    Ids are `gme-2021, impact x0.5`; `variant_of` is the id of the scenario. What would change
    nothing is left out, and a variant has no variants. Raises InputError for an id that leaves no
    room to say what was varied.
    """
    if scenario.variant_of is not None:
        return []
    varied = []
    for variation in scenario.variation.around(scenario.sensitivity):
        if _varies(scenario, variation):
            name = _variant_id(scenario, variation.label or "as given")
            update = {"id": name, "variant_of": scenario.id, "variation": variation}
            varied.append(scenario.model_copy(update=update))
    return varied


def _variant_id(scenario: Scenario, label: str) -> str:
    if len(scenario.id) > LONGEST_ID_WITH_VARIANTS:
        raise InputError(
            f"id: {len(scenario.id)} characters leave no room to say what a variant varies; at "
            f"most {LONGEST_ID_WITH_VARIANTS}"
        )
    return f"{scenario.id}, {label}"


SURVIVAL = "margin, house"
"""What the book does in a run for survival: the broker sells it out under a house's margin."""


def survivals(scenario: Scenario) -> list[Scenario]:
    """The scenario with the book sold out on a margin call under house margin, in place of whatever
    it does; none for one that varies another, or does so already. Raises InputError as `variants`.
    """
    rules = scenario.book.model_copy(update={"policy": ("margin",), "regime": "house"})
    if scenario.variant_of is not None or rules == scenario.book:
        return []
    update = {"id": _variant_id(scenario, SURVIVAL), "variant_of": scenario.id, "book": rules}
    return [scenario.model_copy(update=update)]


ATTENTION = "crowd.initial_attention"


def no_crowds(scenario: Scenario) -> list[Scenario]:
    """The scenario in which no crowd comes, where it says how likely that is; [] elsewhere.

    Raises InputError as `variants`.
    """
    if scenario.variant_of is not None or scenario.no_crowd is None:
        return []
    found = without_crowd(scenario, {**scenario.ensemble, **scenario.no_crowd.ensemble})
    update = {"id": _variant_id(scenario, "no crowd"), "variant_of": scenario.id}
    return [found.model_copy(update=update)]


def without_crowd(scenario: Scenario, columns: Mapping[str, tuple[float, ...]]) -> Scenario:
    """A scenario under these columns of an ensemble in which nobody attends to any name, and the
    crowd neither grows nor trades.
    """
    everywhere = (ATTENTION, *(f"names.{symbol}.{ATTENTION}" for symbol in scenario.names))
    made = with_values(scenario, dict.fromkeys(everywhere, 0.0))
    channels = scenario.channels.model_copy(update={"crowd": False})
    kept = {key: values for key, values in columns.items() if not key.endswith(ATTENTION)}
    return made.model_copy(update={"channels": channels, "ensemble": kept, "no_crowd": None})


def _varies(scenario: Scenario, variation: Variation) -> bool:
    """Whether one more change says anything that does not hold already."""
    before, sign = scenario.variation, variation.dealer_sign
    if variation.attention_share != before.attention_share:
        shares = {factor.share for factor in scenario.attention_factors.values()}
        return bool(shares) and shares != {variation.attention_share}
    if variation == before or sign == before.dealer_sign:
        return variation != before
    overrides = {
        layer.dealers.sign
        for layer in scenario.names.values()
        if "sign" in layer.dealers.model_fields_set
    }
    sampled = any(key.endswith("dealers.sign") for key in scenario.ensemble)
    said = {scenario.dealers.sign} | overrides
    return sampled or before.dealer_sign is not None or said != {sign}
