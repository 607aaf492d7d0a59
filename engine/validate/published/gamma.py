"""What the sign of dealers' gamma does to volatility and reversal: Ni et al., Dim et al."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....kernels.packed import Packed, Simulate, Simulated
from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from ..case import Array
from ..runner import in_pieces
from ..setting import Name, setting
from .table import DEFAULTS, Claim, Measured, Published, figure

DAYS, STEPS, EXPIRY = 10, 26, 21  # no expiry within
SIGMA, TURNOVER = 0.03, 0.01
INTEREST = 0.1  # floats of calls at the money, as in the presets of Tesla and SoftBank
SIGNS = (-1.0, 0.0, 1.0)
WORDS = ("dealers long gamma", "no dealers", "dealers short gamma")


def hedged(sign: float) -> Packed:
    """One name with dealers alone; 1: they have sold the calls, -1: they hold them."""
    dealers = {
        "sign": sign,
        "open_interest": INTEREST,
        "log_strike": 0.0,
        "expiries": (EXPIRY,),
    }
    name = Name(
        sigma=SIGMA, adv=TURNOVER, weight=1.0, implied_vol=SIGMA * np.sqrt(TRADING_DAYS),
        sections={**DEFAULTS, "dealers": dealers},
    )  # fmt: skip
    channels = Channel.DEALERS | Channel.TRANSIENT_IMPACT
    return setting(name, seed=1, channels=channels, days=DAYS, steps=STEPS, overnight=0.3)


def session_returns(out: Simulated) -> Any:
    """Log returns of the quarters of an hour of every session. Shape: (paths, days, steps)."""
    assert out.trace is not None
    log_price = out.trace["log_price"][:, :, 0].astype(float)
    return np.diff(log_price, axis=1).reshape(len(log_price), DAYS, STEPS + 1)[:, :, 1:]


def volatility_ratio(returns: Array, base: Array) -> float:
    return float(np.sqrt((returns**2).mean() / (base**2).mean()))


def autocorrelation(returns: Array) -> float:
    """Of a return and the next within a session."""
    return float((returns[:, :, 1:] * returns[:, :, :-1]).mean() / (returns**2).mean())


def half_days(returns: Array) -> float:
    """The same of the halves of a session."""
    halves = returns.reshape(*returns.shape[:2], 2, -1).sum(axis=3)
    return float((halves[:, :, 0] * halves[:, :, 1]).mean() / (halves**2).mean())


def measure(simulate: Simulate, paths: int) -> Measured:
    ids = np.arange(paths, dtype=np.uint64)

    def simulated(packed: Packed) -> Array:
        return in_pieces((packed,), session_returns, simulate, ids, trace=True)

    returns = [simulated(hedged(sign)) for sign in SIGNS]
    ratios = [
        figure(f"volatility over that without dealers: {words}", volatility_ratio, these,
               returns[1], reported=reported)
        for words, these, reported in zip(WORDS[::2], returns[::2], ("below 1", "above 1"),
                                          strict=True)
    ]  # fmt: skip
    quarters = [
        figure(f"autocorrelation, 15 minutes: {words}", autocorrelation, these, reported=reported)
        for words, these, reported in zip(WORDS, returns, ("reversal", "", "momentum"), strict=True)
    ]
    halves = [
        figure(f"autocorrelation, half days: {words}", half_days, these)
        for words, these in zip(WORDS, returns, strict=True)
    ]
    lasting = [
        figure(f"the same without transient impact: {words}", half_days,
               simulated(hedged(sign).with_channels(Channel.DEALERS)))
        for words, sign in zip(WORDS[::2], SIGNS[::2], strict=True)
    ]  # fmt: skip
    claims = (
        Claim("short gamma raises volatility", ratios[1].above(1)),
        Claim("long gamma lowers it", ratios[0].below(1)),
        Claim("short gamma makes momentum within a session", quarters[2].above(0)),
        Claim("long gamma makes reversal within a session", quarters[0].below(0)),
    )
    return Measured((*ratios, *quarters, *halves, *lasting), claims)


TABLE = Published(
    id="gamma",
    title="the sign of dealers' gamma in volatility and in what follows a move",
    paper="Ni, Pearson, Poteshman and White (2021), Does option trading have a pervasive impact "
    "on underlying stock prices?, Review of Financial Studies 34; Dim, Eraker and Vilkov (2023), "
    "0DTEs: trading, gamma risk and volatility propagation, SSRN 4692190",
    reports="Market makers who rebalance their hedges change the volatility of the stock and the "
    "odds of a large move (Ni et al.). The gamma of their inventory is negatively related to "
    "future volatility within the day; positive gamma strengthens reversal within a day, negative "
    "gamma momentum (Dim et al.).",
    read="the abstracts (of Ni et al. that of October 2018); signs alone are compared, their "
    "coefficients are per unit of an inventory that the model does not have",
    simulated="One name, 3 % a day, 1 % of the float traded a day, .1 float of calls at the money "
    "that expire in 21 days; ten days of 26 steps, dealers alone with the default rate of "
    "hedging, sign 1 (short gamma), 0 and -1.",
    differs="At a quarter of an hour nowhere in sign. Over half days short gamma shows a slight "
    "reversal and long gamma a slight momentum: hedges follow at 40 a day and have caught up "
    "within the hour, and what is left of their pressure is transient impact, which decays; "
    "without it both are within two standard errors of 0. Momentum that lasts needs hedgers who "
    "wait, for the close say; ours do not.",
    paths=4_000,
    measure=measure,
)
