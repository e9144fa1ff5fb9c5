"""Scores over class probabilities, a chunk at a time, so that a memory map stays on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError

Kernel: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""(k, m) the probabilities of m candidates, a row a class -> (m,) scores."""

_CELLS = 40_000  # numbers a chunk: its copy and the kernel's scratch stay in the processor's cache
_FEWEST_ROWS = 2048  # below it the calls cost more than the arithmetic, however many the classes
_SLACK = 0.01  # what rounding to half precision does to the sum of a row


def score_rows(proba: NDArray[np.floating[Any]], kernel: Kernel) -> NDArray[np.float64]:
    """Return (n,) the kernel's score of each row of `proba` (n, k).

    Raises `DataError` that names the first row that is no distribution over the classes.
    """
    n, k = proba.shape
    step = max(_FEWEST_ROWS, _CELLS // max(k, 1))
    scores = np.empty(n)
    for start in range(0, n, step):
        # Classes first: arithmetic over the classes is then arithmetic on long, straight rows.
        columns = np.ascontiguousarray(proba[start : start + step].T, dtype=np.float64)
        _expect_distributions(columns, start)
        scores[start : start + step] = kernel(columns)
    return scores


def _expect_distributions(columns: NDArray[np.float64], start: int) -> None:
    totals = columns.sum(axis=0)
    wrong = ~(np.abs(totals - 1.0) <= _SLACK)  # not "> _SLACK", which is false for NaN
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"proba: expected rows that sum to 1, row {start + row} sums to {totals[row]:.6g}"
        )
    if columns.min(initial=0.0) < -_SLACK:
        row = int((columns.min(axis=0) < -_SLACK).argmax())
        raise DataError(
            f"proba: expected nothing below 0, row {start + row} has {columns.min():.6g}"
        )
