"""Whether an answer differs from the suggestion that it started from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio.layout import Layout
from auto_labeling.formats.label_studio.results import read_result
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape

_ROUNDED = 1e-4
"""Coordinates that went through the tool and differ by no more are the same."""


def touched(
    annotation: Mapping[str, Any],
    task: Mapping[str, Any],
    value: Value | None,
    schema: LabelSchema,
    layout: Layout | None,
) -> bool | None:
    """Return whether the answer differs from the prediction it started from, if from any.

    None where it started from none, or from one of somebody else that cannot be read.
    """
    start = _start(annotation, task)
    if value is None or start is None:
        return None
    try:
        suggested = read_result(start.get("result"), schema, layout).value
    except DataError:
        return None
    return suggested is None or not same(value, suggested)


def same(one: Value, other: Value) -> bool:
    """Return whether two answers are the same to the eye.

    >>> box = Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25)
    >>> same((box,), (Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25 + 1e-9),))
    True
    """
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    rest: list[str | Shape] = list(other)
    for part in one:
        twin = next((at for at, two in enumerate(rest) if _alike(part, two)), None)
        if twin is None:
            return False
        del rest[twin]
    return not rest


def _start(annotation: Mapping[str, Any], task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    start = annotation.get("prediction")
    if isinstance(start, Mapping) and "result" in start:  # {} where there was none
        return start
    parent = annotation.get("parent_prediction")
    offered = [one for one in task.get("predictions") or [] if isinstance(one, Mapping)]
    return None if parent is None else next((p for p in offered if p.get("id") == parent), None)


def _alike(one: str | Shape, other: str | Shape) -> bool:
    if isinstance(one, str | Mask) or isinstance(other, str | Mask):
        return one == other
    mine, theirs = _coordinates(one), _coordinates(other)
    return ((type(one), one.label, len(mine)) == (type(other), other.label, len(theirs))) and all(
        abs(a - b) <= _ROUNDED for a, b in zip(mine, theirs, strict=True)
    )


def _coordinates(shape: Box | Polygon) -> tuple[float, ...]:
    if isinstance(shape, Box):
        return shape.x, shape.y, shape.width, shape.height
    return tuple(edge for point in shape.points for edge in point)
