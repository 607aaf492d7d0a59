"""Scenarios for tests of any back end, made as users make them: book, market, chain, scenario.

`packed()` takes physical parameters by the names of helpers/parameters.py and hands a scenario to
the packer, so a test stands on the packer's conversions and not on a copy of them. What no scenario
can say is set on the packed arrays: `adjust`, `with_calendar`, `with_table`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.chain import Options, build_chain
from powderkeg.kernels.packing.schedule import TRADING_DAYS, schedule
from powderkeg.kernels.records import ALL_CHANNELS, LOTS_PER_FLOAT, NAME, Channel, Feature, Policy
from powderkeg.scenarios import Book, Chain, ChainRow, Market, MarketRow, Position, Scenario
from powderkeg.scenarios.calendar import trading_days
from tests.helpers.events import Held, timeline
from tests.helpers.packs import pack
from tests.helpers.parameters import GME, NAMES, SECTIONS, STORY, WHOLE

SEED = 20210128
FLOAT = float(1 << 30)  # shares
PRICE = 10.0
NO_PART_OF_THE_LEDGER = 1e-8  # floats: less than half a lot
FACTOR_VOLATILITY = 0.16  # per annum
AS_OF = date(2021, 1, 15)  # where there is a chain, whose expiries are dates

CALM: dict[str, Any] = {
    **{name: value for name, (_, _, value) in (SECTIONS | WHOLE).items()},
    **NAMES,
    **STORY,
}


def packed(
    names: int = 1, *, channels: Channel = ALL_CHANNELS, seed: int = SEED, **fields: Any
) -> Packed:
    """A packed scenario of calm names; `fields` are keys of `CALM`, which has the defaults.

    Channels are those asked for, whether anybody uses them or not. Raises InputError where the
    packer or the scenario refuses, ValueError for a parameter of another name.
    """
    unknown = fields.keys() - CALM.keys()
    if unknown:
        raise ValueError(f"no such parameter: {', '.join(sorted(unknown))}")
    said = CALM | fields
    symbols = tuple(said["symbols"] or (f"N{i:02d}" for i in range(names)))
    prices, equity = prices_of(names, said)
    market = Market(market_rows(symbols, prices, said), AS_OF if said["options"] else None)
    book = book_of(symbols, prices, equity, said)
    chain = chain_of(symbols, prices, said["options"])
    tree = tree_of(symbols, prices, said)

    def of_impact(per_float: Sequence[float]) -> Packed:
        tree["names"] |= {
            symbol: {
                **tree["names"].get(symbol, {}),
                "clearing": {
                    **tree["names"].get(symbol, {}).get("clearing", {}),
                    "impact_per_float": each,
                },
            }
            for symbol, each in zip(symbols, per_float, strict=True)
        }
        scenario = Scenario.model_validate(tree, strict=False)
        return pack(book, market, chain, scenario, seed=seed)

    # Tests give M; a scenario M over the elastic float, which the packer has to work out first.
    elastic = of_impact([1.0] * names).names["elastic0"][:names].astype(float)
    ready = of_impact((per_name(names, said["elasticity"]) / elastic).tolist())
    return with_calendar(
        ready, said["expiry_every"], said["monthly_every"], said["horizons"]
    ).with_channels(channels)


def gme_like(names: int = 1, **changes: Any) -> Packed:
    """The prototype's fit of January 2021: every agent at work."""
    return packed(names, **{"days": 26, "steps_per_day": 26, **GME, **changes})


# --- the parts ------------------------------------------------------------------------------------


def per_name(names: int, value: Any) -> npt.NDArray[np.float64]:
    """One number for each name."""
    return np.broadcast_to(np.asarray(value, float), names)


def prices_of(names: int, said: Mapping[str, Any]) -> tuple[npt.NDArray[np.float64], float]:
    """Prices at which the book's floats have its weights, and the book's equity."""
    weights = np.abs(per_name(names, said["book_weight"]))
    floats = per_name(names, said["book_floats"])
    if not floats.any():
        return np.full(names, PRICE), NO_PART_OF_THE_LEDGER * FLOAT * PRICE
    if ((floats > 0) != (weights > 0)).any():
        raise ValueError("book_floats: where the book has a weight it has floats, and not else")
    prices = np.full(names, PRICE)
    held = floats > 0
    prices[held] = PRICE * weights[held] / floats[held]
    return prices, FLOAT * PRICE


