"""What Hypothesis draws: chains, funds, events and whole scenarios, wide but admissible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing.chain import Options
from powderkeg.kernels.records import ALL_CHANNELS, Channel
from powderkeg.scenarios import InputError
from tests.helpers.builders import packed
from tests.helpers.events import Holder, event, fund


@st.composite
def options_strategy(draw: st.DrawFn, /, days: int) -> Options:
    """A chain of one to six options, calls and puts, some expiring within the run."""
    count = draw(st.integers(1, 6))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    return Options(
        np.array(column(st.floats(-0.8, 0.8))),
        np.array(column(st.integers(1, 2 * days + 3))),
        np.array(column(st.booleans())),
        np.array(column(st.floats(0, 0.05))),
    )


RANGES: dict[str, tuple[float, float]] = {
    "sigma": (0.005, 0.12),
    "drift": (-0.01, 0.01),
    "attention_volatility": (0, 3),
    "clustering": (0, 0.9),
    "adaptation": (0, 0.5),
    "elasticity": (0.2, 3),
    "max_multiple": (3, 100),
    "eta": (0, 1.5),
    "transient_decay": (0, 10),
    "adv": (0.005, 0.5),
    "attention_volume": (0, 20),
    "locked": (0, 0.6),
    "short_interest": (0.05, 1.4),
    "dealer_sign": (-1, 1),
    "hedging": (0, 200),
    "vol0": (0.2, 3),
    "vol_rate": (0, 3),
    "vol_realised": (0, 1.2),
    "vol_demand": (0, 1),
    "rv_weight": (0, 1),
    "attention0": (0, 0.1),
    "infection": (0, 1.5),
    "shared": (0, 1),
    "momentum": (0, 4),
    "momentum_rate": (0, 3),
    "exit_rate": (0, 0.5),
    "exit_restricted": (0, 2),
    "stampede": (0, 6),
    "share_budget": (0, 1.5),
    "never_sell": (0, 1),
    "call_budget": (0, 0.1),
    "call_strike": (-0.1, 0.4),
    "call_roll": (0, 1),
    "tolerance": (-0.3, 2),
    "tolerance_sd": (0.1, 1),
    "participation": (0, 0.5),
    "entry_rate": (0, 2),
    "entry_threshold": (0, 1),
    "lendable_elastic": (0.2, 1),
    "lendable_locked": (0, 1),
    "recall_rate": (0, 3),
    "fee0": (0.003, 0.3),
    "fee_slope": (0, 4),
    "fee_threshold": (0.3, 1),
    "restriction_hazard": (0, 5),
    "restriction_threshold": (0.05, 3),
    "restriction_duration": (0.1, 5),
}

# Forces that most scenarios leave off: drawn together, for half of the scenarios.
MORE_RANGES: dict[str, tuple[float, float]] = {
    "premium": (0, 0.5),
    "tail_cap": (2, 50),
    "jump_rate": (0, 0.5),
    "jump_mean": (-0.2, 0.2),
    "jump_sd": (0, 0.2),
    "depth_volatility": (0, 1),
    "leader0": (0, 0.05),
    "leader_block": (0, 0.1),
    "leader_rate": (0, 1),
    "leader_sell_above": (-0.1, 1),
    "following": (0, 2),
    "crowd0": (0, 0.05),
    "removed0": (0, 0.2),
    "calls0": (0, 0.05),
    "call_log_strike0": (-0.2, 0.2),
    "monthly_share": (0, 1),
    "crowd_profit_rate": (0, 2),
    "crowd_profit": (0, 1),
    "lendable_crowd": (0, 1),
    "call_capacity": (0.01, 1),
    "hedging_participation": (0.01, 5),
    "exercised": (0, 1),
    "close_out": (0, 5),
    "covered": (0, 1),
    "exercise_budget": (0, 1),
    "cohort_margin_share": (0, 1),
    "new_shorts0": (0, 0.02),
    "entry_horizon": (0, 30),
    "repricing_rate": (0, 5),
    "levered": (0, 0.1),
    "levered_tolerance": (-0.1, 0.5),
    "levered_participation": (0, 0.5),
    "levered_refinancing": (0, 1),
    "release_rate": (0, 2),
    "release_share": (0, 1),
    "release_mean": (0, 2),
    "issue_threshold": (-0.1, 1),
    "issue_maximum": (0, 0.2),
}

# A price that starts at 0 must not stand on one of these: the last bit would decide who trades.
SWITCHES = ("issue_threshold", "leader_sell_above")

# Sizes in the words of a scenario; None for events that have none.
EVENT_SIZES: dict[str, tuple[float, float] | None] = {
    "anchor_news": (-0.26, 0.35),
    "buying_programme": (-0.2, 0.2),
    "call_programme": (1e-6, 0.02),
    "lendable_recall": (0, 1),
    "attention": (1e-6, 0.2),
    "elasticity": (0.5, 2),
    "depth": (0.3, 3),
    "implied_vol": (-0.5, 1),
    "issuance": (1e-6, 0.1),
    "restriction": None,
    "margin_rate": (0, 1),
    "trading_halt": None,
    "trade_cancellation": None,
}
AT_ONCE = ("anchor_news", "attention", "implied_vol", "trade_cancellation")


@st.composite
def events_strategy(draw: st.DrawFn, /, rows: int) -> list[dict[str, Any]]:
    """Up to four events, dated or at random."""
    kinds = draw(st.lists(st.sampled_from(list(EVENT_SIZES)), max_size=4))
    events = []
    for k, kind in enumerate(kinds):
        bounds = EVENT_SIZES[kind]
        size = None if bounds is None else draw(st.floats(*bounds))
        more: dict[str, Any] = {"on": draw(st.booleans())} if kind == "restriction" else {}
        if kind not in AT_ONCE:
            more["rows"] = draw(st.integers(1, rows))
        row = draw(st.none() | st.integers(0, rows - 1))
        if row is None:
            more["hazard"] = 2.0
        events.append(event(kind, size, row, id=f"e{k}", **more))
    return events


@st.composite
def funds_strategy(draw: st.DrawFn, /, names: int) -> list[Holder]:
    """Up to three funds, long and short."""
    return [
        fund(
            draw(st.lists(st.floats(-0.02, 0.03), min_size=names, max_size=names)),
            draw(st.floats(1, 30)),
            threshold=draw(st.floats(-0.05, 0.1)),
            slope=draw(st.floats(0, 8)),
            cut_rate=draw(st.floats(0, 20)),
            rebuild_rate=draw(st.floats(0, 5)),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]


@st.composite
def book_strategy(draw: st.DrawFn, /, names: int) -> dict[str, Sequence[float]]:
    """Weights of either sign and the floats that they are, some names left out."""
    weight = draw(st.lists(st.just(0.0) | st.floats(-0.5, 0.5), min_size=names, max_size=names))
    worth = draw(st.lists(st.floats(8, 20), min_size=names, max_size=names))
    kept = [w if abs(w) > 1e-3 else 0.0 for w in weight]
    return {
        "book_weight": kept,
        "book_floats": [abs(w) / each for w, each in zip(kept, worth, strict=True)],
    }


@st.composite
def fields_strategy(draw: st.DrawFn, /, names: int, rows: int) -> dict[str, Any]:
    """Parameters of every name; for half of the scenarios also the forces most leave off."""

    def each(ranges: dict[str, tuple[float, float]]) -> dict[str, Any]:
        return {
            key: draw(st.lists(value(key, bounds), min_size=names, max_size=names))
            for key, bounds in ranges.items()
        }

    def value(key: str, bounds: tuple[float, float]) -> st.SearchStrategy[float]:
        every = st.floats(*bounds)
        off_zero = every.map(lambda x: x if abs(x) > 1e-3 else 1e-3)
        return off_zero if key in SWITCHES else every

    fields = each(RANGES) | draw(book_strategy(names))
    if draw(st.booleans()):
        tails = st.none() | st.floats(2.5, 9)
        fields |= each(MORE_RANGES)
        fields |= {
            "dof": draw(st.lists(tails, min_size=names, max_size=names)),
            "tier": draw(st.sampled_from([0, 1, 2])),
            "broker_value": draw(st.just(0.0) | st.floats(0.01, 20)),
            "funds": draw(funds_strategy(names)),
            "events": draw(events_strategy(rows)),
            "factor_dof": draw(st.sampled_from([None, 3.0, 6.0])),
            "premium_limit": draw(st.floats(0, 5)),
            "monthly_every": draw(st.integers(1, 6)),
            "call_ladder": draw(st.booleans()),
        }
    return fields


shares = st.fixed_dictionaries({"share": st.floats(0, 0.6)})
attention_factors = st.dictionaries(st.sampled_from(["crowd", "peers"]), shares)


@st.composite
def packed_strategy(draw: st.DrawFn, /, max_names: int = 7, **fixed: Any) -> Packed:
    """Wide admissible scenarios: up to `max_names` names, any channels, with or without chains."""
    names, days = draw(st.integers(1, max_names)), draw(st.integers(1, 4))
    steps_per_day = draw(st.sampled_from([1, 3, 8, 13]))
    rows = fixed.get("days", days) * (fixed.get("steps_per_day", steps_per_day) + 1)
    fields = draw(fields_strategy(names, rows))
    factors = draw(st.integers(0, 2))
    loadings = np.zeros((names, factors))
    if factors:
        share = draw(st.floats(0, 0.7))
        loadings[:] = (share * np.array(fields["sigma"]) / np.sqrt(factors))[:, None]
    chain = st.none() | options_strategy(days)
    settings: dict[str, Any] = {
        "days": days,
        "steps_per_day": steps_per_day,
        "channels": Channel(draw(st.integers(0, int(ALL_CHANNELS)))),
        "seed": draw(st.integers(0, 2**64 - 1)),
        "overnight_share": draw(st.floats(0, 0.6)),
        "options": [draw(chain) for _ in range(names)],
        "horizons": sorted({draw(st.integers(1, days)), days}),
        "normals_per_step": draw(st.sampled_from([1, 1, 2, 3])),
        "expiry_every": draw(st.integers(1, 5)),
        "loadings": loadings,
        "factors": ["market", "sector"][:factors],
        "attention_factors": draw(attention_factors),
        **fields,
        **fixed,
    }
    try:
        return packed(names, **settings)
    except InputError:
        assume(False)
        raise
