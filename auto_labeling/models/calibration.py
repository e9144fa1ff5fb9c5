"""Probabilities calibrated by cross-validation, around any model that learns from features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold

from auto_labeling.models.fitting import last_step
from auto_labeling.models.likeliest import Likeliest

_FOLDS = 5
_LEAST = 1e-6
"""The probability that stands for 0, which has no logarithm."""


class CalibratedClassifier(Likeliest):
    """scikit-learn's `CalibratedClassifierCV` on log odds; weights go on to the model as well.

    Each class against the others by a sigmoid (Platt 1999) or a rising step function (Zadrozny &
    Elkan 2002) of what models of other folds say. On log odds a sigmoid can leave probabilities
    that are right as they are; on probabilities it cannot. While a class has fewer than five
    labels the model answers as it is.

    Args:
        model: unfitted, and left so.
        method: "sigmoid" or "isotonic".
        random_state: deals the labels into folds.
    """

    def __init__(self, model: Any, method: str = "sigmoid", random_state: int = 0) -> None:
        self.model = model
        self.method = method
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CalibratedClassifier:
        self.classes_, counts = np.unique(y, return_counts=True)
        self.calibrated_ = bool(counts.min() >= _FOLDS)
        odds = LogOdds(self.model)
        if self.calibrated_:
            folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=self.random_state)
            odds = CalibratedClassifierCV(odds, method=self.method, cv=folds, ensemble=False)
        self.fitted_ = odds.fit(X, y, sample_weight=sample_weight)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        proba: NDArray[np.float64] = self.fitted_.predict_proba(X)
        return proba

    @property
    def models(self) -> list[Any]:
        """What weights of examples go on to."""
        return [self.model]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = _takes_sparse(self.model)
        return tags


class LogOdds(Likeliest):
    """A model or pipeline that takes its weights by one name, and whose decisions are log odds.

    Args:
        model: unfitted, and left so.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogOdds:
        model = clone(self.model, safe=False)
        told = {}
        if sample_weight is not None:
            told = {f"{last_step(model)[0]}sample_weight": sample_weight}
        self.fitted_ = model.fit(X, y, **told)
        self.classes_ = np.asarray(model.classes_)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(self.fitted_.predict_proba(X), dtype=np.float64)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return (n, k) each class against the others; of two classes (n,) the second."""
        said = np.clip(self.predict_proba(X), _LEAST, 1 - _LEAST)
        odds: NDArray[np.float64] = logit(said)
        return odds[:, 1] if odds.shape[1] == 2 else odds

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = _takes_sparse(self.model)
        return tags


def _takes_sparse(model: Any) -> bool:
    """Return what the model says of itself; one that says nothing is asked when it is fitted."""
    tags = getattr(model, "__sklearn_tags__", None)
    return tags is None or bool(tags().input_tags.sparse)
