"""Masks as arrays of pixels, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.shapes import Mask


def mask_of(label: str, pixels: NDArray[np.bool_], score: float | None = None) -> Mask:
    """Return the mask of (height, width) pixels, true inside.

    >>> mask_of("car", np.array([[True, False, False], [True, False, True]])).runs
    (0, 2, 3, 1)
    """
    if pixels.ndim != 2 or pixels.dtype != np.bool_:
        raise DataError(
            f"mask {label!r}: expected (height, width) booleans, got {pixels.dtype} {pixels.shape}"
        )
    flat = pixels.ravel(order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(edges, prepend=0, append=flat.size).tolist()
    begins_inside = bool(flat.size and flat[0])
    height, width = pixels.shape
    return Mask(
        label=label,
        height=height,
        width=width,
        runs=(0, *runs) if begins_inside else tuple(runs),
        score=score,
    )


def pixels_of(mask: Mask) -> NDArray[np.bool_]:
    """Return (height, width) pixels, true inside.

    >>> pixels_of(Mask(label="car", height=2, width=3, runs=(0, 2, 3, 1))).astype(int)
    array([[1, 0, 0],
           [1, 0, 1]])
    """
    inside = np.arange(len(mask.runs)) % 2 == 1
    return np.repeat(inside, mask.runs).reshape((mask.height, mask.width), order="F")
