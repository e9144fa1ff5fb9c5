"""What a person's vote should weigh."""

from __future__ import annotations

import numpy as np

from auto_labeling.quality.annotators.merit import Merit
from auto_labeling.quality.annotators.shares import Floats


def weights(merit: Merit, classes: int, strength: float = 10.0) -> Floats:
    """Return (w,) the weight of each person's vote, 0 and more: the log odds of being right [1]_.

    Whoever says what chance would has no weight. Everybody begins as `strength` answers of the mean
    person, so that few answers move nobody far; all weigh 1 where nothing can be compared.

    References:
        [1] Nitzan, S. and Paroush, J. (1982). Optimal decision rules in uncertain dichotomous
        choice situations. International Economic Review 23.

    >>> two = Merit(n=np.array([90.0, 90]), hits=np.array([81.0, 45]), chance=np.full(2, 0.5))
    >>> weights(two, 2).round(2)
    array([1.99, 0.08])
    """
    n = merit.n.sum()
    if not n:
        return np.ones(len(merit.n))
    usual = merit.hits.sum() / n
    right = (merit.hits + strength * usual) / (merit.n + strength)
    right = np.clip(right, 1e-3, 1 - 1e-3)  # nobody is as good as all the others together
    found: Floats = np.maximum(np.log(right * (classes - 1) / (1 - right)), 0.0)
    return found
