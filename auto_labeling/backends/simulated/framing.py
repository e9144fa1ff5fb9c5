"""A shape, moved and stretched into another frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.shapes import Box, Mask, Polygon, Shape

Frame: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom, in fractions of the picture."""


def framed(shape: Shape, frame: Frame) -> Shape:
    """Return the shape with the upright box around it changed to `frame`.

    Outlines keep their form; pixels are taken from the nearest. A mask of which nothing would be
    left stays as it is.

    >>> framed(Polygon(label="car", points=((0, 0), (0.5, 0), (0, 0.5))), (0.5, 0.5, 1, 1)).points
    ((0.5, 0.5), (1.0, 0.5), (0.5, 1.0))
    """
    left, top, right, bottom = frame
    match shape:
        case Box():
            return replace(shape, x=left, y=top, width=right - left, height=bottom - top)
        case Polygon():
            return _outline(shape, frame)
        case Mask():
            pixels = _stretched(pixels_of(shape), bounds(shape), frame)
            if not pixels.any():
                return shape
            runs = mask_of(shape.label, pixels).runs
            return replace(shape, runs=runs)


def _outline(shape: Polygon, frame: Frame) -> Polygon:
    left, top, right, bottom = bounds(shape)
    wide, high = (frame[2] - frame[0]) / (right - left), (frame[3] - frame[1]) / (bottom - top)
    points = tuple(
        (frame[0] + (x - left) * wide, frame[1] + (y - top) * high) for x, y in shape.points
    )
    return replace(
        shape, points=tuple((min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in points)
    )


def _stretched(pixels: NDArray[np.bool_], old: Frame, new: Frame) -> NDArray[np.bool_]:
    height, width = pixels.shape
    changed = np.zeros_like(pixels)
    (up, rows), (left, columns) = (
        _nearest(old[1], old[3], new[1], new[3], height),
        _nearest(old[0], old[2], new[0], new[2], width),
    )
    changed[up : up + len(rows), left : left + len(columns)] = pixels[np.ix_(rows, columns)]
    return changed


def _nearest(
    old_from: float, old_to: float, new_from: float, new_to: float, side: int
) -> tuple[int, NDArray[np.intp]]:
    """Return the first pixel of a side's new span, and which old pixel each of them shows."""
    begins = min(round(new_from * side), side - 1)
    ends = max(round(new_to * side), begins + 1)
    first, last = round(old_from * side), round(old_to * side)
    steps = (np.arange(ends - begins) + 0.5) / (ends - begins)
    return begins, first + np.floor(steps * (last - first)).astype(np.intp)
