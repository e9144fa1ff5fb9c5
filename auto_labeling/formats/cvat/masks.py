"""CVAT's masks: run lengths of a crop by rows, from outside on, then its four inclusive edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.shapes import Mask


def encode_mask(mask: Mask) -> list[int]:
    """Return the points of a shape of type `mask`: the runs, then left, top, right and bottom.

    >>> encode_mask(Mask(label="car", height=2, width=3, runs=(3, 3)))
    [1, 3, 1, 0, 2, 1]
    """
    pixels = pixels_of(mask)
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1], columns[0], columns[-1]
    flat = pixels[top : bottom + 1, left : right + 1].ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(edges, prepend=0, append=flat.size).tolist()
    return [*([0] if flat[0] else []), *runs, int(left), int(top), int(right), int(bottom)]


def decode_mask(points: Sequence[float], size: tuple[int, int], label: str) -> Mask:
    """Return the mask that points stand for on a picture of (width, height) pixels.

    Raises `DataError` where the runs do not fill the crop, the crop does not lie in the picture, or
    no pixel is inside; the server checks none of it. Memory goes by the size of the picture.

    >>> decode_mask([1, 3, 1, 0, 2, 1], (3, 2), "car").runs
    (3, 3)
    """
    width, height = size
    numbers = _whole(points, label)
    runs, (left, top, right, bottom) = numbers[:-4], numbers[-4:].tolist()
    if not (0 <= left <= right < width and 0 <= top <= bottom < height):
        raise DataError(
            f"mask {label!r}: expected a crop within {width} x {height} pixels, "
            f"got left {left}, top {top}, right {right}, bottom {bottom}"
        )
    across, down = right - left + 1, bottom - top + 1
    # Each on its own first: the sum of what anybody may send could pass 64 bits.
    if runs.min() < 0 or runs.max() > across * down or runs.sum() != across * down:
        raise DataError(
            f"mask {label!r}: expected runs over {across} x {down} pixels, "
            f"got {len(runs)} of them that do not fill it"
        )
    pixels = np.zeros((height, width), dtype=bool)
    inside = np.arange(len(runs)) % 2 == 1
    pixels[top : bottom + 1, left : right + 1] = np.repeat(inside, runs).reshape(down, across)
    if not pixels.any():
        raise DataError(f"mask {label!r}: expected at least one pixel inside, got none")
    return mask_of(label, pixels)


def _whole(points: Sequence[float], label: str) -> NDArray[np.int64]:
    """Return points as whole numbers: at least a run and four edges."""
    try:
        given = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"mask {label!r}: expected numbers, got {points!r:.60}") from error
    if given.ndim != 1 or given.size < 5:
        raise DataError(f"mask {label!r}: expected runs and four edges, got {points!r:.60}")
    if not (np.abs(given) < 2**53).all() or (given != np.floor(given)).any():  # nan as well
        raise DataError(f"mask {label!r}: expected whole numbers, got {points!r:.60}")
    return given.astype(np.int64)
