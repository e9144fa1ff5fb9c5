"""How much shapes cover the same part of a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.masks import pixels_of
from auto_labeling.shapes import Box, Mask, Polygon, Shape

_RASTER = 256
"""Points a side at which outlines are compared."""


def box_iou(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (...) the IoU of (..., 4) boxes and (..., 4) others, as `Detections` has them.

    >>> box_iou(np.array([[0, 0, 0.5, 0.5]]), np.array([[0.25, 0, 0.5, 0.5]])).round(4)
    array([0.3333])
    """
    mine, theirs = one.astype(np.float64), other.astype(np.float64)
    ends = np.minimum(mine[..., :2] + mine[..., 2:], theirs[..., :2] + theirs[..., 2:])
    reach = ends - np.maximum(mine[..., :2], theirs[..., :2])
    shared = np.clip(reach, 0, None).prod(axis=-1)
    either = mine[..., 2:].prod(axis=-1) + theirs[..., 2:].prod(axis=-1) - shared
    found: NDArray[np.float64] = np.zeros_like(shared)
    np.divide(shared, either, out=found, where=shared > 0)
    return found


def box_ious(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (n, m) the IoU of every pair of (n, 4) and (m, 4) boxes, as `Detections` has them.

    >>> box_ious(np.array([[0, 0, 0.5, 0.5]]), np.array([[0.25, 0, 0.5, 0.5], [0.6, 0, 0.1, 0.1]]))
    array([[0.33333333, 0.        ]])
    """
    return box_iou(np.asarray(one)[:, None], np.asarray(other)[None])


def ious(one: Sequence[Shape], other: Sequence[Shape]) -> NDArray[np.float64]:
    """Return (n, m) the `iou` of every pair of n and m shapes, whatever their classes."""
    mine, theirs = _around(one), _around(other)
    shared = box_ious(mine, theirs)
    # Only what is no box, and may touch, has to be looked at point by point.
    for at, to in np.argwhere(shared > 0):
        if not (isinstance(one[at], Box) and isinstance(other[to], Box)):
            shared[at, to] = iou(one[at], other[to])
    return shared


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


def _around(shapes: Sequence[Shape]) -> NDArray[np.float64]:
    """Return (n, 4) left, top, width and height of the upright boxes around shapes."""
    edges = np.array([_sides(shape) for shape in shapes], np.float64).reshape(-1, 4).clip(0, 1)
    edges[:, 2:] -= edges[:, :2]
    return edges


def _sides(shape: Shape) -> tuple[float, float, float, float]:
    if isinstance(shape, Box):  # by far the most; all are clipped at once
        return shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
    return bounds(shape)


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
    return within(shape, x, y)


def within(outline: Polygon, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie inside: a ray to the right crosses an odd number of edges."""
    inside: NDArray[np.bool_] = np.zeros(x.shape, dtype=np.bool_)
    for (u, v), (s, t) in zip(
        outline.points, (*outline.points[1:], outline.points[0]), strict=True
    ):
        if v != t:
            passes = (v <= y) != (t <= y)
            # Elsewhere an edge that is all but level would divide by all but nothing.
            along = np.divide(y - v, t - v, out=np.zeros_like(y), where=passes)
            inside ^= passes & (x < u + along * (s - u))
    return inside
