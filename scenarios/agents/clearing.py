"""Parameters of clearing."""

from __future__ import annotations

from ..parameter import CHOICE, GME_EQUATIONS, GME_FIT, Section, parameter


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
    corner_ratio: float | None = parameter(
        None,
        "a name is cornered where elastic holders have less than this times what is owed by "
        "shorts; they are closed out then by those who hold the rest; null: never",
        "1",
        CHOICE + " (1: what is for sale no longer covers what is owed; Allen, Litov & Mei 2006, "
        "Large investors, price manipulation, and limits to arbitrage, Review of Finance 10)",
        gt=0,
        le=2,
    )
    settlement_multiple: float = parameter(
        1.0,
        "what a share costs in a close-out, as a multiple of the last close before it",
        "multiple",
        "Volkswagen 29 October 2008: 517 against 520 two days before, nickel March 2022: trades "
        "undone, Northern Pacific 1901: 150 against 160, each about the last close before the day",
        ge=0.1,
        le=100,
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
