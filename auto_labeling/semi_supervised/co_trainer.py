"""`CoTrainer`: two models that see the same rows in two ways, and teach each other."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import learning
from auto_labeling.semi_supervised import teaching
from auto_labeling.semi_supervised.class_shares import balanced, class_shares, normalised
from auto_labeling.semi_supervised.handed_in import expect_two_classes, unlabeled
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.teaching import Round
from auto_labeling.semi_supervised.thresholds import at_most, checked_confidence, checked_weight
from auto_labeling.view import len_of

_NEVER_SURER = 1e-3  # a forest says 0 of what no tree has seen: one view alone must not veto

_Views = tuple[Any, Any]


class CoTrainer:
    """Two views of every row, such as words and letters, text and image, or two sets of columns.

    What either model is sure of, both learn. Rows on which both are sure of different classes are
    dropped and counted in `history` [1]_. It helps where each view could tell the classes apart by
    itself, and where the views do not err on the same rows.

    References:
        [1] Blum, A. and Mitchell, T. (1998). Combining labeled and unlabeled data with co-training.
        COLT.

    Args:
        model1: of the first view; anything with fit and predict_proba, or the name of a model.
        model2: of the second view. Both are copied.
        confidence_threshold: how likely a class has to be to one of the models.
        weight: what a pseudo-label counts beside a person's, to the models that take weights.
            Where one does not, there are at most as many as labels.
        random_state: of models that draw and are not told how.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> sepals, petals = X[:, :2], X[:, 2:]
    >>> trainer = CoTrainer("lda", "lda")
    >>> _ = trainer.fit(((sepals[::10], petals[::10]), y[::10]), (sepals, petals), iterations=3)
    >>> trainer.predict((sepals[:2], petals[:2]))
    array([0, 0])
    """

    def __init__(
        self,
        model1: Any,
        model2: Any,
        confidence_threshold: float = 0.9,
        *,
        weight: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self._templates = (
            learning.model_of(model1, "model1"),
            learning.model_of(model2, "model2"),
        )
        self._threshold = checked_confidence(confidence_threshold)
        self._weight, self._seed = checked_weight(weight), random_state
        self._models: _Views | None = None
        self._history: list[Round] = []

    @property
    def models(self) -> _Views:
        """The two fitted models, which say labels as people do."""
        if self._models is None:
            raise ConfigurationError("models: expected fitted ones; call fit first")
        return self._models

    @property
    def classes_(self) -> NDArray[Any]:
        """(k,) the labels, in the order of `predict_proba`."""
        classes: NDArray[Any] = self.models[0].classes_
        return classes

    @property
    def history(self) -> tuple[Round, ...]:
        """What each iteration took, and dropped; the first entry is the fit on labels alone."""
        return tuple(self._history)

    def fit(self, labeled_data: Any, unlabeled_data: Any, iterations: int = 10) -> Self:
        """Learn, label what is unlabeled, and learn again, until nothing changes.

        Every iteration labels all rows anew, so that a mistake can be taken back, and may take as
        many more as there are labels: the surest of each class, by what part of the pool it is.

        Args:
            labeled_data: ((view1, view2), y).
            unlabeled_data: (view1, view2).
            iterations: at most so many.
        """
        views, y = _labeled_views(labeled_data)
        pool = _views(unlabeled_data, "unlabeled_data")
        classes = expect_two_classes(y)
        self._history = []
        self._learn((views, y), pool, PseudoLabels.none(), disagreed=0)
        # once: models of pseudo-labels would confirm what they have drifted to
        shares = class_shares(_pooled(*self._said(pool)), np.searchsorted(classes, y))
        before = PseudoLabels.none()
        for iteration in teaching.numbered(iterations):
            said = self._said(pool)
            sure, disagreed = _sure_of(*said, self._threshold, self._weight)
            taken = balanced(sure, shares, self._most(views, len(y), iteration))
            if len(taken) and teaching.same(taken, before):
                break
            self._learn((views, y), pool, taken, disagreed)
            if not len(taken):
                break
            before = taken
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return (n,) labels of (view1, view2)."""
        return teaching.answers(self.predict_proba(X), self.classes_)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, k) chances of (view1, view2): the geometric mean of both, normalised.

        The likeliest class is that of the product, which views that err independently call for;
        unlike the product it claims no more than the views do where they say the same thing twice.
        """
        return _pooled(*self._said(_views(X, "X")))

    def _said(self, views: _Views) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        first, second = self.models
        return learning.proba(first, views[0]), learning.proba(second, views[1])

    def _most(self, views: _Views, n_labeled: int, iteration: int) -> int:
        given = zip(self._templates, views, strict=True)
        weighed = all(teaching.can_weigh(model, rows, self._seed) for model, rows in given)
        cap = teaching.most_of(n_labeled, None, weighed=weighed)
        return at_most(cap, iteration * n_labeled)

    def _learn(
        self, people: tuple[_Views, NDArray[Any]], pool: _Views, taken: PseudoLabels, disagreed: int
    ) -> None:
        views, y = people
        classes = np.unique(y)
        why = teaching.one_sided(taken.targets, classes)
        used = PseudoLabels.none() if why else taken
        named, seed = classes[used.targets], self._seed
        first, second = (
            teaching.fit_with(
                template, (rows, y), (data.take(more, used.positions), named, used.weights), seed
            )
            for template, rows, more in zip(self._templates, views, pool, strict=True)
        )
        self._models = first, second
        told = {"disagreed": disagreed, "left_out": why}
        self._history.append(teaching.round_of(len(y), classes, used.targets, **told))


def _sure_of(
    first: NDArray[np.float64], second: NDArray[np.float64], threshold: float, weight: float
) -> tuple[PseudoLabels, int]:
    """Return what either view is sure of and the other is not sure is something else, and a count.

    The count is of the rows on which both are sure, of different classes. Confidence is what both
    views together say of the class.
    """
    sure_first, sure_second = (said.max(axis=1) >= threshold for said in (first, second))
    target_first, target_second = first.argmax(axis=1), second.argmax(axis=1)
    differ = sure_first & sure_second & (target_first != target_second)
    rows = np.flatnonzero((sure_first | sure_second) & ~differ)
    targets = np.where(sure_first, target_first, target_second)[rows]
    taken = PseudoLabels(
        positions=rows,
        targets=targets,
        confidence=_pooled(first, second)[rows, targets],
        weights=np.full(len(rows), weight),
    )
    return taken, int(np.count_nonzero(differ))


def _pooled(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, k) the logarithmic opinion pool of two views, Genest & Zidek (1986)."""
    logs = sum(np.log(np.maximum(said, _NEVER_SURER)) for said in (first, second))
    return normalised(np.exp(logs / 2))


def _labeled_views(given: Any) -> tuple[_Views, NDArray[Any]]:
    if not isinstance(given, tuple) or len(given) != 2:
        raise DataError(f"labeled_data: expected ((view1, view2), y), got a {type(given).__name__}")
    views = _views(given[0], "labeled_data")
    return views, data.checked_labels(given[1], len_of(views[0]))


def _views(given: Any, name: str) -> _Views:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise DataError(f"{name}: expected two views, got a {type(given).__name__}")
    first, second = (unlabeled(view, f"{name}, view {at}") for at, view in enumerate(given, 1))
    if len_of(first) != len_of(second):
        raise DataError(
            f"{name}: expected two views of the same rows, got {len_of(first)} and {len_of(second)}"
        )
    return first, second
