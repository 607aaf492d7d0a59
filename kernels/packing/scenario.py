"""From models to arrays: book, market, chain and scenario as the back ends read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ...scenarios.book import Book
from ...scenarios.bound import Bound
from ...scenarios.calendar import expiry_days, monthly_expiries, weekly_expiries
from ...scenarios.chain import SHARES_PER_CONTRACT, Chain
from ...scenarios.errors import InputError
from ...scenarios.market import Market, MarketRow
from ...scenarios.scenario import NameParameters, Scenario
from ..holders.subject import Hedge, Setting, step_fraction
from ..kinds import NO_LIMIT, TRADING_DAYS
from ..members import joined
from ..packed import Packed, tile
from ..records import (
    ALL_CHANNELS,
    MIXING_NODES,
    NAME,
    NO_MIXING,
    PADDING,
    RUN,
    Channel,
    EventType,
    Feature,
    StepKind,
)
from ..streams import stream_of
from .book import margin_of, run_fields
from .chain import ChainTable, Options, build_chain
from .derivatives import pack_derivatives
from .in_use import channels_in_use
from .mixing import mixing_table
from .name import Impact, name_record
from .schedule import schedule
from .story import event_streams, pack_funds, pack_timeline


@dataclass(frozen=True)
class Prepared:
    """A packed scenario and what a person should see of it before the run."""

    packed: Packed
    impacts: tuple[Impact, ...]


def pack(bound: Bound, *, seed: int, channels: Channel | None = None) -> Packed:
    """The arrays of one scenario; `channels` None takes the scenario's switches.

    Units as in docs/model.md. Chain tables are kept, so scenarios that share chain and calendar
    share the table. Raises InputError, one line, if the inputs do not fit together.
    """
    return prepare(bound, seed=seed, channels=channels).packed


def prepare(bound: Bound, *, seed: int, channels: Channel | None = None) -> Prepared:
    """As `pack`, with the impact of every name (of the scenario without its ensemble)."""
    central = _prepare_one(bound, seed, channels)
    members = []
    for number, member in enumerate(bound.members()):
        try:
            members.append(_prepare_one(member, seed, channels).packed)
        except InputError as error:
            raise InputError(f"member {number} of the ensemble: {error}") from None
    return replace(central, packed=joined(central.packed, members))


def _prepare_one(bound: Bound, seed: int, channels: Channel | None) -> Prepared:
    scenario, book, market, symbols = bound.scenario, bound.book, bound.market, bound.symbols
    rows, parameters = bound.rows, bound.parameters
    weekly = weekly_expiries(market.as_of, scenario.horizon_days)
    steps = _steps(scenario, market, weekly)
    hedges, table = _hedges(rows, parameters, market, bound.chain, weekly, steps, scenario)
    loads, scaled = bound.loadings, bound.attention_loadings
    weights = _attention_weights(parameters)
    streams = _streams(symbols, scenario)
    tails = _Tails(scenario, parameters)

    lanes, names_per_lane = tile(len(symbols))
    slots = lanes * names_per_lane
    funds, positions = pack_funds(scenario, book, market, symbols, slots)
    margins = [margin_of(book[row.symbol], row, scenario.book) for row in rows]
    derivatives, of_names = pack_derivatives(book, rows, scenario.book, scenario.steps_per_day)
    rates = {symbol: margin.plain for symbol, margin in zip(symbols, margins, strict=True)}
    timeline = pack_timeline(scenario, book, rates, market, symbols, slots)
    settings = [
        Setting(
            equity=book.equity,
            hedge=hedges[i],
            loadings=loads[i],
            attention_loadings=scaled[i],
            attention_weight=weights[i],
            stream=streams[i],
            dt=1 / scenario.steps_per_day,
            root_tau=float(np.sqrt(weekly[0] / TRADING_DAYS)),
            mixing=tails.of_names[i],
            broker=scenario.broker,
            funds=dict(zip(scenario.funds, positions["holding0"][i].tolist(), strict=True)),
            issuance=timeline.issuance[i],
            call_ladder=scenario.call_ladder,
            margin=margins[i],
        )
        for i in range(len(symbols))
    ]
    names, impacts = _names(bound, settings, of_names, slots)

    packed = Packed(
        symbols=symbols,
        run=_run(scenario, book, seed, len(symbols), table, tails),
        names=names,
        loadings=_padded(np.hstack([loads, scaled]), slots),
        factor_streams=np.array(streams[len(symbols) :], np.uint32),
        schedule=steps,
        horizons=np.array(scenario.horizons, np.int32),
        chain=table.table,
        steepest=table.steepest,
        funds=funds,
        positions=positions,
        events=timeline.events,
        event_sizes=timeline.sizes,
        mixing=tails.tables,
        derivatives=derivatives,
    )
    packed.run["features"] = int(_features(packed, scenario.call_ladder))
    wanted = switched_on(scenario) if channels is None else channels
    return Prepared(packed.with_channels(wanted & channels_in_use(packed)), impacts)


def _padded(loadings: npt.NDArray[np.float64], slots: int) -> npt.NDArray[np.float32]:
    """The loadings of the names, and zeros in the slots that no name has."""
    rest = slots - len(loadings)
    return np.pad(loadings, ((0, rest), (0, 0))).astype(np.float32)


def _steps(scenario: Scenario, market: Market, weekly: Sequence[int]) -> npt.NDArray[np.void]:
    """STEP records; `weekly` are the days of the crowd's weekly expiries."""
    return schedule(
        scenario.horizon_days,
        scenario.steps_per_day,
        weekly,
        monthly=None
        if scenario.call_ladder
        else monthly_expiries(market.as_of, scenario.horizon_days),
        ladder=scenario.call_ladder,
        normals_per_step=scenario.normals_per_step,
        tau_floor=scenario.tau_floor,
    )


