"""Draws the pictures of docs/signatures.md:  .venv/bin/python docs/figures.py"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

import powderkeg
from powderkeg.engine.replay.path import replay
from powderkeg.kernels.backends import native
from powderkeg.kernels.packing.scenario import pack
from powderkeg.kernels.records import Channel, StepKind
from powderkeg.scenarios import bind, load_book, load_chain, load_market, load_scenarios
from powderkeg.screen.replay_picture import draw

Array = npt.NDArray[np.float64]
ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"

ALONE = ("crowd-only", "shorts-only", "dealers-only", "funds-only", "longs-only")
PATH = 7  # the same random numbers in every picture

SHORTED = ("AMC", "BB", "EXPR", "FUBO", "GME", "KOSS", "NOK")
OWNED = ("AAPL", "AMZN", "MSFT")
PATHS, BATCH = 40_000, 2_000
PUBLISHED = {"most shorted": 0.521, "funds' favourites": -0.030}  # start of the year to 27 January
DAY = 7  # 27 January 2021 is the seventh session after the 15th
LIKE_JANUARY = (0.40, 0.65)  # paths on which the shorted names rose by about as much


def signatures() -> None:
    """One path of five scenarios in which one force at a time is switched on."""
    folder = ROOT / "examples" / "signatures"
    with tempfile.TemporaryDirectory() as temporary:
        scenarios = [folder / f"{name}.yaml" for name in ALONE]
        book, market = folder / "book.csv", folder / "market.csv"
        store = Path(temporary) / "signatures.zarr"
        powderkeg.run(book, market, scenarios, store, paths=1000)
        for name in ALONE:
            draw(replay(store, PATH, name), IMAGES / f"{name}.png")


def closes(channels_off: Channel) -> tuple[Array, tuple[str, ...]]:
    """Prices at every close of degross-2021 less 1, (paths, days, names), and the names."""
    folder = ROOT / "examples" / "january-2021"
    market = load_market(folder / "market.csv")
    book = load_book(folder / "book.csv", market)
    (story,) = load_scenarios(["degross-2021"], market, book)
    packed = pack(bind(story, book, market, load_chain(None, market)), seed=20210127)
    packed = packed.with_channels(Channel(int(packed.run["channels"])) & ~channels_off)
    rows = np.flatnonzero(packed.schedule["kind"] & StepKind.CLOSE) + 1
    parts = []
    for first in range(0, PATHS, BATCH):
        ids = np.arange(first, first + BATCH, dtype=np.uint64)
        trace = native.simulate(packed, ids, trace=True).trace
        assert trace is not None
        parts.append(np.expm1(trace["log_price"][:, rows].astype(float)))
    return np.concatenate(parts), packed.symbols


def january() -> None:
    """Shorted and owned names with and without the funds, on paths like January 2021."""
    with_funds, names = closes(Channel(0))
    without, _ = closes(Channel.FUNDS)
    groups = {
        "most shorted": [names.index(s) for s in SHORTED],
        "funds' favourites": [names.index(s) for s in OWNED],
    }
    like = np.flatnonzero(
        np.abs(with_funds[:, DAY - 1, groups["most shorted"]].mean(axis=1) - np.mean(LIKE_JANUARY))
        < np.ptp(LIKE_JANUARY) / 2
    )
    print(f"{len(like):,} of {PATHS:,} paths are like January 2021")
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    axes = figure.subplots(1, 3)
    days = np.arange(with_funds.shape[1] + 1)
    for axis, (group, columns) in zip(axes, groups.items(), strict=False):
        for values, style, words in ((with_funds, "-", "with funds"), (without, "--", "without")):
            basket = 100 * values[:, :, columns].mean(axis=2)[like]
            mean = np.concatenate([[0.0], basket.mean(axis=0)])
            error = np.concatenate([[0.0], basket.std(axis=0) / np.sqrt(len(like))])
            axis.plot(days, mean, style, color="#26292e", label=words)
            axis.fill_between(days, mean - 2 * error, mean + 2 * error, color="#c9d3dc")
            print(f"{group}, {words}, day {DAY}: {mean[DAY]:.2f} % +- {error[DAY]:.2f}")
        axis.plot(DAY, 100 * PUBLISHED[group], "o", color="#b5451b", label="published basket")
        axis.set_title(f"{group}, mean change, %")
        axis.set_xlabel("trading days since 15 January 2021")
        axis.legend(frameon=False)

    start = np.zeros((PATHS, 1, len(names)))
    log = [np.log1p(np.concatenate([start, v], axis=1)) for v in (with_funds, without)]
    moved = np.diff(log[0][:, :, groups["most shorted"]].mean(axis=2), axis=1)
    push = np.diff((log[0] - log[1])[:, :, groups["funds' favourites"]].mean(axis=2), axis=1)
    edges = np.array([-0.3, -0.1, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.6])
    low, high = edges[:-1], edges[1:]
    means, errors = [], []
    for a, b in zip(low, high, strict=True):
        of = 100 * push[(moved >= a) & (moved < b)]
        means.append(of.mean())
        errors.append(2 * of.std() / np.sqrt(len(of)))
    surge = 100 * push[moved > 0.1]
    print(f"on days when they rise by a tenth, funds push their longs by {surge.mean():.2f} %, "
          f"down on {np.mean(surge < 0):.0%} of them")  # fmt: skip
    axes[2].errorbar(100 * (low + high) / 2, means, errors, fmt="o-", color="#26292e")
    axes[2].axhline(0, color="grey", lw=0.8)
    axes[2].set_title("what funds do to their longs the same day, %")
    axes[2].set_xlabel("move of the most shorted that day, %")
    for axis in axes:
        axis.set_title(axis.get_title(), loc="left", fontsize=11, fontweight="bold")
        axis.set_title("")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    figure.savefig(IMAGES / "january-2021.png", dpi=90)


if __name__ == "__main__":
    signatures()
    january()
