"""Shapes as regions: percent of the image there, fractions of it here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio.brush import decode_rle, encode_rle
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.shapes import Box, Mask, Polygon, Shape

NOUNS: Mapping[str, type[Shape]] = {"boxes": Box, "polygons": Polygon, "masks": Mask}
"""Task -> what its answers are made of."""
_SLACK = 1e-5
"""By how much the tool's own drawing passes an edge: a thousandth of a percent."""
_UPRIGHT = 1e-3
"""Degrees: over 4,000 pixels, less than a tenth of one."""


def encode_shape(shape: Shape) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the value of a region, less its label, and what stands beside it.

    >>> encode_shape(Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25))
    ({'x': 25.0, 'y': 50.0, 'width': 50.0, 'height': 25.0, 'rotation': 0}, {})
    """
    match shape:
        case Box():
            x, y = _percent(shape.x), _percent(shape.y)
            right, bottom = _percent(shape.x + shape.width), _percent(shape.y + shape.height)
            return {"x": x, "y": y, "width": right - x, "height": bottom - y, "rotation": 0}, {}
        case Polygon():
            points = [[_percent(x), _percent(y)] for x, y in shape.points]
            return {"points": points, "closed": True}, {}
        case Mask():
            size = {"original_width": shape.width, "original_height": shape.height}
            rle = encode_rle(pixels_of(shape))
            return {"format": "rle", "rle": rle}, {**size, "image_rotation": 0}


def decode_shape(region: Mapping[str, Any], task: str, label: str) -> Shape | None:
    """Return the shape of a region; None where all of a mask was wiped out again.

    Raises `DataError`. A box that was turned is a polygon.
    """
    if region.get("image_rotation"):
        raise DataError(
            f"region {label!r}: expected an image that is not turned, "
            f"got image_rotation {region['image_rotation']!r}"
        )
    value = region["value"]
    if task == "boxes":
        return _box(region, value, label)
    if task == "polygons":
        return Polygon(label=label, points=_fractions(_points(value.get("points"))))
    if value.get("format") != "rle":
        raise DataError(f"region {label!r}: expected the format 'rle', got {value.get('format')!r}")
    width, height = _size(region)
    pixels = decode_rle(value.get("rle"), height, width)
    return mask_of(label, pixels) if pixels.any() else None


def _box(region: Mapping[str, Any], value: Mapping[str, Any], label: str) -> Shape:
    x, y, width, height = (_number(value.get(name), name) for name in ("x", "y", "width", "height"))
    rotation = math.remainder(_number(value.get("rotation") or 0, "rotation"), 360)
    if abs(rotation) < _UPRIGHT:
        (left, top), (right, bottom) = _fractions([(x, y), (x + width, y + height)])
        return Box(label=label, x=left, y=top, width=right - left, height=bottom - top)
    # It is turned clockwise about its first corner, in pixels, which need not be square in percent.
    across, down = _size(region)
    cos, sin = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    aspect = down / across
    corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    points = [(x + u * cos - v * sin * aspect, y + u * sin / aspect + v * cos) for u, v in corners]
    return Polygon(label=label, points=_fractions(points))


def _points(given: Any) -> list[tuple[float, float]]:
    try:
        return [(_number(x, "point"), _number(y, "point")) for x, y in given]
    except (TypeError, ValueError) as error:
        raise DataError(f"points: expected pairs of percent, got {given!r:.40}") from error


def _fractions(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    return tuple((_fraction(x), _fraction(y)) for x, y in points)


def _fraction(percent: float) -> float:
    """Return a fraction, on the edge where it passes it by no more than the tool does."""
    fraction = percent / 100
    edge = min(max(fraction, 0.0), 1.0)
    return edge if abs(fraction - edge) <= _SLACK else fraction


def _percent(fraction: float) -> float:
    return float(min(max(fraction * 100, 0.0), 100.0))


def _number(given: Any, name: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise DataError(f"{name}: expected a number of percent, got {given!r}")
    return float(given)


def _size(region: Mapping[str, Any]) -> tuple[int, int]:
    """Return the width and the height of the image in pixels."""
    sides = region.get("original_width"), region.get("original_height")
    for side in sides:
        if isinstance(side, bool) or not isinstance(side, int) or side < 1:
            raise DataError(f"expected original_width and original_height in pixels, got {sides}")
    width, height = sides
    return int(width or 0), int(height or 0)
