"""Answers of every kind as JSON text, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape


def encode_value(value: Value) -> str:
    """Return JSON; the same answer gives the same text.

    >>> encode_value("cat"), encode_value(("cat", "dog"))
    ('"cat"', '["cat", "dog"]')
    >>> encode_value((Box(label="car", x=0.1, y=0.2, width=0.3, height=0.4),))
    '[{"label": "car", "box": [0.1, 0.2, 0.3, 0.4]}]'
    """
    if isinstance(value, str):
        plain: Any = value
    else:
        plain = [one if isinstance(one, str) else _plain(one) for one in value]
    return json.dumps(plain, ensure_ascii=False, allow_nan=False)


def decode_value(text: str) -> Value:
    """Return the answer that `encode_value` wrote.

    >>> decode_value('["cat", "dog"]')
    ('cat', 'dog')
    """
    plain = json.loads(text)
    if isinstance(plain, str):
        return plain
    if all(isinstance(one, str) for one in plain):
        return tuple(plain)
    return tuple(_shape(one) for one in plain)


def write_label(value: Value) -> str:
    """Return a label as data sets hold it: the bare name of a single class, else JSON.

    >>> write_label("cat"), write_label(("cat", "dog"))
    ('cat', '["cat", "dog"]')
    """
    return value if isinstance(value, str) else encode_value(value)


def read_label(text: str, schema: LabelSchema) -> Value:
    """Return the label that `write_label` wrote."""
    return text if schema.task == "single" else decode_value(text)


def names_in_cell(cell: Any) -> list[str]:
    """Return the classes that a cell of a table names: a list, its JSON, or names between bars.

    >>> names_in_cell('["cat", "dog"]'), names_in_cell("cat|dog"), names_in_cell("[]")
    (['cat', 'dog'], ['cat', 'dog'], [])
    """
    if isinstance(cell, str) and cell.startswith("["):
        try:
            cell = json.loads(cell)
        except ValueError as error:
            raise DataError(f"expected a JSON list, got {cell!r}") from error
    if cell is None or cell == "":
        return []
    names = cell.split("|") if isinstance(cell, str) else cell
    return list(dict.fromkeys(str(name) for name in names))


def _plain(shape: Shape) -> dict[str, Any]:
    plain: dict[str, Any] = {"label": shape.label}
    match shape:
        case Box():
            plain["box"] = [shape.x, shape.y, shape.width, shape.height]
        case Polygon():
            plain["polygon"] = shape.points
        case Mask():
            plain["mask"] = {"size": [shape.height, shape.width], "runs": shape.runs}
    if shape.score is not None:
        plain["score"] = shape.score
    if shape.attributes:
        plain["attributes"] = dict(shape.attributes)
    return plain


def _shape(plain: Mapping[str, Any]) -> Shape:
    told = {name: plain[name] for name in ("label", "score", "attributes") if name in plain}
    match plain:
        case {"box": [x, y, width, height]}:
            return Box(x=x, y=y, width=width, height=height, **told)
        case {"polygon": points}:
            return Polygon(points=tuple((x, y) for x, y in points), **told)
        case {"mask": {"size": [height, width], "runs": runs}}:
            return Mask(height=height, width=width, runs=tuple(runs), **told)
    raise DataError(f"expected a box, a polygon or a mask, got {sorted(plain)}")
