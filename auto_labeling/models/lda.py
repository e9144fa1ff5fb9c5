"""Linear discriminants with one shrunk covariance, which fit from the second label on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.covariance import ledoit_wolf

from auto_labeling.models.likeliest import Likeliest


class ShrunkLda(Likeliest):
    """Linear discriminant analysis on the pooled residuals, shrunk by Ledoit & Wolf (2004).

    scikit-learn's own averages a covariance per class, which it refuses to do while no class has
    a second example. Here all residuals are pooled first; without any, the covariance is round.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ShrunkLda:
        X = np.asarray(X, dtype=np.float64)
        weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
        self.classes_, positions = np.unique(y, return_inverse=True)
        members = (positions == np.arange(len(self.classes_))[:, None]) * weights
        totals = members.sum(axis=1)
        means = members @ X / totals[:, None]
        covariance = _pooled((X - means[positions]) * np.sqrt(weights)[:, None], len(means))
        self.coef_ = np.linalg.lstsq(covariance, means.T, rcond=None)[0].T
        self.intercept_ = np.log(totals / totals.sum()) - (self.coef_ * means).sum(axis=1) / 2
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        proba: NDArray[np.float64] = softmax(X @ self.coef_.T + self.intercept_, axis=1)
        return proba


def _pooled(residuals: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return (p, p) the covariance of the residuals about `k` means that were estimated too."""
    n, p = residuals.shape
    if n <= k or not residuals.any():
        return np.eye(p)
    shrunk: NDArray[np.float64] = ledoit_wolf(residuals, assume_centered=True)[0]
    return shrunk * (n / (n - k))
