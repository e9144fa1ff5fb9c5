"""What a model says of a task, in the words people have for it, as the tool's prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from auto_labeling.backends.label_studio.client import Row
from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio import encode_prediction
from auto_labeling.formats.label_studio.asked import Asked
from auto_labeling.records import Suggestion, Value
from auto_labeling.shapes import Box, Mask, Polygon

_SHAPES = Box | Polygon | Mask


def predictions_of(
    said: Sequence[Any] | None, n: int, asked: Asked, version: str
) -> list[list[Row]]:
    """Return one prediction, or none, for each of `n` tasks.

    What is said of a task is a class, a list of classes or of shapes, a pair of one of these and a
    score in [0, 1], or None. Without a score the prediction has none. Raises `DataError`.
    """
    if said is None:
        return [[] for _ in range(n)]
    if len(said) != n:
        raise DataError(f"predictions: expected one for each of {n}, got {len(said)}")
    return [
        [] if one is None else [_prediction(at, one, asked, version)] for at, one in enumerate(said)
    ]


def _prediction(at: int, said: Any, asked: Asked, version: str) -> Row:
    said, score = scored(said)
    suggestion = Suggestion(
        item_id=str(at),
        value=value_of(said, asked.schema.task),
        score=1.0 if score is None else score,
        model_version=version,
    )
    made = encode_prediction(suggestion, asked.schema, asked.layout)
    if score is None:
        del made["score"]
        for region, shape in zip(made["result"], _parts(suggestion.value), strict=True):
            if isinstance(shape, str) or shape.score is None:
                del region["score"]
    return made


def scored(said: Any) -> tuple[Any, float | None]:
    """Return what is said apart from its score."""
    if isinstance(said, tuple) and len(said) == 2:
        value, score = said
        if isinstance(score, int | float | np.number) and not isinstance(score, bool):
            return value, float(score)
    return said, None


def value_of(said: Any, task: str) -> Value:
    """Return a class, classes or shapes as an answer; whether they fit is not checked.

    >>> value_of(1, "single"), value_of("cat", "multi"), value_of(["cat", "dog"], "multi")
    ('1', ('cat',), ('cat', 'dog'))
    """
    if isinstance(said, list | tuple | np.ndarray):
        several = (one if isinstance(one, _SHAPES) else str(one) for one in said)
        return cast(Value, tuple(several))  # a mixture is refused by encode_prediction
    if isinstance(said, _SHAPES):
        return (said,)
    return (str(said),) if task == "multi" else str(said)


def _parts(value: Value) -> Sequence[Any]:
    """Return what each region of a prediction was made of: classes share one."""
    alone = isinstance(value, str) or all(isinstance(one, str) for one in value)
    return ["choices"] if alone and value else list(value)
