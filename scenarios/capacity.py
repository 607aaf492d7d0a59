"""How much one scenario can hold: sizes of the kernels' arrays, which inputs are checked against.

They stand here once; kernels/records.py and the header that is written from it take them over.
"""

MAX_NAMES = 96
"""Most names of a book."""

MAX_DERIVATIVES = 500
"""Most options and futures of a book."""

MAX_FACTORS = 8
"""Most factors of a scenario."""

MAX_FUNDS = 4
"""Most funds of a scenario."""

MAX_EVENTS = 16
"""Most events of a timeline."""

MAX_COMPONENTS = 4
"""Most components of an importance mixture, the untilted one among them."""

COMPONENT_CYCLE = 16
"""A path's component is decided by its id modulo this, its member of an ensemble by id over it."""

FEWEST_MEMBERS, MOST_MEMBERS = 2, 1024
"""Members of an ensemble."""
