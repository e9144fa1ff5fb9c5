"""Naive Bayes that says nothing, instead of NaN, where the features say nothing."""

from __future__ import annotations

from typing import Any

from sklearn.naive_bayes import GaussianNB


class SteadyNb(GaussianNB):  # type: ignore[misc]  # scikit-learn has no types
    """scikit-learn's, except that features without any variance are given some."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SteadyNb:
        super().fit(X, y, sample_weight=sample_weight)
        self.var_[self.var_ == 0] = 1.0
        return self
