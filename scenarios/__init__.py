"""What is simulated: book, market snapshot, option chain, scenario, presets."""

from .book import Book, Position, load_book
from .bound import Bound, bind
from .chain import Chain, ChainRow, load_chain
from .describe import ParameterRow, describe_parameters
from .errors import InputError
from .glance import Glance, glance
from .joint import shifted_market
from .library import load_scenarios, presets
from .market import Market, MarketRow, load_market
from .scenario import MarketShift, NameParameters, Scenario

__all__ = [
    "Book",
    "Bound",
    "Chain",
    "ChainRow",
    "Glance",
    "InputError",
    "Market",
    "MarketRow",
    "MarketShift",
    "NameParameters",
    "ParameterRow",
    "Position",
    "Scenario",
    "bind",
    "describe_parameters",
    "glance",
    "load_book",
    "load_chain",
    "load_market",
    "load_scenarios",
    "presets",
    "shifted_market",
]
