"""Parameters of crowd."""

from __future__ import annotations

from ..parameter import CHOICE, GME_EQUATIONS, GME_FIT, Section, parameter


class Crowd(Section):
    """Buyers whose attention spreads like an epidemic (section 7); dormant by default."""

    initial_attention: float = parameter(
        0.0,
        "A0: attention at the start; 0 means that no crowd arises here unless attention is shared",
        "fraction of the crowd",
        CHOICE,
        ge=0,
        le=1,
    )
    attention_weight: float | None = parameter(
        None,
        "weight of this name in the attention others share in (normalised over names); null: "
        "1 where initial_attention is above 0, else 0",
        "1",
        CHOICE,
        ge=0,
        le=1e6,
    )
    infection: float = parameter(0.379, "b: infection rate", "per day", GME_FIT, ge=0, le=50)
    shared: float = parameter(
        0.0,
        "share of the infection that comes from the other names' attention",
        "1",
        CHOICE + " (KOSS rose 480 % in a day with no shorts: use above 0 in crowded scenarios)",
        ge=0,
        le=1,
    )
    momentum: float = parameter(
        2.24,
        "infection grows by (1 + momentum m), m the price over its slow average",
        "per log price",
        GME_FIT,
        ge=0,
        le=100,
    )
    momentum_rate: float = parameter(
        0.7, "rate of the slow average", "per day", GME_EQUATIONS, ge=0, le=1000
    )
    exit_rate: float = parameter(0.047, "g: exit rate", "per day", GME_FIT, ge=0, le=50)
    exit_restricted: float = parameter(
        0.5, "added to the exit rate under a broker restriction", "per day", GME_EQUATIONS, ge=0,
        le=50,
    )  # fmt: skip
    stampede: float = parameter(
        3.4,
        "exit rate grows by (1 + stampede (drawdown - stampede_drawdown)+)",
        "per log price",
        GME_FIT,
        ge=0,
        le=1000,
    )
    stampede_drawdown: float = parameter(
        0.25, "log drawdown from the peak where the stampede begins", "log price", GME_EQUATIONS,
        ge=0, le=10,
    )  # fmt: skip
    share_budget: float = parameter(
        0.893,
        "money the whole crowd spends on shares",
        "floats at the start price",
        GME_FIT,
        ge=0,
        le=100,
    )
    never_sell: float = parameter(
        0.318, "fraction of their shares that leavers keep", "1", GME_FIT, ge=0, le=1
    )
    take_profit_rate: float = parameter(
        0.0,
        "rate at which it sells shares and closes calls, for each log unit of gain beyond "
        "take_profit; 0: only those sell who leave",
        "per day and log price",
        CHOICE + " (disposition effect: Shefrin & Statman 1985, Odean 1998, J. Finance)",
        ge=0,
        le=100,
    )
    take_profit: float = parameter(
        1.61,
        "gain from which it does, over the mean log price that it paid",
        "log price",
        CHOICE + " (ln 5)",
        ge=0,
        le=10,
    )
    call_budget: float = parameter(
        0.027,
        "premium the whole crowd spends on calls",
        "floats at the start price",
        GME_FIT,
        ge=0,
        le=100,
    )
    wealth: float | None = parameter(
        None,
        "most the crowd can spend on the shares of one name: both budgets shrink in proportion "
        "where share_budget is worth more; null: no limit",
        "money in the market's currency",
        CHOICE + " (gme-2021: .514 of 51.44 M shares at 35.50, USD 939 M)",
        gt=0,
    )
    call_strike: float = parameter(
        0.16, "km: log-moneyness of the calls bought", "log price", GME_FIT, ge=-3, le=3
    )
    call_roll: float = parameter(
        0.226, "part of the value at expiry that is rolled into new calls", "1", GME_FIT, ge=0, le=1
    )
    monthly_share: float = parameter(
        0.0,
        "part of the premium that buys calls to the third Friday, the rest is weekly",
        "1",
        CHOICE,
        ge=0,
        le=1,
    )
    exercise_budget: float | None = parameter(
        None,
        "money that it can raise to pay the strikes of the calls exercised at an expiry: of the "
        "shares delivered it sells in the next session what pays the rest; null: no limit",
        "floats at the start price",
        CHOICE,
        ge=0,
        le=100,
    )
    following: float = parameter(
        0.0,
        "infection by what the leader holds",
        "per day and float",
        CHOICE + "; innovation term of Bass (1969), Management Science 15",
        ge=0,
        le=1000,
    )
    initial_removed: float = parameter(
        0.0, "part of the crowd that has come and gone", "fraction of the crowd", CHOICE, ge=0, le=1
    )
    initial_shares: float = parameter(
        0.0, "shares the crowd holds at the start", "floats", CHOICE, ge=0, le=2
    )
    initial_calls: float = parameter(
        0.0,
        "calls it holds at the start, to the next weekly expiry, beyond the chain's",
        "floats of underlying",
        CHOICE,
        ge=0,
        le=2,
    )
    initial_call_strike: float = parameter(
        0.0, "their log-moneyness at the start", "log price", CHOICE, ge=-3, le=3
    )