def _names(
    bound: Bound, settings: list[Setting], of_names: list[dict[str, Any]], slots: int
) -> tuple[npt.NDArray[np.void], tuple[Impact, ...]]:
    """NAME records (slots,), padding after the names, and the impacts for display."""
    names, impacts = np.zeros(slots, NAME), []
    for field, value in PADDING.items():
        names[field][len(settings) :] = value
    for i, (row, p) in enumerate(zip(bound.rows, bound.parameters, strict=True)):
        record, impact = name_record(row, bound.book[row.symbol], p, settings[i])
        for field, value in (record | of_names[i]).items():
            names[field][i] = value
        impacts.append(impact)
    return names, tuple(impacts)


def switched_on(scenario: Scenario) -> Channel:
    """The channels a scenario leaves on."""
    on = Channel(0)
    for channel in ALL_CHANNELS:
        if getattr(scenario.channels, str(channel.name).lower()):
            on |= channel
    return on


class _Tails:
    """Tables of the variance mixtures in use: rows of `of_names` and `of_factors`."""

    def __init__(self, scenario: Scenario, parameters: list[NameParameters]) -> None:
        laws: dict[tuple[float, float], int] = {}

        def row_of(dof: float | None, cap: float) -> int:
            return NO_MIXING if dof is None else laws.setdefault((dof, cap), len(laws))

        self.of_names = [row_of(p.anchor.dof, p.anchor.tail_cap) for p in parameters]
        factor_dof = scenario.factor_dof if scenario.factor_names else None
        self.of_factors = row_of(factor_dof, scenario.factor_tail_cap)
        tables = [mixing_table(*law) for law in laws]
        self.tables = np.array(tables, np.float32).reshape(-1, MIXING_NODES)


def _run(
    scenario: Scenario, book: Book, seed: int, names: int, table: ChainTable, tails: _Tails
) -> npt.NDArray[np.void]:
    lanes, names_per_lane = tile(names)
    n, days, broker = scenario.steps_per_day, scenario.horizon_days, scenario.broker
    capital = broker.excess_net_capital
    values: dict[str, Any] = {
        "seed": seed,
        "names": names,
        "lanes": lanes,
        "names_per_lane": names_per_lane,
        "factors": len(scenario.factor_names),
        "attention_factors": len(scenario.attention_factors),
        "funds": len(scenario.funds),
        "events": len(scenario.timeline),
        "factor_mixing": tails.of_factors,
        "steps": days * (n + 1),
        "days": days,
        "steps_per_day": n,
        "normals_per_step": scenario.normals_per_step,
        "dt": 1 / n,
        "overnight_share": scenario.overnight_share,
        "vol_nodes": table.table.shape[2],
        "price_nodes": table.table.shape[3],
        "vol_start": table.vol_start,
        "vol_inverse_step": table.vol_inverse_step,
        "premium_limit": NO_LIMIT if capital is None else broker.premium_limit / capital,
        "settlement_c": step_fraction(1 / broker.settlement_days, 1 / n),
        **run_fields(scenario.book, book, 1 / n),
        "broker_duration": broker.duration,
    }
    run = np.zeros((), RUN)
    for field, value in values.items():
        run[field] = value
    return run


def _features(packed: Packed, ladder: bool) -> Feature:
    """What the scenario uses besides trading."""
    names, types = packed.names, packed.events["type"]
    moves = (names["jump_mean"] != 0) | (names["jump_sd"] > 0)
    used = {
        Feature.FACTOR_TAILS: packed.run["factor_mixing"] != NO_MIXING,
        Feature.NAME_TAILS: (names["mixing"] != NO_MIXING).any(),
        Feature.JUMPS: ((names["jump_probability"] > 0) & moves).any(),
        Feature.EVENTS: len(types) > 0,
        Feature.MONTHLY_CALLS: (names["monthly_share"] > 0).any() or ladder,
        Feature.CALL_LADDER: ladder,
        Feature.CANCELLATION: (types == EventType.CANCELLATION).any(),
        Feature.DERIVATIVES: len(packed.derivatives) > 0,
        Feature.COHORT_MARGIN: (names["cohort_margin_share"] > 0).any(),
        Feature.CLUSTERING: (names["clustering"] > 0).any(),
        Feature.ATTENTION_FACTORS: (names["attention_share"] > 0).any(),
    }
    return Feature(sum(feature for feature, asked in used.items() if asked))


