"""Support vectors whose decision values become probabilities by one temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_sample_weight

from auto_labeling.models.likeliest import Likeliest

_FOLDS = 3


class TemperedSvc(Likeliest):
    """A Gaussian-kernel machine a class, with probabilities `softmax(decisions / temperature)`.

    The temperature is that of the least log loss on held-out folds (Guo et al. 2017, arXiv
    1706.04599). One number above zero cannot turn the order of the classes round, as the sigmoid
    of Platt does with a handful of labels. While a class has a single example it stays 1.

    A machine a class, because scikit-learn's many-class decision is a count of votes: softmax of
    it gives nearly the same certainty to everything, and there is nothing to select by.

    Args:
        C: price of a training example on the wrong side.
        class_weight: "balanced" where classes count alike, however many labels each has.
    """

    def __init__(self, C: float = 1.0, class_weight: str | None = None) -> None:
        self.C = C
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TemperedSvc:
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        weights = weights * compute_sample_weight(self.class_weight, y)
        self.classes_, targets, counts = np.unique(y, return_inverse=True, return_counts=True)
        self.machines_ = self._machines(X, targets, weights)
        self.temperature_ = 1.0
        if counts.min() >= 2:
            self.temperature_ = self._best_temperature(X, targets, weights, int(counts.min()))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        decisions = _decisions(self.machines_, X)
        proba: NDArray[np.float64] = softmax(decisions / self.temperature_, axis=1)
        return proba

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _machines(self, X: Any, targets: NDArray[np.intp], weights: NDArray[Any]) -> list[SVC]:
        k = len(self.classes_)
        ones = [1] if k == 2 else range(k)  # of two classes one machine decides
        return [SVC(C=self.C).fit(X, targets == one, sample_weight=weights) for one in ones]

    def _best_temperature(
        self, X: Any, targets: NDArray[np.intp], weights: NDArray[Any], fewest: int
    ) -> float:
        decisions = np.empty((len(targets), len(self.classes_)))
        for train, held in StratifiedKFold(min(_FOLDS, fewest)).split(targets, targets):
            machines = self._machines(X[train], targets[train], weights[train])
            decisions[held] = _decisions(machines, X[held])

        def loss(log_temperature: float) -> float:
            logs = log_softmax(decisions / np.exp(log_temperature), axis=1)
            return -float(weights @ np.take_along_axis(logs, targets[:, None], axis=1)[:, 0])

        return float(np.exp(minimize_scalar(loss, bounds=(-5.0, 5.0), method="bounded").x))


def _decisions(machines: list[SVC], X: Any) -> NDArray[np.float64]:
    """Return (n, k) the distance of each row to the inner side of each class."""
    decisions = [machine.decision_function(X) for machine in machines]
    if len(decisions) == 1:
        decisions = [-decisions[0], decisions[0]]
    return np.stack(decisions, axis=1)
