"""The book: positions in shares, cash, margin rates.

    position_id,symbol,instrument_type,quantity,...
    1,GME,equity,-400000
    2,,cash,1250000000

Cash is what the account holds, proceeds of short sales included: equity is the sum of quantity x
price plus cash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .errors import InputError, did_you_mean, shown
from .market import Market
from .table import Row, read_table

REQUIRED = ("symbol", "instrument_type", "quantity")
COLUMNS = (
    "position_id",
    *REQUIRED,
    "multiplier",
    "currency",
    "price",
    "strike",
    "expiry",
    "option_type",
    "borrow_fee",
    "margin_rate",
)
LATER = ("option", "options", "call", "put", "future", "futures")
MAX_NAMES = 96  # of the kernels (kernels/layout.py)


@dataclass(frozen=True)
class Position:
    """One equity position.

    Units: quantity in signed shares; price in the book's currency (of the market snapshot);
    margin_rate maintenance margin as a fraction of the position's value; borrow_fee per annum, None
    to take the market's.
    """

    position_id: str
    symbol: str
    quantity: float
    price: float
    margin_rate: float
    borrow_fee: float | None = None

    @property
    def value(self) -> float:
        """Signed market value."""
        return self.quantity * self.price


@dataclass(frozen=True)
class Book:
    """Positions in file order, one per symbol, and cash (short-sale proceeds included)."""

    positions: tuple[Position, ...]
    cash: float
    currency: str = "USD"
    file: str = ""
    text: str = field(default="", repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def equity(self) -> float:
        """Sum of quantity x price, plus cash, at the as-of close."""
        return sum(position.value for position in self.positions) + self.cash

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in alphabetical order: the order in which names are packed."""
        return tuple(sorted(position.symbol for position in self.positions))

    @property
    def shorts(self) -> frozenset[str]:
        """Symbols the book is short: where the overrides under `names: shorts:` apply."""
        return frozenset(p.symbol for p in self.positions if p.quantity < 0)

    def __getitem__(self, symbol: str) -> Position:
        return next(position for position in self.positions if position.symbol == symbol)


def maintenance_margin(quantity: float, price: float) -> float:
    """Default maintenance margin as a fraction of value: FINRA Rule 4210(c), strategy by share.

    Long 25 %. Short at $5 or above: the greater of $5 a share and 30 %; short below $5: the greater
    of $2.50 a share and 100 %. Brokers ask for more in squeezes: give margin_rate in the book.
    """
    if quantity >= 0:
        return 0.25
    if price >= 5:
        return max(5 / price, 0.30)
    return max(2.5 / price, 1.0)


def _instrument(row: Row) -> str:
    """`equity` or `cash`; everything else is refused."""
    text = row.text("instrument_type").lower()
    if text in LATER:
        raise row.error(
            "instrument_type",
            f"{text} positions come with the next release; leave the row out, "
            "or give its delta as an equity position",
        )
    if text not in ("equity", "cash"):
        help_ = did_you_mean(text, ("equity", "cash"), "; give equity (shares, ETFs) or cash")
        problem = f"{shown(text)} is not supported" if text else "is empty"
        raise row.error("instrument_type", problem + help_)
    for column in ("strike", "expiry", "option_type"):
        if row.text(column):
            raise row.error(
                column, f"{shown(row.text(column))} in a row of {text}; options come with the "
                "next release"
            )  # fmt: skip
    multiplier = row.number_or_none("multiplier", "leave it empty")
    if multiplier not in (None, 1.0):
        raise row.error("multiplier", f"{multiplier:g} in a row of {text}; give 1 or leave empty")
    return text


def _check_price(row: Row, price: float, what: str) -> None:
    """A price in the book must agree with the market's within 1 %."""
    given = row.number_or_none("price", "leave it empty to take the market's")
    if given is not None and not abs(given - price) <= 0.01 * price:
        raise row.error(
            "price",
            f"{shown(row.text('price'))} is more than 1 % from {what} {price:g}; "
            "bring both files to the same close, or leave it empty",
        )


def _position(row: Row, quantity: float, market: Market) -> Position:
    symbol = row.symbol(market.rows)
    quote = market[symbol]
    _check_price(row, quote.price, "the market file's")
    fee = row.not_negative("borrow_fee", "give the fee per annum as a decimal, .01 for 1 %")
    if fee is not None and fee > 20:
        raise row.error(
            "borrow_fee", f"{shown(row.text('borrow_fee'))} is above 20; give a decimal"
        )
    margin = row.not_negative("margin_rate", "give a decimal, .3 for 30 %")
    if margin is not None and margin > 20:
        raise row.error("margin_rate", f"{shown(row.text('margin_rate'))} is above 20; .3 is 30 %")
    if -quantity > quote.short_interest:
        raise row.error(
            "quantity",
            f"short {-quantity:,.0f} {symbol} but the market file reports short interest of "
            f"{quote.short_interest:,.0f}; the book's short is part of it, raise it there",
        )
    if quantity > quote.float_shares:
        raise row.error(
            "quantity",
            f"long {quantity:,.0f} {symbol} but its float is {quote.float_shares:,.0f} shares",
        )
    return Position(
        position_id=row.text("position_id") or symbol,
        symbol=symbol,
        quantity=quantity,
        price=quote.price,
        margin_rate=maintenance_margin(quantity, quote.price) if margin is None else margin,
        borrow_fee=fee,
    )


def load_book(path: str | Path, market: Market) -> Book:
    """Read a book and check it against the market. Raises InputError with file, row and column."""
    table = read_table(Path(path), COLUMNS, REQUIRED)
    positions: list[Position] = []
    cash = 0.0
    ids: dict[str, int] = {}
    held: dict[str, int] = {}
    for row in table.rows:
        currency = row.text("currency").upper() or market.currency
        if currency != market.currency:
            raise row.error(
                "currency", f"{shown(currency)} but the market file is in {market.currency}; "
                "convert the position"
            )  # fmt: skip
        kind = _instrument(row)
        unit = "signed shares" if kind == "equity" else "an amount of money"
        quantity = row.number_in("quantity", f"give {unit}")
        if kind == "cash":
            if row.text("symbol").upper() not in ("", "CASH", market.currency):
                raise row.error(
                    "symbol", f"{shown(row.text('symbol'))} in a row of cash; leave empty"
                )
            _check_price(row, 1.0, "cash at")
            cash += quantity
            identifier = row.text("position_id")
        else:
            if quantity == 0:
                raise row.error("quantity", "is 0; remove the row")
            position = _position(row, quantity, market)
            if position.symbol in held:
                raise row.error(
                    "symbol",
                    f"{position.symbol} is also in row {held[position.symbol]}; net the two rows",
                )
            held[position.symbol] = row.number
            positions.append(position)
            identifier = position.position_id
        if identifier and ids.setdefault(identifier, row.number) != row.number:
            raise row.error(
                "position_id", f"{shown(identifier)} is also in row {ids[identifier]}; rename one"
            )
    if not positions:
        raise InputError(f"{table.file}: no positions; add at least one equity row")
    if len(positions) > MAX_NAMES:
        raise InputError(f"{table.file}: {len(positions)} names; at most {MAX_NAMES} in one book")
    book = Book(tuple(positions), cash, market.currency, table.file, table.text)
    if not book.equity > 0:
        raise InputError(
            f"{table.file}: equity is {book.equity:,.0f}, not above 0; "
            "add a cash row that includes the proceeds of short sales"
        )
    return book
