"""Support vectors whose decision values become probabilities by one temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

_FOLDS = 5


class TemperedSvc(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A Gaussian-kernel SVC with probabilities `softmax(decision / temperature)`.

    The temperature is that of the least log loss on held-out folds (Guo et al. 2017, arXiv
    1706.04599). One number above zero cannot turn the order of the classes round, as the sigmoid
    of Platt does with a handful of labels. While a class has a single example it stays 1.
    """

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TemperedSvc:
        targets = np.asarray(y)
        weights = np.ones(len(targets)) if sample_weight is None else np.asarray(sample_weight)
        self.classes_, counts = np.unique(targets, return_counts=True)
        self.svc_ = self._fitted(X, targets, weights)
        self.temperature_ = 1.0
        if counts.min() >= 2:
            self.temperature_ = self._best_temperature(X, targets, weights, int(counts.min()))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        proba: NDArray[np.float64] = softmax(_logits(self.svc_, X) / self.temperature_, axis=1)
        return proba

    def predict(self, X: Any) -> NDArray[Any]:
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _fitted(self, X: Any, y: NDArray[Any], weights: NDArray[Any]) -> SVC:
        return SVC(C=self.C).fit(X, y, sample_weight=weights)

    def _best_temperature(
        self, X: Any, y: NDArray[Any], weights: NDArray[Any], fewest: int
    ) -> float:
        logits = np.empty((len(y), len(self.classes_)))
        for train, held in StratifiedKFold(min(_FOLDS, fewest)).split(np.zeros(len(y)), y):
            logits[held] = _logits(self._fitted(X[train], y[train], weights[train]), X[held])
        truth = np.searchsorted(self.classes_, y)[:, None]

        def loss(log_temperature: float) -> float:
            logs = log_softmax(logits / np.exp(log_temperature), axis=1)
            return -float(weights @ np.take_along_axis(logs, truth, axis=1)[:, 0])

        return float(np.exp(minimize_scalar(loss, bounds=(-5.0, 5.0), method="bounded").x))


def _logits(svc: SVC, X: Any) -> NDArray[np.float64]:
    """Return (n, k) decision values; two classes share one, which is the second's."""
    decision: NDArray[np.float64] = svc.decision_function(X)
    if decision.ndim == 1:
        return np.stack([-decision, decision], axis=1)
    return decision