def market_rows(
    symbols: Sequence[str], prices: npt.NDArray[np.float64], said: Mapping[str, Any]
) -> dict[str, MarketRow]:
    column = {
        key: per_name(len(symbols), said[key])
        for key in ("sigma", "adv", "short_interest", "vol0", "fee0")
    }
    factors = tuple(said["factors"])
    loadings = np.zeros((len(symbols), len(factors)))
    if said["loadings"] is not None:
        loadings[:] = said["loadings"]
    betas = loadings * np.sqrt(TRADING_DAYS) / FACTOR_VOLATILITY
    return {
        symbol: MarketRow(
            symbol=symbol,
            price=float(prices[i]),
            float_shares=FLOAT,
            short_interest=float(column["short_interest"][i]) * FLOAT,
            adv=float(column["adv"][i]) * FLOAT,
            volatility=float(column["sigma"][i]) * np.sqrt(TRADING_DAYS),
            implied_vol=float(column["vol0"][i]),
            borrow_fee=float(column["fee0"][i]),
            betas=dict(zip(factors, betas[i].tolist(), strict=True)),
        )
        for i, symbol in enumerate(symbols)
    }


def book_of(
    symbols: Sequence[str],
    prices: npt.NDArray[np.float64],
    equity: float,
    said: Mapping[str, Any],
) -> Book:
    weights = per_name(len(symbols), said["book_weight"])
    rates = per_name(len(symbols), said["margin_rate"])
    located = said["book_located"]
    positions = tuple(
        Position(
            symbol,
            symbol,
            float(weights[i]) * equity / float(prices[i]),
            float(prices[i]),
            float(rates[i]),
            locate=None if located is None else located * FLOAT,
        )
        for i, symbol in enumerate(symbols)
    )
    return Book(positions, cash=equity * (1 - float(weights.sum())))


def chain_of(
    symbols: Sequence[str],
    prices: npt.NDArray[np.float64],
    options: Options | Sequence[Options | None] | None,
) -> Chain:
    """Listed options, from log strikes, days of expiry and floats."""
    chains = [options] * len(symbols) if isinstance(options, Options) else list(options or ())
    rows: list[ChainRow] = []
    for symbol, price, each in zip(symbols, prices, chains, strict=bool(chains)):
        if each is None:
            continue
        days = trading_days(AS_OF, int(each.expiry_day.max()))
        rows += [
            ChainRow(
                symbol,
                days[int(day) - 1],
                float(price * np.exp(k)),
                "call" if is_call else "put",
                float(floats) * FLOAT / 100,
            )
            for k, day, is_call, floats in zip(
                each.log_strike, each.expiry_day, each.is_call, each.open_interest, strict=True
            )
        ]
    return Chain(tuple(rows))


