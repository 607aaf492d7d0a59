"""Events of the timeline, dated and at random, by hand."""

import math
from typing import Any

import numpy as np
import pytest

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.draws import philox
from powderkeg.kernels.records import Channel
from powderkeg.kernels.streams import stream_of
from tests.helpers.builders import packed, path_ids
from tests.helpers.by_hand import crowd_by_hand
from tests.helpers.events import each, event, news
from tests.helpers.traces import DAY, DT, LOT, STILL, one_name, one_path, traced


def test_news_strikes_once_at_its_row_in_the_names_it_touches() -> None:
    events = [news(0.2, names="N00"), news(0.1, 4, names="N00"), news(-0.3, 4, names="N01")]
    events.append(news(0.05, 4, names="N00"))
    t = one_path(packed(2, **STILL, channels=Channel(0), events=events))
    expected = np.zeros((19, 2))
    expected[1:, 0] += 0.2
    expected[5:] += [0.15, -0.3]
    np.testing.assert_allclose(t["anchor"], expected, atol=2e-6)
    np.testing.assert_allclose(t["log_price"], expected, atol=2e-6)


def test_a_new_short_sees_the_news_only_in_the_next_step() -> None:
    """Orders are from the price of the step before: x - w is not the news."""
    settings = {**STILL, "entry_threshold": 0.05, "premium": 0.0}
    t = one_name(one_path(packed(**settings, channels=Channel.NEW_SHORTS, events=[news(-0.4, 3)])))
    assert (t["new_shorts"] == 0).all()


def test_recalled_lending_calls_shorts_back_while_it_lasts() -> None:
    settings = {**STILL, "short_interest": 0.4, "lendable_elastic": 0.4, "lendable_locked": 0.5}
    recall = event("lendable_recall", 0.75, 2, rows=2)
    scenario = packed(**settings, channels=Channel.RECALL, events=[recall])
    t, p = one_name(one_path(scenario)), scenario.names[0]
    y = 0.4 * float(p["elastic0"]) + 0.5 * float(p["locked"])
    assert y > 0.4
    assert t["cohort"][2] == t["cohort"][0]
    called = -math.expm1(-0.3 * DT) * (0.4 - y / 4)
    assert t["cohort"][2] - t["cohort"][3] == pytest.approx(called, abs=2 * LOT)
    assert (t["cohort"][4:] == t["cohort"][4]).all() and t["cohort"][4] < t["cohort"][3]
    assert t["utilisation"][3] > 3.5 * t["utilisation"][2] > 3 * t["utilisation"][5]


@pytest.mark.parametrize("row", [0, 3])
def test_attention_is_seeded_within_who_is_left(row: int) -> None:
    """The seed infects in its own step; what is shared still counts the step before."""
    events = each("attention", [0.3, 0.9], row)
    settings = {**STILL, "attention0": 0.02, "sigma": 1e-7}
    crowd: dict[str, Any] = {"removed0": [0.0, 0.25], "shared": 0.4, "momentum": 0.0}
    t = one_path(packed(2, **settings, **crowd, channels=Channel.CROWD, events=events))
    a, r = t["attention"][row], t["removed"][row]
    seeded = a + np.minimum([0.3, 0.9], 1 - a - r)
    if row == 0:
        np.testing.assert_allclose(t["attention"][1], seeded, rtol=1e-6)
        return
    gone = -math.expm1(-0.1 * DT)
    force = 0.15 * (0.6 * seeded + 0.4 * a.mean())
    new = (1 - seeded - r) * -np.expm1(-force * gone / 0.1)
    np.testing.assert_allclose(t["attention"][row + 1], seeded * (1 - gone) + new, rtol=1e-5)
    assert (t["attention"] + t["removed"] <= 1 + 1e-6).all()


def test_without_a_crowd_nobody_can_be_made_attentive() -> None:
    seed = event("attention", 0.3, 0)
    assert one_path(packed(**STILL, channels=Channel(0), events=[seed]))["attention"].max() == 0


def test_less_elastic_holders_value_the_same_scarcity_more() -> None:
    """x = w + 3 M ln(E*/E) while the event is on, with nobody trading; then back."""
    buying = event("buying_programme", 0.08, 1, rows=1)
    events = [buying, event("elasticity", 3.0, 4, rows=8)]
    t = one_name(one_path(packed(**STILL, channels=Channel.PROGRAMMES, events=events)))
    scarcity = 0.1 * math.log(t["elastic"][0] / t["elastic"][2])
    assert scarcity > 0.0005
    np.testing.assert_allclose(t["log_price"][2:5], scarcity, atol=2e-7)
    np.testing.assert_allclose(t["log_price"][5:13], 3 * scarcity, atol=2e-7)
    np.testing.assert_allclose(t["log_price"][13:], scarcity, atol=2e-7)


