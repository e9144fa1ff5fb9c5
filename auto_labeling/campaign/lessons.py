"""What a model learns of answers of each task: their targets, its predictions, and how these move.

One class a kind of task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.drawings import Drawings
from auto_labeling.campaign.evaluation import evaluate
from auto_labeling.campaign.metrics import cohen_kappa
from auto_labeling.models import fitting
from auto_labeling.models.fitting import Fitted
from auto_labeling.ports import Model, Shift
from auto_labeling.records import Interval, LabelSchema, Value
from auto_labeling.strategies.stopping.evidence import (
    sharpness,
    sharpness_of_sets,
    shift,
    shift_of_sets,
)

Predictions = NDArray[np.float64]
"""(n, k), in the order of the classes."""


class Lesson(Protocol):
    """How labels of one task are learned."""

    shown_as: ClassVar[frozenset[str]]
    """The `PoolView` fields that can be made of its predictions."""

    def targets(self, values: Sequence[Value | None]) -> Any:
        """Return what a model is fitted on and judged by; None is no label and not taken."""
        ...

    def fit(self, model: Model, X: Any, values: Sequence[Value | None]) -> Fitted:
        """Fit an unfitted model on what it reads of n items and their labels."""
        ...

    def predict(self, fitted: Fitted, X: Any) -> Any:
        """Return (n, k) probabilities, or what a model sees on n pictures."""
        ...

    def likeliest(self, said: Any) -> tuple[Value, float]:
        """Return the answer that the prediction for one item makes likeliest, and how likely."""
        ...

    def measure(
        self,
        truth: Any,
        said: Any,
        metrics: Sequence[str],
        *,
        groups: NDArray[Any] | None,
        rng: np.random.Generator,
    ) -> Callable[[float], dict[str, Interval]]:
        """Return alpha -> the value of each metric with its limits, see `evaluation.evaluate`."""
        ...

    def agreement(self, old: Any, new: Any) -> float:
        """Return how much two models agree: Cohen's kappa, or how alike their drawings are."""
        ...

    def sharpness(self, said: Any, truth: Any) -> float:
        """Return the power that fits predictions best to targets."""
        ...

    def shift(
        self,
        old: Any,
        new: Any,
        labeled: NDArray[np.bool_],
        *,
        before: int,
        items: int,
        power: float,
    ) -> Shift:
        """Return what changed from one model's predictions to another's."""
        ...


@dataclass(frozen=True, slots=True)
class OneClass:
    """Every item is of one class; targets are (n,) class positions."""

    shown_as: ClassVar[frozenset[str]] = frozenset({"proba"})
    classes: tuple[str, ...]

    def targets(self, values: Sequence[Value | None]) -> NDArray[np.intp]:
        place = {name: at for at, name in enumerate(self.classes)}
        return np.array([place[str(value)] for value in values], dtype=np.intp)

    def fit(self, model: Model, X: Any, values: Sequence[Value | None]) -> Fitted:
        return fitting.fit(model, X, self.targets(values), len(self.classes))

    def predict(self, fitted: Fitted, X: Any) -> Predictions:
        return fitting.predict(fitted, X, len(self.classes))

    def likeliest(self, said: NDArray[np.floating[Any]]) -> tuple[Value, float]:
        best = int(said.argmax())
        return self.classes[best], min(float(said[best]), 1.0)

    def measure(
        self,
        truth: NDArray[np.intp],
        said: Predictions,
        metrics: Sequence[str],
        *,
        groups: NDArray[Any] | None,
        rng: np.random.Generator,
    ) -> Callable[[float], dict[str, Interval]]:
        def at(alpha: float) -> dict[str, Interval]:
            again = deepcopy(rng)  # the limits of two levels are of the same resamples
            return evaluate(
                truth, said, self.classes, metrics, groups=groups, alpha=alpha, rng=again
            )

        return at

    def agreement(self, old: Predictions, new: Predictions) -> float:
        return cohen_kappa(new.argmax(axis=1), old.argmax(axis=1))

    sharpness = staticmethod(sharpness)
    shift = staticmethod(shift)


@dataclass(frozen=True, slots=True)
class SetOfClasses:
    """An item is of any number of classes; targets are (n, k) zeros and ones.

    >>> lesson = SetOfClasses(("cat", "dog", "cow"))
    >>> lesson.targets([("dog",), ()]).tolist()
    [[0, 1, 0], [0, 0, 0]]
    >>> value, sure = lesson.likeliest(np.array([0.9, 0.2, 0.5]))
    >>> value, round(sure, 2)
    (('cat',), 0.36)
    """

    shown_as: ClassVar[frozenset[str]] = frozenset({"marginals"})
    classes: tuple[str, ...]

    def targets(self, values: Sequence[Value | None]) -> NDArray[np.intp]:
        return np.array(
            [[name in (value or ()) for name in self.classes] for value in values], dtype=np.intp
        ).reshape(len(values), len(self.classes))

    def fit(self, model: Model, X: Any, values: Sequence[Value | None]) -> Fitted:
        return fitting.fit_sets(model, X, self.targets(values))

    def predict(self, fitted: Fitted, X: Any) -> Predictions:
        return fitting.predict(fitted, X, len(self.classes))

    def likeliest(self, said: NDArray[np.floating[Any]]) -> tuple[Value, float]:
        chosen = said > 0.5
        names = tuple(name for name, one in zip(self.classes, chosen, strict=True) if one)
        return names, min(float(np.where(chosen, said, 1.0 - said).prod()), 1.0)

    measure = OneClass.measure

    def agreement(self, old: Predictions, new: Predictions) -> float:
        return cohen_kappa((new > 0.5).ravel(), (old > 0.5).ravel())

    sharpness = staticmethod(sharpness_of_sets)
    shift = staticmethod(shift_of_sets)


def lesson_of(schema: LabelSchema) -> Lesson:
    """Return how labels of a schema are learned."""
    if schema.is_drawn:
        return Drawings(schema)
    return SetOfClasses(schema.classes) if schema.task == "multi" else OneClass(schema.classes)
