"""Random numbers: published answers, the counter, normality and independence."""

import numpy as np
import pytest
from scipy import stats

from powderkeg.kernels.draws import philox
from powderkeg.kernels.streams import stream_of
from tests.helpers.builders import path_ids
from tests.helpers.random123 import PHILOX_ANSWERS


@pytest.mark.parametrize(("counter", "key", "expected"), PHILOX_ANSWERS)
def test_philox_known_answers(counter: str, key: str, expected: str) -> None:
    words = tuple(np.array([int(w, 16)], np.uint64) for w in counter.split())
    k0, k1 = (int(w, 16) for w in key.split())
    got = philox.philox4x32(words, (k0, k1))  # type: ignore[arg-type]
    assert " ".join(f"{int(w[0]):08x}" for w in got) == expected


def test_the_counter_is_block_stream_path_and_domain() -> None:
    seed, stream, path, domain, block = 0x0123456789ABCDEF, 0xDEADBEEF, 0xABCDEF12345678, 1, 7
    counter = (block, stream, path & 0xFFFFFFFF, (path >> 32) | (domain << 24))
    expected = philox.philox4x32(
        tuple(np.uint64(c) for c in counter),  # type: ignore[arg-type]
        (0x89ABCDEF, 0x01234567),
    )
    got = philox.words(
        seed, np.array([stream], np.uint64), np.array([path], np.uint64), domain, block
    )
    assert [int(w[0, 0]) for w in got] == [int(w) for w in expected]
    a, b = (int(w) for w in expected[2:])
    radius = np.sqrt(-2 * np.log(((a >> 1) + 0.5) / 2**31))
    z = philox.normals(
        seed, np.array([stream], np.uint64), np.array([path], np.uint64), domain, block
    )
    np.testing.assert_allclose(z[2, 0, 0], radius * np.cos(2 * np.pi * b / 2**32), rtol=1e-12)
    np.testing.assert_allclose(z[3, 0, 0], radius * np.sin(2 * np.pi * b / 2**32), rtol=1e-12)


def test_normals_are_normal_and_independent() -> None:
    streams = np.array([stream_of(s) for s in ("GME", "AMC", "factor:market")], np.uint64)
    paths = 20_000
    z = np.concatenate([
        philox.normals(11, streams, path_ids(paths), domain, block)
        for domain in (0, 1)
        for block in (0, 1)
    ]).reshape(-1, paths)  # fmt: skip
    assert z.shape == (48, paths)  # domains x blocks x 4 x streams
    assert min(stats.kstest(row, "norm").pvalue for row in z) > 1e-4
    everything = z.ravel()
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3), (6, 15)):
        deviation = (everything**power).mean() - moment
        sd = np.sqrt(np.prod(np.arange(1, 2 * power, 2)) - moment**2)  # E z^2p = (2p - 1)!!
        assert abs(deviation) < 4.5 * sd / np.sqrt(everything.size), power
    pairs = np.triu_indices(len(z), 1)
    for values in (z, z**2, z[:, 1:] * z[:, :-1]):
        correlations = np.corrcoef(values)[pairs]
        assert np.abs(correlations).max() < 5.5 / np.sqrt(paths)
