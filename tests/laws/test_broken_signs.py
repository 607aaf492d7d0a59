"""A wrong sign in any channel fails `powderkeg validate`.

The one source is compiled again for each of the mistakes below.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from powderkeg.engine.validate import CASES, Kind, judge
from powderkeg.kernels.backends import native
from powderkeg.kernels.backends.native import Native
from powderkeg.kernels.records import Channel
from tests.helpers.host_gpu import COMPILER

MODEL = Path(__file__).parents[2] / "kernels" / "model"

# Whose sign, in which header, the expression as written and with the mistake.
MISTAKES = [
    ("none", "anchor.h", "Real(-0.5f)", "Real(0.5f)"),
    ("crowd", "anchor.h", "s.log_price - s.anchor", "s.anchor - s.log_price"),
    ("none", "anchor.h", "realised - own", "own - realised"),
    ("none", "anchor.h", "own = own - scaled;", "own = own + scaled;"),
    ("none", "anchor.h", "own = own - scaled;", ""),
    ("none", "anchor.h", "of_factors = of_factors + scaled;", ""),
    ("none", "book.h", "-(s.borrow_paid + s.spent)", "(s.borrow_paid + s.spent)"),
    ("none", "book.h", "select(b.pnl < b.worst, here", "select(b.pnl > b.worst, here"),
    ("none", "book.h", "b.worst = minimum(b.worst, b.pnl);",
     "if (!overnight) b.worst = minimum(b.worst, b.pnl);"),
    ("none", "book.h", "select(Real(-1.0f) >= b.pnl", "select(Real(1.0f) >= b.pnl"),
    ("none", "book.h", "select(called, minimum(b.call_step", "select(!called, minimum(b.call_step"),
    ("none", "jumps.h", "Real(p.jump_compensator)", "Real(-p.jump_compensator)"),
    ("none", "timeline.h", "select(struck, size, zero); break;\n            case EVENT_PROGRAMME",
     "select(struck, -size, zero); break;\n            case EVENT_PROGRAMME"),
    ("none", "close_out.h", "s.locked - locked", "s.locked + locked"),
    ("none", "close_out.h", "settle_trade(s, p, book,", "settle_trade(s, p, -book,"),
    ("none", "close_out.h", "s.elastic < Real(p", "s.elastic > Real(p"),
    ("programmes", "clearing.h", "-M * logarithm(", "M * logarithm("),
    ("programmes", "programmes.h", "e.programme * Real(dt)", "-e.programme * Real(dt)"),
    ("dealers", "step.h", "dealer_order(s,", "-dealer_order(s,"),
    ("crowd", "crowd.h", "(joining - left)", "(left - joining)"),
    ("crowd_shares", "crowd.h", "Real(p.share_budget)", "Real(-p.share_budget)"),
    ("crowd_shares", "crowd.h", "s.log_price - paid", "paid - s.log_price"),
    ("crowd_shares", "state.h", "at - mean, mean", "mean - at, mean"),
    ("crowd_calls", "state.h", "at - mean, mean", "mean - at, mean"),
    ("crowd_calls", "calls.h", "strike - Real(p.call_strike))", "strike + Real(p.call_strike))"),
    ("new_shorts", "borrow.h", "fused(Real(p.lendable_crowd)", "fused(Real(-p.lendable_crowd)"),
    ("crowd_calls", "calls.h", "leaving, bought)", "leaving, -bought)"),
    ("shorts", "shorts.h", "s.cohort - left", "left - s.cohort"),
    ("shorts", "tolerance.h", "Real(all) - Real(left)", "Real(all) + Real(left)"),
    ("new_shorts", "new_shorts.h", "s.log_price - s.anchor - cost",
     "s.anchor - s.log_price - cost"),
    ("recall", "step.h", "positive(-spare)", "positive(spare)"),
    ("restriction", "restriction.h", "s.log_price > Real(", "s.log_price < Real("),
    ("transient_impact", "clearing.h", "fused(impact,", "fused(-impact,"),
    ("funds", "funds.h", "target - holding", "holding - target"),
    ("levered_longs", "levered_longs.h", "s.log_price_max, -s.log_price",
     "s.log_price_max, s.log_price"),
    ("locked_release", "locked.h", "-p.release_share", "p.release_share"),
    ("issuer", "issuer.h", "s.log_price > Real(", "s.log_price < Real("),
    ("leader", "leader.h", "s.log_price_max >= Real(", "s.log_price_max < Real("),
    ("pauses", "pauses.h", "gap < Real(", "gap > Real("),
    ("book", "policy.h", "order_of(traded) :", "order_of(-traded) :"),
    ("dealers", "delivery.h", "s.hedge - q", "s.hedge + q"),
    ("dealers", "delivery.h", "s.hedge + back", "s.hedge - back"),
    ("dealers", "delivery.h", "positive(exercised.target)", "positive(exercised.slope)"),
    ("dealers", "delivery.h", "positive(-exercised.target)", "positive(exercised.target)"),
    ("dealers", "delivery.h", "s.locked - owned", "s.locked + owned"),
    ("dealers", "delivery.h", "s.new_shorts + sold", "s.new_shorts - sold"),
    ("dealers", "dealers.h", "Real(p.hedging_participation_dt) *",
     "Real(-p.hedging_participation_dt) *"),
    ("crowd_calls", "delivery.h", "s.crowd_shares + q", "s.crowd_shares - q"),
    ("crowd_calls", "delivery.h", "s.log_price > strike", "s.log_price < strike"),
    ("crowd_calls", "calls.h", "Real(1.0f - kept)", "Real(kept - 1.0f)"),
    ("crowd_calls", "calls.h", "days + run.dt", "days - run.dt"),
    ("crowd_calls", "calls.h", "Real(1.0f) - exponential(s.call_log_strike)",
     "exponential(s.call_log_strike) - Real(1.0f)"),
    ("crowd_calls", "calls.h", "averaged(s.call_log_strike, s.monthly_call_log_strike,",
     "averaged(s.call_log_strike, -s.monthly_call_log_strike,"),
    ("crowd_shares", "delivery.h", "s.unpaid + minimum", "s.unpaid - minimum"),
    ("crowd_shares", "delivery.h", "Real(-p.exercise_budget)", "Real(p.exercise_budget)"),
    ("crowd_shares", "crowd.h", "o.crowd_shares.sell + sell_unpaid",
     "o.crowd_shares.sell - sell_unpaid"),
    ("clearing_rule", "clearing_rule.h", "s.crowd_shares - before",
     "before - s.crowd_shares"),
]  # fmt: skip


needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")


def built(folder: Path, monkeypatch: pytest.MonkeyPatch, *mistake: str) -> Native:
    """The portable build of the model with one mistake in it, or none."""
    model = shutil.copytree(MODEL, folder / "model")
    if mistake:
        header, written, wrong = mistake
        text = (model / header).read_text()
        assert text.count(written) == 1, f"{written!r}: {text.count(written)} times in {header}"
        (model / header).write_text(text.replace(written, wrong))
    library = folder / "model.so"
    flags = "-std=c++17 -O1 -ffp-contract=off -DPOWDERKEG_PORTABLE -w -shared -fPIC".split()
    assert COMPILER
    subprocess.run([COMPILER, *flags, "-o", library, model / "native.cpp"], check=True)
    loaded = ctypes.CDLL(str(library))
    monkeypatch.setattr(native, "_load", lambda build: loaded)
    return Native("portable")


def failing(channel: str, model: Native) -> Iterator[str]:
    """Cases of the channel that fail, those without random numbers first."""
    cases = [case for case in CASES.values() if case.channel == channel]
    for case in sorted(cases, key=lambda case: case.kind is not Kind.DETERMINISTIC):
        if not judge(case, model.simulate, case.parameters(), precision=3.0).passed:
            yield case.id


def test_every_channel_has_a_mistake() -> None:
    names = {str(channel.name).lower() for channel in Channel}
    assert {channel for channel, *_ in MISTAKES} == names | {"none"}


@pytest.mark.slow
@needs_compiler
def test_without_a_mistake_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = built(tmp_path, monkeypatch)
    for channel in dict.fromkeys(channel for channel, *_ in MISTAKES if channel != "none"):
        assert list(failing(channel, model)) == []


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m[0]}-{m[1][:-2]}" for m in MISTAKES])
def test_a_wrong_sign_fails(
    mistake: tuple[str, str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, *written = mistake
    assert next(failing(channel, built(tmp_path, monkeypatch, *written)), None)
