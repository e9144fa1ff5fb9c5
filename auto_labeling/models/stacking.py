"""How far to believe each of several models, from chances of rows that none has learned from.

Arrays of chances are (l, k): row i is what a model says of a row whose class is `targets[i]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

_LEAST = 0.01
"""Of the chances, spread evenly: no model is believed to rule a class out."""
_HOTTEST = 3.0
"""The logarithm of the largest power, and of the inverse of the smallest."""
_STEPS = 200


def hedged(said: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the chances with a hundredth spread evenly over the classes.

    >>> hedged(np.array([[1.0, 0.0]]))
    array([[0.995, 0.005]])
    """
    k = said.shape[1]
    even: NDArray[np.float64] = (1 - _LEAST) * np.asarray(said, dtype=np.float64) + _LEAST / k
    return even


def power(said: NDArray[np.floating[Any]], targets: NDArray[np.intp]) -> float:
    """Return the power of the chances that has the least log loss (Guo et al. 2017, 1706.04599).

    A normal prior on its logarithm, worth one label, keeps it near 1 while labels are few.
    """
    logs = np.log(hedged(said))
    rows = np.arange(len(targets))

    def loss(log_power: float) -> float:
        heated = log_softmax(logs * np.exp(log_power), axis=1)
        return float(log_power**2 / 2 - heated[rows, targets].sum())

    found = minimize_scalar(loss, bounds=(-_HOTTEST, _HOTTEST), method="bounded")
    return float(np.exp(found.x))


def raised(said: NDArray[np.floating[Any]], power: float) -> NDArray[np.float64]:
    """Return the chances to a power, rows summing to one.

    >>> raised(np.array([[0.9, 0.1]]), 1.0).round(2)
    array([[0.9, 0.1]])
    """
    heated: NDArray[np.float64] = softmax(np.log(hedged(said)) * power, axis=1)
    return heated


def log_loss(said: NDArray[np.floating[Any]], targets: NDArray[np.intp]) -> float:
    """Return the mean of -log of the chance that each row's class was given; lower is better.

    >>> round(log_loss(np.array([[0.5, 0.5]]), np.array([1])), 3)
    0.693
    """
    return -float(np.log(said[np.arange(len(targets)), targets]).mean())


def weights(
    said: Sequence[NDArray[np.floating[Any]]],
    targets: NDArray[np.intp],
    prior: Sequence[float],
) -> NDArray[np.float64]:
    """Return (m,) weights that sum to one: those under which the models' mean is likeliest.

    Stacking by the logarithmic score (Yao, Vehtari, Simpson & Gelman 2018, arXiv 1704.02030), found
    by expectation maximisation. `prior` is (m,): so many labels speak for each beforehand. No
    chance of a right class may be 0 under all (`hedged`).

    >>> good, bad = np.array([[0.9, 0.1]] * 40), np.array([[0.5, 0.5]] * 40)
    >>> weights([good, bad], np.zeros(40, dtype=np.intp), prior=[1, 1]).round(2)
    array([0.95, 0.05])
    """
    rows = np.arange(len(targets))
    likely = np.stack([one[rows, targets] for one in said], axis=1)
    lent = np.asarray(prior, dtype=np.float64)
    found: NDArray[np.float64] = lent / lent.sum()
    for _ in range(_STEPS):
        credit = likely * found
        credit /= credit.sum(axis=1, keepdims=True)
        found = (credit.sum(axis=0) + lent) / (len(targets) + lent.sum())
    return found
