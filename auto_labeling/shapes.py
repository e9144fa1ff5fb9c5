"""What people draw on a picture: boxes, polygons and masks, in fractions of it or as its pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from auto_labeling.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One labelled rectangle in fractions of the image, origin at the top left.

    >>> Box(label="car", x=0.1, y=0.2, width=0.3, height=0.4).area
    0.12
    """

    label: str
    x: float
    y: float
    width: float
    height: float
    score: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        edges = (self.x, self.y, self.width, self.height)
        if not all(math.isfinite(edge) for edge in edges):
            raise DataError(f"box {self.label!r}: expected finite fractions, got {edges}")
        if self.width <= 0 or self.height <= 0:
            raise DataError(f"box {self.label!r}: expected an area above zero, got {edges}")
        slack = 1e-6  # a right edge of 1.0 that went through percent and back
        right, bottom = self.x + self.width, self.y + self.height
        if min(self.x, self.y) < -slack or max(right, bottom) > 1 + slack:
            raise DataError(f"box {self.label!r}: expected fractions within the image, got {edges}")

    @property
    def area(self) -> float:
        """Fraction of the image that the box covers."""
        return self.width * self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon:
    """One labelled outline: corners in order, as (x, y) fractions of the image from the top left.

    >>> Polygon(label="car", points=((0, 0), (1, 0), (0, 1))).area
    0.5
    """

    label: str
    points: tuple[tuple[float, float], ...]
    score: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise DataError(
                f"polygon {self.label!r}: expected three points or more, got {len(self.points)}"
            )
        slack = 1e-6  # as a box
        for point in self.points:
            if not all(math.isfinite(edge) for edge in point):
                raise DataError(f"polygon {self.label!r}: expected finite fractions, got {point}")
            if min(point) < -slack or max(point) > 1 + slack:
                raise DataError(
                    f"polygon {self.label!r}: expected fractions within the image, got {point}"
                )
        if self.area <= 0:
            raise DataError(f"polygon {self.label!r}: expected an area above zero, got {self.area}")

    @property
    def area(self) -> float:
        """Fraction of the image within the outline, by the shoelace formula."""
        turned = (*self.points[1:], self.points[0])
        pairs = zip(self.points, turned, strict=True)
        return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """One labelled set of pixels, run-length encoded as COCO's uncompressed `counts` are.

    `runs` counts pixels down the columns, from the left one on: outside, inside, outside ... A mask
    that begins inside begins with a run of 0, and no other run is 0, so that equal pixels have
    equal runs. `formats.masks` makes one of an array and the array again.

    >>> Mask(label="car", height=2, width=3, runs=(0, 2, 3, 1)).area
    0.5
    """

    label: str
    height: int
    width: int
    runs: tuple[int, ...]
    score: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise DataError(
                f"mask {self.label!r}: expected a height and a width of 1 or more, "
                f"got {(self.height, self.width)}"
            )
        if len(self.runs) < 2:
            raise DataError(f"mask {self.label!r}: expected at least one pixel inside, got none")
        if self.runs[0] < 0 or min(self.runs[1:]) < 1:
            raise DataError(f"mask {self.label!r}: expected no run below 1 but the first of 0")
        if sum(self.runs) != self.height * self.width:
            raise DataError(
                f"mask {self.label!r}: expected runs over {self.height} x {self.width} pixels, "
                f"got {sum(self.runs)}"
            )

    @property
    def area(self) -> float:
        """Fraction of the image that the pixels inside cover."""
        return sum(self.runs[1::2]) / (self.height * self.width)


Shape: TypeAlias = Box | Polygon | Mask
