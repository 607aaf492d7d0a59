"""The parameters of the market and of everybody who trades in it, one section per agent.

Every section but `broker` holds for each name of the book and can be overridden under `names`.
Words and symbols are those of docs/model.md, whose section is given.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .parameter import CHOICE, GME_EQUATIONS, GME_FIT, Section, parameter

Days = Annotated[int, Field(ge=1, le=2520)]


class Anchor(Section):
    """The value elastic holders trade around (section 6). Volatility is in the market file."""

    drift: float = parameter(
        0.0, "drift of the anchor", "log price per day", CHOICE, ge=-0.5, le=0.5
    )
    attention_volatility: float = parameter(
        1.92,
        "a_sigma: daily volatility is sigma (1 + a_sigma A) under attention A",
        "1",
        GME_FIT,
        ge=0,
        le=20,
    )
    clustering: float = parameter(
        0.0,
        "part of the day's own variance that follows realised variance, the rest is sigma's: a "
        "GARCH(1,1) with implied_vol.realised_weight, so that wild days come together and a crash "
        "is not followed by calm; realised variance counts up to 1 a day",
        "1",
        "form of Bollerslev (1986), J. Econometrics 31; 0: volatility answers to attention alone",
        ge=0,
        le=0.99,
    )
    premium: float = parameter(
        0.0,
        "log price above the anchor at the start; below 0 for a name that starts under it",
        "log price",
        CHOICE,
        ge=-3,
        le=5,
    )
    dof: float | None = parameter(
        None,
        "degrees of freedom of the name's own daily Student-t returns; null: normal",
        "1",
        "null: normal; 3 to 5 for daily stock returns, Cont (2001), Empirical properties of asset "
        "returns, Quantitative Finance 1",
        gt=2,
        le=1000,
    )
    tail_cap: float = parameter(
        25.0,
        "cap of a day's variance under dof, in multiples of the mean: 5 times the usual volatility",
        "1",
        CHOICE,
        gt=1,
        le=1e4,
    )
    jump_rate: float = parameter(
        0.0,
        "jumps of the anchor, at most one a day",
        "per day",
        CHOICE + "; form of Merton (1976), J. Financial Economics 3",
        ge=0,
        le=10,
    )
    jump_mean: float = parameter(0.0, "mean of a jump", "log price", CHOICE, ge=-3, le=3)
    jump_sd: float = parameter(
        0.1, "sd of a jump; matters where jump_rate is above 0", "log price", CHOICE, ge=0, le=3
    )


class Clearing(Section):
    """How inventory moves the price (sections 4 and 8)."""

    impact_per_float: float | None = parameter(
        None,
        "lambda = M / E0: log price per float bought at the start; null takes the square-root law, "
        "10 % of the float moves the price by sigma sqrt(.1 / ADV)",
        "log price per float",
        "null: Toth et al. (2011), Anomalous price impact, Phys. Rev. X 1, 021006",
        gt=0,
        le=100,
    )
    impact_factor: float = parameter(
        1.0,
        "factor on lambda, given or from the square-root law",
        "1",
        CHOICE,
        ge=0.01,
        le=100,
    )
    max_multiple: float = parameter(
        30.0,
        "floor of the elastic float, as the price multiple over the anchor at which it runs out; "
        "decides far tails, so look at half and twice its value",
        "multiple",
        CHOICE,
        ge=1.1,
        le=10_000,
    )
    transient_impact: float = parameter(
        0.548, "eta: J moves by eta sigma q / (V + |q|/dt)", "days^1/2", GME_FIT, ge=0, le=10
    )
    transient_decay: float = parameter(
        2.0,
        "decay rate of transient impact J",
        "per day",
        GME_EQUATIONS + "; form of Obizhaeva & Wang (2013), J. Financial Markets 16",
        ge=0,
        le=1000,
    )
    attention_volume: float = parameter(
        15.4, "a_V: volume is V = ADV (1 + a_V A) under attention A", "1", GME_FIT, ge=0, le=1000
    )
    depth_volatility: float = parameter(
        0.0,
        "transient impact grows by (1 + depth_volatility (v/v0 - 1)) with implied vol v, as books "
        "thin; 1: in proportion",
        "1",
        CHOICE,
        ge=0,
        le=5,
    )


class Locked(Section):
    """Holders who lend and sell at high multiples at most: index funds (sections 3 and 7)."""

    share: float = parameter(
        0.33,
        "L: share of the float held by locked holders",
        "floats",
        "Chinco & Sammon (2024), The passive-ownership share is double what you think it is, JFE",
        ge=0,
        le=2,
    )
    release_rate: float = parameter(
        0.0, "rate at which they sell what they will; 0: they never sell", "per day", CHOICE, ge=0,
        le=100,
    )  # fmt: skip
    release_share: float = parameter(
        1.0, "share of them that sells at some price", "1", CHOICE, ge=0, le=1
    )
    release_mean: float = parameter(
        2.25,
        "run-up at which the median of them sells",
        "log price",
        "fit of a prototype to GameStop, January 2021",
        ge=-5,
        le=10,
    )
    release_sd: float = parameter(
        0.8,
        "sd of that run-up over them",
        "log price",
        "fit of a prototype to GameStop, January 2021",
        ge=0.01,
        le=10,
    )


class Dealers(Section):
    """Option dealers who hedge (sections 8 and 10), and the chain assumed where none is given."""

    sign: float = parameter(
        1.0,
        "1: dealers are short everything customers hold in the static chain, -1: long; "
        "SEC staff found dealers buying calls in January 2021, Mitts et al. (2022) dispute it",
        "1",
        CHOICE,
        ge=-1,
        le=1,
    )
    hedging_rate: float = parameter(
        40.0, "kappa: rate at which the hedge follows its target", "per day", GME_FIT, ge=0, le=1e4
    )
    open_interest: float = parameter(
        0.0,
        "calls assumed open in a name that has no rows in the chain file: their total, spread "
        "equally over `expiries`",
        "floats",
        CHOICE,
        ge=0,
        le=5,
    )
    log_strike: float = parameter(
        0.1, "log-moneyness of the assumed calls", "log price", GME_EQUATIONS, ge=-3, le=3
    )
    expiries: tuple[Days, ...] | None = parameter(
        None,
        "expiries of the assumed calls; null: every weekly expiry up to the first one at or "
        "after the horizon",
        "days from the as-of close",
        CHOICE,
        strict=False,
    )
    call_capacity: float | None = parameter(
        None,
        "most calls the crowd can hold: sellers withdraw as it fills; null: no limit",
        "floats of underlying",
        CHOICE,
        gt=0,
        le=100,
    )


class ImpliedVol(Section):
    """What implied volatility follows (section 9). Its start is in the market file."""

    rate: float = parameter(
        0.7, "vol_rate: rate towards its target", "per day", GME_EQUATIONS, ge=0, le=100
    )
    realised_share: float = parameter(
        0.8, "vol_realised: share of realised volatility in the target", "1", GME_FIT, ge=0, le=3
    )
    demand: float = parameter(
        0.46,
        "vol_demand: target grows by (1 + vol_demand n) with n floats of crowd calls",
        "per float",
        GME_FIT,
        ge=0,
        le=100,
    )
    maximum: float = parameter(
        10.0, "vol_max: cap of the target", "per annum", GME_EQUATIONS, gt=0, le=15
    )
    realised_weight: float = parameter(
        0.25,
        "rv_weight: weight of the last day in realised variance",
        "1",
        GME_EQUATIONS,
        ge=0,
        le=1,
    )


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


class Shorts(Section):
    """The cohort of reported short sellers other than the book (section 7)."""

    tolerance: float = parameter(
        0.963,
        "mu: run-up plus borrow cost at which the median short covers",
        "log price",
        GME_FIT,
        ge=-5,
        le=10,
    )
    tolerance_sd: float = parameter(
        0.547, "sd of the tolerance", "log price", GME_FIT, ge=0.01, le=10
    )
    participation: float = parameter(
        0.116, "covering is at most this share of volume", "1", GME_FIT, ge=0, le=10
    )
    margin_share: float = parameter(
        0.0,
        "part of the cohort that holds its shorts on margin and covers what a call leaves it no "
        "equity for; the others go by tolerance",
        "1",
        CHOICE,
        ge=0,
        le=1,
    )
    initial_margin: float = parameter(
        0.5,
        "i: equity at the start over the value of the short, of those on margin",
        "1",
        "Regulation T, 12 CFR 220.12",
        ge=0.01,
        le=10,
    )
    maintenance_margin: float = parameter(
        0.3,
        "m: equity over the value of the short below which they are called: at (1 + i)/(1 + m)",
        "1",
        "FINRA rule 4210(c)",
        ge=0.01,
        le=10,
    )
    unreported: float = parameter(
        0.0,
        "short beyond the reported figure, which is two weeks old when it comes; below 0: covered "
        "since",
        "floats",
        CHOICE,
        ge=-3,
        le=3,
    )


class NewShorts(Section):
    """Short sellers who come in while the price stands far above the anchor (section 7)."""

    initial: float = parameter(
        0.0,
        "part of the reported short interest that is theirs at the start",
        "floats",
        CHOICE,
        ge=0,
        le=3,
    )
    entry_rate: float = parameter(
        0.279,
        "rate of borrowing what can be borrowed, per log price above entry_threshold",
        "per day",
        GME_FIT,
        ge=0,
        le=100,
    )
    entry_threshold: float = parameter(
        0.705, "x - w above which they enter", "log price", GME_FIT, ge=0, le=10
    )
    entry_horizon: float = parameter(
        10.0,
        "time over which they weigh the fee on new loans against the premium x - w",
        "days",
        CHOICE + ": two weeks",
        ge=0,
        le=252,
    )
    stop_rate: float = parameter(
        1.0, "rate of leaving beyond the stop", "per day", GME_EQUATIONS, ge=0, le=100
    )
    stop_loss: float = parameter(
        0.963, "run-up over their entry at which half of them stop out", "log price", GME_FIT,
        ge=0, le=10,
    )  # fmt: skip
    stop_sd: float = parameter(
        0.547, "sd of the stop over them", "log price", GME_FIT, ge=0.01, le=10
    )
    take_profit_rate: float = parameter(
        0.24, "rate of taking profit", "per day", GME_FIT, ge=0, le=100
    )
    take_profit: float = parameter(
        0.7, "fall under their entry at which half take profit", "log price", GME_EQUATIONS,
        ge=0, le=10,
    )  # fmt: skip
    take_profit_sd: float = parameter(
        0.25, "sd of the profit target over them", "log price", GME_EQUATIONS, ge=0.01, le=10
    )


class Borrow(Section):
    """The stock-loan market (sections 7 and 9). The fee at the start is in the market file."""

    lendable_elastic: float = parameter(
        0.75,
        "l_E: share of the elastic holders' shares that can be borrowed; where the market file "
        "gives lendable or utilisation, both weights are scaled alike to match it",
        "1",
        GME_EQUATIONS,
        ge=0,
        le=1,
    )
    lendable_locked: float = parameter(
        0.9, "l_L: the same of the locked holders' shares", "1", GME_EQUATIONS, ge=0, le=1
    )
    recall_rate: float = parameter(
        0.3, "rate at which loans beyond what is lendable are recalled", "per day", GME_EQUATIONS,
        ge=0, le=100,
    )  # fmt: skip
    fee_slope: float = parameter(
        2.0, "fee per unit of utilisation above fee_threshold", "per annum", GME_EQUATIONS, ge=0,
        le=100,
    )  # fmt: skip
    fee_threshold: float = parameter(
        0.8, "utilisation above which the fee rises", "1", GME_EQUATIONS, ge=0, le=10
    )
    fee_min: float = parameter(
        0.0025,
        "the fee never falls below this",
        "per annum",
        "general collateral; D'Avolio (2002), The market for borrowing stock, JFE 66: 0.17 % a "
        "year on average for names that are not special",
        ge=0,
        le=10,
    )
    repricing_rate: float = parameter(
        0.5,
        "rate at which the fee on existing loans follows the fee on new ones",
        "per day",
        CHOICE + " (GameStop, January 2021: 25-31 % a year on existing loans, 50-80 % on new ones)",
        ge=0,
        le=1e4,
    )


class Restriction(Section):
    """Brokers stop new buying by the crowd, at random above a price (sections 7 and 9)."""

    hazard: float = parameter(
        0.385, "hazard while x is above the threshold", "per day", GME_FIT, ge=0, le=1000
    )
    threshold: float = parameter(
        2.485, "log price above which a restriction can come", "log price", GME_FIT, ge=-5, le=20
    )
    duration: float = parameter(
        6.0,
        "how long it lasts",
        "days",
        "Robinhood limited buying of GameStop from 28 January to 4 February 2021 "
        "(company statements): six sessions",
        ge=0,
        le=1000,
    )


class LeveredLongs(Section):
    """Longs on margin who must sell as the price falls, the mirror of the shorts (section 7)."""

    share: float = parameter(0.0, "Y: what they hold at the start", "floats", CHOICE, ge=0, le=1)
    tolerance: float = parameter(
        0.37,
        "log fall at which the median of them is sold out",
        "log price",
        "half borrowed (Regulation T): maintenance of 25 % (FINRA rule 4210) calls after a log "
        "fall of .41, house rules of 30 % after .34",
        ge=-5,
        le=10,
    )
    tolerance_sd: float = parameter(
        0.15, "sd of that fall over them", "log price", CHOICE, ge=0.01, le=10
    )
    participation: float = parameter(
        0.116, "selling is at most this share of volume", "1", CHOICE + ": the shorts'", ge=0, le=10
    )
    refinancing: float = parameter(
        0.5,
        "part of a run-up that they borrow against: falls count from this part of the highest log "
        "price",
        "1",
        CHOICE,
        ge=0,
        le=1,
    )


class Issuer(Section):
    """A company that sells new shares into the rally (section 7)."""

    maximum: float = parameter(
        0.0,
        "most that it sells",
        "floats",
        "0: none; AMC sold 187 M shares at the market in December 2020 and January 2021, GameStop "
        "registered 3.5 M in April 2021 (company statements)",
        ge=0,
        le=3,
    )
    threshold: float = parameter(
        0.7, "log price above which it sells", "log price", CHOICE + ": twice the start", ge=-5,
        le=10,
    )  # fmt: skip
    participation: float = parameter(
        0.1, "selling is at most this share of volume", "1", CHOICE, ge=0, le=10
    )


class Leader(Section):
    """Somebody who builds a block, is followed, and sells into the crowd (section 7)."""

    initial: float = parameter(0.0, "what it holds at the start", "floats", CHOICE, ge=0, le=2)
    block: float = parameter(
        0.0, "what it builds up to; below `initial` it buys nothing", "floats", CHOICE, ge=0, le=2
    )
    build_rate: float = parameter(0.02, "speed of building", "floats a day", CHOICE, ge=0, le=10)
    sell_above: float = parameter(
        1.0, "highest log price from which on it sells", "log price", CHOICE, ge=-5, le=20
    )
    participation: float = parameter(
        0.1, "selling is at most this share of volume", "1", CHOICE, ge=0, le=10
    )


class Pauses(Section):
    """Limit-up/limit-down trading pauses (section 8)."""

    tier: int = parameter(
        0,
        "0: none; 1: S&P 500, Russell 1000 and large funds, bands of 5 %; 2: all others, 10 %; "
        "wider at or below 3 a share",
        "1",
        "Plan to Address Extraordinary Market Volatility (Regulation NMS), appendix A",
        ge=0,
        le=2,
    )


class Broker(Section):
    """The crowd's broker, whose clearing house asks for capital (section 9); one for all names."""

    excess_net_capital: float | None = parameter(
        None,
        "ENC; null: its clearing house never stops it",
        "money in the market's currency",
        "null: off; Robinhood Securities, 28 January 2021: 544 M against a requirement of 1,400 M, "
        "so a premium of 2,203 M",
        gt=0,
    )
    crowd_share: float = parameter(
        0.3, "part of the crowd's purchases that clears through it", "1", CHOICE, ge=0, le=1
    )
    var_multiple: float = parameter(
        2.33,
        "requirement per unit of daily volatility: confidence x sqrt(days)",
        "1",
        "99 % of a normal day",
        ge=0,
        le=20,
    )
    premium_limit: float = parameter(
        0.0,
        "excess-capital premium (VaR - ENC) VaR / ENC above which it restricts buying",
        "money in the market's currency",
        "NSCC Rules, Procedure XV, as in January 2021; 0: at the first premium",
        ge=0,
    )
    settlement_days: float = parameter(
        2.0, "mean time until a purchase has settled", "days", "SEC rule 15c6-1, T+2 in 2021",
        gt=0, le=20,
    )  # fmt: skip
    duration: float = parameter(
        1.0, "buying is restricted for so long after an excess", "days", CHOICE, ge=0, le=252
    )
