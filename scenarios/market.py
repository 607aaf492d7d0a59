"""The market snapshot: one row per symbol as of one close.

    # as_of: 2021-01-15
    # currency: USD
    # rate_EUR: 1.2123
    symbol,price,shares_outstanding,float_shares,short_interest,lendable,...,beta_market,source

`rate_EUR` is the currency of the results per euro, fixed on every path; a row in another currency
says so in its column `currency`. The as-of date stands once, in a comment line above the header, so
that no two rows can disagree about it. Without it, day 5, 10, ... are the weekly expiries and no
option chain can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from .errors import InputError, shown
from .table import Row, Table, choice, parse_date, parse_table, read_table

REQUIRED = (
    "symbol",
    "price",
    "float_shares",
    "short_interest",
    "borrow_fee",
    "adv",
    "volatility",
)
OPTIONAL = (
    "security_type",
    "shares_outstanding",
    "lendable",
    "utilisation",
    "implied_vol",
    "currency",
    "source",
)
DATED = (
    "price",
    "shares_outstanding",
    "float_shares",
    "short_interest",
    "lendable",
    "utilisation",
    "borrow_fee",
    "adv",
    "volatility",
    "implied_vol",
)
"""Figures that can be of another day than the file: `short_interest_as_of` says of which."""
COLUMNS = REQUIRED + OPTIONAL + tuple(f"{name}_as_of" for name in DATED)
SECURITY_TYPES = {"stock": "stock", "index": "index"}
BETA, RATE = "beta_", "rate_"


@dataclass(frozen=True)
class MarketRow:
    """One symbol at the as-of close.

    Units: price in `currency` (empty: the market's), of which one is worth `rate` in the market's;
    shares in shares; adv in shares a day; borrow_fee, volatility and implied_vol per annum as
    decimals. `lendable` is None where the file gives neither lendable nor utilisation. `is_index`:
    an index or a fund on one, whose shorts are hedges. `as_of`: the day of each figure for which
    the row says one, short interest by its settlement date.
    """

    symbol: str
    price: float
    float_shares: float
    short_interest: float
    adv: float
    volatility: float
    implied_vol: float
    borrow_fee: float
    shares_outstanding: float | None = None
    lendable: float | None = None
    betas: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    currency: str = ""
    rate: float = 1.0
    is_index: bool = False
    as_of: Mapping[str, date] = field(default_factory=dict)

    @property
    def utilisation(self) -> float | None:
        """Short interest / lendable, None where lendable is not known."""
        return self.short_interest / self.lendable if self.lendable else None


@dataclass(frozen=True)
class Market:
    """A market snapshot as read; `market["GME"]` is its row."""

    rows: Mapping[str, MarketRow]
    as_of: date | None = None
    currency: str = "USD"
    file: str = ""
    text: str = field(default="", repr=False)
    warnings: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, symbol: str) -> MarketRow:
        return self.rows[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.rows

    def rate_of(self, currency: str) -> float | None:
        """The market's currency per unit of another one, None where the file does not say."""
        return 1.0 if currency == self.currency else self.rates.get(currency)

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors that have a beta_ column, in the order of the file."""
        return tuple(dict.fromkeys(name for row in self.rows.values() for name in row.betas))


def _lendable(row: Row, short_interest: float, warnings: list[str]) -> float | None:
    """Lendable shares from either column, None where both are empty or nothing is lent."""
    lendable = row.not_negative("lendable", "give shares that can be borrowed")
    utilisation = row.not_negative("utilisation", "give short interest / lendable as a decimal")
    if lendable == 0 or utilisation == 0:
        column = "lendable" if lendable == 0 else "utilisation"
        raise row.error(column, "is 0; leave it empty where it is not known")
    if lendable is None and utilisation is not None:
        lendable = short_interest / utilisation or None
    elif lendable and utilisation and abs(short_interest / lendable / utilisation - 1) > 0.01:
        raise row.error(
            "utilisation",
            f"{shown(row.text('utilisation'))} but short_interest / lendable is "
            f"{short_interest / lendable:.3g}; leave one of the two empty",
        )
    if lendable and short_interest > lendable:
        warnings.append(
            f"{row.file}: row {row.number}: utilisation of {row.symbol()} is "
            f"{short_interest / lendable:.2f}, above 1; lenders will recall from the first step"
            + (", and 95 % is written .95" if short_interest > 10 * lendable else "")
        )
    return lendable


def _is_currency(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isalpha()


def exchange_rate(row: Row, market: Market) -> tuple[str, float]:
    """The currency of a row, the market's where empty, and its fixed rate. Raises InputError."""
    currency = row.text("currency").upper() or market.currency
    if not _is_currency(currency):
        raise row.error("currency", f"{shown(row.text('currency'))}; give three letters, USD")
    rate = market.rate_of(currency)
    if rate is None:
        raise row.error(
            "currency",
            f"no rate of {currency}; add a line `# {RATE}{currency}: ...`, {market.currency} per "
            f"{currency}, above the header of {market.file or 'the market file'}",
        )
    return currency, rate


def _market_row(
    row: Row, factors: tuple[str, ...], warnings: list[str], header: Market
) -> MarketRow:
    symbol = row.symbol()
    currency, rate = exchange_rate(row, header)
    float_shares = row.positive("float_shares", "give the public float in shares")
    outstanding = row.not_negative("shares_outstanding", "give shares outstanding")
    short_interest = row.not_negative("short_interest", "give shares sold short")
    if short_interest is None:
        raise row.error("short_interest", "is empty; give shares sold short, 0 if none")
    fee = row.number_in("borrow_fee", "give the fee per annum as a decimal, .01 for 1 %")
    if not 0 <= fee <= 20:
        raise row.error(
            "borrow_fee",
            f"{shown(row.text('borrow_fee'))} is not between 0 and 20; "
            "give the fee per annum as a decimal, .01 for 1 %",
        )
    vols: list[float] = []
    for column in ("volatility", "implied_vol"):
        hint = "give volatility per annum as a decimal, .4 for 40 %"
        if column == "implied_vol" and not row.text(column):
            vols.append(vols[0])
            continue
        vols.append(row.positive(column, hint))
        if vols[-1] > 15:
            raise row.error(column, f"{shown(row.text(column))} is above 15; {hint}")
    if outstanding is not None and float_shares > outstanding:
        warnings.append(
            f"{row.file}: row {row.number}: float of {symbol} is above its shares outstanding; "
            "check both"
        )
    return MarketRow(
        symbol=symbol,
        price=row.positive("price", "give the close in the row's currency"),
        float_shares=float_shares,
        short_interest=short_interest,
        adv=row.positive("adv", "give average daily volume in shares"),
        volatility=vols[0],
        implied_vol=vols[1],
        borrow_fee=fee,
        shares_outstanding=outstanding,
        lendable=_lendable(row, short_interest, warnings),
        betas={
            name: row.number_or_none(BETA + name, "give a beta, empty for 0") or 0.0
            for name in factors
        },
        source=row.text("source"),
        currency="" if currency == header.currency else currency,
        rate=rate,
        is_index=bool(row.text("security_type"))
        and choice(row, "security_type", SECURITY_TYPES) == "index",
        as_of=_dates(row, header.as_of),
    )


def _dates(row: Row, as_of: date | None) -> dict[str, date]:
    """Of which day each figure is that says so; none is of a day after the file's."""
    found: dict[str, date] = {}
    for name in DATED:
        column = f"{name}_as_of"
        if not row.text(column):
            continue
        found[name] = row.iso_date(column)
        if as_of is not None and found[name] > as_of:
            raise row.error(column, f"{found[name]} is after the file's as-of date {as_of}")
    return found


def _header(table: Table) -> Market:
    """What the comment lines say: as-of date, currency, exchange rates."""
    as_of = table.comments.get("as_of")
    currency = table.comments.get("currency", "USD").upper()
    if not _is_currency(currency):
        raise InputError(f"{table.file}: currency {shown(currency)}; give three letters, USD")
    day = None if as_of is None else parse_date(as_of, f"{table.file}: as_of")
    return Market({}, day, currency, table.file, table.text, rates=_rates(table, currency))


def _rates(table: Table, currency: str) -> dict[str, float]:
    """The market's currency per unit of others."""
    rates: dict[str, float] = {}
    for key, value in table.comments.items():
        if not key.startswith(RATE):
            continue
        other = key.removeprefix(RATE).upper()
        if not _is_currency(other):
            raise InputError(
                f"{table.file}: {shown(key)} names no currency; write `# {RATE}EUR: 1.21`"
            )
        line = Row(table.file, 0, {RATE + other: value})
        rates[other] = line.positive(RATE + other, f"give {currency} per {other}")
        if other == currency and rates[other] != 1:
            raise line.error(
                RATE + other,
                f"{shown(value)} but the file is in {currency} itself; remove the line",
            )
    return rates


def load_market(path: str | Path) -> Market:
    """Read and check a market snapshot.

    Parameters
    ----------
    path
        A CSV file, one row a name: price in its currency, shares, fees, volatilities and rates per
        annum as decimals, betas in columns beta_<factor>. `# as_of: 2021-01-15` above the header
        says of which close.

    Returns
    -------
    Rows by symbol, with notes on what was assumed where a column is empty.

    Raises
    ------
    InputError
        One line with file, row and column, what was found and what to do.

    Example
    -------
    >>> from powderkeg.scenarios import load_market
    >>> market = load_market("market.csv")
    >>> market.as_of.isoformat(), market["GME"].price
    ('2021-01-15', 35.5)
    """
    return _market(read_table(Path(path), COLUMNS, REQUIRED, BETA))


def parse_market(file: str, text: str) -> Market:
    """The snapshot of a text that was read already, as `load_market`; `file` opens its errors."""
    return _market(parse_table(file, text, COLUMNS, REQUIRED, BETA))


def _market(table: Table) -> Market:
    header = _header(table)
    factors = tuple(name.removeprefix(BETA) for name in table.columns if name.startswith(BETA))
    rows: dict[str, MarketRow] = {}
    warnings: list[str] = []
    for row in table.rows:
        parsed = _market_row(row, factors, warnings, header)
        if parsed.symbol in rows:
            raise row.error("symbol", f"{parsed.symbol} is there twice; keep one row")
        rows[parsed.symbol] = parsed
    if not rows:
        raise InputError(f"{table.file}: no rows under the header; add one per symbol")
    if header.as_of is None:
        warnings.append(
            f"{table.file}: no as-of date; weekly expiries fall on every fifth day "
            "(add a first line `# as_of: 2021-01-15`)"
        )
    return replace(header, rows=rows, warnings=tuple(warnings))
