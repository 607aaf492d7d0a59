"""The book: positions in shares, options, futures, cash, margin rates.

    position_id,symbol,instrument_type,quantity,...
    1,GME,equity,-400000
    2,GME   210129C00115000,option,2500
    3,SPY,future,-400
    4,,cash,1250000000

Cash is what the account holds, proceeds of short sales included: equity is the sum of quantity x
price plus cash, in the market file's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from .capacity import MAX_DERIVATIVES, MAX_NAMES
from .derivatives import KINDS, Derivative, is_derivative, is_occ, read_derivative
from .errors import InputError, did_you_mean, shown
from .market import Market, exchange_rate
from .table import Row, Table, read_table

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
    "locate",
)
INSTRUMENTS = ("equity", "cash", *KINDS)


@dataclass(frozen=True)
class Position:
    """One equity position; no shares where the book has nothing but derivatives on a name.

    Units: quantity in signed shares; price in the name's currency (of the market snapshot), of
    which one is worth `rate` in the book's; margin_rate maintenance margin as a fraction of the
    position's value; borrow_fee per annum, None to take the market's; locate the borrowed shares
    that lenders cannot recall, None: all; is_index as the market file says.
    """

    position_id: str
    symbol: str
    quantity: float
    price: float
    margin_rate: float
    borrow_fee: float | None = None
    rate: float = 1.0
    locate: float | None = None
    is_index: bool = False

    @property
    def value(self) -> float:
        """Signed market value in the book's currency."""
        return self.quantity * self.price * self.rate


@dataclass(frozen=True)
class Book:
    """Positions in file order, one per symbol, options and futures, and cash (short-sale proceeds
    included)."""

    positions: tuple[Position, ...]
    cash: float
    currency: str = "USD"
    file: str = ""
    text: str = field(default="", repr=False)
    warnings: tuple[str, ...] = ()
    derivatives: tuple[Derivative, ...] = ()

    @property
    def equity(self) -> float:
        """Value of all positions, plus cash, at the as-of close."""
        held: tuple[Position | Derivative, ...] = (*self.positions, *self.derivatives)
        return sum(position.value for position in held) + self.cash

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in alphabetical order: the order in which names are packed."""
        return tuple(sorted(position.symbol for position in self.positions))

    @property
    def shorts(self) -> frozenset[str]:
        """Symbols the book is short: where the overrides under `names: shorts:` apply.

        Where it has no shares, what its options make of it counts. A short of an index is a hedge
        that nobody squeezes, and so is a future: there is no float of it to buy up. Options on a
        name of which the book has futures and no shares hedge as those do.
        """
        futures = {d.symbol for d in self.derivatives if d.kind == "future"}
        bearish = {d.symbol for d in self.derivatives if not d.bullish} - futures
        bullish = {d.symbol for d in self.derivatives if d.bullish}
        return frozenset(
            p.symbol
            for p in self.positions
            if not p.is_index
            and (p.quantity < 0 or (p.quantity == 0 and p.symbol in bearish - bullish))
        )

    def __getitem__(self, symbol: str) -> Position:
        return next(position for position in self.positions if position.symbol == symbol)


@dataclass(frozen=True)
class ChangedBook(Book):
    """A book after a change; `shorts` are those before, since scenarios speak of them."""

    before: frozenset[str] = frozenset()

    @property
    def shorts(self) -> frozenset[str]:
        """Symbols that the book was short before it was changed."""
        return self.before


def maintenance_margin(quantity: float, price: float) -> float:
    """Default maintenance margin as a fraction of value: FINRA Rule 4210(c), strategy by share.

    `price` in the book's currency. Long 25 %. Short at $5 or above: the greater of $5 a share and
    30 %; short below $5: the greater of $2.50 a share and 100 %. Brokers ask for more in squeezes:
    give margin_rate in the book.
    """
    if quantity >= 0:
        return 0.25
    if price >= 5:
        return max(5 / price, 0.30)
    return max(2.5 / price, 1.0)


def _instrument(row: Row) -> str:
    """`equity`, `cash` or `derivative`; everything else is refused."""
    text = row.text("instrument_type").lower()
    if is_derivative(row):
        return "derivative"
    if text not in INSTRUMENTS:
        other = "; give equity (shares, ETFs), call, put, option, future or cash"
        help_ = did_you_mean(text, INSTRUMENTS, other)
        problem = f"{shown(text)} is not supported" if text else "is empty"
        raise row.error("instrument_type", problem + help_)
    if text == "equity" and is_occ(row.text("symbol")):
        raise row.error("instrument_type", "equity but the symbol is an option's; write option")
    row.expect_empty(("strike", "expiry", "option_type"), text)
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
    if quantity > 0:
        row.expect_empty(("locate",), "a long position")
    locate = row.not_negative("locate", "give shares; leave it empty where all are located")
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
        margin_rate=(
            maintenance_margin(quantity, quote.price * quote.rate) if margin is None else margin
        ),
        borrow_fee=fee,
        rate=quote.rate,
        locate=locate,
        is_index=quote.is_index,
    )


def load_book(path: str | Path, market: Market) -> Book:
    """Read a book and check it against the market.

    Parameters
    ----------
    path
        A CSV file with the columns symbol, instrument_type and quantity at least; columns that
        nobody knows are ignored, with a note in `warnings`.
    market
        The snapshot of the same close; its prices value the book.

    Returns
    -------
    Positions in shares, options and futures, and cash in the market's currency. Margin rates that
    the file leaves empty are those of `maintenance_margin`.

    Raises
    ------
    InputError
        One line with file, row and column, what was found and what to do.

    Source
    ------
    Maintenance margins: FINRA Rule 4210(c), strategy by share.

    Example
    -------
    >>> from powderkeg.scenarios import load_book, load_market
    >>> book = load_book("book.csv", load_market("market.csv"))
    >>> book.symbols, book.equity
    (('GME',), 64500.0)
    """
    table = read_table(Path(path), COLUMNS, REQUIRED, strict=False)
    positions, derivatives, cash = _holdings(table, market)
    if not positions and not derivatives:
        raise InputError(f"{table.file}: no positions; add a row of equity, option or future")
    return _checked(table, market, positions, derivatives, cash)


def _holdings(table: Table, market: Market) -> tuple[list[Position], list[Derivative], float]:
    """Positions in shares, options and futures, and cash of all rows."""
    positions: list[Position] = []
    derivatives: list[Derivative] = []
    cash = 0.0
    ids: dict[str, int] = {}
    held: dict[object, int] = {}
    for row in table.rows:
        kind = _instrument(row)
        if kind == "cash":
            cash += _cash(row, market)
            identifier = row.text("position_id")
        elif kind == "derivative":
            contract = read_derivative(row, market)
            _check_currency(row, market, contract.symbol)
            _once(row, contract.label, held)
            derivatives.append(contract)
            identifier = contract.position_id
        else:
            quantity = row.number_in("quantity", "give signed shares")
            if quantity == 0:
                raise row.error("quantity", "is 0; remove the row")
            position = _position(row, quantity, market)
            _check_currency(row, market, position.symbol)
            _once(row, position.symbol, held)
            positions.append(position)
            identifier = position.position_id
        if identifier and ids.setdefault(identifier, row.number) != row.number:
            raise row.error(
                "position_id", f"{shown(identifier)} is also in row {ids[identifier]}; rename one"
            )
    return positions, derivatives, cash


def _cash(row: Row, market: Market) -> float:
    """An amount of cash in the book's currency."""
    row.expect_empty(("margin_rate", "borrow_fee", "locate"), "cash")
    currency, rate = exchange_rate(row, market)
    amount = row.number_in("quantity", "give an amount of money")
    if row.text("symbol").upper() not in ("", "CASH", currency):
        raise row.error("symbol", f"{shown(row.text('symbol'))} in a row of cash; leave empty")
    _check_price(row, 1.0, "cash at")
    return amount * rate


