"""What a script says of a picture, also in the tuples and mappings that other tools speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from auto_labeling.by_hand.suggesting import scored, value_of
from auto_labeling.errors import DataError
from auto_labeling.formats.cvat.shapes import Size, decode_shape
from auto_labeling.formats.labeled import is_there
from auto_labeling.shapes import Shape

Said: TypeAlias = tuple[tuple[str | Shape, ...], float | None]
"""Classes and shapes of one picture, and the score of all of them where one was given."""
_KINDS = ("rectangle", "polygon", "mask")
_KEYS = frozenset({"label", "bbox", "type", "points", "score", "attributes"})
_BOX = (5, 6)
"""How long a tuple is that is a box: a label and two corners, and perhaps a score."""


def said_of(said: Any, size: Size) -> Said:
    """Return what is said of a picture of (width, height) pixels. Raises `DataError`.

    >>> said_of([("car", 50, 20, 150, 70)], (200, 100))[0][0].x
    0.25
    """
    said, score = scored(said)
    if said is None:
        return (), score
    if _is_plain(said):
        said = [said]
    if isinstance(said, list | tuple):
        said = [_shape(one, size) if _is_plain(one) else one for one in said]
    value = value_of(said, "multi")
    parts: Sequence[str | Shape] = (value,) if isinstance(value, str) else value
    return tuple(part for part in parts if isinstance(part, str) or is_there(part)), score


def _is_plain(one: Any) -> bool:
    if isinstance(one, Mapping):
        return True
    numbers = isinstance(one, list | tuple) and len(one) in _BOX and isinstance(one[0], str)
    return numbers and not any(isinstance(edge, str) for edge in one[1:])


def _shape(one: Any, size: Size) -> Shape:
    if not isinstance(one, Mapping):
        label, *edges = one
        given = {"label": label, "type": "rectangle", "points": edges[:4]}
        return _shape(given | ({"score": edges[4]} if len(edges) > 4 else {}), size)
    if strange := sorted(map(str, set(one) - _KEYS)):
        raise DataError(f"expected keys out of {', '.join(sorted(_KEYS))}, got {strange}")
    label = one.get("label")
    if not isinstance(label, str):
        raise DataError(f"expected the name of a class under 'label', got {label!r:.60}")
    shape = decode_shape(_row(one, label), size, label, one.get("attributes"))
    score = one.get("score")
    return shape if score is None else replace(shape, score=_numbers([score], label)[0])


def _row(one: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return a shape as CVAT holds it."""
    if ("bbox" in one) == ("points" in one):
        raise DataError(
            f"{label!r}: expected either 'bbox' or 'type' and 'points', got {one!r:.60}"
        )
    if "bbox" in one:
        edges = _numbers(one["bbox"], label)
        if len(edges) != 4:
            raise DataError(f"{label!r}: expected [left, top, width, height], got {edges}")
        left, top, width, height = edges
        return {"type": "rectangle", "points": [left, top, left + width, top + height]}
    if one.get("type") not in _KINDS:
        raise DataError(
            f"{label!r}: expected a type out of {', '.join(_KINDS)}, got {one.get('type')!r:.60}"
        )
    return {"type": one["type"], "points": _numbers(one["points"], label)}


def _numbers(given: Any, label: str) -> list[float]:
    """Return numbers one after another; corners may be given in pairs."""
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{label!r}: expected numbers, got {given!r:.60}") from error
    return [float(one) for one in found.ravel()]
