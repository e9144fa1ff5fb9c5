"""One outline or mask of several people's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.masks import mask_of, pixels_of, runs_within
from auto_labeling.formats.outlines import outline_of
from auto_labeling.formats.overlaps import within
from auto_labeling.quality.staple import staple
from auto_labeling.shapes import Box, Mask, Polygon, Shape

_POINTS = 256
"""Points a side, over the part of the picture that anybody drew on, at which outlines are fused."""


def fused_pixels(label: str, shapes: Sequence[Shape]) -> Shape:
    """Return what is inside by STAPLE: a mask where somebody painted one, else a polygon.

    A mask is on the finest grid of those painted; a polygon is the outline of the largest part.
    Memory goes by the people times the points of the part that anybody drew on.
    """
    masks = [shape for shape in shapes if isinstance(shape, Mask)]
    edges = np.array([bounds(shape) for shape in shapes])
    low, high = edges[:, :2].min(axis=0), edges[:, 2:].max(axis=0)
    if masks:
        finest = max(masks, key=lambda mask: (mask.height * mask.width, mask.height))
        size = np.array([finest.width, finest.height])
        left, top = np.floor(low * size + 1e-6).astype(int).tolist()
        right, bottom = np.ceil(high * size - 1e-6).astype(int).tolist()
        x = (np.arange(left, max(right, left + 1)) + 0.5) / finest.width
        y = (np.arange(top, max(bottom, top + 1)) + 0.5) / finest.height
        inside = _inside(shapes, x, y)
        runs = runs_within(inside, left, top, (finest.height, finest.width))
        if runs is None:
            return finest
        return Mask(label=label, height=finest.height, width=finest.width, runs=runs)
    steps = (np.arange(_POINTS) + 0.5) / _POINTS
    inside = _inside(shapes, low[0] + steps * (high - low)[0], low[1] + steps * (high - low)[1])
    if not inside.any():  # slivers between the points
        return shapes[0]
    outline = outline_of(mask_of(label, inside))
    points = low + np.array(outline.points) * (high - low)
    return Polygon(label=label, points=tuple((float(u), float(v)) for u, v in points.clip(0, 1)))


def _inside(
    shapes: Sequence[Shape], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return (height, width) which points are inside by all that people drew."""
    drawn = np.stack([_covered(shape, x, y).ravel() for shape in shapes])
    probable = staple(drawn)
    if (probable < 0.5).all():
        probable = drawn.mean(axis=0)
    inside: NDArray[np.bool_] = (probable >= min(0.5, probable.max())) & drawn.any(axis=0)
    return inside.reshape(len(y), len(x))


def _covered(shape: Shape, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return (height, width) which points of a grid a shape covers."""
    match shape:
        case Mask():
            rows = (y * shape.height).astype(int).clip(0, shape.height - 1)
            columns = (x * shape.width).astype(int).clip(0, shape.width - 1)
            covered: NDArray[np.bool_] = pixels_of(shape)[np.ix_(rows, columns)]
        case Box():
            down = (shape.y <= y) & (y < shape.y + shape.height)
            covered = down[:, None] & ((shape.x <= x) & (x < shape.x + shape.width))
        case Polygon():
            across, along = np.meshgrid(x, y)
            covered = within(shape, across, along)
    return covered
