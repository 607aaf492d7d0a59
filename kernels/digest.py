"""The build of the model: a digest of the sources that decide the numbers, and of nothing else.

Comments, docstrings and blank lines are left out, so words change no build. A store names the build
that made it; blocks of another build could not be continued to the bit.
"""

from __future__ import annotations

import hashlib
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

ROOMS = Path(__file__).parents[1]
KERNELS = (
    "arrays.py",
    "backends",
    "contracts.py",
    "draws",
    "histogram_bins.py",
    "holders",
    "kinds.py",
    "members.py",
    "model",
    "packed.py",
    "packing",
    "records.py",
    "reference",
    "streams.py",
)
SCENARIOS = (
    "agents",
    "attention_factor.py",
    "book.py",
    "bound.py",
    "calendar.py",
    "capacity.py",
    "chain.py",
    "derivatives.py",
    "ensemble.py",
    "factors.py",
    "funds.py",
    "joint.py",
    "margin.py",
    "market.py",
    "no_crowd.py",
    "overrides.py",
    "policy.py",
    "scenario.py",
    "timeline.py",
    "variation.py",
    "whom.py",
)
DECIDES = tuple(f"kernels/{name}" for name in KERNELS) + tuple(f"scenarios/{n}" for n in SCENARIOS)
"""Files and folders that decide numbers, folders with all that is below them: how a path moves, and
what a scenario means that leaves a parameter out."""

_CPP_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def sources(rooms: Path = ROOMS) -> Iterator[Path]:
    """The sources that decide the numbers, in a fixed order."""
    for name in DECIDES:
        place = rooms / name
        found = [place] if place.is_file() else sorted(place.rglob("*"))
        yield from (path for path in found if path.suffix in (".py", ".h", ".cpp", ".cu"))


@cache
def model_digest(rooms: Path = ROOMS) -> str:
    """SHA-256 of what the sources compute, 16 digits."""
    digest = hashlib.sha256()
    for path in sources(rooms):
        text = path.read_text()
        bare = without_words(text) if path.suffix == ".py" else without_comments(text)
        name = path.relative_to(rooms).as_posix()
        digest.update(f"{name}\0{bare}\0".encode())
    return digest.hexdigest()[:16]


def without_comments(text: str) -> str:
    """C++ without comments and blank lines."""
    return _lines(_CPP_COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else " ", text))


def without_words(text: str) -> str:
    """Python without comments, docstrings and blank lines.

    Cut out by place and not put together from tokens, which differ between versions of Python.
    """
    lines, cuts, fresh = text.splitlines(keepends=True), [], True
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token, following in pairwise(tokens):
        alone = fresh and following.type == tokenize.NEWLINE
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and alone):
            cuts.append((token.start, token.end))
        if token.type == tokenize.NEWLINE:
            fresh = True
        elif token.type not in _SILENT:
            fresh = False
    for (row, column), (last, end) in reversed(cuts):
        lines[row - 1 : last] = [lines[row - 1][:column] + lines[last - 1][end:]]
    return _lines("".join(lines))


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
