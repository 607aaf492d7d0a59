"""The market snapshot: values, warnings, and the one line it says to everything else."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.scenarios import InputError, load_market
from powderkeg.scenarios.market import parse_market

EXAMPLE = Path(__file__).parents[2] / "examples" / "january-2021" / "market.csv"
HEAD = "symbol,price,float_shares,short_interest,borrow_fee,adv,volatility"
GOOD = "GME,35.5,51440000,61780000,.28,7475700,1.06"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str | bytes) -> None:
    Path("m.csv").write_bytes(text if isinstance(text, bytes) else text.encode())


def test_the_example_market() -> None:
    market = load_market(EXAMPLE)
    assert market.as_of == date(2021, 1, 15)
    assert (market.currency, market.factors, market.warnings) == ("USD", ("market",), ())
    gme = market["GME"]
    assert (gme.price, gme.float_shares, gme.short_interest) == (35.5, 51.44e6, 61.78e6)
    assert (gme.lendable, gme.utilisation, gme.implied_vol) == (None, None, 2.69)
    assert market["AMC"].implied_vol == market["AMC"].volatility
    assert market["TSLA"].price == 826.16
    assert market["TSLA"].shares_outstanding == 947.9e6


@pytest.mark.parametrize(
    "comment",
    [
        "# as_of: 2021-01-15\n",
        "#as_of:2021-01-15,,,,,,\r\n",
        '"# as_of: 2021-01-15",,\n',
        "\n# a remark\n# as_of: 2021-01-15\n# currency: usd\n",
    ],
)
def test_as_of_line_as_a_spreadsheet_may_save_it(comment: str) -> None:
    write(f"{comment}{HEAD}\n{GOOD}\n")
    market = load_market("m.csv")
    assert (market.as_of, market.currency) == (date(2021, 1, 15), "USD")


def test_lendable_from_either_column() -> None:
    write(
        f"# as_of: 2021-01-15\n{HEAD},lendable,utilisation\n"
        "A,1,100,50,.01,10,.5,80,\nB,1,100,50,.01,10,.5,,.5\nC,1,100,50,.01,10,.5,80,.625\n"
        "D,1,100,0,.01,10,.5,,.5\n"
    )
    market = load_market("m.csv")
    assert [market[s].lendable for s in "ABCD"] == [80, 100, 80, None]
    assert [market[s].utilisation for s in "ABC"] == [0.625, 0.5, 0.625]


def test_betas_of_any_factor() -> None:
    write(f"{HEAD},beta_market,beta_meme\n{GOOD},1.5,\nAMC,2,100,50,.01,10,.5,-.5,2\n")
    market = load_market("m.csv")
    assert market.factors == ("market", "meme")
    assert market["GME"].betas == {"market": 1.5, "meme": 0.0}
    assert market["AMC"].betas == {"market": -0.5, "meme": 2.0}


def test_rows_in_other_currencies() -> None:
    write(
        f"# currency: CHF\n# rate_EUR: 1.08\n# rate_usd: .89\n# rate_CHF: 1\n{HEAD},currency\n"
        f"{GOOD},usd\nVOW,160,100,50,.01,10,.5,EUR\nNESN,100,100,50,.01,10,.5,\n"
        "ABBN,26,100,50,.01,10,.5,CHF\n"
    )
    market = load_market("m.csv")
    assert market.rates == {"EUR": 1.08, "USD": 0.89, "CHF": 1}
    assert [(market[s].currency, market[s].rate) for s in ("GME", "VOW", "NESN", "ABBN")] == [
        ("USD", 0.89), ("EUR", 1.08), ("", 1), ("", 1),
    ]  # fmt: skip
    assert market["VOW"].price == 160


def test_what_is_odd_but_possible_is_a_warning() -> None:
    write(f"{HEAD},shares_outstanding,utilisation\nX,1,100,50,.01,10,.5,90,1.25\n")
    assert load_market("m.csv").warnings == (
        "m.csv: row 2: float of X is above its shares outstanding; check both",
        "m.csv: row 2: utilisation of X is 1.25, above 1; lenders will recall from the first step",
        "m.csv: no as-of date; weekly expiries fall on every fifth day (add a first line "
        "`# as_of: 2021-01-15`)",
    )
    write(f"{HEAD},utilisation\nX,1,100,50,.01,10,.5,95\n")
    assert load_market("m.csv").warnings[0] == (
        "m.csv: row 2: utilisation of X is 95.00, above 1; lenders will recall from the first "
        "step, and 95 % is written .95"
    )


FEE = "give the fee per annum as a decimal, .01 for 1 %"
BAD = [
    (
        "",
        "m.csv: the file is empty; first row: "
        "symbol,price,float_shares,short_interest,borrow_fee,adv,volatility",
    ),
    (f"{HEAD}\n", "m.csv: no rows under the header; add one per symbol"),
    (
        "symbol,price\nGME,1\n",
        "m.csv: row 1: column float_shares is missing; add it to the header",
    ),
    (
        f"{HEAD},utilization\n",
        'm.csv: row 1: unknown column "utilization", did you mean utilisation?',
    ),
    (f"{HEAD}\n{GOOD}\n{GOOD}\n", "m.csv: row 3, symbol: GME is there twice; keep one row"),
    (
        f"# as_of: 15.1.2021\n{HEAD}\n{GOOD}",
        'm.csv: as_of: "15.1.2021" is not a date; write 2021-01-15',
    ),
    (
        f"# as_of: 2021-02-30\n{HEAD}\n{GOOD}",
        'm.csv: as_of: "2021-02-30" is not a date; write 2021-01-15',
    ),
    (f"# currency: dollars\n{HEAD}\n{GOOD}", 'm.csv: currency "DOLLARS"; give three letters, USD'),
    (f"# rate_EUR: x\n{HEAD}\n{GOOD}", 'm.csv: rate_EUR: "x" is not a number; give USD per EUR'),
    (f"# rate_EUR: 0\n{HEAD}\n{GOOD}", 'm.csv: rate_EUR: "0" is not above 0; give USD per EUR'),
    (f"# rate_EUR:\n{HEAD}\n{GOOD}", "m.csv: rate_EUR: is empty; give USD per EUR"),
    (
        f"# rate_EUR 1.21\n{HEAD}\n{GOOD}",
        'm.csv: "rate_eur 1.21" names no currency; write `# rate_EUR: 1.21`',
    ),
    (
        f"# rate_euro: 1.21\n{HEAD}\n{GOOD}",
        'm.csv: "rate_euro" names no currency; write `# rate_EUR: 1.21`',
    ),
    (
        f"# currency: EUR\n# rate_eur: 1.21\n{HEAD}\n{GOOD}",
        'm.csv: rate_EUR: "1.21" but the file is in EUR itself; remove the line',
    ),
    (
        f"# rate_EUR: 1.21\n{HEAD},currency\n{GOOD},CHF\n",
        "m.csv: row 3, currency: no rate of CHF; add a line `# rate_CHF: ...`, USD per CHF, above "
        "the header of m.csv",
    ),
    (
        f"{HEAD},currency\n{GOOD},euro\n",
        'm.csv: row 2, currency: "euro"; give three letters, USD',
    ),
    (
        f"{HEAD}\nGME,-1,9,9,.1,9,1\n",
        'm.csv: row 2, price: "-1" is not above 0; give the close in the row\'s currency',
    ),
    (
        f"{HEAD}\nGME,1,0,9,.1,9,1\n",
        'm.csv: row 2, float_shares: "0" is not above 0; give the public float in shares',
    ),
    (
        f"{HEAD}\nGME,1,9,-9,.1,9,1\n",
        'm.csv: row 2, short_interest: "-9" is negative; give shares sold short',
    ),
    (
        f"{HEAD}\nGME,1,9,,.1,9,1\n",
        "m.csv: row 2, short_interest: is empty; give shares sold short, 0 if none",
    ),
    (
        f"{HEAD}\nGME,1,9,9,.1,0,1\n",
        'm.csv: row 2, adv: "0" is not above 0; give average daily volume in shares',
    ),
    (
        f"{HEAD}\nGME,1,9,9,.1,9,0\n",
        'm.csv: row 2, volatility: "0" is not above 0; give volatility per annum as a decimal, '
        ".4 for 40 %",
    ),
    (
        f"{HEAD}\nGME,1,9,9,.1,9,85\n",
        'm.csv: row 2, volatility: "85" is above 15; give volatility per annum as a decimal, '
        ".4 for 40 %",
    ),
    (
        f"{HEAD}\nGME,1,9,9,25,9,1\n",
        f'm.csv: row 2, borrow_fee: "25" is not between 0 and 20; {FEE}',
    ),
    (f"{HEAD}\nGME,1,9,9,,9,1\n", f"m.csv: row 2, borrow_fee: is empty; {FEE}"),
    (
        f"{HEAD},lendable\nGME,1,9,9,.1,9,1,0\n",
        "m.csv: row 2, lendable: is 0; leave it empty where it is not known",
    ),
    (
        f"{HEAD},lendable,utilisation\nGME,1,9,9,.1,9,1,18,.9\n",
        'm.csv: row 2, utilisation: ".9" but short_interest / lendable is 0.5; leave one of the '
        "two empty",
    ),
    (
        f"{HEAD},beta_market\nGME,1,9,9,.1,9,1,high\n",
        'm.csv: row 2, beta_market: "high" is not a number; give a beta, empty for 0',
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[message[7:60] for _, message in BAD])
def test_every_bad_market_is_one_line(text: str, message: str) -> None:
    write(text)
    with pytest.raises(InputError) as error:
        load_market("m.csv")
    assert str(error.value) == message


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=6), st.floats().map(str), st.sampled_from(["1", "0", "-1", "1e15"])
        ),
        min_size=6,
        max_size=9,
    )
)
def test_any_row_loads_or_says_one_line(cells: list[str]) -> None:
    write(f"{HEAD},lendable,utilisation\nX,{','.join(cells)}\n".encode("utf-8", "surrogatepass"))
    try:
        row = load_market("m.csv")["X"]
    except InputError as error:
        assert str(error).startswith("m.csv: ")
        assert str(error).isprintable()
    else:
        assert min(row.price, row.float_shares, row.adv, row.volatility) > 0
        assert row.lendable is None or row.lendable > 0


def test_a_figure_can_be_of_an_earlier_day() -> None:
    text = (
        "# as_of: 2021-01-15\nsymbol,price,float_shares,short_interest,short_interest_as_of,"
        "borrow_fee,adv,volatility,float_shares_as_of\n"
        "GME,35.5,5e7,6e7,2020-12-31,.3,7e6,1,\n"
    )
    row = parse_market("m.csv", text)["GME"]
    assert row.as_of == {"short_interest": date(2020, 12, 31)}
    for wrong, message in (
        ("2021-01-29", "row 3, short_interest_as_of: 2021-01-29 is after the file's as-of date"),
        ("31/12/2020", "row 3, short_interest_as_of: .* is not a date"),
    ):
        with pytest.raises(InputError, match=message):
            parse_market("m.csv", text.replace("2020-12-31", wrong))
