"""Which rows of a matrix are equal to an earlier one, without comparing them two by two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import spans

_SEED = 20_031  # any: equal rows are equal under all
_SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio


def first_copies(points: NDArray[Any]) -> NDArray[np.intp]:
    """Return (n,) the position of the first row that equals each; of most rows it is their own.

    Rows are told apart by a sum of their numbers' bits, scrambled and each times a random odd
    number, modulo 2^64; those of one sum are compared.

    >>> first_copies(np.array([[0.0, 1.0], [2.0, 3.0], [-0.0, 1.0]]))
    array([0, 1, 0])
    """
    n, d = points.shape
    width = np.dtype(np.float64).itemsize // np.dtype(np.uint32).itemsize
    odd = np.random.default_rng(_SEED).integers(0, 2**63, size=d * width, dtype=np.uint64) * 2 + 1
    sums = np.empty(n, dtype=np.uint64)
    for span in spans(n, d * width):
        block = np.ascontiguousarray(points[span], dtype=np.float64) + 0.0  # -0.0 becomes 0.0
        bits = block.view(np.uint32).astype(np.uint64) * _SCRAMBLE
        bits ^= bits >> np.uint64(32)  # short numbers end in zeros, and so would their products
        sums[span] = (bits * odd).sum(axis=1, dtype=np.uint64)
    _, first, which = np.unique(sums, return_index=True, return_inverse=True)
    copied: NDArray[np.intp] = first[which]
    suspects = np.flatnonzero(copied != np.arange(n))
    for span in spans(len(suspects), 2 * d):
        rows = suspects[span]
        differ = (points[rows] != points[copied[rows]]).any(axis=1)
        copied[rows[differ]] = rows[differ]
    return copied
