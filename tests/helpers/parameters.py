"""Parameters that tests name: where each stands in a scenario, and the value of a calm name.

Rates per day, vols as in NAME, holdings in floats. A parameter of a name is one number for all
names or a sequence of one number per name.
"""

from __future__ import annotations

from typing import Any

# name of the parameter: (section of the scenario, its field, value of a calm mid-cap)
SECTIONS: dict[str, tuple[str, str, Any]] = {
    "drift": ("anchor", "drift", 0.0),
    "attention_volatility": ("anchor", "attention_volatility", 0.5),
    "clustering": ("anchor", "clustering", 0.0),
    "adaptation": ("anchor", "adaptation", 0.0),
    "premium": ("anchor", "premium", 0.0),
    "dof": ("anchor", "dof", None),  # normal
    "tail_cap": ("anchor", "tail_cap", 25.0),
    "jump_rate": ("anchor", "jump_rate", 0.0),
    "jump_mean": ("anchor", "jump_mean", 0.0),
    "jump_sd": ("anchor", "jump_sd", 0.0),
    "max_multiple": ("clearing", "max_multiple", 30.0),
    "corner_ratio": ("clearing", "corner_ratio", None),
    "settlement_multiple": ("clearing", "settlement_multiple", 1.0),
    "eta": ("clearing", "transient_impact", 0.5),
    "transient_decay": ("clearing", "transient_decay", 2.0),
    "attention_volume": ("clearing", "attention_volume", 5.0),
    "depth_volatility": ("clearing", "depth_volatility", 0.0),
    "locked": ("locked", "share", 0.3),
    "release_rate": ("locked", "release_rate", 0.0),
    "release_share": ("locked", "release_share", 1.0),
    "release_mean": ("locked", "release_mean", 2.25),
    "release_sd": ("locked", "release_sd", 0.8),
    "dealer_sign": ("dealers", "sign", 1.0),
    "hedging": ("dealers", "hedging_rate", 40.0),
    "open_interest": ("dealers", "open_interest", 0.0),
    "log_strike": ("dealers", "log_strike", 0.1),
    "hedging_participation": ("dealers", "participation", None),  # no limit
    "exercised": ("dealers", "exercised", 0.0),
    "close_out": ("dealers", "close_out", 0.0),
    "covered": ("dealers", "covered", 0.5),
    "exercise_budget": ("crowd", "exercise_budget", None),  # no limit
    "call_capacity": ("dealers", "call_capacity", None),  # no limit
    "vol_rate": ("implied_vol", "rate", 0.7),
    "vol_realised": ("implied_vol", "realised_share", 0.8),
    "vol_demand": ("implied_vol", "demand", 0.4),
    "vol_max": ("implied_vol", "maximum", 10.0),
    "rv_weight": ("implied_vol", "realised_weight", 0.25),
    "attention0": ("crowd", "initial_attention", 0.005),
    "infection": ("crowd", "infection", 0.15),
    "shared": ("crowd", "shared", 0.2),
    "momentum": ("crowd", "momentum", 2.0),
    "momentum_rate": ("crowd", "momentum_rate", 0.7),
    "exit_rate": ("crowd", "exit_rate", 0.1),
    "exit_restricted": ("crowd", "exit_restricted", 0.5),
    "stampede": ("crowd", "stampede", 2.0),
    "stampede_drawdown": ("crowd", "stampede_drawdown", 0.25),
    "share_budget": ("crowd", "share_budget", 0.5),
    "never_sell": ("crowd", "never_sell", 0.3),
    "crowd_profit_rate": ("crowd", "take_profit_rate", 0.0),
    "crowd_profit": ("crowd", "take_profit", 0.5),
    "call_budget": ("crowd", "call_budget", 0.01),
    "call_strike": ("crowd", "call_strike", 0.15),
    "call_roll": ("crowd", "call_roll", 0.2),
    "monthly_share": ("crowd", "monthly_share", 0.0),
    "following": ("crowd", "following", 0.0),
    "removed0": ("crowd", "initial_removed", 0.0),
    "crowd0": ("crowd", "initial_shares", 0.0),
    "calls0": ("crowd", "initial_calls", 0.0),
    "call_log_strike0": ("crowd", "initial_call_strike", 0.0),
    "tolerance": ("shorts", "tolerance", 1.0),
    "tolerance_sd": ("shorts", "tolerance_sd", 0.5),
    "participation": ("shorts", "participation", 0.1),
    "cohort_margin_share": ("shorts", "margin_share", 0.0),
    "initial_margin": ("shorts", "initial_margin", 0.5),
    "maintenance_margin": ("shorts", "maintenance_margin", 0.3),
    "new_shorts0": ("new_shorts", "initial", 0.0),
    "entry_rate": ("new_shorts", "entry_rate", 0.3),
    "entry_threshold": ("new_shorts", "entry_threshold", 0.7),
    "entry_horizon": ("new_shorts", "entry_horizon", 0.0),
    "stop_rate": ("new_shorts", "stop_rate", 1.0),
    "stop_loss": ("new_shorts", "stop_loss", 1.0),
    "stop_sd": ("new_shorts", "stop_sd", 0.5),
    "take_profit_rate": ("new_shorts", "take_profit_rate", 0.24),
    "take_profit": ("new_shorts", "take_profit", 0.7),
    "take_profit_sd": ("new_shorts", "take_profit_sd", 0.25),
    "lendable_elastic": ("borrow", "lendable_elastic", 0.75),
    "lendable_locked": ("borrow", "lendable_locked", 0.9),
    "lendable_crowd": ("borrow", "lendable_crowd", 0.0),
    "recall_rate": ("borrow", "recall_rate", 0.3),
    "fee_slope": ("borrow", "fee_slope", 2.0),
    "fee_threshold": ("borrow", "fee_threshold", 0.8),
    "fee_min": ("borrow", "fee_min", 0.0025),
    "repricing_rate": ("borrow", "repricing_rate", 1e4),
    "restriction_hazard": ("restriction", "hazard", 0.4),
    "restriction_threshold": ("restriction", "threshold", 2.5),
    "restriction_duration": ("restriction", "duration", 2.0),
    "levered": ("levered_longs", "share", 0.0),
    "levered_tolerance": ("levered_longs", "tolerance", 0.3),
    "levered_tolerance_sd": ("levered_longs", "tolerance_sd", 0.15),
    "levered_participation": ("levered_longs", "participation", 0.1),
    "levered_refinancing": ("levered_longs", "refinancing", 0.0),
    "issue_threshold": ("issuer", "threshold", 1.0),
    "issue_maximum": ("issuer", "maximum", 0.0),
    "issue_participation": ("issuer", "participation", 0.1),
    "leader0": ("leader", "initial", 0.0),
    "leader_block": ("leader", "block", 0.0),
    "leader_rate": ("leader", "build_rate", 0.1),
    "leader_sell_above": ("leader", "sell_above", 0.5),
    "leader_participation": ("leader", "participation", 0.1),
    "tier": ("pauses", "tier", 0),
}

