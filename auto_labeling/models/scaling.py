"""Features to a common scale, dense or sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import MaxAbsScaler, StandardScaler


class CommonScale(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Dense columns to mean 0 and variance 1; sparse ones divided by their largest, to stay sparse.

    A dense column that is constant while fitting becomes 0: nothing is known about its scale, and
    a distance must not be ruled by it.
    """

    def fit(self, X: Any, y: Any = None) -> CommonScale:  # noqa: ARG002 - scikit-learn's shape
        self.scaler_ = MaxAbsScaler() if issparse(X) else StandardScaler()
        self.scaler_.fit(X)
        if not issparse(X):
            dense = np.asarray(X)
            self.scaler_.scale_[dense.min(axis=0) == dense.max(axis=0)] = np.inf
        return self

    def transform(self, X: Any) -> Any:
        return self.scaler_.transform(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
