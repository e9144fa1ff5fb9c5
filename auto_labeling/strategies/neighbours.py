"""Distances to nearest neighbours, a chunk at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, spans, squared_distances


def neighbour_distances(points: Floats, k: int) -> NDArray[np.float64]:
    """Return (n, k) distances to the `k` nearest other points, in no order; k is below n.

    >>> neighbour_distances(np.array([[0.0], [1.0], [5.0]]), 1)
    array([[1.],
           [1.],
           [4.]])
    """
    n = len(points)
    squares = np.empty((n, k))
    for span in spans(n, n):
        block = squared_distances(points[span], points)
        block[np.arange(len(block)), np.arange(span.start, span.stop)] = np.inf
        squares[span] = np.partition(block, k - 1, axis=1)[:, :k]
    return np.sqrt(squares)
