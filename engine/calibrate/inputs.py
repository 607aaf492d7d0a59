"""What a fit is about, read and checked before anything is simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from ...kernels import Backend
from ...scenarios.book import Book
from ...scenarios.calendar import sessions
from ...scenarios.capacity import MAX_EVENTS
from ...scenarios.chain import Chain, load_chain
from ...scenarios.dated import Dated, load_dated
from ...scenarios.episode import market_of
from ...scenarios.errors import InputError, did_you_mean, shown
from ...scenarios.library import load_episodes, load_scenarios
from ...scenarios.market import Market, load_market
from ...scenarios.priors import Priors, load_priors
from ...scenarios.scenario import Scenario
from ...scenarios.series import Points, Prices, load_points, load_prices
from ...scenarios.timeline import AnyEvent
from ..checks import texts
from .beside import Beside
from .loss import Observed, Series, days_of
from .request import CalibrationRequest
from .simulator import Simulator, all_watched, dotted

PUBLICATION = 7  # sessions after settlement until FINRA tells short interest (rule 4560)
PRICE_GAP = 0.02  # between the market file and the first close
MOST_DAYS = 252

# What may be seen besides prices: column, unit for the error, quantity of the model.
SERIES = {
    "short interest": ("short_interest", "shares sold short", "short_interest"),
    "volume": ("volume", "shares traded", "attention"),
    "implied vol": ("implied_vol", "implied volatility per annum as a decimal", "implied_vol"),
    "attention": ("attention", "any measure in proportion to attention", "attention"),
}


@dataclass(frozen=True)
class Episode:
    """An episode ready to be fitted. `notes` are what the person should see of it, `reported` the
    short interest by settlement date where it was given.
    """

    symbol: str
    prices: Prices
    observed: Observed
    market: Market
    chain: Chain
    base: Scenario
    base_name: str | None
    priors: Priors
    notes: tuple[str, ...]
    reported: Points | None = None
    beside: tuple[str, ...] = ()
    events: tuple[AnyEvent, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    def check_members(self, members: int) -> None:
        """Raises InputError where the base has an ensemble of another size that stays."""
        fitted = {dotted(self.symbol, key) for key in self.priors.parameters}
        there = {len(values) for key, values in self.base.ensemble.items() if key not in fitted}
        if there - {members}:
            (count,) = there
            raise InputError(
                f"`members` {members}: {self.base_name} has an ensemble of {count}, and every "
                f"member has one value of each; give `members` {count}"
            )

    def simulator(self, paths: int, seed: int, engine: Backend) -> Simulator:
        """Of the episode's days."""
        kind = partial(Beside, others=self.beside) if self.beside else Simulator
        return kind(
            self.symbol,
            self.market,
            self.chain,
            self.base,
            self.priors,
            self.prices.days,
            paths,
            seed,
            engine,
        )


def read_episode(request: CalibrationRequest) -> Episode:
    """Read everything. Raises InputError, one line."""
    as_of = request.as_of
    snapshot = load_market(request.market)
    name = _symbol(snapshot, request.symbol)
    closes = load_prices(request.prices, request.first or snapshot.as_of, request.last)
    snapshot = _of_the_first_close(snapshot, name, closes)
    if as_of is not None:
        closes = closes.until(as_of)
    if closes.days[-1] > MOST_DAYS:
        raise InputError(
            f"{closes.file}: {closes.days[-1]} days after the first; at most {MOST_DAYS} can be "
            "simulated, so bring `first` and `last` nearer to each other"
        )
    points = _points(request.series, closes, as_of)
    series, notes = _series(points, closes, snapshot[name].float_shares)
    others = _others(texts("beside", request.beside), name, snapshot)
    book = all_watched({s: snapshot[s].price for s in (name, *others)})
    laws, story = load_priors(request.priors), _base(request.base, snapshot, book)
    sources: Mapping[str, str] = {}
    if request.events is not None:
        dated, story, more = _events(request.events, name, closes, story, as_of)
        laws, notes, sources = dated.into(laws), [*notes, *more], dated.sources
    return Episode(
        symbol=name,
        prices=closes,
        observed=Observed(closes.log_closes, series),
        market=snapshot,
        chain=load_chain(request.chain, snapshot),
        base=story,
        base_name=request.base,
        priors=laws,
        notes=(*snapshot.warnings, *notes, *story.notes),
        reported=points.get("short interest"),
        beside=others,
        events=() if request.events is None else story.timeline,
        sources=sources,
    )


def _symbol(market: Market, symbol: str | None) -> str:
    if symbol is None and len(market.rows) == 1:
        return next(iter(market.rows))
    if symbol is None:
        raise InputError(
            f"symbol: whose prices are these? {market.file} has {', '.join(market.rows)}"
        )
    return _in(market, symbol, "symbol")