def test_impact_grows_as_the_book_thins() -> None:
    """J's jump: eta sigma (1 + a (v/v0 - 1)) / depth q/(V + |q|/dt); v struck before the order."""
    events = [
        event("buying_programme", 0.08, 1, rows=1),
        event("implied_vol", 1.5, 1),
        event("depth", 0.5, 1, rows=1),
    ]
    settings = {**STILL, "sigma": 0.03, "vol_rate": 0.0, "adv": 0.05, "eta": 0.5}
    channels = Channel.PROGRAMMES | Channel.TRANSIENT_IMPACT
    t = one_name(
        one_path(packed(**settings, channels=channels, depth_volatility=0.6, events=events))
    )
    q = 0.01
    jump = 0.5 * 0.03 * (1 + 0.6 * 1.5) / 0.5 * q / (0.05 + q / DT)
    assert t["transient"][2] == pytest.approx(jump, rel=1e-4)
    np.testing.assert_allclose(
        t["transient"][3:6], jump * np.exp(-2.0 * DT * np.arange(1, 4)), 1e-4
    )


def test_implied_vol_jumps_up_to_its_maximum() -> None:
    settings = {**STILL, "vol0": 0.5, "vol_rate": 0.7, "vol_realised": 0.0, "vol_max": 1.2}
    events = [event("implied_vol", 0.6, 2), event("implied_vol", 0.5, 9)]
    v = one_name(one_path(packed(**settings, channels=Channel(0), events=events)))["implied_vol"]
    assert v[2] == pytest.approx(0.5, rel=1e-6)
    np.testing.assert_allclose(v[3:9] - 0.5, 0.3 * np.exp(-0.7 * DT * np.arange(1, 7)), rtol=1e-5)
    assert v[10] == pytest.approx(1.5 * v[9], rel=1e-6)  # overnight: struck, no step of time
    assert v[10] < 1.2
    capped = packed(**settings, channels=Channel(0), events=[event("implied_vol", 8.0, 9)])
    assert one_name(one_path(capped))["implied_vol"][10] == pytest.approx(1.2, rel=1e-6)


def test_a_restriction_event_stops_buyers_and_a_lift_frees_them() -> None:
    """Event on in row 3 and 4; a clock that restricts at once is lifted for ever from row 9."""
    crowd: dict[str, Any] = {**STILL, "attention0": 0.1, "shared": 0.0, "infection": 1.0}
    channels = Channel.CROWD | Channel.CROWD_SHARES
    stop = event("restriction", None, 3, on=True, rows=2)
    t = one_name(one_path(packed(**crowd, channels=channels, events=[stop])))
    for row, restricted in ((2, 0), (3, 1), (4, 1), (5, 0)):
        left = t["attention"][row] * -math.expm1(-(0.1 + 0.5 * restricted) * DT)
        assert t["removed"][row + 1] - t["removed"][row] == pytest.approx(left, rel=1e-3)
        bought = t["crowd_shares"][row + 1] > t["crowd_shares"][row]
        assert bought == (not restricted)
    assert (t["restricted"] == 0).all()  # events are not counted
    clock: dict[str, Any] = {
        "restriction_threshold": -1.0,
        "restriction_hazard": 40.0,
        "restriction_duration": 9.0,
    }
    lift = event("restriction", None, 12, on=False)
    both = [lift, event("restriction", None, 14, on=True)]
    t = one_name(
        one_path(packed(**crowd, **clock, channels=channels | Channel.RESTRICTION, events=both))
    )
    assert (t["restricted"][2:] == 1).all()
    grew = np.diff(t["crowd_shares"]) > 0
    assert not grew[2:12].any() and grew[12:].all()


def test_a_margin_event_calls_for_more() -> None:
    """At P = 1.2 a short of the equity has .8 - (.3 + size) 1.2: called from .3667 on."""
    settings = {**STILL, "book_weight": -1.0, "margin_rate": 0.3, "fee0": 0.0, "fee_slope": 0.0}
    rising = news(math.log(1.2), 0)
    for size, called in ((0.3, False), (0.4, True)):
        asked = event("margin_rate", 0.3 + size, 4, rows=2)
        scenario = packed(**settings, channels=Channel(0), events=[rising, asked])
        out = reference.simulate(scenario, path_ids(1))
        day = out.paths["margin_call_day"][0]
        assert (day == pytest.approx(4 * DT)) if called else np.isnan(day)
        assert np.isnan(out.paths["margin_call_day_close"][0])


