"""What part of a pool each class is, and no class with more pseudo-labels than its part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import DataError
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.thresholds import (
    at_most,
    checked_chances,
    checked_targets,
    surest_first,
)

_STEPS = 200  # of expectation maximization; it settles long before
_SETTLED = 1e-6


def class_shares(
    proba: NDArray[np.floating[Any]], targets: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Return (k,) how large a part of all rows each class is: the labeled ones and the pool's.

    Not how often each is the likeliest, which favours the class that is guessed when in doubt.
    Labels were asked for where a model was in doubt, so that their shares are not the pool's: by
    expectation maximization the chances are corrected for it [1]_. Without targets it is the mean
    of the chances.

    Args:
        proba: (n, k) chances of the pool, by a model of the labels.
        targets: (l,) the classes of the labels.

    References:
        [1] Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the outputs of a
        classifier to new a priori probabilities: a simple procedure. Neural Computation 14.

    >>> class_shares(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 0]))
    array([0.75, 0.25])
    """
    chances = checked_chances(proba)
    n, k = chances.shape
    if targets is None:
        return _parts(chances.sum(axis=0) if n else np.ones(k))
    counts = np.bincount(checked_targets(targets, k), minlength=k).astype(np.float64)
    learned = counts / counts.sum()
    shares: NDArray[np.float64] = learned
    ratio = np.ones(k)  # nothing is known of how a class was asked that has none
    for _ in range(_STEPS):
        np.divide(shares, learned, out=ratio, where=learned > 0)
        said = normalised(chances * ratio)
        found = (said.sum(axis=0) + counts) / (said.sum() + len(targets))
        settled = np.abs(found - shares).max() < _SETTLED
        shares = found
        if settled:
            break
    return shares


def normalised(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, k) rows that sum to one; rows of zeros stay zeros."""
    totals = chances.sum(axis=1, keepdims=True)
    parts = np.zeros_like(chances)
    np.divide(chances, totals, out=parts, where=totals > 0)
    return parts


def balanced(taken: PseudoLabels, shares: ArrayLike, most: int | None = None) -> PseudoLabels:
    """Return the surest of each class, no class with more than its share of what may be taken.

    That is `most`, or as many as there are; the (k,) shares are those of `class_shares`. What a
    class cannot fill goes to no other class, so that fewer may be left [1]_.

    References:
        [1] Zou, Y., Yu, Z., Kumar, B. and Wang, J. (2018). Unsupervised domain adaptation for
        semantic segmentation via class-balanced self-training. ECCV.

    >>> from auto_labeling.semi_supervised.thresholds import confident
    >>> proba = np.array([[0.9, 0.1], [0.95, 0.05], [0.99, 0.01], [0.2, 0.8]])
    >>> taken = confident(proba, 0.7)
    >>> balanced(taken, [0.5, 0.5]).positions
    array([1, 2, 3])
    """
    quotas = _quotas(_checked_shares(shares), at_most(most, len(taken)))
    if len(taken) and taken.targets.max() >= len(quotas):
        raise DataError(
            f"shares: expected one for each of {taken.targets.max() + 1} classes or more, got "
            f"{len(quotas)}"
        )
    order = surest_first(taken)
    place = np.empty(len(taken), dtype=np.intp)
    for cls in np.unique(taken.targets):
        of_class = order[taken.targets[order] == cls]
        place[of_class] = np.arange(len(of_class))
    return taken.only(np.flatnonzero(place < quotas[taken.targets]))


def _quotas(shares: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return (k,) whole numbers by these shares that sum to `most`: largest remainders first."""
    wanted = shares * most
    quotas = np.floor(wanted + 1e-9).astype(np.intp)
    left = most - int(quotas.sum())
    quotas[np.argsort(-(wanted - quotas), kind="stable")[:left]] += 1
    return quotas


def _checked_shares(shares: ArrayLike) -> NDArray[np.float64]:
    given = np.asarray(shares, dtype=np.float64)
    expect_shape("shares", given, ("k",))
    if not (given >= 0).all() or not 0 < given.sum() < np.inf:
        raise DataError(f"shares: expected parts of one, none below 0, got {given[:5]}")
    return _parts(given)


def _parts(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    parts: NDArray[np.float64] = counts / counts.sum()
    return parts
