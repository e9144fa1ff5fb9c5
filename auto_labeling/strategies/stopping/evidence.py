"""What two rounds' predictions say about whether labels still change anything. Pure."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from auto_labeling.arrays import expect_shape
from auto_labeling.ports import Shift
from auto_labeling.strategies.uncertainty import entropy

Floats: TypeAlias = NDArray[np.floating[Any]]

SHARPEST = 32.0
_TINY = 1e-6


def shift(
    old: Floats, new: Floats, labeled: ArrayLike, *, before: int, items: int, power: float = 1.0
) -> Shift:
    """Return what changed between two models' (n, k) probabilities of the same items.

    `labeled` is (n,) true where an item has a label, `before` and `items` are how many labels the
    models learned from, and `power` comes from `sharpness`. Where the newer model now prefers
    another class, its probability of the new class less that of the old one is what it expects to
    have won: a change between classes that are nearly tied is worth nothing, however many there
    are, while agreement alone cannot tell the two apart.

    References:
        Altschuler, M. and Bloodgood, M. (2019). Stopping active learning based on predicted change
        of F measure for text classification. arXiv:1901.09118

    >>> old = np.array([[0.9, 0.1], [0.6, 0.4], [0.55, 0.45], [0.2, 0.8]])
    >>> new = np.array([[0.9, 0.1], [0.1, 0.9], [0.49, 0.51], [0.2, 0.8]])
    >>> found = shift(old, new, [True, False, False, False], before=20, items=40)
    >>> found.changed, round(found.gain, 3), round(found.uncertainty, 3)
    (0.5, 0.205, 0.73)
    """
    expect_shape("new probabilities", new, old.shape)
    is_open = ~np.asarray(labeled, dtype=bool)
    expect_shape("labeled", is_open, (len(new),))
    was, now = old.argmax(axis=1), new.argmax(axis=1)
    moved = np.flatnonzero(was != now)
    sharp = _sharpened(new[moved], power)
    rows = np.arange(len(moved))
    won = sharp[rows, now[moved]] - sharp[rows, was[moved]]
    return Shift(
        before=before,
        items=items,
        changed=len(moved) / len(new),
        gain=float(won.sum() / len(new)),
        uncertainty=_uncertainty(new[is_open]),
    )


def shift_of_sets(
    old: Floats, new: Floats, labeled: ArrayLike, *, before: int, items: int, power: float = 1.0
) -> Shift:
    """Return the same of (n, k) probabilities that each of k labels is there, by itself.

    An item changed if any of its labels did, and what is won is the probability of the whole set.

    >>> old, new = np.array([[0.9, 0.4], [0.2, 0.1]]), np.array([[0.9, 0.8], [0.2, 0.1]])
    >>> found = shift_of_sets(old, new, [False, True], before=20, items=40)
    >>> found.changed, round(found.gain, 3), round(found.uncertainty, 3)
    (0.5, 0.27, 0.595)
    """
    expect_shape("new probabilities", new, old.shape)
    is_open = ~np.asarray(labeled, dtype=bool)
    expect_shape("labeled", is_open, (len(new),))
    was, now = old > 0.5, new > 0.5
    moved = np.flatnonzero((was != now).any(axis=1))
    sharp = _sharpened(_both(new[moved]), power)[..., 0]
    won = _of_set(sharp, now[moved]) - _of_set(sharp, was[moved])
    sides = _both(new[is_open]).reshape(-1, 2)
    return Shift(
        before=before,
        items=items,
        changed=len(moved) / len(new),
        gain=float(won.sum() / len(new)),
        uncertainty=_uncertainty(sides),
    )


def sharpness_of_sets(marginals: Floats, truth: ArrayLike) -> float:
    """Return the power that fits (n, k) probabilities of labels best to (n, k) zeros and ones."""
    known = np.asarray(truth)
    return sharpness(_both(marginals).reshape(-1, 2), 1 - known.ravel())


def sharpness(proba: Floats, truth: ArrayLike) -> float:
    """Return the power, in [1, 32], that fits (n, k) probabilities best to (n,) known classes.

    1 leaves them as they are. It is above 1 for a model that is right more often than it is sure,
    such as one that is strongly regularised: that model takes what it wins for little. One that is
    too sure of itself is left so, because its gains then err to the side of going on. The items
    must not be those it learned from. A lognormal prior keeps few items from saying much.

    References:
        Guo, C. et al. (2017). On calibration of modern neural networks. arXiv:1706.04599

    >>> timid = np.array([[0.6, 0.4], [0.4, 0.6]] * 50)
    >>> sharpness(timid, [0, 1] * 50) > 5, sharpness(timid, [1, 0] * 50)
    (True, 1.0)
    """
    classes = np.asarray(truth, dtype=np.intp)
    expect_shape("probabilities", proba, (len(classes), "k"))
    if len(classes) == 0:
        return 1.0
    logs = np.log(np.maximum(proba, _TINY))
    rows = np.arange(len(classes))

    def misfit(exponent: float) -> float:
        scaled = math.exp(exponent) * logs
        top = scaled.max(axis=1)
        norm = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((norm - scaled[rows, classes]).sum() + exponent**2 / 2)

    found = optimize.minimize_scalar(misfit, bounds=(0, math.log(SHARPEST)), method="bounded")
    # the search stays inside its limits, so that 1 itself has to be tried
    return math.exp(found.x) if misfit(found.x) < misfit(0.0) else 1.0


def _sharpened(proba: Floats, power: float) -> Floats:
    """Return (..., k) probabilities in proportion to their powers."""
    raised: Floats = (proba / proba.max(axis=-1, keepdims=True)) ** power
    shares: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _both(marginals: Floats) -> Floats:
    """Return (n, k, 2) the probabilities that each label is there, and that it is not."""
    sides: Floats = np.stack([marginals, 1.0 - marginals], axis=-1)
    return sides


def _of_set(marginals: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Return (n,) the probability of each set of labels, (n, k), the labels being independent."""
    given: Floats = np.where(chosen, marginals, 1.0 - marginals).prod(axis=1)
    return given


def _uncertainty(proba: Floats) -> float:
    """Return the mean entropy as a share of log k; nan without items."""
    if len(proba) == 0:
        return math.nan
    return float(entropy(proba).mean() / math.log(max(proba.shape[1], 2)))