def test_a_halt_stops_everybody_and_the_crowd_waits() -> None:
    """Rows 3 to 5: the price stands, news goes on; the first step that trades fills what waited."""
    crowd: dict[str, Any] = {**STILL, "attention0": 0.1, "shared": 0.0, "infection": 1.0}
    crowd |= {"crowd0": 0.1, "leader_block": 0.5, "call_budget": 0.05, "momentum": 0.0}
    channels = Channel.CROWD | Channel.CROWD_SHARES | Channel.CROWD_CALLS | Channel.LEADER
    events = [event("trading_halt", None, 3, rows=3), news(-0.4, 4)]
    scenario = packed(**crowd, channels=channels, events=events)
    t, p = (
        one_name(one_path(scenario)),
        {f: float(scenario.names[f][0]) for f in layout.NAME.names or ()},
    )
    for field in ("log_price", "elastic", "crowd_shares", "leader", "calls", "call_log_strike"):
        assert (t[field][3:7] == t[field][3]).all(), field
        assert (t[field][7] != t[field][6]).any(), field
    assert (t["volume"][4:7] == 0).all() and (t["anchor"][5] < t["anchor"][4] - 0.39).all()
    np.testing.assert_allclose(t["fill_price"][4:7], np.exp(t["log_price"][3]), rtol=1e-6)
    waiting = 0.0
    for row in range(3, 7):
        a = {f: v[row] for f, v in t.items()}
        by_hand = crowd_by_hand(p, a, DT, 0.1, 0.1)
        assert t["attention"][row + 1] == pytest.approx(by_hand["attention"], rel=1e-5)
        net = by_hand["buys"] - by_hand["sells"]
        waiting += net
        if row < 6:
            assert t["waiting"][row + 1] == pytest.approx(waiting, rel=1e-4)
    assert waiting > 0.01 and (t["waiting"][7:] == 0).all()
    assert t["crowd_shares"][7] - t["crowd_shares"][6] == pytest.approx(waiting, rel=1e-3)
    price = t["anchor"][7] + 0.1 * math.log(p["elastic_normal"] / t["elastic"][7])
    assert t["log_price"][7] == pytest.approx(price, abs=1e-6)


def test_sellers_who_waited_sell_what_they_have() -> None:
    """A crowd that only leaves: a halt over most of a day keeps its sales, never more than R."""
    crowd: dict[str, Any] = {**STILL, "attention0": 0.1, "infection": 0.0, "exit_rate": 6.0}
    crowd |= {"crowd0": 0.1, "never_sell": 0.0, "stampede": 0.0}
    halt = event("trading_halt", None, 1, rows=6)
    scenario = packed(**crowd, channels=Channel.CROWD | Channel.CROWD_SHARES, events=[halt])
    t = one_name(one_path(scenario))
    each = 0.1 * -math.expm1(-6.0 * DT)
    np.testing.assert_allclose(t["waiting"][2:8], -each * np.arange(1, 7), rtol=1e-5)
    assert 7 * each > 0.1
    assert t["crowd_shares"][7] == pytest.approx(0.1, abs=LOT) and t["crowd_shares"][8] == 0


def test_an_overnight_halt_keeps_the_price() -> None:
    halt = event("trading_halt", None, DAY, rows=1)
    t = one_name(one_path(packed(**STILL, channels=Channel(0), events=[halt, news(0.3, DAY)])))
    assert t["log_price"][DAY + 1] == t["log_price"][DAY]
    assert t["log_price"][DAY + 2] == pytest.approx(0.3, abs=1e-5)


def test_a_hazard_starts_events_at_exponential_times() -> None:
    """One draw a path, the same for its names: (-ln u)/h after day 1, an intraday row."""
    events = [event("anchor_news", 0.2, hazard=0.6, from_day=1.0, id="split")]
    paths = 4000
    scenario = packed(2, **{**STILL, "days": 5}, channels=Channel(0), events=events)
    w = traced(scenario, paths)["anchor"]
    struck = np.diff(w, axis=1) > 0.05
    assert (struck.sum(axis=1) <= 1).all()
    np.testing.assert_array_equal(struck[:, :, 0], struck[:, :, 1])
    by_row = struck[:, :, 0].sum(axis=0).reshape(5, DAY)
    assert (by_row[:, 0] == 0).all() and (by_row[0] == 0).all()
    time = np.arange(4 * 8 + 1) / 8
    chance = np.diff(-np.exp(-0.6 * time))
    error = np.sqrt(paths * chance * (1 - chance))
    assert (np.abs(by_row[1:, 1:].ravel() - paths * chance) < 4.5 * error).all()
    # row = floor(T) (n + 1) + 1 + floor((T - floor(T)) n), with u of domain 5
    stream = np.array([stream_of("event:split")], np.uint64)
    seed = int(scenario.run["seed"])
    u = philox.uniform(philox.words(seed, stream, path_ids(paths), 5, 0)[0])[0]
    start = 1 - np.log(u) / 0.6
    day = np.floor(start)
    row = (day * 9 + 1 + np.floor((start - day) * 8)).astype(int)
    found = np.where(struck[:, :, 0].any(axis=1), struck[:, :, 0].argmax(axis=1), -1)
    np.testing.assert_array_equal(found, np.where(row < 45, row, -1))