def tree_of(
    symbols: Sequence[str], prices: npt.NDArray[np.float64], said: Mapping[str, Any]
) -> dict[str, Any]:
    """The scenario as a file would say it."""
    tree: dict[str, Any] = {"id": "test", "names": {}, "broker": {}, "book": {}}
    for key, (section, field, _) in WHOLE.items():
        if said[key] is not None:
            (tree[section] if section else tree)[field] = said[key]
    for key, (section, field, _) in SECTIONS.items():
        value = said[key]
        if np.ndim(value) == 0:
            tree.setdefault(section, {})[field] = value
            continue
        for symbol, each in zip(symbols, value, strict=True):
            own = tree["names"].setdefault(symbol, {}).setdefault(section, {})
            own[field] = None if each is None else float(each)
    if said["expiries"] is not None:
        tree["dealers"]["expiries"] = list(said["expiries"])
    if said["house"] is not None:
        tree["book"]["regime"] = "house"
    policy = Policy(int(said["policy"]))
    tree["book"]["policy"] = [str(p.name).lower() for p in Policy if p in policy]
    tree["factors"] = dict.fromkeys(said["factors"], FACTOR_VOLATILITY)
    tree["attention_factors"] = dict(said["attention_factors"])
    if said["broker_value"]:
        capital = float(prices[0]) * FLOAT / said["broker_value"]
        tree["broker"] |= {
            "excess_net_capital": capital,
            "crowd_share": 1.0,
            "var_multiple": np.sqrt(TRADING_DAYS),  # so that a day's vol is the year's
            "premium_limit": said["premium_limit"] * capital,
        }
    held = Held(symbols, dict(zip(symbols, (prices * FLOAT).tolist(), strict=True)))
    tree["funds"] = {f"fund {k}": fund.tree(held) for k, fund in enumerate(said["funds"], 1)}
    tree["timeline"] = timeline(said["events"], said["steps_per_day"])
    tree["horizons"] = [said["days"]]
    return tree


# --- what no scenario can say ---------------------------------------------------------------------


def adjust(packed: Packed, **fields: float | Sequence[float]) -> Packed:
    """The packed scenario with fields of its NAME records set outright, for every name."""
    unknown = fields.keys() - set(NAME.names or ())
    if unknown:
        raise ValueError(f"no such field of a name: {', '.join(sorted(unknown))}")
    names = packed.names.copy()
    for key, values in fields.items():
        names[key][: len(packed.symbols)] = values
    return replace(packed, names=names)


def with_calendar(
    packed: Packed, weekly: int, monthly: int, horizons: Sequence[int] | None
) -> Packed:
    """Calls of the crowd that expire every so many days, whatever day the scenario starts on."""
    run = packed.run.copy()
    days, steps = int(run["days"]), int(run["steps_per_day"])
    horizons = tuple(horizons or (days,))
    ladder = Feature.CALL_LADDER in Feature(int(run["features"]))
    rows = schedule(
        days,
        steps,
        range(weekly, days + 2 * weekly + 1, weekly),
        monthly=None if ladder else range(monthly, days + 2 * monthly + 1, monthly),
        normals_per_step=int(run["normals_per_step"]),
        ladder=ladder,
    )
    return replace(packed, run=run, schedule=rows, horizons=np.array(horizons, np.int32))


def with_table(packed: Packed, options: Options, **grid: Any) -> Packed:
    """The dealers' table, one for all names, on another grid: keywords of `build_chain`."""
    run, rows, names = packed.run.copy(), packed.schedule, len(packed.symbols)
    built = build_chain(
        [options] * names, rows["time"], float(run["dt"]), trading=rows["kind"] & 1 == 0, **grid
    )
    run["vol_nodes"], run["price_nodes"] = built.table.shape[2:]
    run["vol_start"], run["vol_inverse_step"] = built.vol_start, built.vol_inverse_step
    sign = packed.names["dealer_sign"][:names].astype(float)
    low, high = np.sort([sign * built.low, sign * built.high], axis=0)
    return adjust(
        replace(packed, run=run, chain=built.table, steepest=built.steepest),
        chain_start=built.start.tolist(),
        chain_inverse_step=built.inverse_step.tolist(),
        chain_low=low.tolist(),
        chain_high=high.tolist(),
    )


# --- numbers --------------------------------------------------------------------------------------


def listed(*options: tuple[float, int, bool, float]) -> Options:
    """A chain of (log strike, day of expiry, whether a call, floats)."""
    strikes, days, calls, floats = zip(*options, strict=True)
    return Options(np.array(strikes), np.array(days), np.array(calls), np.array(floats))


def lots(quantity: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Rounded to whole lots of 2^-22 float."""
    return np.asarray(np.rint(np.asarray(quantity, float) * LOTS_PER_FLOAT) / LOTS_PER_FLOAT)


def path_ids(paths: int, first: int = 0) -> npt.NDArray[np.uint64]:
    return np.arange(first, first + paths, dtype=np.uint64)
