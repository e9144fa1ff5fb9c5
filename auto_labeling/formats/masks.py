"""Masks as arrays of pixels, and back."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.shapes import Mask

Runs: TypeAlias = tuple[int, ...]
"""How many pixels are outside, inside, outside ... down the columns, as `Mask.runs`."""


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


def runs_within(
    inside: NDArray[np.bool_], left: int, top: int, size: tuple[int, int]
) -> Runs | None:
    """Return the run lengths of a mask whose pixels all lie in one window of the picture.

    The same as `mask_of` of the whole picture, which is never made. None where no
    pixel is inside.

    >>> runs_within(np.array([[True], [True]]), left=1, top=0, size=(3, 3))
    (3, 2, 4)
    """
    height, width = size
    padded = np.zeros((inside.shape[1], inside.shape[0] + 2), np.int8)
    padded[:, 1:-1] = inside.T
    edges = np.diff(padded, axis=1)
    columns = (left + np.arange(inside.shape[1]))[:, None] * height + top
    rows = np.arange(inside.shape[0] + 1)
    places = columns + rows
    begins, ends = places[edges == 1], places[edges == -1]
    if not len(begins):
        return None
    # A column that is inside to its foot goes on at the head of the next one.
    apart = begins[1:] != ends[:-1]
    begins, ends = begins[np.r_[True, apart]], ends[np.r_[apart, True]]
    bounds = np.column_stack([begins, ends]).ravel()
    runs = np.diff(np.r_[0, bounds, height * width]).tolist()
    return tuple(runs) if runs[-1] else tuple(runs[:-1])
