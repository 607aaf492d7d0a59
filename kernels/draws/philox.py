"""Random numbers: Philox4x32-10 and Box-Muller, addressed by (path, stream, draw).

Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11.
docs/model.md, section 2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import Array

Words = npt.NDArray[np.uint64]  # 32-bit words, kept in 64 bits so that products do not overflow

MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = 0x9E3779B9, 0xBB67AE85
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
INTRADAY, OVERNIGHT, RESTRICTION, MIXING, JUMPS, EVENTS = range(6)  # domains


def philox4x32(
    counter: tuple[Words, Words, Words, Words], key: tuple[int, int]
) -> tuple[Words, Words, Words, Words]:
    """Four random 32-bit words of every counter, after ten rounds.

    Shape: the four counter words broadcast against each other; so do the words returned.
    """
    c0, c1, c2, c3 = (np.asarray(c, np.uint64) for c in counter)
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * MULTIPLIER_0, c2 * MULTIPLIER_1
        c0, c2 = (p1 >> HALF) ^ (c1 ^ np.uint64(k0)), (p0 >> HALF) ^ (c3 ^ np.uint64(k1))
        c1, c3 = p1 & LOW, p0 & LOW
        k0, k1 = (k0 + WEYL_0) & 0xFFFFFFFF, (k1 + WEYL_1) & 0xFFFFFFFF
    return c0, c1, c2, c3


def uniform(word: Words) -> Array:
    """A word as a number strictly between 0 and 1: ((word >> 1) + 1/2) 2^-31."""
    return np.asarray(((word >> np.uint64(1)) + 0.5) * 2.0**-31)


def words(
    seed: int, streams: Words, path_ids: Words, domain: int, block: int
) -> tuple[Words, Words, Words, Words]:
    """One block of the given streams and paths; four words of shape (streams, paths)."""
    stream = streams.astype(np.uint64)[:, None]
    path = path_ids.astype(np.uint64)[None, :]
    path_high = (path >> HALF) | np.uint64(domain << 24)
    counter = (np.asarray(block, np.uint64), stream, path & LOW, path_high)
    return philox4x32(counter, (seed & 0xFFFFFFFF, seed >> 32))


def normals(seed: int, streams: Words, path_ids: Words, domain: int, block: int) -> Array:
    """The four normals of one block, shape (4, streams, paths)."""
    shape = (len(streams), len(path_ids))
    out = np.empty((4, *shape))
    a0, b0, a1, b1 = words(seed, streams, path_ids, domain, block)
    for pair, a, b in ((out[:2], a0, b0), (out[2:], a1, b1)):
        radius = np.sqrt(-2 * np.log(uniform(a)))
        angle = b * (2 * np.pi / 2**32)
        np.multiply(radius, np.cos(angle), out=pair[0])
        np.multiply(radius, np.sin(angle), out=pair[1])
    return out


class Normals:
    """The normals of one domain in order, drawn block by block."""

    def __init__(self, seed: int, streams: Words, path_ids: Words, domain: int) -> None:
        self.source = (seed, streams, path_ids, domain)
        self.block = -1
        self.values: Array = np.empty((4, 0, 0))

    def draw(self, number: int) -> Array:
        """Draw number `number` of every stream, shape (streams, paths)."""
        block, place = divmod(number, 4)
        if block != self.block:
            self.block, self.values = block, normals(*self.source, block)
        return np.asarray(self.values[place])

    def mean_draw(self, first: int, count: int) -> Array:
        """`count` successive draws as one normal: their sum / sqrt(count)."""
        if count == 1:
            return self.draw(first)
        summed = sum((self.draw(first + j) for j in range(1, count)), self.draw(first).copy())
        return np.asarray(summed / np.sqrt(count))