def _check_currency(row: Row, market: Market, symbol: str) -> None:
    """A position is in the currency of its name in the market file."""
    given, quoted = row.text("currency").upper(), market[symbol].currency or market.currency
    if given and given != quoted:
        raise row.error(
            "currency",
            f"{shown(given)} but the market file has {symbol} in {quoted}; leave it empty, or "
            "change it there",
        )


def _once(row: Row, what: str, held: dict[object, int]) -> None:
    if what in held:
        raise row.error("symbol", f"{what} is also in row {held[what]}; net the two rows")
    held[what] = row.number


def _checked(
    table: Table,
    market: Market,
    positions: list[Position],
    derivatives: list[Derivative],
    cash: float,
) -> Book:
    """The book, with a position of no shares in names that only derivatives are held on."""
    with_shares = {position.symbol for position in positions}
    for symbol in dict.fromkeys(d.symbol for d in derivatives):
        if symbol not in with_shares:
            quote = market[symbol]
            margin = maintenance_margin(0, quote.price)
            no_shares = Position(f"shares {symbol}", symbol, 0.0, quote.price, margin)
            positions.append(replace(no_shares, rate=quote.rate, is_index=quote.is_index))
    if len(positions) > MAX_NAMES:
        raise InputError(f"{table.file}: {len(positions)} names; at most {MAX_NAMES} in one book")
    if len(derivatives) > MAX_DERIVATIVES:
        raise InputError(
            f"{table.file}: {len(derivatives)} options and futures; at most {MAX_DERIVATIVES} in "
            "one book"
        )
    book = Book(
        tuple(positions),
        cash,
        market.currency,
        table.file,
        table.text,
        table.ignored_note,
        tuple(derivatives),
    )
    if not book.equity > 0:
        raise InputError(
            f"{table.file}: equity is {book.equity:,.0f}, not above 0; "
            "add a cash row that includes the proceeds of short sales"
        )
    return book
