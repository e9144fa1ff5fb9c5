"""Rows of plain numbers: hash them, and say which cannot be used and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auto_labeling.pool.cells import numbers_in
from auto_labeling.pool.columns import Columns
from auto_labeling.pool.rows import Rows, row_hashes


def inspect(features: Rows, names: Sequence[str] | None) -> tuple[list[str], dict[int, str]]:
    """Return the content hash of every row, and why some cannot be used, by position."""
    hashes: list[str] = []
    bad: dict[int, str] = {}
    for block in features.chunks():
        finite = np.isfinite(block)
        for row in np.flatnonzero(~finite.all(axis=1)):
            column = int(np.argmin(finite[row]))
            place = f"column {names[column]!r}" if names else f"feature {column}"
            bad[len(hashes) + int(row)] = f"{place} is not a finite number"
        hashes.extend(row_hashes(block))
    return hashes, bad


def number_block(columns: Columns, names: Sequence[str]) -> NDArray[np.float32]:
    """Return (n, d) float32 of these columns; what is no number is NaN."""
    block = np.empty((len(columns.rows), len(names)), np.float32)
    for at, name in enumerate(names):
        with np.errstate(over="ignore"):
            block[:, at] = numbers_in(columns, name, "pool.features")
    return block
