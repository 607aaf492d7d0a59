"""The table /importance: tail measures from weighted paths, drawn where losses are large.

A path of component c has the weight w = p/sum_c a_c p_c, p the density of its random numbers
without any tilt and a_c the share of a component's paths (balance heuristic, Veach & Guibas 1995).
Paths of a component are a stratum, v = w a_c/n_c, and for every h the sum of v h has the mean E h:

    VaR  q  = least loss beyond which paths weigh at most a
    ES      = q + sum v (L - q)+/a,    SE^2 = sum_c a_c^2 var_c(w (L - q)+)/n_c / a^2

Weights are not divided by their sum: a tail has small ones, and their error is that of all the rest
(Owen 2013, Monte Carlo theory, methods and examples, 9.2). A tail is as good as
(sum v)^2/sum v^2 equal paths (Kish 1965), its effective size, which is held to the limits of
results/measures/statistics.py. The variance ratio is that of as many plain paths, from the same
weighted sample, to SE^2: how many times as many plain paths the same error takes.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt
import zarr

from ..store.arrays import array_of, group_of, texts_of, values_of
from ..store.fields import PATH_WEIGHT, PNL_TILTED
from ..store.layout import full_array, new_group, scenario_coordinate
from . import statistics as st
from .estimates import PARTS, write_estimates
from .levels import LEVELS
from .path_loss import PathLoss, stored_losses

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-12
"""Of a sum of weights that should be a tail's mass to the path."""


@dataclass(frozen=True)
class Weighted:
    """Losses, worst first, with what they weigh; shapes (n,). `shares` are the components'."""

    losses: Floats
    weights: Floats
    strata: npt.NDArray[np.int64]
    shares: Floats

    @classmethod
    def of(
        cls, losses: npt.ArrayLike, weights: npt.ArrayLike, strata: npt.ArrayLike, shares: Floats
    ) -> Weighted:
        """In any order. Errors: ValueError if a component has fewer than two paths."""
        loss, weight = np.asarray(losses, np.float64), np.asarray(weights, np.float64)
        stratum, order = np.asarray(strata, np.int64), np.argsort(-loss, kind="stable")
        if (np.bincount(stratum, minlength=shares.size) < 2).any():
            raise ValueError("every component takes two paths at least")
        return cls(loss[order], weight[order], stratum[order], shares)

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Paths of each component."""
        return np.bincount(self.strata, minlength=self.shares.size)

    @property
    def parts(self) -> Floats:
        """v: what each path counts for, about 1/n altogether 1."""
        return np.asarray(self.weights * (self.shares / self.counts)[self.strata])

    def mean(self, values: Floats) -> tuple[float, float]:
        """Mean of values (n,) without any tilt, and its standard error over strata."""
        weighted, counts = self.weights * values, self.counts
        sums = np.bincount(self.strata, weighted, self.shares.size)
        squares = np.bincount(self.strata, np.square(weighted), self.shares.size)
        variance = (squares - np.square(sums) / counts) / (counts - 1)
        error = np.square(self.shares) * np.maximum(variance, 0) / counts
        return float((self.shares * sums / counts).sum()), float(np.sqrt(error.sum()))

    def effective(self, paths: int) -> float:
        """Kish's effective size of the worst so many paths."""
        part = self.parts[:paths]
        return float(part.sum() ** 2 / np.square(part).sum()) if paths else 0.0

    def loss_beyond(self, mass: float) -> float:
        """The least loss beyond which paths weigh at most `mass`."""
        worst = int(np.searchsorted(np.cumsum(self.parts), mass + ROUNDING, side="right"))
        return float(self.losses[min(worst, self.losses.size - 1)])

    def var_es(
        self, mass: float, tail_error: float, excess: float, excess_error: float
    ) -> tuple[st.Estimate, st.Estimate]:
        """VaR and ES of the worst `mass`, from the mean excess over VaR and the errors of that and
        of the tail's mass; the ends of VaR are the losses beyond which its mass would lie.
        """
        q = self.loss_beyond(mass)
        low, high = (
            self.loss_beyond(max(mass + side * st.Z * tail_error, 0.0)) for side in (1, -1)
        )
        es, se = q + excess / mass, excess_error / mass
        return (
            st.Estimate(q, (high - low) / (2 * st.Z), low, high),
            st.Estimate(es, se, es - st.Z * se, es + st.Z * se),
        )


