"""Regularised least squares under a Gaussian kernel: as good as support vectors, and quicker."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.special import softmax
from sklearn.kernel_ridge import KernelRidge
from sklearn.utils.extmath import row_norms, safe_sparse_dot

from auto_labeling.arrays import spans
from auto_labeling.models.likeliest import Likeliest

_MOST = 5_000


class KernelRidgeClassifier(Likeliest):
    """A function a class that is fitted to 1 on its rows and -1 on the others.

    Regularised least-squares classification (Rifkin, Yeo & Poggio 2003). All classes share one
    factorisation, which takes (n, n) numbers: of more than 5,000 rows a sample is learned from
    that has a row of every class. Chances are `softmax(values)`; who wants them calibrated raises
    them to a power.

    Args:
        alpha: what large functions cost.
        narrowness: the inverse width of the kernel; 1 is the mean squared distance of a row to the
            middle of all.
        random_state: draws the sample.
    """

    def __init__(self, alpha: float = 0.1, narrowness: float = 1.0, random_state: int = 0) -> None:
        self.alpha = alpha
        self.narrowness = narrowness
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KernelRidgeClassifier:
        self.classes_, targets = np.unique(y, return_inverse=True)
        counts = np.ones(len(targets)) if sample_weight is None else np.asarray(sample_weight)
        rows = np.flatnonzero(counts > 0)
        if len(rows) > _MOST:
            rows = rows[_sample(targets[rows], np.random.default_rng(self.random_state))]
        X, own = _floating(X)[rows], counts[rows]
        signs = np.where(targets[rows, None] == np.arange(len(self.classes_)), 1.0, -1.0)
        shares = own / own.sum()
        self.middle_ = 0.0 if issparse(X) else (shares @ X).astype(X.dtype)
        self.rows_ = self._moved(X)
        self.gamma_ = self.narrowness / _spread(self.rows_, shares)
        near = _gaussian(self.rows_, self.rows_, self.gamma_)
        ridge = KernelRidge(alpha=self.alpha, kernel="precomputed")  # would keep (n, n) numbers
        ridge.fit(near.astype(np.float64, copy=False), signs, sample_weight=own)
        self.values_ = ridge.dual_coef_.astype(near.dtype)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        X = _floating(X)
        proba = np.empty((X.shape[0], len(self.classes_)))
        for rows in spans(len(proba), len(self.values_)):  # a kernel value a pair
            near = _gaussian(self._moved(X[rows]), self.rows_, self.gamma_)
            proba[rows] = softmax((near @ self.values_).astype(np.float64), axis=1)
        return proba

    def _moved(self, X: Any) -> Any:
        """Return rows about the middle: far from zero products lose digits."""
        if not np.any(self.middle_):
            return X
        return (X.toarray() if hasattr(X, "toarray") else X) - self.middle_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _floating(X: Any) -> Any:
    """Return rows that positions can pick, sparse or dense, in single precision if they are."""
    rows = X.tocsr() if hasattr(X, "tocsr") else np.asarray(X)
    return rows if rows.dtype == np.float32 else rows.astype(np.float64, copy=False)


def _gaussian(one: Any, other: Any, gamma: float) -> NDArray[np.floating[Any]]:
    """Return (n, m) values of the kernel, in the precision of the rows.

    scikit-learn's `rbf_kernel` takes single precision to double and back, at thrice the time.
    """
    near: NDArray[np.floating[Any]] = safe_sparse_dot(one, other.T, dense_output=True)
    near *= -2
    near += row_norms(one, squared=True)[:, None]
    near += row_norms(other, squared=True)
    np.maximum(near, 0, out=near)
    near *= -gamma
    np.exp(near, out=near)
    return near


def _spread(X: Any, shares: NDArray[np.float64]) -> float:
    """Return the mean squared distance of the rows to their mean; 1 where all are one.

    `shares` is (n,) how much each row counts, summing to one.
    """
    squares = np.asarray(
        (X.multiply(X) if hasattr(X, "tocsr") else np.square(X)).sum(axis=1)
    ).ravel()
    middle = np.asarray(shares @ X).ravel()
    mean = float(shares @ squares)
    found = mean - float(middle @ middle)
    return found if found > 1e-12 * mean else 1.0  # so little is what rounding leaves of nothing


def _sample(targets: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the positions of 5,000 rows, ascending: one of each class, others drawn by lot."""
    order = rng.permutation(len(targets))
    first = np.unique(targets[order], return_index=True)[1]
    drawn = np.concatenate([order[first], np.delete(order, first)])[: max(_MOST, len(first))]
    return np.sort(drawn)
