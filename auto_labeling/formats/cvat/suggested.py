"""Suggestions as tags and shapes of a frame, checked before they leave: CVAT takes anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat.attributes import SCORE
from auto_labeling.formats.cvat.labels import Label, Labels
from auto_labeling.formats.cvat.shapes import Size, encode_shape
from auto_labeling.formats.labeled import is_there
from auto_labeling.records import LabelSchema, Suggestion, Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape

AUTO = "auto"
"""The `source` of what a model drew, until somebody changes it."""
_NOUNS: Mapping[str, type[Shape]] = {"boxes": Box, "polygons": Polygon, "masks": Mask}
"""Task -> what its suggestions are made of."""


def suggested(
    frame: int,
    suggestion: Suggestion,
    schema: LabelSchema,
    labels: Labels,
    size: Size,
) -> dict[str, list[dict[str, Any]]]:
    """Return `{"tags": [...], "shapes": [...]}` of a frame of (width, height) pixels.

    Their `source` is `auto`; the score goes into the attribute `score` where the label has one for
    text. A shape without a score of its own has that of the suggestion; attributes that the label
    does not have are left out. Raises `DataError` where the suggestion is no answer.

    >>> rows = [{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}]
    >>> schema = LabelSchema(task="single", classes=("cat", "dog"))
    >>> one = Suggestion(item_id="7", value="dog", score=0.9, model_version="r1")
    >>> suggested(0, one, schema, Labels.of(rows, schema), (320, 240))["tags"]
    [{'frame': 0, 'label_id': 4, 'group': 0, 'source': 'auto', 'attributes': []}]
    """
    try:
        score = score_text(suggestion.score)
        if schema.task in _NOUNS:
            shapes = _drawn(suggestion.value, schema)
            return {
                "tags": [],
                "shapes": [
                    {
                        **tag_row(frame, labels.by_name[one.label], told_of(one, score)),
                        **encode_shape(one, size),
                        "occluded": False,
                        "z_order": 0,
                    }
                    for one in shapes
                ],
            }
        told = {SCORE: score}
        names = _chosen(suggestion.value, schema)
        return {"tags": [tag_row(frame, labels.by_name[one], told) for one in names], "shapes": []}
    except DataError as error:
        raise DataError(f"suggestion for item {suggestion.item_id!r}: {error}") from error


def count_of(suggestion: Suggestion, schema: LabelSchema) -> int:
    """Return how many tags and shapes `suggested` makes, whatever the picture's size.

    Raises `DataError` where the suggestion is no answer.

    >>> schema = LabelSchema(task="multi", classes=("cat", "dog"))
    >>> count_of(Suggestion(item_id="7", value=("dog",), score=0.9, model_version="r1"), schema)
    1
    """
    try:
        score_text(suggestion.score)
        if schema.task in _NOUNS:
            return len(_drawn(suggestion.value, schema))
        return len(_chosen(suggestion.value, schema))
    except DataError as error:
        raise DataError(f"suggestion for item {suggestion.item_id!r}: {error}") from error


def tag_row(
    frame: int, label: Label, told: Mapping[str, Any], source: str = AUTO
) -> dict[str, Any]:
    """Return a tag as annotations hold it; what else a shape needs is added to it."""
    specs = {name: label.attributes[name] for name in told if name in label.attributes}
    texts = {spec.spec_id: spec.write(told[name]) for name, spec in specs.items()}
    return {
        "frame": frame,
        "label_id": label.label_id,
        "group": 0,
        "source": source,
        "attributes": [
            {"spec_id": spec_id, "value": text}
            for spec_id, text in texts.items()
            if text is not None
        ],
    }


def told_of(shape: Shape, score: str | None) -> dict[str, Any]:
    """Return the attributes of a shape, with its own score or, where it has none, this one."""
    own = score if shape.score is None else score_text(shape.score)
    return {**shape.attributes, **({} if own is None else {SCORE: own})}


def _chosen(value: Value, schema: LabelSchema) -> list[str]:
    if (schema.task == "single") != isinstance(value, str):
        expected = "one class" if schema.task == "single" else "a set of classes"
        raise DataError(f"expected {expected}, got {value!r}")
    names: Sequence[Any] = [value] if isinstance(value, str) else list(value)
    if strange := [name for name in names if name not in schema.classes]:
        raise DataError(f"expected classes out of {list(schema.classes)}, got {strange}")
    return list(dict.fromkeys(names))


def _drawn(value: Value, schema: LabelSchema) -> list[Shape]:
    """Return the shapes of which anything lies in the picture."""
    noun = _NOUNS[schema.task]
    found: list[Shape] = []
    for shape in [value] if isinstance(value, str) else value:
        if isinstance(shape, str) or not isinstance(shape, noun):
            raise DataError(f"expected a {noun.__name__}, got {shape!r}")
        if shape.label not in schema.classes:
            raise DataError(f"expected a class out of {list(schema.classes)}, got {shape.label!r}")
        if is_there(shape):
            found.append(shape)
    return found


def score_text(score: float) -> str:
    """Return a score as the text of an attribute. Raises `DataError` where it is none.

    >>> score_text(0.123456)
    '0.1235'
    """
    if not 0 <= score <= 1:  # nan as well
        raise DataError(f"expected a score in [0, 1], got {score}")
    return f"{score:.4g}"