@dataclass(frozen=True)
class Measured:
    """Of one scenario and level; `gain_var` and `gain_es` are variance ratios."""

    var: st.Estimate
    es: st.Estimate
    effective: float
    gain_var: float
    gain_es: float


def measure(sample: Weighted, level: float) -> Measured:
    """VaR and ES at a level, refused where the effective tail is below 50."""
    a, n = 1 - level, sample.losses.size
    q = sample.loss_beyond(a)
    effective = sample.effective(int((sample.losses > q).sum()))
    if effective < st.REFUSE:
        return Measured(st.REFUSED, st.REFUSED, effective, np.nan, np.nan)
    tail = (sample.losses > q).astype(np.float64)
    _, tail_error = sample.mean(tail)
    excess = np.maximum(sample.losses - q, 0)
    mean, error = sample.mean(excess)
    plain = (sample.mean(np.square(excess))[0] - mean**2) / n
    return Measured(
        *sample.var_es(a, tail_error, mean, error),
        effective,
        level * a / n / tail_error**2 if tail_error > 0 else np.nan,
        plain / error**2 if error > 0 else np.nan,
    )


WORDS = {
    "var": "value at risk from weighted paths",
    "es": "expected shortfall from weighted paths",
    "es_plain": "expected shortfall of the plain paths",
}
NUMBERS = {
    "es_z": "difference to the plain paths in standard errors of both",
    "effective_tail": "effective number of paths beyond value at risk",
    "var_variance_ratio": "variance of as many plain paths over that of the weighted: VaR",
    "es_variance_ratio": "variance of as many plain paths over that of the weighted: ES",
}


def write_importance(root: zarr.Group, store: zarr.Group) -> None:
    """Add the group /importance to `root`, if `store` has weighted paths."""
    if "tilted" not in store:
        return
    given, losses = group_of(store, "tilted"), group_of(store, "losses")
    scenarios = texts_of(given, "scenario")
    strata, shares = (values_of(given, name) for name in ("component_of", "share"))
    loss = PathLoss(str(store.attrs["measure"]))
    n, shape = strata.size, (len(scenarios), len(LEVELS))
    tables = {name: np.full((len(PARTS), *shape), np.nan) for name in WORDS}
    numbers = {name: np.full(shape, np.nan) for name in NUMBERS}
    effective, weight = np.empty(len(scenarios)), np.empty((len(PARTS), len(scenarios)))
    for s in range(len(scenarios)):
        pnl, weights = (np.asarray(array_of(given, f.name)[s]) for f in (PNL_TILTED, PATH_WEIGHT))
        sample = Weighted.of(-pnl.astype(np.float64), weights, strata, shares)
        effective[s] = sample.effective(n)
        value, se = sample.mean(np.ones(n))
        weight[:, s] = value, se, value - st.Z * se, value + st.Z * se
        plain = st.sorted_losses(stored_losses(losses, s, loss))
        for number, level in enumerate(LEVELS):
            at, found = (s, number), measure(sample, level)
            tables["var"][:, *at], tables["es"][:, *at] = astuple(found.var), astuple(found.es)
            numbers["effective_tail"][at] = found.effective
            numbers["var_variance_ratio"][at] = found.gain_var
            numbers["es_variance_ratio"][at] = found.gain_es
            if st.tail_paths(plain.size, level) >= st.REFUSE:
                es = st.expected_shortfall(plain, level)
                tables["es_plain"][:, *at] = astuple(es)
                both = np.hypot(es.standard_error, found.es.standard_error)
                numbers["es_z"][at] = (found.es.value - es.value) / both if both > 0 else np.nan
    group = new_group(
        root,
        "importance",
        f"Tail measures {loss.words} from weighted paths, beside those of the plain paths.",
        measure=loss.name,
        paths=n,
    )
    scenario_coordinate(group, scenarios)
    full_array(group, "level", ("level",), np.array(LEVELS), "1", "level of the quantile")
    for name, words in WORDS.items():
        write_estimates(group, name, ("scenario", "level"), tables[name], words, _ABOUT)
    for name, words in NUMBERS.items():
        full_array(group, name, ("scenario", "level"), numbers[name], "1", words)
    words = "effective number of all weighted paths"
    full_array(group, "effective", ("scenario",), effective, "1", words)
    words = "mean weight, 1 but for its error"
    write_estimates(group, "mean_weight", ("scenario",), weight, words, words)


_ABOUT = "Fraction of equity, losses positive; NaN: the sample is too small."
