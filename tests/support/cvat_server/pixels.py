"""Masks and outlines as pixels, written again so that the library is held to another's code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from tests.support.cvat_server.records import Shape

Grid = npt.NDArray[np.bool_]


def runs(flat: npt.NDArray[Any]) -> list[int]:
    """Return the lengths of equal runs; the first is of zeros, and may be 0."""
    cuts = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    lengths = np.diff(np.concatenate([[0], cuts, [flat.size]])).tolist()
    return [0, *lengths] if flat.size and flat[0] else lengths


def unrolled(lengths: list[int]) -> Grid:
    """Return the pixels of runs that begin with zeros."""
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)


def grid(shape: Shape, width: int, height: int) -> Grid:
    """Return (height, width) pixels: those that a mask has, a polygon covers or an ellipse."""
    if shape.type == "mask":
        return _uncropped(shape.points, width, height)
    canvas = Image.new("1", (width, height))
    ImageDraw.Draw(canvas).polygon(outline(shape), fill=1)
    return np.asarray(canvas, dtype=bool)


def outline(shape: Shape) -> list[tuple[float, float]]:
    """Return the corners of a shape, turned by its rotation."""
    xs, ys = shape.points[::2], shape.points[1::2]
    if shape.type == "ellipse":
        middle, reach = (xs[0], ys[0]), (xs[1] - xs[0], ys[0] - ys[1])
        angles = [math.tau * at / 64 for at in range(64)]
        corners = [
            (middle[0] + reach[0] * math.cos(at), middle[1] + reach[1] * math.sin(at))
            for at in angles
        ]
    elif shape.type == "rectangle":
        middle = (sum(xs) / 2, sum(ys) / 2)
        corners = [(xs[0], ys[0]), (xs[1], ys[0]), (xs[1], ys[1]), (xs[0], ys[1])]
    else:
        return list(zip(xs, ys, strict=True))
    cos, sin = (one(math.radians(shape.rotation)) for one in (math.cos, math.sin))
    moved = [(x - middle[0], y - middle[1]) for x, y in corners]
    return [(middle[0] + x * cos - y * sin, middle[1] + x * sin + y * cos) for x, y in moved]


def points(pixels: Grid) -> list[float]:
    """Return a mask as CVAT stores it: runs of the crop, then left, top, right, bottom."""
    ys, xs = np.nonzero(pixels)
    if not ys.size:
        raise ValueError("an empty mask")
    left, top, right, bottom = (int(one) for one in (xs.min(), ys.min(), xs.max(), ys.max()))
    crop = pixels[top : bottom + 1, left : right + 1]
    return [float(one) for one in (*runs(crop.ravel()), left, top, right, bottom)]


def overlap(one: Shape, other: Shape, width: int, height: int) -> float:
    """Return the intersection over union of two shapes of one type; 0 apart, 1 the same."""
    if one.points == other.points and one.rotation == other.rotation:
        return 1.0
    if one.type == "rectangle" and not one.rotation and not other.rotation:
        return _boxes(one.points, other.points)
    if one.type in ("points", "polyline"):
        return _boxes(_bounds(one.points), _bounds(other.points))
    here, there = grid(one, width, height), grid(other, width, height)
    union = np.count_nonzero(here | there)
    return float(np.count_nonzero(here & there) / union) if union else 0.0


def _boxes(one: list[float], other: list[float]) -> float:
    def area(box: list[float]) -> float:
        return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])

    low = [max(a, b) for a, b in zip(one[:2], other[:2], strict=True)]
    high = [min(a, b) for a, b in zip(one[2:], other[2:], strict=True)]
    shared = area([*low, *high])
    return shared / (area(one) + area(other) - shared) if shared else 0.0


def _bounds(given: list[float]) -> list[float]:
    xs, ys = given[::2], given[1::2]
    return [min(xs) - 1, min(ys) - 1, max(xs) + 1, max(ys) + 1]


def _uncropped(given: list[float], width: int, height: int) -> Grid:
    *lengths, left, top, right, bottom = (int(one) for one in given)
    pixels = np.zeros((height, width), dtype=bool)
    crop = unrolled(lengths).reshape(bottom - top + 1, right - left + 1)
    pixels[top : bottom + 1, left : right + 1] = crop
    return pixels