# of the market file, the book's position and the impact of a name
NAMES: dict[str, Any] = {
    "sigma": 0.03,  # per square-root day
    "adv": 0.05,
    "short_interest": 0.15,  # all reported shorts, the book's among them
    "vol0": 0.8,
    "fee0": 0.02,
    "elasticity": 1.0,  # M
    "book_weight": 0.0,  # of the book's equity
    "book_floats": 0.0,  # what it holds, unsigned; 0: so little that it is no part of the ledger
    "book_located": None,  # floats of a short that cannot be recalled; all of it
    "margin_rate": 0.3,
}

# of the scenario as a whole, and of one section that all names share
WHOLE: dict[str, tuple[str, str, Any]] = {
    "days": ("", "horizon_days", 5),
    "steps_per_day": ("", "steps_per_day", 8),
    "overnight_share": ("", "overnight_share", 0.2),
    "normals_per_step": ("", "normals_per_step", 1),
    "call_ladder": ("", "call_ladder", False),
    "factor_dof": ("", "factor_dof", None),
    "factor_tail_cap": ("", "factor_tail_cap", 25.0),
    "settlement_days": ("broker", "settlement_days", 2.0),
    "broker_duration": ("broker", "duration", 1.0),
    "book_participation": ("book", "participation", 0.1),
    "grace": ("book", "grace", 0.0),
    "cushion": ("book", "cushion", 0.0),
    "book_stop_loss": ("book", "stop_loss", 0.5),
    "leverage": ("book", "leverage", 1.0),
    "financing_rate": ("book", "financing_rate", 0.0),
    "house": ("book", "house", None),
}

# what `packed` works out by itself
STORY: dict[str, Any] = {
    "horizons": None,  # the last day
    "loadings": None,  # (names, factors), daily vols
    "factors": (),
    "attention_factors": {},
    "symbols": None,
    "options": None,  # one chain for all names, or one or None for each
    "expiries": None,  # days of the assumed calls
    "expiry_every": 5,  # days, of the crowd's calls
    "monthly_every": 20,
    "funds": (),
    "events": (),
    "policy": 0,
    "broker_value": 0.0,  # VaR over ENC per P(0) x float and implied vol
    "premium_limit": 1e6,  # in ENC
}

# The prototype's fit to GameStop, 12 January - 19 February 2021, in this model's parameters.
GME: dict[str, Any] = {
    "sigma": 0.0559,  # .05 intraday and .025 overnight
    "attention_volatility": 1.92,
    "elasticity": 1.61,
    "eta": 0.49,  # .548 of the intraday sigma
    "adv": 0.2,
    "attention_volume": 15.4,
    "locked": 0.427,  # frozen: nothing is released
    "short_interest": 1.4,
    "vol0": 1.2,
    "vol_demand": 0.46,
    "attention0": 0.019,
    "infection": 0.379,
    "shared": 0.0,
    "momentum": 2.24,
    "exit_rate": 0.047,
    "stampede": 3.4,
    "share_budget": 0.893,
    "never_sell": 0.318,
    "call_budget": 0.027,
    "call_strike": 0.16,
    "call_roll": 0.226,
    "tolerance": 0.963,
    "tolerance_sd": 0.547,
    "participation": 0.116,
    "entry_rate": 0.279,
    "entry_threshold": 0.705,
    "stop_loss": 0.963,
    "stop_sd": 0.547,
    "fee0": 0.05,
    "restriction_hazard": 0.385,
    "restriction_threshold": 2.485,
    "restriction_duration": 100.0,
    # its static chain of .31 float at .1, one week at a time
    "open_interest": 0.31,
    "log_strike": 0.1,
}
