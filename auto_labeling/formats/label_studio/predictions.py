"""Suggestions as predictions, checked before they leave: the server accepts a score of 17."""

from __future__ import annotations

from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio.layout import SHAPES, Layout, control_of
from auto_labeling.formats.label_studio.shapes import NOUNS, encode_shape
from auto_labeling.records import LabelSchema, Suggestion, Value
from auto_labeling.shapes import Shape


def encode_prediction(
    suggestion: Suggestion, schema: LabelSchema, layout: Layout
) -> dict[str, Any]:
    """Return a suggestion as Label Studio takes it; raises `DataError` where it is none.

    A shape without a score of its own has that of the suggestion.

    >>> one = Suggestion(item_id="7", value="cat", score=17, model_version="r1")
    >>> encode_prediction(one, LabelSchema(task="single", classes=("cat", "dog")), Layout())
    Traceback (most recent call last):
    auto_labeling.errors.DataError: suggestion for item '7': expected a score in [0, 1], got 17
    """
    try:
        _check_score(suggestion.score)
        values = _drawn if schema.task in SHAPES else _chosen
        regions = [
            {
                "id": f"{layout.control}-{at}",
                "from_name": layout.control,
                "to_name": layout.shown,
                "type": control_of(schema).lower(),
                "score": float(suggestion.score),
                **region,
            }
            for at, region in enumerate(values(suggestion.value, schema))
        ]
    except DataError as error:
        raise DataError(f"suggestion for item {suggestion.item_id!r}: {error}") from error
    return {
        "model_version": suggestion.model_version,
        "score": float(suggestion.score),
        "result": regions,
    }


def _chosen(value: Value, schema: LabelSchema) -> list[dict[str, Any]]:
    if (schema.task == "single") != isinstance(value, str):
        expected = "one class" if schema.task == "single" else "a set of classes"
        raise DataError(f"expected {expected}, got {value!r}")
    names = [value] if isinstance(value, str) else list(value)
    if strange := [name for name in names if name not in schema.classes]:
        raise DataError(f"expected classes out of {list(schema.classes)}, got {strange}")
    return [{"value": {"choices": names}}] if names else []


def _drawn(value: Value, schema: LabelSchema) -> list[dict[str, Any]]:
    noun = NOUNS[schema.task]
    shapes = [value] if isinstance(value, str) else value
    for shape in shapes:
        if not isinstance(shape, noun):
            raise DataError(f"expected a {noun.__name__}, got {shape!r}")
        if shape.label not in schema.classes:
            raise DataError(f"expected a class out of {list(schema.classes)}, got {shape.label!r}")
        if shape.score is not None:
            _check_score(shape.score)
    return [_region(shape, schema) for shape in shapes if not isinstance(shape, str)]


def _region(shape: Shape, schema: LabelSchema) -> dict[str, Any]:
    value, beside = encode_shape(shape)
    scored = {} if shape.score is None else {"score": float(shape.score)}
    return {"value": {**value, control_of(schema).lower(): [shape.label]}, **beside, **scored}


def _check_score(score: float) -> None:
    if not 0 <= score <= 1:  # nan as well
        raise DataError(f"expected a score in [0, 1], got {score}")
