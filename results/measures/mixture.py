"""A weighted law of samples whose path j has the same random numbers: VaR, ES, probabilities.

With weights w_k of the samples, summing to 1, a path of sample k counts for w_k/n:

    VaR  q  = least loss beyond which paths weigh at most a
    ES      = q + (1/n) sum_j e_j / a,    e_j = sum_k w_k (L_kj - q)+
    SE(ES)  = sd(e) / (a sqrt n)          the error of q drops out to first order

An e_j is made of one set of random numbers, so what samples have in common is in its spread. A law
is never a probability times the tail of one sample: the quantile is that of the whole. The tail is
held to results/measures/statistics.py by its effective size (Kish 1965).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import statistics as st
from .importance import Weighted

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Samples, each (n,), and their weights. `blocks`: so many runs of as many paths each hang
    together, as the paths of one parameter set do, and errors are those over their means; 0: paths
    are independent.
    """

    samples: Sequence[Floats]
    weights: Sequence[float]
    blocks: int = 0

    def mean(self, of: Callable[[Floats], Floats]) -> tuple[float, float]:
        """Mean of a function of losses, and its standard error."""
        each = np.sum(
            [w * of(sample) for w, sample in zip(self.weights, self.samples, strict=True)], axis=0
        )
        if self.blocks:
            each = each.reshape(self.blocks, -1).mean(axis=1)
        return float(each.mean()), float(each.std(ddof=1) / math.sqrt(each.size))

    def var_es(self, level: float) -> tuple[st.Estimate, st.Estimate]:
        """VaR and ES at a level. Errors: TooFewPaths."""
        a, n = 1 - level, len(self.samples[0])
        law = Weighted.of(
            np.concatenate(self.samples),
            np.ones(n * len(self.samples)),
            np.repeat(np.arange(len(self.samples)), n),
            np.asarray(self.weights, np.float64),
        )
        q = law.loss_beyond(a)
        effective = law.effective(int((law.losses > q).sum()))
        if effective < st.REFUSE:
            raise st.TooFewPaths(
                f"the {level:.2%} quantile has an effective tail of {effective:.0f} paths; it "
                f"takes {st.REFUSE}"
            )
        _, error = self.mean(lambda loss: (loss > q).astype(np.float64))
        return law.var_es(a, error, *self.mean(lambda loss: np.maximum(loss - q, 0)))

    def probability(self, happens: Callable[[Floats], npt.NDArray[np.bool_]]) -> st.Estimate:
        """Of an event. The ends are the samples' own (Wilson), weighted: they hold whatever the
        samples have in common. With blocks, those of a normal law.
        """
        value, se = self.mean(lambda loss: happens(loss).astype(np.float64))
        if self.blocks and se > 0:
            return st.Estimate(value, se, max(value - st.Z * se, 0.0), min(value + st.Z * se, 1.0))
        each = [st.wilson(int(happens(sample).sum()), len(sample)) for sample in self.samples]
        low, high = (
            sum(w * getattr(e, end) for w, e in zip(self.weights, each, strict=True))
            for end in ("low", "high")
        )
        return st.Estimate(value, se, low, high)
