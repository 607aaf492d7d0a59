"""The assumptions register: what the model takes for granted (docs/validation.md)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumption:
    """One assumption. `sensitivity` names the parameter that shows what hangs on it."""

    id: str
    what: str
    why: str
    source: str
    sensitivity: str


ASSUMPTIONS = tuple(
    Assumption(*row)
    for row in (
        (
            "A01",
            "Elastic holders have one constant price elasticity 1/M around an anchor",
            "price follows inventory in closed form, and rises without bound as the float runs out",
            "Gabaix & Koijen (2021), In search of the origins of financial fluctuations",
            "`clearing.impact_per_float`, or `clearing.impact_factor` .5 and 2",
        ),
        (
            "A02",
            "Impact per float by the square-root law at 10 % of the float, where none is given",
            "the best documented law of impact; needs volatility and volume alone",
            "Toth et al. (2011), Phys. Rev. X 1, 021006",
            "`clearing.impact_factor`; the run prints the impact of every name",
        ),
        (
            "A03",
            "Elastic holders run out at a multiple of the anchor (30 by default)",
            "without a floor single paths decide the mean of the tail",
            "convention; GameStop traded at 14 times its start on 28 January 2021",
            "`clearing.max_multiple` at half and twice, which `run --sensitivity` reports",
        ),
        (
            "A04",
            "Transient impact decays at one rate and is linear in flow over volume",
            "the simplest law without dynamic arbitrage",
            "Obizhaeva & Wang (2013), J. Financial Markets 16",
            "`clearing.transient_impact`, `clearing.transient_decay`; channel `transient_impact`",
        ),
        (
            "A05",
            "Buys beyond the floor are filled pro rata; sells always fill",
            "no queue is known, and none is better than another",
            "convention",
            "`clearing.max_multiple`; the share of floor paths beside every measure",
        ),
        (
            "A06",
            "The anchor is a martingale: scenarios are conditional stories, not forecasts",
            "the drift of a squeeze comes from who must trade, not from an assumption",
            "convention",
            "`anchor.drift`; a `timeline` of anchor_news",
        ),
        (
            "A07",
            "Variance of a day splits into an overnight part and equal intraday steps",
            "gaps cannot be traded; the U-shape of the day is left out",
            "open-to-close and close-to-open returns, July 2020 to January 2021",
            "`overnight_share` .1 to .5; `steps_per_day`",
        ),
        (
            "A08",
            "Heavy tails are capped variance mixtures, drawn once a day",
            "a Student-t log return has no expected shortfall",
            "Cont (2001), Quantitative Finance 1",
            "`anchor.dof`, `anchor.tail_cap`; `factor_dof`, `factor_tail_cap`",
        ),
        (
            "A09",
            "At most one jump a day, independent of everything else",
            "news comes in days; common jumps are events of the timeline",
            "Merton (1976), J. Financial Economics 3",
            "`anchor.jump_rate`, `anchor.jump_mean`, `anchor.jump_sd`",
        ),
        (
            "A10",
            "Factors are normal (or one mixture) with constant betas and correlations; attention "
            "factors are a constant share of the variance beyond them",
            "a market does not move with one name's crowd; names of one crowd move together",
            "market file; correlations of seven names, October 2020 to February 2021",
            "`betas`, `factor_correlation`, `market_shock` events; `attention_factors.*.share` .3 "
            "to .65",
        ),
        (
            "A11",
            "Attention raises a name's volatility beyond the factors linearly",
            "retail interest and realised volatility rose together",
            "fit to GameStop, January 2021",
            "`anchor.attention_volatility` 0 and twice",
        ),
        (
            "A12",
            "Dealers' net position is a sign times customers' open interest",
            "who holds the other side is not published",
            "SEC staff report (October 2021); Mitts et al. (2022) dispute it",
            "`dealers.sign` -1, 0, 1, which `run --sensitivity` reports",
        ),
        (
            "A13",
            "Dealers hedge Black-Scholes delta at zero rates, at one implied vol a name, at a rate",
            "gamma, vanna and charm follow; a smile would move each by less than the sign does",
            "Black & Scholes (1973); convention",
            "`dealers.hedging_rate`; channel `dealers`",
        ),
        (
            "A14",
            "The static chain is held to expiry: only the crowd trades options",
            "open interest is known once a day",
            "convention",
            "`dealers.open_interest`, the chain file",
        ),
        (
            "A15",
            "The crowd's calls of an expiry are one mean strike",
            "keeps two numbers a name; spreads of strikes smooth the gamma",
            "convention",
            "`crowd.call_strike`, `crowd.monthly_share`, `crowd.call_roll`",
        ),
        (
            "A16",
            "Attention spreads like an SIR epidemic: nobody comes back",
            "fits the rise and the fall of accounts and posts",
            "Kermack & McKendrick (1927); Shiller (2017), Narrative economics",
            "`crowd.infection`, `crowd.exit_rate`, `crowd.initial_attention`",
        ),
        (
            "A17",
            "Momentum, drawdown and restrictions act on the crowd linearly",
            "signs are known, forms are not",
            "fit to GameStop, January 2021",
            "`crowd.momentum`, `crowd.stampede`, `crowd.exit_restricted`",
        ),
        (
            "A18",
            "A participant spends a fixed budget on the day it comes",
            "account sizes hardly changed while accounts multiplied",
            "SEC staff report (October 2021)",
            "`crowd.share_budget`, `crowd.call_budget`, `crowd.wealth`",
        ),
        (
            "A19",
            "Shorts' tolerance is normal in log run-up plus fees, and never recovers; those on "
            "margin cover at the highest price so far",
            "stops and margin rules differ; those out stay out",
            "fit to GameStop, January 2021",
            "`shorts.tolerance`, `shorts.tolerance_sd`, `shorts.margin_share`; channel `shorts`",
        ),
        (
            "A20",
            "Covering takes at most a share of volume, and volume grows with attention",
            "desks limit participation",
            "fit to GameStop, January 2021; convention",
            "`shorts.participation`, `clearing.attention_volume`",
        ),
        (
            "A21",
            "New shorts enter by the gap of price over anchor, within what can be borrowed",
            "arbitrage capital is limited by stock loan",
            "Shleifer & Vishny (1997), The limits of arbitrage",
            "`new_shorts.entry_rate`, `new_shorts.entry_threshold`, `new_shorts.entry_horizon`",
        ),
        (
            "A22",
            "Fees are linear in utilisation above a threshold; existing loans follow with a lag",
            "convex in shape, two numbers",
            "D'Avolio (2002), JFE 66; fees of January 2021",
            "`borrow.fee_slope`, `borrow.fee_threshold`, `borrow.repricing_rate`",
        ),
        (
            "A23",
            "Recalls fall pro rata on cohort and new shorts; funds borrow on term",
            "the order of recalls is not known",
            "convention",
            "`borrow.recall_rate`, `lendable_recall` events",
        ),
        (
            "A24",
            "Funds cut all positions alike, linearly in their loss",
            "risk targets bind on the whole book; overlaps become correlation",
            "Cont & Wagalath (2013), Running for the exit, Math. Finance 23",
            "`funds.*.slope`, `funds.*.threshold`, `funds.*.cut_rate`; channel `funds`",
        ),
        (
            "A25",
            "Levered longs are the mirror of the cohort, with gains borrowed against in part",
            "maintenance rules are symmetric, and paper profits are margin",
            "Regulation T; FINRA rule 4210",
            "`levered_longs.share`, `levered_longs.refinancing`",
        ),
        (
            "A26",
            "Locked holders let go by a normal law of the run-up and never come back",
            "index funds do not trade on price, insiders do late",
            "fit of a prototype to GameStop; Chinco & Sammon (2024)",
            "`locked.share`, `locked.release_rate`, `locked.release_mean`",
        ),
        (
            "A27",
            "The issuer sells at once what its share of volume allows, above a price",
            "at-the-market programmes stood ready",
            "AMC and GameStop statements, 2021",
            "`issuer.maximum`, `issuer.threshold`, `issuer.participation`",
        ),
        (
            "A28",
            "The crowd follows a leader's holding as innovators do",
            "one known holder with one public position",
            "Bass (1969), Management Science 15",
            "`crowd.following`, `leader.block`, `leader.sell_above`",
        ),
        (
            "A29",
            "A broker restricts at a hazard above a price, or by the clearing house's premium",
            "rules, capital and nerves: one is random, one is arithmetic",
            "NSCC Rules, Procedure XV; congressional testimony, February 2021",
            "`restriction.hazard`, `broker.excess_net_capital`, `broker.premium_limit`",
        ),
        (
            "A30",
            "Bands are checked at the end of a step around a five-minute reference",
            "the plan looks at every trade; a step of 15 minutes overshoots",
            "Plan to Address Extraordinary Market Volatility (Regulation NMS)",
            "`pauses.tier`; `steps_per_day` 78 or more",
        ),
        (
            "A31",
            "The book holds unless `book.policy` says so; forced trades go where they relieve most",
            "the loss of standing still is the loss to compare actions with; brokers sell what "
            "is easy first",
            "convention; FINRA rule 4210",
            "`book.policy`, `book.grace`, `book.participation`; `margin_rate` events",
        ),
        (
            "A32",
            "Everybody sees the price of the step before; dealers answer within the step",
            "orders need a price that exists; hedging is too stiff to lag",
            "convention",
            "`steps_per_day` and `normals_per_step` for a paired refinement",
        ),
        (
            "A33",
            "Volatility clusters as a GARCH(1,1), where it is asked to",
            "a squeeze leaves days that are wilder than attention alone makes them",
            "Bollerslev (1986); fit to GameStop, January 2021",
            "`anchor.clustering` 0 and twice",
        ),
        (
            "A34",
            "While a crowd attends, elastic holders take the price for the value "
            "at a constant rate; by default they do not",
            "GameStop stood at four times its start for weeks in March 2021, when hardly anybody "
            "was short; in January it fell back",
            "Cagan (1956), adaptive expectations; fits to both ([calibration.md](calibration.md))",
            "`anchor.adaptation` 0 and twice",
        ),
    )
)

LEFT_OUT = (
    (
        "A margin rule whose covering is all done at the last price",
        "the book pays the mean price of its own moves, so its buy-in has the exact limit of "
        "forced-squeeze; the condition M S/E > m/(1 + m) for a buy-in that feeds on itself is the "
        "same, the prices beyond it are lower. forced-buy-in is the rule without impact.",
    ),
    (
        "Pinning by theta alone (Avellaneda & Lipkin)",
        "dealers re-evaluate delta at price and time together, and cannot hedge the passage of "
        "time alone. pinning is the exact limit of the whole hedge.",
    ),
)
