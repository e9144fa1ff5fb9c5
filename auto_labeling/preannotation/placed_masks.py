"""Masks of tiles as masks of the whole picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auto_labeling.formats.masks import pixels_of
from auto_labeling.shapes import Mask


def placed(parts: Sequence[Mask], tiles: NDArray[np.int64], size: tuple[int, int]) -> Mask:
    """Return the pixels inside any of the parts, given with their (p, 4) tiles, on the picture."""
    left, top = tiles[:, :2].min(axis=0)
    right, bottom = tiles[:, 2:].max(axis=0)
    canvas = np.zeros((bottom - top, right - left), np.bool_)
    for part, (start, upper, end, lower) in zip(parts, tiles, strict=True):
        canvas[upper - top : lower - top, start - left : end - left] |= _scaled(
            pixels_of(part), lower - upper, end - start
        )
    width, height = size
    runs = runs_placed(canvas, int(left), int(top), height, width)
    return Mask(label=parts[0].label, height=height, width=width, runs=runs)


def _scaled(pixels: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    rows = np.arange(height) * pixels.shape[0] // height
    columns = np.arange(width) * pixels.shape[1] // width
    return np.asarray(pixels[np.ix_(rows, columns)])


def runs_placed(
    pixels: NDArray[np.bool_], left: int, top: int, height: int, width: int
) -> tuple[int, ...]:
    """Return the runs of a part of a larger picture, which is never made.

    >>> runs_placed(np.array([[True], [True]]), left=1, top=1, height=3, width=3)
    (4, 2, 3)
    """
    edged = np.pad(pixels, ((1, 1), (0, 0))).astype(np.int8)
    steps = np.diff(edged, axis=0)
    starts, ends = (np.argwhere(sign == steps.T) for sign in (1, -1))
    first, last = (((at[:, 0] + left) * height + at[:, 1] + top) for at in (starts, ends))
    goes_on = np.flatnonzero(first[1:] == last[:-1])  # from the bottom of one column to the next
    edges = np.stack([np.delete(first, goes_on + 1), np.delete(last, goes_on)], axis=1).ravel()
    runs = np.diff(edges, prepend=0, append=height * width).tolist()
    return tuple(runs if runs[-1] else runs[:-1])