def _streams(symbols: tuple[str, ...], scenario: Scenario) -> list[int]:
    """Random-number streams of names, then factors; any two that share one are refused."""
    labels = [symbol.upper() for symbol in symbols]
    labels += [f"factor:{name}" for name in scenario.factor_names]
    owner: dict[int, str] = {}
    for label in (*labels, *event_streams(scenario)):
        other = owner.setdefault(stream_of(label), label)
        if other != label:
            raise InputError(f"{other} and {label} share a random-number stream; rename one")
    return [stream_of(label) for label in labels]


def _attention_weights(parameters: list[NameParameters]) -> npt.NDArray[np.float64]:
    """Weights of names in the attention others share in: sum 1, or all 0."""
    given = [
        float(p.crowd.initial_attention > 0)
        if p.crowd.attention_weight is None
        else p.crowd.attention_weight
        for p in parameters
    ]
    weights = np.array(given)
    return weights / weights.sum() if weights.sum() > 0 else weights


def _options(
    row: MarketRow,
    p: NameParameters,
    market: Market,
    chain: Chain,
    weekly: tuple[int, ...],
    horizon: int,
) -> Options | None:
    """Customers' open interest in one name, from the chain file or as the scenario assumes it."""
    settlement = {"exercised": p.dealers.exercised, "close_out": p.dealers.close_out}
    listed = chain.for_symbol(row.symbol)
    if listed:
        if market.as_of is None:
            raise InputError(
                f"{row.symbol}: the chain has expiry dates but the market file has no as-of date"
            )
        days = expiry_days(market.as_of, (option.expiry for option in listed))
        alive = [option for option in listed if days[option.expiry] >= 1]
        if not alive:
            return None
        strikes = np.array([option.strike for option in alive])
        contracts = np.array([option.open_interest for option in alive])
        return Options(
            log_strike=np.log(strikes / row.price),
            expiry_day=np.array([days[option.expiry] for option in alive]),
            is_call=np.array([option.option_type == "call" for option in alive]),
            open_interest=contracts * SHARES_PER_CONTRACT / row.float_shares,
            **settlement,
        )
    if p.dealers.open_interest > 0:
        expiries = p.dealers.expiries
        if expiries is None:  # every weekly expiry up to the first at or after the horizon
            expiries = tuple(day for day in weekly if day < horizon)
            expiries += weekly[len(expiries) : len(expiries) + 1]
        count = len(expiries)
        return Options(
            log_strike=np.full(count, p.dealers.log_strike),
            expiry_day=np.array(expiries),
            is_call=np.ones(count, bool),
            open_interest=np.full(count, p.dealers.open_interest / count),
            **settlement,
        )
    return None


def _hedges(
    rows: list[MarketRow],
    parameters: list[NameParameters],
    market: Market,
    chain: Chain,
    weekly: tuple[int, ...],
    steps: npt.NDArray[np.void],
    scenario: Scenario,
) -> tuple[list[Hedge], ChainTable]:
    """The dealers' static hedge of every name, and the table they share."""
    options = [
        _options(row, p, market, chain, weekly, scenario.horizon_days)
        for row, p in zip(rows, parameters, strict=True)
    ]
    table = _table(
        _Content(tuple(o for o in options if o is not None)),
        steps["time"].tobytes(),
        (steps["kind"] & StepKind.OVERNIGHT == 0).tobytes(),
        scenario.steps_per_day,
        scenario.tau_floor,
    )
    hedges, index = [], 0
    for row, p, own in zip(rows, parameters, options, strict=True):
        if own is None:
            hedges.append(Hedge())
            continue
        sign = p.dealers.sign
        ends = sorted((sign * table.low[index], sign * table.high[index]))
        hedges.append(
            Hedge(
                index=index,
                start=sign * table.hedge0(index, row.implied_vol),
                low=ends[0],
                high=ends[1],
                long_gamma=bool(sign < 0 or (sign > 0 and table.falls[index])),
                first_node=float(table.start[index]),
                inverse_step=float(table.inverse_step[index]),
            )
        )
        index += 1
    return hedges, table


class _Content:
    """Options of several names, equal when every number of theirs is."""

    def __init__(self, options: tuple[Options, ...]) -> None:
        self.options = options
        self.key = tuple(
            (o.log_strike.tobytes(), o.expiry_day.tobytes(), o.is_call.tobytes(),
             o.open_interest.tobytes(), o.exercised, o.close_out)
            for o in options
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=8)
def _table(
    content: _Content, times: bytes, trading: bytes, steps_per_day: int, tau_floor: float
) -> ChainTable:
    return build_chain(
        content.options,
        np.frombuffer(times, np.float32),
        1 / steps_per_day,
        trading=np.frombuffer(trading, bool),
        tau_floor=tau_floor,
    )
