"""What files of other programs say is drawn on a picture, before anybody has looked at it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeGuard

from auto_labeling.errors import DataError
from auto_labeling.formats.labeled import bounds
from auto_labeling.shapes import Box, Polygon, Shape

DrawnTask: TypeAlias = Literal["boxes", "polygons", "masks"]
"""The tasks whose answers are drawn (`LabelSchema.is_drawn`)."""
Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""
_ROUNDING = 1e-12
"""The share of a picture that is no area: corners on one line have it once they are fractions."""
_LONGEST = 2**31
"""What no side of a picture has in pixels, in any format; far above it, numbers overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An object of a file that cannot be used, and why."""

    where: str
    """The object within its file."""
    reason: str
    """What was expected, and what is there."""
    label: str | None = None
    """Its class, where the file says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The objects of one picture; no shapes, and none left out: nothing is there."""

    shapes: tuple[Shape, ...]
    size: Size | None = None
    """Of the picture as people see it, where the file says it."""
    left_out: tuple[LeftOut, ...] = ()


def gathered(
    objects: Iterable[tuple[str, str | None, Callable[[], Iterable[Shape]]]], size: Size | None
) -> Drawn:
    """Return the objects of a picture: where each is, its class, how it is read. Bad: left out."""
    shapes: list[Shape] = []
    left_out: list[LeftOut] = []
    for where, label, read in objects:
        try:
            shapes += read()
        except DataError as error:
            left_out.append(LeftOut(where=where, reason=str(error), label=label))
    return Drawn(shapes=tuple(shapes), size=size, left_out=tuple(left_out))


def box_within(
    label: str, edges: tuple[float, float, float, float], score: float | None = None
) -> Box:
    """Return the part of a box that lies in the picture, of its edges as fractions of it.

    Edges are left, top, right and bottom. Raises `DataError` where nothing of it lies there.

    >>> box_within("car", (-0.5, 0.25, 0.5, 0.75))
    Box(label='car', x=0.0, y=0.25, width=0.5, height=0.5, score=None, attributes={})
    """
    if not all(math.isfinite(edge) for edge in edges):
        raise DataError(f"expected finite edges, got {list(edges)}")
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in edges)
    if left >= right or top >= bottom:
        flat = edges[0] >= edges[2] or edges[1] >= edges[3]
        what = "an area above zero" if flat else "a box within the picture"
        raise DataError(f"expected {what}, got edges at {_rounded(edges)} of its sides")
    return Box(label=label, x=left, y=top, width=right - left, height=bottom - top, score=score)


def outline_within(label: str, numbers: list[float], size: Size = (1, 1), **more: Any) -> Polygon:
    """Return an outline x, y, x, y ... in pixels of a picture, its corners drawn into it.

    Raises `DataError` where that has no area.

    >>> outline_within("car", [0, 0, 20, 0, 0, 5], size=(10, 10)).points
    ((0.0, 0.0), (1.0, 0.0), (0.0, 0.5))
    """
    if len(numbers) < 6 or len(numbers) % 2:
        raise DataError(f"expected x and y of three corners or more, got {len(numbers)} numbers")
    if not all(math.isfinite(number) for number in numbers):
        raise DataError("expected finite corners, got some that are not")
    width, height = size
    xs, ys = numbers[::2], numbers[1::2]
    if max(xs) <= 0 or min(xs) >= width or max(ys) <= 0 or min(ys) >= height:
        raise DataError("expected an outline within the picture, got one beside it")
    inside = tuple(
        (min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0))
        for x, y in zip(xs, ys, strict=True)
    )
    outline = Polygon(label=label, points=inside, **more)
    if outline.area < _ROUNDING:
        raise DataError("expected an area above zero, got corners on one line")
    return outline


def in_form(shape: Shape, task: DrawnTask | None) -> Shape:
    """Return a box or an outline as the answers of a task are: around any shape there is a box.

    None: as it stands. Raises `DataError` where the task asks for more than the file says.

    >>> in_form(Polygon(label="car", points=((0, 0), (0.5, 0), (0, 0.5))), "boxes")
    Box(label='car', x=0.0, y=0.0, width=0.5, height=0.5, score=None, attributes={})
    """
    if task == "boxes" and not isinstance(shape, Box):
        return box_within(shape.label, bounds(shape), shape.score)
    if task in (None, "boxes") or (task == "polygons" and isinstance(shape, Polygon)):
        return shape
    raise DataError(f"expected {task}, got a {type(shape).__name__.lower()}")


def is_side(given: Any) -> TypeGuard[int]:
    """Return whether a number of pixels can be the width or the height of a picture."""
    return isinstance(given, int) and 0 < given <= _LONGEST


def expect_size(said: Size | None, seen: Size | None) -> Size:
    """Return the one size of a picture, which its file says or people see.

    Raises `DataError` where neither is known, or where they are not the same.
    """
    known = said or seen
    if known is None:
        raise DataError("expected its width and height, got none")
    if said is None or seen is None or said == seen:
        return known
    turned = ", as if it had not been turned the way its camera was held"
    raise DataError(
        f"expected the {seen[0]} x {seen[1]} pixels that people see, got labels for "
        f"{said[0]} x {said[1]}{turned if said == seen[::-1] else ''}"
    )


def _rounded(edges: Iterable[float]) -> list[float]:
    return [round(edge, 6) for edge in edges]
