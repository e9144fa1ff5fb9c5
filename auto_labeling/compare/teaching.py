"""What a campaign learns by default: a model that is chosen, and pseudo-labels with a guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.models import fitting, learning
from auto_labeling.models.fitting import Fitted
from auto_labeling.semi_supervised.graphs import Graphs, graphs_of
from auto_labeling.semi_supervised.learning import learn
from auto_labeling.semi_supervised.settings import SemiSupervised
from auto_labeling.view import len_of

_CHOSEN = "auto"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """What a pool has taught."""

    model: Any
    """What predicts."""
    people: Any
    """The model of the labels alone, which says what to ask next."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lessons:
    """A pool that teaches, whether its rows are labeled or not."""

    rows: Any
    """(n, ...) as they were given."""
    y: NDArray[Any]
    points: NDArray[Any]
    """(n, c) the rows where near means alike."""
    graphs: Graphs
    model: Any
    """What was given, or the name of what is chosen."""

    def learned(self, labeled: NDArray[np.intp], seed: int) -> Learned:
        """Return what is learned of the labels of some rows, and of all rows without theirs.

        A model that cannot weigh its examples learns from labels only.
        """
        rows, y = data.take(self.rows, labeled), self.y[labeled]
        if not fitting.weighs(learning.fresh(self.model, rows, seed)):
            people = learning.fitted(self.model, rows, y, seed)
            return Learned(model=people, people=people)
        classes = np.unique(self.y)
        X, unfitted = self._asked(classes, seed)

        def fit(X: Any, targets: NDArray[np.intp], weights: NDArray[np.float64] | None) -> Fitted:
            return fitting.fit(unfitted(), X, targets, len(classes), weights)

        found = learn(
            SemiSupervised(), fit, X, self.points, labeled, np.searchsorted(classes, y),
            len(classes), seed=seed, graphs=self.graphs,
        )  # fmt: skip
        return Learned(model=_Taught(found.fitted, classes), people=_Taught(found.plain, classes))

    def _asked(self, classes: NDArray[Any], seed: int) -> tuple[Any, Callable[[], Any]]:
        """Return (n, p) numbers for the rows, and what makes a model of them."""
        if isinstance(self.model, str):
            numbers = data.numbers(self.rows)
            return numbers, lambda: learning.fresh(self.model, numbers, seed)
        positions = np.arange(len(self.y), dtype=np.float64)[:, None]
        return positions, lambda: _OfRows(
            learning.fresh(self.model, self.rows, seed), self.rows, classes
        )


def lessons(rows: Any, y: NDArray[Any], points: NDArray[Any], model: Any, seed: int) -> Lessons:
    """Return what a pool teaches; without a model, one is chosen."""
    graphs = graphs_of(points, np.random.default_rng(seed))
    return Lessons(rows=rows, y=y, points=points, graphs=graphs, model=model or _CHOSEN)


class _OfRows:
    """A given model, which reads rows and labels as they are, behind their positions."""

    def __init__(self, model: Any, rows: Any, classes: NDArray[Any]) -> None:
        self.model = model
        self._rows = rows
        self._classes = classes

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> _OfRows:
        told = {}
        if sample_weight is not None:
            told = fitting.weighed_by(self.model, sample_weight, len(y))
        self.model.fit(self._told(X), self._classes[y], **told)
        self.classes_ = np.searchsorted(self._classes, self.model.classes_)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return learning.proba(self.model, self._told(X))

    def _told(self, X: NDArray[np.float64]) -> Any:
        return data.take(self._rows, X[:, 0].astype(np.intp))


class _Taught:
    """A model that was learned on class positions, which answers with labels."""

    def __init__(self, fitted: Fitted, classes: NDArray[Any]) -> None:
        self._model = fitted.model
        self.classes_ = classes[fitted.classes]

    def predict_proba(self, rows: Any) -> NDArray[np.float64]:
        if self._model is None:
            return np.ones((len_of(rows), 1))
        if isinstance(self._model, _OfRows):
            return learning.proba(self._model.model, rows)
        return np.asarray(self._model.predict_proba(data.numbers(rows)), dtype=np.float64)
