"""Masks of tiles as masks of the whole picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auto_labeling.formats.masks import pixels_of, runs_within
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
    runs = runs_within(canvas, int(left), int(top), (height, width))
    assert runs is not None, "a mask has a pixel inside"  # noqa: S101
    return Mask(label=parts[0].label, height=height, width=width, runs=runs)


def _scaled(pixels: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    rows = np.arange(height) * pixels.shape[0] // height
    columns = np.arange(width) * pixels.shape[1] // width
    return np.asarray(pixels[np.ix_(rows, columns)])
