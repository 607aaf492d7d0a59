"""Parameters of broker."""

from __future__ import annotations

from ..parameter import CHOICE, Section, parameter


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
