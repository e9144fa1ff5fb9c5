"""Rectangles that somebody turned, in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
_SQUARE_PIXELS = 0.1
"""By how much the corners of a turned box may miss a rectangle."""


def rectangle_of(corners: Sequence[Point]) -> tuple[list[float], float] | None:
    """Return the edges, before it was turned, and the degrees of a rectangle with these corners.

    They go around it, with the clock from the one that was the upper left. None where they are
    those of no rectangle.

    >>> rectangle_of([(25, 5), (25, 25), (15, 25), (15, 5)])
    ([10.0, 10.0, 30.0, 20.0], 90.0)
    """
    if len(corners) != 4:
        return None
    (x, y), (u, v), (s, t), (p, q) = corners
    across, down = math.dist((x, y), (u, v)) / 2, math.dist((x, y), (p, q)) / 2
    middle, height = (x + s) / 2, (y + t) / 2
    edges = [middle - across, height - down, middle + across, height + down]
    degrees = math.degrees(math.atan2(v - y, u - x)) % 360
    again = zip(turned(edges, degrees), corners, strict=True)
    return (edges, degrees) if all(math.dist(*pair) < _SQUARE_PIXELS for pair in again) else None


def turned(edges: Sequence[float], degrees: float) -> list[Point]:
    """Return the corners of a rectangle that is turned clockwise about its middle.

    >>> [(round(x), round(y)) for x, y in turned([10, 10, 30, 20], 90)]
    [(25, 5), (25, 25), (15, 25), (15, 5)]
    """
    left, top, right, bottom = edges
    x, y = (left + right) / 2, (top + bottom) / 2
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    around = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return [
        (x + (u - x) * cos - (v - y) * sin, y + (u - x) * sin + (v - y) * cos) for u, v in around
    ]


def cut(corners: Sequence[Point], size: tuple[int, int]) -> list[Point]:
    """Return what of a convex outline lies within a picture of (width, height) pixels.

    Sutherland and Hodgman 1974, Reentrant polygon clipping.

    >>> cut([(-5, 2), (5, 2), (5, 4), (-5, 4)], (9, 9))
    [(0.0, 2.0), (5, 2), (5, 4), (0.0, 4.0)]
    """
    left = list(corners)
    for axis in (0, 1):
        for sign, limit in ((1, 0.0), (-1, -float(size[axis]))):
            left = _half(left, axis, sign, limit)
    return left


def _half(corners: Sequence[Point], axis: int, sign: int, limit: float) -> list[Point]:
    """Return the part of an outline where `sign * point[axis] >= limit`."""
    kept: list[Point] = []
    for at, point in enumerate(corners):
        before = corners[at - 1]
        inside, came_from = sign * point[axis] - limit, sign * before[axis] - limit
        if inside * came_from < 0:
            share = came_from / (came_from - inside)
            x, y = (a + share * (b - a) for a, b in zip(before, point, strict=True))
            kept.append((x, y))
        if inside >= 0:
            kept.append(point)
    return kept
