"""The sampler against targets whose law is known."""

import numpy as np
import pytest

from powderkeg.engine.calibrate.smc import next_rate, sample, systematic


def test_a_normal_target_is_found() -> None:
    """Prior N(0, 1), rate x loss = (z - m)^2 / (2 s^2): N(m/(1 + s^2), s^2/(1 + s^2))."""
    mean, sd = np.array([1.5, -1.0, 0.0, 0.5]), np.array([0.3, 0.5, 1e3, 0.2])
    rng = np.random.default_rng(1)

    def loss(z: np.ndarray) -> np.ndarray:
        return np.asarray((((z - mean) / sd) ** 2).sum(axis=1) / 20)

    z = rng.standard_normal((4000, 4))
    heard = []
    found = sample(
        loss, z, loss(z), rate=10, particles=2000, steps=24, rng=rng,
        on_move=lambda rate, share: heard.append(rate),
    )  # fmt: skip
    posterior_sd = sd / np.sqrt(1 + sd**2)
    np.testing.assert_allclose(found.z.mean(axis=0), mean / (1 + sd**2), atol=0.08)
    np.testing.assert_allclose(found.z.std(axis=0), posterior_sd, rtol=0.12)
    np.testing.assert_array_equal(found.loss, loss(found.z))
    assert found.rates[-1] == 10 == heard[-1] and sorted(heard) == heard
    assert len(np.unique(found.z[:, 0])) > 1500  # moved apart after resampling


def test_no_loss_leaves_the_prior() -> None:
    rng = np.random.default_rng(2)
    z = rng.standard_normal((4000, 3))

    def none(z: np.ndarray) -> np.ndarray:
        return np.zeros(len(z))

    found = sample(none, z, none(z), rate=5, particles=3000, steps=3, rng=rng)
    np.testing.assert_allclose(found.z.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(found.z.std(axis=0), 1, rtol=0.07)
    assert found.rates == (5,)


def test_sets_that_cannot_be_are_never_taken() -> None:
    rng = np.random.default_rng(3)

    def loss(z: np.ndarray) -> np.ndarray:
        return np.where(z[:, 0] > 0, 0.0, np.inf)

    z = rng.standard_normal((2000, 2))
    found = sample(loss, z, loss(z), rate=1, particles=1000, steps=4, rng=rng)
    assert (found.z[:, 0] > 0).all()
    assert found.z[:, 0].mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.08)  # half normal
    with pytest.raises(ValueError, match="no draw of the prior"):
        sample(loss, -np.abs(z), np.full(2000, np.inf), rate=1, particles=9, steps=1, rng=rng)


def test_it_is_a_function_of_its_seed() -> None:
    def once(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((200, 2))
        return sample(
            lambda z: z[:, 0] ** 2, z, z[:, 0] ** 2, rate=3, particles=50, steps=12, rng=rng
        ).z

    np.testing.assert_array_equal(once(4), once(4))
    assert not np.array_equal(once(4), once(5))


def test_rates_rise_by_effective_particles_and_resampling_is_even() -> None:
    losses = np.random.default_rng(6).exponential(size=500)
    rate, weights = next_rate(losses, 0.0, 1e6, 250)
    assert 1 / (weights**2).sum() == pytest.approx(250)
    # weights e^(-rate x) of an exponential law: (1 + 2 rate)/(1 + rate)^2 = 1/2 at 1 + sqrt 2
    assert rate == pytest.approx(1 + np.sqrt(2), rel=0.15)
    counts = np.bincount(systematic(weights, 400, np.random.default_rng(7)), minlength=500)
    assert np.abs(counts - 400 * weights).max() < 1 and counts.sum() == 400
