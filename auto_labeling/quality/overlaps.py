"""How much shapes, and whole drawings, cover the same part of a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.masks import pixels_of
from auto_labeling.shapes import Box, Mask, Polygon, Shape

_RASTER = 256
"""Points a side at which outlines are compared."""


def iou(one: Shape, other: Shape) -> float:
    """Return the area that two shapes share over the area that either covers, in [0, 1].

    Boxes are measured exactly, outlines at 256 x 256 points, masks at their own pixels.

    >>> left = Box(label="car", x=0, y=0, width=0.5, height=0.5)
    >>> iou(left, Box(label="car", x=0.25, y=0, width=0.5, height=0.5))
    0.3333333333333333
    """
    mine, theirs = bounds(one), bounds(other)
    left, top, right, bottom = zip(mine, theirs, strict=True)
    shared = _area((max(left), max(top), min(right), min(bottom)))
    if not shared:
        return 0.0
    if isinstance(one, Box) and isinstance(other, Box):
        return shared / (_area(mine) + _area(theirs) - shared)
    masks = [shape for shape in (one, other) if isinstance(shape, Mask)]
    height = max((mask.height for mask in masks), default=_RASTER)
    width = max((mask.width for mask in masks), default=_RASTER)
    first, second = _raster(one, height, width), _raster(other, height, width)
    either = int((first | second).sum())
    return int((first & second).sum()) / either if either else 0.0


def agreement(one: Sequence[Shape], other: Sequence[Shape]) -> float:
    """Return how alike two drawings are, in [0, 1]: 1 if they are the same, or both are empty.

    Shapes of one class are paired so that the sum of their `iou` is greatest; the agreement is
    twice that sum over the number of shapes in both.
    """
    if not one and not other:
        return 1.0
    shared = np.array(
        [[iou(a, b) if a.label == b.label else 0.0 for b in other] for a in one]
    ).reshape(len(one), len(other))
    rows, columns = linear_sum_assignment(shared, maximize=True)
    return float(2 * shared[rows, columns].sum() / (len(one) + len(other)))


def _area(edges: tuple[float, float, float, float]) -> float:
    left, top, right, bottom = edges
    return max(right - left, 0.0) * max(bottom - top, 0.0)


def _raster(shape: Shape, height: int, width: int) -> NDArray[np.bool_]:
    """Return (height, width) points, true inside."""
    if isinstance(shape, Mask):
        pixels = pixels_of(shape)
        rows = np.arange(height) * shape.height // height
        columns = np.arange(width) * shape.width // width
        resized: NDArray[np.bool_] = pixels[np.ix_(rows, columns)]
        return resized
    y, x = np.mgrid[:height, :width]
    x, y = (x + 0.5) / width, (y + 0.5) / height
    if isinstance(shape, Box):
        across = (shape.x <= x) & (x < shape.x + shape.width)
        inside: NDArray[np.bool_] = across & (shape.y <= y) & (y < shape.y + shape.height)
        return inside
    return _inside(shape, x, y)


def _inside(outline: Polygon, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie inside: a ray to the right crosses an odd number of edges."""
    inside: NDArray[np.bool_] = np.zeros(x.shape, dtype=np.bool_)
    for (u, v), (s, t) in zip(
        outline.points, (*outline.points[1:], outline.points[0]), strict=True
    ):
        if v != t:
            passes = (v <= y) != (t <= y)
            inside ^= passes & (x < u + (y - v) * (s - u) / (t - v))
    return inside
