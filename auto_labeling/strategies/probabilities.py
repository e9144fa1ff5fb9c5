"""Scores over class probabilities, a chunk at a time, so that a memory map stays on disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError

Floats: TypeAlias = NDArray[np.floating[Any]]
Kernel: TypeAlias = Callable[[Floats], NDArray[np.float64]]
"""(k, rows), or (k, m, rows) of m members, in single or double precision -> (rows,) scores.

What it is given is a copy, which it may overwrite.
"""

_BYTES = 800_000  # of a chunk: its copy and the kernel's scratch stay in the processor's cache
_FEWEST = 2048  # rows, or members' rows: below it the calls cost more than the arithmetic
_SLACK = 0.01  # what rounding to half precision does to the sum of a row


def score_rows(proba: Floats, kernel: Kernel) -> NDArray[np.float64]:
    """Return (n,) the kernel's score of each row of `proba` (n, k).

    Raises `DataError` that names the first row that is no distribution over the classes.
    """
    return _score("proba", proba, kernel, _FEWEST)


def score_members(posterior: Floats, kernel: Kernel) -> NDArray[np.float64]:
    """Return (n,) the kernel's score of each (k, m) row of `posterior` (n, k, m).

    Raises `DataError` that names the first row in which a member gives no distribution.
    """
    m = posterior.shape[2]
    if m == 0:
        raise DataError(f"posterior: expected at least one member, got shape {posterior.shape}")
    return _score("posterior", posterior, kernel, max(_FEWEST // m, 1))


def entropies(columns: Floats) -> NDArray[np.float64]:
    """Return (rows,) the entropy, in nats, of each column of (k, rows) probabilities."""
    logs = np.log(np.where(columns > 0, columns, 1.0))  # 0 ln 0 is 0
    sums: NDArray[np.float64] = np.maximum(-(columns * logs).sum(axis=0, dtype=np.float64), 0.0)
    return sums


def _score(name: str, proba: Floats, kernel: Kernel, fewest: int) -> NDArray[np.float64]:
    n, *classes = proba.shape
    precision = np.promote_types(proba.dtype, np.float32)
    step = max(fewest, _BYTES // max(math.prod(classes) * precision.itemsize, 1))
    scores = np.empty(n)
    # Classes first: arithmetic over the classes is then arithmetic on long, straight rows.
    turned = np.moveaxis(np.asarray(proba), 0, -1)
    # One buffer for all chunks, because fresh memory costs more than the arithmetic on it.
    buffer = np.empty((*classes, min(step, n)), precision)
    for start in range(0, n, step):
        columns = buffer[..., : min(step, n - start)]
        np.copyto(columns, turned[..., start : start + step])
        _expect_distributions(name, columns, start)
        scores[start : start + step] = kernel(columns)
    return scores


def _expect_distributions(name: str, columns: Floats, start: int) -> None:
    """Raise `DataError` unless (k, rows) or (k, m, rows) sums to 1 over the classes."""
    totals = columns.sum(axis=0)
    # not "> _SLACK", which is false for NaN
    if not (abs(totals.min() - 1.0) <= _SLACK and abs(totals.max() - 1.0) <= _SLACK):
        row, total = _first(~(np.abs(totals - 1.0) <= _SLACK), totals)
        raise DataError(
            f"{name}: expected rows that sum to 1, row {start + row} sums to {total:.6g}"
        )
    if columns.min(initial=0.0) < -_SLACK:
        row, least = _first(columns < -_SLACK, columns)
        raise DataError(f"{name}: expected nothing below 0, row {start + row} has {least:.6g}")


def _first(wrong: NDArray[np.bool_], values: Floats) -> tuple[int, float]:
    """Return the first row, rows being the last axis, with a wrong value, and that value."""
    marks = wrong.reshape(-1, wrong.shape[-1])
    row = int(marks.any(axis=0).argmax())
    return row, float(values.reshape(marks.shape)[marks[:, row].argmax(), row])
