"""Book, market, chain and scenario handed to the packer."""

from powderkeg.kernels import packing
from powderkeg.kernels.packed import Packed
from powderkeg.kernels.packing import Prepared
from powderkeg.kernels.records import Channel
from powderkeg.scenarios import Book, Chain, Market, Scenario, bind


def pack(
    book: Book,
    market: Market,
    chain: Chain,
    scenario: Scenario,
    *,
    seed: int,
    channels: Channel | None = None,
) -> Packed:
    """The one place where tests call the packer."""
    return prepare(book, market, chain, scenario, seed=seed, channels=channels).packed


def prepare(
    book: Book,
    market: Market,
    chain: Chain,
    scenario: Scenario,
    *,
    seed: int,
    channels: Channel | None = None,
) -> Prepared:
    """The same with what a person should see of it."""
    return packing.prepare(bind(scenario, book, market, chain), seed=seed, channels=channels)
