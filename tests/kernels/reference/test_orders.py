"""Every order of a squeeze by hand, one step at a time (docs/model.md, 7 and 9)."""

import math

import pytest

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.records import Channel
from tests.helpers.builders import gme_like, path_ids
from tests.helpers.by_hand import Row, call_by_hand, cdf, crowd_by_hand
from tests.helpers.traces import LOT, MORE


def new_shorts_by_hand(p: Row, a: Row, dt: float) -> tuple[float, float, float, float]:
    """Entries and exits of new shorts, and the recalls from the cohort and from them."""
    y = p["lendable_elastic"] * a["elastic"] + p["lendable_locked"] * a["locked"]
    d = (
        a["cohort"]
        + a["new_shorts"]
        + max(-a["book"], 0)
        + max(-a["hedge"], 0)
        + max(-a["fund_1"], 0)
    )
    cost = p["entry_threshold"] + a["fee"] * p["entry_fee_years"]
    above = max(a["log_price"] - a["anchor"] - cost, 0)
    entry = (1 - math.exp(-0.9 * above * dt)) * max(y - d, 0)
    run_up = a["log_price"] - a["new_short_entry"]
    rate = 1.0 * cdf((run_up - p["stop_loss"]) / 0.547) + 0.24 * cdf((-run_up - 0.7) / 0.25)
    out = a["new_shorts"] * (1 - math.exp(-rate * dt))
    recalled = (1 - math.exp(-0.3 * dt)) * max(d - y, 0)
    shorts = a["cohort"] + a["new_shorts"]
    share = recalled / shorts if shorts > 0 else 0.0
    return entry, out, share * a["cohort"], share * a["new_shorts"]


@pytest.fixture(scope="module", params=[{}, MORE], ids=["plain", "everybody"])
def story(request: pytest.FixtureRequest) -> Packed:
    """A squeeze with everybody but dealers, so that orders fill and each can be read off."""
    return gme_like(
        **request.param,
        days=14,
        steps_per_day=8,
        channels=layout.ALL_CHANNELS & ~Channel.DEALERS,
        attention0=0.05,
        entry_rate=0.9,
        entry_threshold=0.3,
        restriction_threshold=0.9,
        restriction_duration=2.0,
        max_multiple=200.0,
        lendable_elastic=0.6,
        expiry_every=3,
        momentum_rate=0.1,
    )


def test_every_step_of_the_story_by_hand(story: Packed) -> None:
    paths, dt = 12, 1 / 8
    trace = reference.simulate(story, path_ids(paths), trace=True).trace
    assert trace is not None
    p = {f: float(story.names[f][0]) for f in layout.NAME.names or ()}
    seen = dict.fromkeys(
        ("stampede", "restricted", "momentum", "entry", "exit", "recall", "sell"), 0
    )
    for path in range(paths):
        for number, step in enumerate(story.schedule):
            row, after = trace[path, number, 0], trace[path, number + 1, 0]
            a = {f: float(row[f]) for f in layout.TRACE.names or ()}
            b = {f: float(after[f]) for f in layout.TRACE.names or ()}
            if step["kind"] & layout.StepKind.OVERNIGHT or b["floor"]:
                continue
            taus = float(step["sqrt_tau_buy"]), float(step["sqrt_tau_month_buy"])
            crowd = crowd_by_hand(p, a, dt, *taus)
            expiry = bool(step["kind"] & layout.StepKind.EXPIRY)
            monthly = bool(step["kind"] & layout.StepKind.MONTHLY_EXPIRY)
            for field in crowd.keys() - {"buys", "sells"}:
                if (expiry and field.startswith("call")) or (monthly and field.startswith("month")):
                    continue
                assert b[field] == pytest.approx(crowd[field], rel=3e-6, abs=3e-7), (field, number)
            owed = a["fee_paid"] + a["fee_existing"] * dt / 252
            assert b["fee_paid"] == pytest.approx(owed, rel=1e-5)
            kept = 1 - p["repricing_c"]
            fee = b["fee"] + kept * (a["fee_existing"] - b["fee"])
            assert b["fee_existing"] == pytest.approx(fee, rel=1e-5)
            net = b["crowd_shares"] - a["crowd_shares"]
            assert net == pytest.approx(crowd["buys"] - crowd["sells"], rel=1e-5, abs=2 * LOT)
            entry, out, cohort, new = new_shorts_by_hand(p, a, dt)
            sold = b["new_shorts"] - a["new_shorts"]
            bought = min(out + new, a["new_shorts"])
            assert sold == pytest.approx(entry - bought, rel=1e-4, abs=2 * LOT)
            if b["new_shorts"] > 1e-4:
                share = entry / (b["new_shorts"] + 1e-12)
                expected = a["new_short_entry"] + share * (a["log_price"] - a["new_short_entry"])
                assert b["new_short_entry"] == pytest.approx(expected, abs=1e-3 * share + 1e-5)
            if expiry:
                roll_by_hand(p, b, crowd, "", float(step["sqrt_tau_roll"]))
            if monthly and p["monthly_share"]:
                roll_by_hand(p, b, crowd, "monthly_", float(step["sqrt_tau_month_roll"]))
            seen["stampede"] += a["log_price_max"] - a["log_price"] > 0.3
            seen["restricted"] += a["restricted"] > 0
            seen["momentum"] += a["log_price"] - a["log_price_slow"] > 1.1
            seen["entry"] += entry > 1e-4
            seen["exit"] += out > 1e-5
            seen["recall"] += cohort > 1e-5
            seen["sell"] += crowd["sells"] > 1e-5
    assert min(seen.values()) > 10, seen


def roll_by_hand(p: Row, b: Row, crowd: Row, prefix: str, sqrt_tau: float) -> None:
    """Intrinsic value of the calls of before the close, part of it in the next ones."""
    price = math.exp(b["log_price"])
    intrinsic = max(price - math.exp(crowd[f"{prefix}call_log_strike"]), 0)
    value = crowd[f"{prefix}calls"] * intrinsic
    call = call_by_hand(p, b["implied_vol"] * sqrt_tau)
    rolled = 0 if b["restricted"] else p["call_roll"] * value / (price * max(call, 1e-3))
    assert b[f"{prefix}calls"] == pytest.approx(rolled, rel=2e-4, abs=1e-6)
    strike = b["log_price"] + p["call_strike"]
    assert b[f"{prefix}call_log_strike"] == pytest.approx(strike, abs=1e-6)
