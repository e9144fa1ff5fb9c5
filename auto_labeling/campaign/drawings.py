"""What a model learns of pictures on which people draw: boxes, polygons and masks."""

# ruff: noqa: ARG002 - every lesson is asked alike, whether it uses what it is told or not

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign import drawn_metrics
from auto_labeling.detections import Detections
from auto_labeling.errors import DataError
from auto_labeling.formats.outlines import outline_of
from auto_labeling.models.fitting import Fitted
from auto_labeling.ports import Detects, LearnsDrawings, Model, Shift
from auto_labeling.records import Interval, LabelSchema, Value, shapes_of
from auto_labeling.shapes import Mask, Shape


@dataclass(frozen=True, slots=True)
class Drawings:
    """An item is a picture with any number of objects; targets are what is drawn on each.

    >>> from auto_labeling.shapes import Box
    >>> car = Box(label="car", x=0.1, y=0.2, width=0.3, height=0.4)
    >>> Drawings(LabelSchema(task="boxes", classes=("car",))).targets([(car,), ("cannot_tell",)])
    [(Box(label='car', x=0.1, y=0.2, width=0.3, height=0.4, score=None, attributes={}),), ()]
    """

    shown_as: ClassVar[frozenset[str]] = frozenset({"detections", "mirrored"})
    schema: LabelSchema

    def targets(self, values: Sequence[Value | None]) -> list[tuple[Shape, ...]]:
        return [shapes_of(value) for value in values]

    def fit(self, model: Model, X: Any, values: Sequence[Value | None]) -> Fitted:
        if not isinstance(model, LearnsDrawings):
            raise DataError(f"{type(model).__name__} cannot learn {self.schema.task}")
        model.learn(X, self.targets(values), self.schema)
        return Fitted(model=model, classes=np.arange(len(self.schema.classes)), width=0)

    def predict(self, fitted: Fitted, X: Any) -> Detections:
        return detector_of(fitted).detect(X)

    def likeliest(self, said: Detections) -> tuple[Value, float]:
        """Return all objects that are seen on one picture, and their mean score; 0 for none."""
        sure = float(said.scores.mean()) if len(said.scores) else 0.0
        return drawn(said, self.schema), sure

    def measure(
        self,
        truth: Sequence[tuple[Shape, ...]],
        said: Detections,
        metrics: Sequence[str],
        *,
        groups: NDArray[Any] | None,
        rng: np.random.Generator,
    ) -> Callable[[float], dict[str, Interval]]:
        found = drawn_metrics.estimate_drawn(
            truth, said, self.schema, metrics, groups=groups, rng=rng
        )
        return lambda alpha: {name: one.interval(alpha) for name, one in found.items()}

    def agreement(self, old: Detections, new: Detections) -> float:
        return drawn_metrics.agreement(old, new)

    def sharpness(self, said: Detections, truth: Sequence[tuple[Shape, ...]]) -> float:
        return 1.0

    def shift(
        self,
        old: Detections,
        new: Detections,
        labeled: NDArray[np.bool_],
        *,
        before: int,
        items: int,
        power: float,
    ) -> Shift:
        """Return how much changed; what that is worth, scores of objects do not say."""
        changed = 1.0 - self.agreement(old, new)
        return Shift(
            before=before, items=items, changed=changed, gain=math.nan, uncertainty=math.nan
        )


def drawn(seen: Detections, schema: LabelSchema) -> tuple[Shape, ...]:
    """Return what is seen on one picture as people would draw it: outlines where these are due."""
    shapes = seen.shapes(0, schema.classes)
    if schema.task != "polygons":
        return shapes
    return tuple(outline_of(one) if isinstance(one, Mask) else one for one in shapes)


def detector_of(fitted: Fitted) -> Detects:
    """Return the model that sees objects; `DataError` for one that sees none."""
    model: Any = fitted.model
    if not isinstance(model, Detects):
        raise DataError(f"{type(model).__name__} sees no objects on pictures")
    return model
