"""A clean desk as text, what is planted in it, and what the rules of plausibility then find.

Files are made here; only their shape is that of a desk's: names, fields and orders of magnitude.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from powderkeg.engine.plausible import Judgement, look
from powderkeg.scenarios.errors import InputError
from powderkeg.scenarios.plausibility.finding import READER, REFUSAL, Finding, Implausible

HEAD = ("as_of: 2025-06-13", "currency: USD", "rate_EUR: 1.15", "rate_GBP: 1.35")
COLUMNS = (
    "symbol", "security_type", "price", "shares_outstanding", "float_shares", "short_interest",
    "lendable", "utilisation", "borrow_fee", "adv", "volatility", "implied_vol", "beta_market",
    "currency",
)  # fmt: skip
ROWS = (
    "AAA,,17.40,40700000,26500000,13900000,,,0.12,1600000,0.75,0.80,1.1,",
    "BBB,,22.10,112000000,110000000,38000000,,,0.06,9000000,0.85,0.75,1.4,",
    "CCC,,38.20,226000000,205000000,52000000,,,0.02,16000000,0.80,0.78,1.8,",
    "DDD,,44.30,97000000,83000000,25000000,,,0.015,6500000,0.78,0.81,2.2,",
    "EEE.DE,,98.50,206000000,195000000,4500000,,,0.005,900000,0.28,,1.1,EUR",
    "FFF,,277.50,14800000000,14750000000,120000000,,,0.003,48000000,0.26,0.25,1.1,",
    "GGG,,485.50,7430000000,7420000000,60000000,,,0.003,24000000,0.24,0.23,1.0,",
    "HHH.L,,31.20,770000000,760000000,2600000,,,0.004,1900000,0.31,,0.8,GBP",
    "SPY,index,600.00,920000000,920000000,130000000,,,0.003,75000000,0.17,0.16,1.0,",
)
BOOK_COLUMNS = (
    "symbol", "instrument_type", "quantity", "price", "strike", "expiry", "option_type",
    "multiplier", "currency", "margin_rate", "borrow_fee", "locate",
)  # fmt: skip
BOOK_ROWS = (
    "AAA,equity,-900000,,,,,,,,,400000",
    "BBB,equity,-1800000,,,,,,,,,",
    "CCC,equity,-700000,,,,,,,.5,.03,",
    "DDD,equity,-500000,,,,,,,,,",
    "EEE.DE,equity,-150000,,,,,,EUR,,,",
    "FFF,equity,300000,,,,,,,,,",
    "GGG,equity,100000,,,,,,,,,",
    "HHH.L,equity,300000,,,,,,,,,",
    "CCC,call,5000,3.05,40,2025-07-18,,,,,,",
    "AAA,call,-2000,,20,2025-07-18,,,,,,",
    "SPY,future,-60,,,,,500,,.06,,",
    ",cash,250000000,,,,,,,,,",
)
CHAIN = tuple(
    f"AAA,{day},{strike},{kind},{interest}"
    for day in ("2025-06-20", "2025-07-18")
    for strike, interest in ((10, 900), (15, 4000), (17.5, 6000), (20, 8000), (30, 5000))
    for kind in ("call", "put")
)


@dataclass
class Desk:
    """Files of a desk; what is planted replaces cells, rows or lines."""

    head: list[str] = field(default_factory=lambda: list(HEAD))
    market: list[list[str]] = field(default_factory=lambda: [r.split(",") for r in ROWS])
    book: list[list[str]] = field(default_factory=lambda: [r.split(",") for r in BOOK_ROWS])
    chain: list[list[str]] = field(default_factory=lambda: [r.split(",") for r in CHAIN])
    book_head: list[str] = field(default_factory=list)
    story: str = ""
    limits: str = ""
    today: date | None = None
    yesterday: Path | None = None

    def quote(self, symbol: str, **cells: object) -> Desk:
        """Other cells in a name's row of the market file."""
        (row,) = (r for r in self.market if r[0] == symbol)
        for column, value in cells.items():
            row[COLUMNS.index(column)] = str(value)
        return self

    def quotes(self, column: str, factor: float) -> Desk:
        """A whole column of shares in another unit."""
        for row in self.market:
            value = float(row[COLUMNS.index(column)]) * factor
            row[COLUMNS.index(column)] = f"{value:.10g}"
        return self

    def held(self, place: int, **cells: object) -> Desk:
        """Other cells in a row of the book, counted from 0."""
        for column, value in cells.items():
            self.book[place][BOOK_COLUMNS.index(column)] = str(value)
        return self

    def add(self, text: str) -> Desk:
        """One more row of the book."""
        self.book.append(text.split(","))
        return self

    def without(self, place: int) -> Desk:
        """A row of the book less."""
        del self.book[place]
        return self

    def heads(self, *lines: str) -> Desk:
        """Other lines above the market's header."""
        self.head = list(lines)
        return self

    def strikes(self, factor: float) -> Desk:
        """Strikes of the chain in another unit."""
        for row in self.chain:
            row[2] = f"{float(row[2]) * factor:.10g}"
        return self

    def write(self, folder: Path) -> None:
        """The files."""
        lines = [f"# {line}" for line in self.head] + [",".join(COLUMNS)]
        (folder / "m.csv").write_text("\n".join([*lines, *map(",".join, self.market)]) + "\n")
        lines = [f"# {line}" for line in self.book_head] + [",".join(BOOK_COLUMNS)]
        (folder / "b.csv").write_text("\n".join([*lines, *map(",".join, self.book)]) + "\n")
        lines = ["symbol,expiry,strike,option_type,open_interest"]
        (folder / "c.csv").write_text("\n".join([*lines, *map(",".join, self.chain)]) + "\n")
        (folder / "s.yaml").write_text(self.story or "id: still\n")
        (folder / "l.yaml").write_text(self.limits)

    def findings(self, folder: Path, **judged: object) -> tuple[Finding, ...]:
        """What is found of the files, refusals of the readers included."""
        self.write(folder)
        judgement = Judgement(yesterday=self.yesterday, today=self.today, **judged)  # type: ignore[arg-type]
        files = [folder / name for name in ("b.csv", "m.csv", "c.csv")]
        limits = folder / "l.yaml" if self.limits else ()
        try:
            return look(
                *files, scenarios=[folder / "s.yaml"], limits=limits, judgement=judgement
            ).findings
        except Implausible as error:
            return error.findings
        except InputError as error:
            return (Finding(READER, REFUSAL, "", 0, "", str(error)),)
