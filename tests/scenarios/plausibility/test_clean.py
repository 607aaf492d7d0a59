"""Clean books are never refused, and at most 2 in 100 are warned."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from powderkeg.engine.plausible import look
from powderkeg.scenarios.errors import InputError
from powderkeg.scenarios.plausibility.finding import WARNING
from tests.helpers.odd_inputs import BOOK_COLUMNS, COLUMNS

BOOKS = 200
MOST = 0.02


def row_of(rng: np.random.Generator, number: int) -> dict[str, str]:
    """A row of the market as listed US names had them in January 2021: floats of 7 to 800 million
    shares, .4 % to 30 % of them short, .2 % to 4 % traded a day.
    """
    shares = round(np.exp(rng.uniform(15.8, 20.5)))
    vol = rng.uniform(0.18, 1.3)
    short = max(round(shares * np.exp(rng.uniform(-5.5, -1.2))), 2000)
    fee = 0.003 if short < 0.1 * shares else round(rng.uniform(0.004, 0.4), 4)
    return {
        "symbol": f"{'ABCDEFGHKLMNPQRS'[number]}{'XYZW'[number % 4]}{'RSTU'[number // 4]}",
        "price": f"{np.exp(rng.uniform(1.5, 6.2)):.2f}",
        "shares_outstanding": f"{round(shares * rng.uniform(1.01, 4))}",
        "float_shares": f"{shares}",
        "short_interest": f"{short}",
        "borrow_fee": f"{fee}",
        "adv": f"{round(shares * np.exp(rng.uniform(-6.2, -3.2)))}",
        "volatility": f"{vol:.3f}",
        "implied_vol": f"{vol * rng.uniform(0.8, 1.8):.3f}",
        "beta_market": f"{rng.uniform(0.2, 2.5):.2f}",
    }


@st.composite
def books(draw: st.DrawFn) -> tuple[str, str]:
    """A market and a book in it: shorts and longs of like value, cash, an option."""
    # Hypothesis draws the size and a seed: its own floats repeat themselves, as figures never do
    rng = np.random.default_rng(draw(st.integers(0, 2**63)))
    rows = [row_of(rng, number) for number in range(draw(st.integers(4, 16)))]
    lines = ["# as_of: 2025-06-13", "# currency: USD", ",".join(COLUMNS)]
    lines += [",".join(row.get(column, "") for column in COLUMNS) for row in rows]
    held, gross, net, most = [",".join(BOOK_COLUMNS)], 0.0, 0.0, 0.0
    for number, row in enumerate(rows):
        short = number % 3 != 2
        of = float(row["short_interest"]) if short else 0.02 * float(row["float_shares"])
        size = round(min(rng.uniform(0.001, 0.15) * of, 4 * float(row["adv"])))
        value = size * float(row["price"])
        gross, net, most = gross + value, net + value * (1 - 2 * short), max(most, value)
        held.append(f"{row['symbol']},equity,{-size if short else size}" + "," * 9)
    equity = max(gross / rng.uniform(0.5, 3), 1.5 * most)
    strike = round(1.1 * float(rows[0]["price"]), 1)
    option = f"{rows[0]['symbol']},call,{rng.integers(1, 50)},,{strike},2025-07-18"
    held += [f"{option}" + "," * 6, f",cash,{round(equity - net)}" + "," * 9]
    return "\n".join(lines) + "\n", "\n".join(held) + "\n"


def test_clean_books_are_not_refused_and_seldom_warned() -> None:
    warned: list[list[str]] = []
    refused: list[str] = []

    @settings(
        max_examples=BOOKS, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(books())
    def each(texts: tuple[str, str]) -> None:
        with tempfile.TemporaryDirectory() as name:
            market, book = Path(name, "m.csv"), Path(name, "b.csv")
            market.write_text(texts[0])
            book.write_text(texts[1])
            try:
                found = look(book, market).findings
            except InputError as error:
                refused.append(str(error))
                return
            warned.append([f.line.partition(name)[2] for f in found if f.severity == WARNING])

    each()
    assert refused == []
    assert len(warned) >= BOOKS
    lines = [each for each in warned if each]
    assert len(lines) <= MOST * len(warned), lines