def _in(market: Market, symbol: str, option: str) -> str:
    """The symbol as the market file has it."""
    if symbol.upper() not in market:
        help_ = did_you_mean(symbol, market.rows, "; add its row")
        raise InputError(f"{option}: {market.file} has no {shown(symbol)}{help_}")
    return symbol.upper()


def _others(beside: Sequence[str], symbol: str, market: Market) -> tuple[str, ...]:
    if symbol in map(str.upper, beside):
        raise InputError(f"beside: {symbol} is the name that is fitted; leave it out")
    return tuple(dict.fromkeys(_in(market, name.upper(), "beside") for name in beside))


def _of_the_first_close(market: Market, symbol: str, prices: Prices) -> Market:
    """The market, dated; it must be the snapshot of the day on which the episode starts."""
    start, close, row = prices.dates[0], float(prices.close[0]), market[symbol]
    if market.as_of not in (None, start):
        raise InputError(
            f"`first` {start}: {market.file} is of {market.as_of}; short interest, float and "
            f"volatility must be those of the first close, so start from {market.as_of} or give "
            "that day's file"
        )
    if abs(row.price / close - 1) > PRICE_GAP:
        raise InputError(
            f"{market.file}: {symbol} costs {row.price:g}, but closed at {close:g} on {start} in "
            f"{prices.file}; is one of them adjusted for a split?"
        )
    return replace(market, as_of=start, warnings=() if market.as_of is None else market.warnings)


def _points(
    files: Mapping[str, str | Path], prices: Prices, as_of: date | None
) -> dict[str, Points]:
    """What was known at the last close, of the days since the first; a report of short interest
    comes out late.
    """
    ends = prices.dates[0], prices.dates[-1]
    known = {name: load_points(file, *SERIES[name][:2], *ends) for name, file in files.items()}
    if as_of is not None and (reports := known.get("short interest")) is not None:
        out = [day for day in reports.dates if _sessions_after(day, as_of) >= PUBLICATION]
        known["short interest"] = reports.until(out[-1] if out else date.min)
    return known


def _sessions_after(day: date, last: date) -> int:
    return len(sessions(day + timedelta(days=1), last)) if day < last else 0


def _series(
    seen: Mapping[str, Points], prices: Prices, float_shares: float
) -> tuple[tuple[Series, ...], list[str]]:
    """Series on the days of the episode, and how much of each lies there."""
    found, notes = [], []
    for name, points in seen.items():
        _, unit, quantity = SERIES[name]
        days, values = days_of(points, prices, settlement=name == "short interest")
        if not days:
            late = f" (reports come out {PUBLICATION} sessions late)" if "interest" in name else ""
            raise InputError(
                f"{points.file}: nothing known that tells of {prices.dates[1]} to "
                f"{prices.dates[-1]}{late}; leave the file out"
            )
        notes.append(f"{name}: known on {len(days)} days of the episode")
        per = float_shares if unit.startswith("shares") else 1.0
        logs = np.log(values / per)
        found.append(Series(name, quantity, days, logs, scale_known=name != "attention"))
    return tuple(found), notes


def _events(
    file: str | Path, symbol: str, prices: Prices, base: Scenario, as_of: date | None
) -> tuple[Dated, Scenario, list[str]]:
    """Dated events, the base with them in its timeline, and how many nobody knew of yet."""
    days = sessions(prices.dates[0], prices.dates[-1], prices.calendar)
    found, later = load_dated(file, symbol, days, base.timeline, as_of or date.max)
    if (count := len(base.timeline) + len(found.events)) > MAX_EVENTS:
        raise InputError(f"{file}: {count} events, the base's among them; at most {MAX_EVENTS}")
    timeline = (*base.timeline, *found.events)
    notes = [f"events: {later} after {as_of} are left out"] if later else []
    return found, base.model_copy(update={"timeline": timeline}), notes


def _base(base: str | None, market: Market, book: Book) -> Scenario:
    if base is None:
        return Scenario(id="default")
    made = load_scenarios([base], market, book)
    if len(made) != 1:
        raise InputError(f"base: {base} holds {len(made)} scenarios; give one")
    return made[0]


def read_scored(
    given: str | Path | Scenario, chain: str | Path | Chain | None
) -> tuple[Scenario, Chain]:
    """A scenario that is to be held against its own episode, and a chain. Raises InputError."""
    if isinstance(given, Scenario):
        episodes, more = given.pasts, []
        if not episodes:
            raise InputError(f"scenario {given.id} has no episode to be held against")
        story = given
    else:
        episodes = load_episodes(str(given))
        book = all_watched({episode.symbol: episode.price for episode in episodes})
        story, *more = load_scenarios([str(given)], market_of(episodes), book)
    if more:
        raise InputError(f"{given} holds {len(more) + 1} scenarios; give one")
    return story, chain if isinstance(chain, Chain) else load_chain(chain, market_of(episodes))
