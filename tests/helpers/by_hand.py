"""Laws of docs/model.md in plain scalars, as the tests of the reference work them out."""

import math

Row = dict[str, float]


def cdf(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def given_up(y: float, mu: float, sd: float) -> float:
    """F of docs/model.md, 7: a normal tolerance truncated at zero."""
    return max(cdf((y - mu) / sd) - cdf(-mu / sd), 0) / (1 - cdf(-mu / sd))


def call_by_hand(p: Row, s: float) -> float:
    """Black-Scholes call at log-moneyness km over the spot."""
    d1 = -p["call_strike"] / s + s / 2
    return cdf(d1) - math.exp(p["call_strike"]) * cdf(d1 - s)


def crowd_by_hand(p: Row, a: Row, dt: float, sqrt_tau_buy: float, month: float) -> Row:
    """The crowd's state and orders one step after row `a`, for a name alone."""
    x, price = a["log_price"], math.exp(a["log_price"])
    m = min(max(x - a["log_price_slow"], -0.5), 1.0)
    run = max(a["log_price_max"] - x - p["stampede_drawdown"], 0)
    g = p["exit_rate"] * (1 + p["stampede"] * run) + a["restricted"] * p["exit_restricted"]
    stay = math.exp(-g * dt)
    force = p["infection"] * max(1 + p["momentum"] * m, 0) * a["attention"]
    force += p["following"] * a["leader"]
    free = max(1 - a["attention"] - a["removed"], 0) * (1 - a["restricted"])
    new = free * (1 - math.exp(-force * (1 - stay) / g))
    left = a["attention"] * (1 - stay)
    room = max(1 - (a["calls"] + a["monthly_calls"]) * p["call_capacity_inverse"], 0)
    held: Row = {}
    for prefix, share, tau in (
        ("", 1 - p["monthly_share"], sqrt_tau_buy),
        ("monthly_", p["monthly_share"], month),
    ):
        call = max(call_by_hand(p, a["implied_vol"] * tau), 0.005)
        bought = share * p["call_budget"] * new / (price * call) * room
        calls, strike = a[f"{prefix}calls"] * stay + bought, a[f"{prefix}call_log_strike"]
        strike += bought / (calls + 1e-12) * (x + p["call_strike"] - strike)
        held |= {f"{prefix}calls": calls, f"{prefix}call_log_strike": strike}
    return {
        **held,
        "attention": a["attention"] + new - left,
        "removed": a["removed"] + left,
        "log_price_slow": x - (x - a["log_price_slow"]) * math.exp(-0.1 * dt),
        "buys": p["share_budget"] * new / price,
        "sells": a["crowd_shares"] * (1 - stay) * (1 - p["never_sell"]),
    }
