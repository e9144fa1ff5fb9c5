"""`SelfTrainer`: a model that learns from what it is sure of itself."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import learning
from auto_labeling.semi_supervised import teaching
from auto_labeling.semi_supervised.class_shares import balanced, class_shares
from auto_labeling.semi_supervised.handed_in import (
    PseudoLabeled,
    expect_two_classes,
    labeled,
    pseudo_labeled,
    unlabeled,
)
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.teaching import Round
from auto_labeling.semi_supervised.thresholds import (
    at_most,
    checked_confidence,
    checked_ratio,
    checked_weight,
    confident,
)


class SelfTrainer:
    """Fits copies of a model on people's labels, and on pseudo-labels that weigh less.

    References:
        Yarowsky, D. (1995). Unsupervised word sense disambiguation rivaling supervised methods.
        ACL.

    Args:
        base_model: anything with fit and predict_proba, or the name of a model such as `"lda"`. It
            is copied; one that is fitted can label before the first fit.
        confidence_threshold: how likely a class has to be for its label to be taken.
        weight: what a pseudo-label counts beside a person's, where the model takes weights.
        max_ratio: at most so many pseudo-labels a label of people. None is no limit for a model
            that takes weights, and one for one for a model that does not.
        random_state: of a model that draws and is not told how.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> trainer = SelfTrainer("lda", confidence_threshold=0.9).fit((X[::15], y[::15]))
    >>> pseudo = trainer.label_unlabeled(X)
    >>> trainer.fit((X[::15], y[::15]), pseudo).history[-1].taken == len(pseudo)
    True
    """

    def __init__(
        self,
        base_model: Any,
        confidence_threshold: float = 0.95,
        *,
        weight: float = 0.5,
        max_ratio: float | None = None,
        random_state: int = 0,
    ) -> None:
        self._template = learning.model_of(base_model, "base_model")
        self._threshold = checked_confidence(confidence_threshold)
        self._weight, self._ratio = checked_weight(weight), checked_ratio(max_ratio)
        self._seed = random_state
        self._model: Any = base_model if learning.is_fitted(base_model) else None
        self._history: list[Round] = []

    @property
    def model(self) -> Any:
        """The fitted model, which says labels as people do; None before there is one."""
        return self._model

    @property
    def history(self) -> tuple[Round, ...]:
        """What each fit learned from, since `fit` or `self_train` was last called."""
        return tuple(self._history)

    def fit(self, labeled_data: Any, pseudo_labeled_data: Any = None) -> Self:
        """Learn from these alone.

        Pseudo-labels that all say one class teach nothing, and are left out: `history` says so.

        Args:
            labeled_data: (X, y), or a frame with the column `label`.
            pseudo_labeled_data: what `label_unlabeled` returned, or as above.
        """
        self._history = []
        people = labeled(labeled_data)
        given = None
        if pseudo_labeled_data is not None:
            given = pseudo_labeled(pseudo_labeled_data, self._weight)
        self._learn(people, given)
        return self

    def label_unlabeled(
        self, unlabeled_data: Any, confidence_threshold: float | None = None
    ) -> PseudoLabeled:
        """Return the rows that the model is sure of, with their labels."""
        rows = unlabeled(unlabeled_data)
        said = learning.proba(self._fitted(), rows)
        asked = self._threshold
        if confidence_threshold is not None:
            asked = checked_confidence(confidence_threshold)
        return self._named(rows, confident(said, asked, weight=self._weight))

    def self_train(self, labeled_data: Any, unlabeled_data: Any, iterations: int = 10) -> Self:
        """Fit, label what is unlabeled, and fit again, until nothing changes.

        Every iteration labels all rows anew, so that a mistake can be taken back, and may take as
        many more as there are labels: the surest of each class, by what part of the pool it is.
        """
        people, pool = labeled(labeled_data), unlabeled(unlabeled_data)
        self._history = []
        self._learn(people, None)
        # once: a model of pseudo-labels would confirm what it has drifted to
        shares = class_shares(
            learning.proba(self._model, pool), np.searchsorted(self._model.classes_, people[1])
        )
        before = PseudoLabels.none()
        most = self._most(*people)
        for iteration in teaching.numbered(iterations):
            sure = confident(
                learning.proba(self._model, pool), self._threshold, weight=self._weight
            )
            taken = balanced(sure, shares, at_most(most, iteration * len(people[1])))
            if teaching.same(taken, before):  # so too where there is nothing at first
                break
            self._learn(people, self._named(pool, taken))
            before = taken
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return (n,) labels."""
        return teaching.answers(self.predict_proba(X), self._fitted().classes_)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, k) chances of the classes of `model.classes_`."""
        return learning.proba(self._fitted(), unlabeled(X, "X"))

    def _named(self, rows: Any, taken: PseudoLabels) -> PseudoLabeled:
        return PseudoLabeled(
            X=data.take(rows, taken.positions),
            y=self._model.classes_[taken.targets],
            confidence=taken.confidence,
            positions=taken.positions,
            weights=taken.weights,
        )

    def _learn(self, people: tuple[Any, NDArray[Any]], pseudo: PseudoLabeled | None) -> None:
        rows, y = people
        classes = expect_two_classes(y)
        used, why = self._usable(pseudo, rows, y, classes)
        more = (
            (data.take(rows, slice(0)), y[:0], np.empty(0))
            if used is None
            else (used.X, used.y, used.weights)
        )
        self._model = teaching.fit_with(self._template, people, more, self._seed)
        targets = np.searchsorted(classes, more[1])
        self._history.append(teaching.round_of(len(y), classes, targets, left_out=why))

    def _usable(
        self, pseudo: PseudoLabeled | None, rows: Any, y: NDArray[Any], classes: NDArray[Any]
    ) -> tuple[PseudoLabeled | None, str]:
        """Return what may be learned from, and why what there is may not be."""
        if pseudo is None or not len(pseudo):
            return None, ""
        unknown = ~np.isin(pseudo.y, classes)
        if unknown.any():
            raise DataError(
                f"pseudo_labeled_data: expected classes that people have given, "
                f"{classes[:5].tolist()}, got {pseudo.y[unknown][0]!r}"
            )
        used = pseudo.surest(self._most(rows, y))
        why = teaching.one_sided(np.searchsorted(classes, used.y), classes)
        return (None, why) if why else (used, "")

    def _most(self, rows: Any, y: NDArray[Any]) -> int | None:
        """Return how many pseudo-labels so many labels allow; None where nothing caps them."""
        weighed = teaching.can_weigh(self._template, rows, self._seed)
        return teaching.most_of(len(y), self._ratio, weighed=weighed)

    def _fitted(self) -> Any:
        if self._model is None:
            raise ConfigurationError("model: expected a fitted one; call fit first")
        return self._model
