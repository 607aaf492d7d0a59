"""Parameters of borrow."""

from __future__ import annotations

from ..parameter import CHOICE, GME_EQUATIONS, Section, parameter


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
    lendable_crowd: float = parameter(
        0.0,
        "l_R: the same of the crowd's shares, those that its brokers hold on margin; as it stands, "
        "also where the market file gives lendable",
        "1",
        CHOICE,
        ge=0,
        le=1,
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
