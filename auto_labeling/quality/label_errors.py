"""Which labels are probably wrong, by what a model says that never saw them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape


def likely_errors(
    labels: NDArray[np.integer[Any]], proba: NDArray[np.floating[Any]]
) -> NDArray[np.intp]:
    """Return the positions of labels that are probably wrong, the least probable label first.

    `labels` is (n,) positions of classes, `proba` (n, k) by models that were fitted without the
    item. A label is suspected where another class is as probable as it is, on average, for items
    that carry it; of several such classes the most probable counts.

    References:
        Northcutt, C., Jiang, L. and Chuang, I. (2021). Confident Learning: Estimating Uncertainty
        in Dataset Labels. JAIR 70. arXiv:1911.00068

    >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95]])
    >>> likely_errors(np.array([0, 0, 1, 1, 0]), sure)
    array([4])
    """
    expect_shape("proba", proba, (len(labels), "k"))
    own = proba[np.arange(len(labels)), labels]
    carried = np.bincount(labels, minlength=proba.shape[1])
    sums = np.bincount(labels, own, minlength=proba.shape[1])
    with np.errstate(invalid="ignore"):
        typical = np.where(carried > 0, sums / carried, np.inf)
    confident = proba >= typical
    likeliest = np.where(confident, proba, -1.0).argmax(axis=1)
    suspected = np.flatnonzero(confident.any(axis=1) & (likeliest != labels))
    ranked: NDArray[np.intp] = suspected[np.argsort(own[suspected], kind="stable")]
    return ranked
