"""Shapes as CVAT holds them: points in pixels there, fractions of the picture here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat.masks import decode_mask, encode_mask
from auto_labeling.formats.cvat.turned import Point, cut, rectangle_of, turned
from auto_labeling.formats.labeled import bounds
from auto_labeling.shapes import Box, Mask, Polygon, Shape

Size: TypeAlias = tuple[int, int]
"""Width and height of a picture in pixels, as people see it."""
_SLACK_PIXELS = 0.5
"""By how much a point may lie beside the picture: tools round."""
_UPRIGHT = 1e-3
"""Degrees: over 4,000 pixels, less than a tenth of one."""
_NOTHING = 1e-9
"""Pixels that are the noise of an outline without any."""


def encode_shape(shape: Shape, size: Size) -> dict[str, Any]:
    """Return the type, the points and the rotation of a shape, less its label.

    Raises `DataError` for a mask of another size.

    >>> encode_shape(Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25), (200, 100))
    {'type': 'rectangle', 'points': [50.0, 50.0, 150.0, 75.0], 'rotation': 0.0}
    """
    width, height = size
    match shape:
        case Box():
            left, top, right, bottom = bounds(shape)
            return _rectangle([left * width, top * height, right * width, bottom * height])
        case Polygon():
            inside = [min(max(edge, 0.0), 1.0) for point in shape.points for edge in point]
            points = [edge * size[at % 2] for at, edge in enumerate(inside)]
            return {"type": "polygon", "points": points, "rotation": 0.0}
        case Mask():
            if (shape.width, shape.height) != tuple(size):
                raise DataError(
                    f"mask {shape.label!r}: expected {width} x {height} pixels, as the picture "
                    f"has, got {shape.width} x {shape.height}"
                )
            return {"type": "mask", "points": encode_mask(shape), "rotation": 0.0}


def encode_turned(corners: Polygon, size: Size) -> dict[str, Any]:
    """Return the outline of a box that somebody turned as a rectangle again.

    Other outlines become the upright rectangle around them.
    """
    width, height = size
    if found := rectangle_of([(x * width, y * height) for x, y in corners.points]):
        edges, rotation = found
        return {**_rectangle(edges), "rotation": rotation}
    left, top, right, bottom = bounds(corners)
    return _rectangle([left * width, top * height, right * width, bottom * height])


def decode_shape(
    row: Mapping[str, Any], size: Size, label: str, attributes: Mapping[str, Any] | None = None
) -> Shape:
    """Return a rectangle, a polygon or a mask of the annotations as a shape.

    A rectangle that is turned is a polygon, cut off where the picture ends. Raises `DataError`
    where the points lie outside the picture by more than half a pixel, enclose nothing, or are no
    points of such a shape.
    """
    kind, points = row.get("type"), row.get("points")
    what = f"{kind} {label!r}"
    shape: Shape
    if kind == "mask":
        shape = decode_mask(_numbers(points, what), size, label)
    elif kind == "polygon":
        pairs = _pairs(_numbers(points, what), what)
        outline = _within(pairs, size, what)
        if len(outline) > 2 and _area(outline) < _NOTHING:
            raise DataError(
                f"{what}: expected an area above zero, got {len(outline)} points in line"
            )
        shape = Polygon(label=label, points=_fractions(outline, size))
    elif kind == "rectangle":
        shape = _box(row, _numbers(points, what), size, label)
    else:
        raise DataError(f"expected a rectangle, a polygon or a mask, got {what}")
    return replace(shape, attributes=dict(attributes)) if attributes else shape


def _box(row: Mapping[str, Any], edges: Sequence[float], size: Size, label: str) -> Shape:
    what = f"rectangle {label!r}"
    if len(edges) != 4:
        raise DataError(f"{what}: expected two corners, got {len(edges)} numbers")
    [given] = _numbers([row.get("rotation") or 0], f"{what}: rotation")
    rotation = math.remainder(given, 360)
    upright = abs(rotation) < _UPRIGHT
    (left, top), (right, bottom) = (
        _within(_pairs(edges, what), size, what) if upright else _pairs(edges, what)
    )
    if not (left < right and top < bottom):
        raise DataError(f"{what}: expected an area above zero, got the corners {list(edges)}")
    if upright:
        [(x, y), (u, v)] = _fractions([(left, top), (right, bottom)], size)
        return Box(label=label, x=x, y=y, width=u - x, height=v - y)
    # CVAT cannot keep a turned rectangle within the picture, so that one may well reach beyond.
    seen = cut(turned([left, top, right, bottom], rotation), size)
    if len(seen) < 3:
        raise DataError(f"{what}: expected it to touch the picture of {size[0]} x {size[1]} pixels")
    return Polygon(label=label, points=_fractions(seen, size))


def _rectangle(edges: list[float]) -> dict[str, Any]:
    return {"type": "rectangle", "points": edges, "rotation": 0.0}


def _area(outline: Sequence[Point]) -> float:
    """Return the pixels within an outline, by the shoelace formula."""
    turned = [*outline[1:], outline[0]]
    pairs = zip(outline, turned, strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2


def _within(points: Sequence[Point], size: Size, what: str) -> list[Point]:
    """Return points, on the border where they pass it by no more than rounding does."""
    for x, y in points:
        beside = max(-x, -y, x - size[0], y - size[1])
        if not beside <= _SLACK_PIXELS:
            raise DataError(
                f"{what}: expected points within {size[0]} x {size[1]} pixels, got ({x:g}, {y:g})"
            )
    return [(min(max(x, 0.0), size[0]), min(max(y, 0.0), size[1])) for x, y in points]


def _fractions(points: Sequence[Point], size: Size) -> tuple[Point, ...]:
    width, height = size
    return tuple((min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)) for x, y in points)


def _pairs(numbers: Sequence[float], what: str) -> list[Point]:
    if len(numbers) % 2:
        raise DataError(f"{what}: expected pairs of pixels, got {len(numbers)} numbers")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _numbers(given: Any, what: str) -> list[float]:
    """Return finite numbers. Raises `DataError`."""
    if not isinstance(given, list | tuple) or not all(
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
        for one in given
    ):
        raise DataError(f"{what}: expected numbers of pixels, got {given!r:.60}")
    return [float(one) for one in given]
