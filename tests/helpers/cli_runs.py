"""Three small input files, and the command as its tests call it."""

import sys
from pathlib import Path

import pytest

from powderkeg import commands as cli

MARKET = """\
# as_of: 2021-01-15
symbol,price,float_shares,short_interest,borrow_fee,adv,volatility,implied_vol,beta_market
GME,35.5,51440000,61780000,0.28,7475700,1.06,2.69,1.0
NO,10,100000000,20000000,0.01,2000000,0.6,0.7,1.2
"""
BOOK = """\
symbol,instrument_type,quantity
GME,equity,-1000000
NO,equity,2000000
,cash,60000000
"""
SCENARIO = """\
base: gme-2021
horizon_days: 2
steps_per_day: 6
"""
RUN = ("run", "book.csv", "--market", "market.csv", "--scenario", "short.yaml", "-o", "out.zarr")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder but for the three inputs; the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "market.csv").write_text(MARKET)
    (tmp_path / "book.csv").write_text(BOOK)
    (tmp_path / "short.yaml").write_text(SCENARIO)
    return tmp_path


def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str | Path
) -> tuple[int, str, str]:
    """Exit code, output and errors of `powderkeg WORDS`."""
    monkeypatch.setattr(sys, "argv", ["powderkeg", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err
