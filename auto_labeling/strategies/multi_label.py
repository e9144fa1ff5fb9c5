"""Scores where an item may have several labels: each label has a probability of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import spans
from auto_labeling.errors import DataError
from auto_labeling.view import PoolView

Marginals: TypeAlias = NDArray[np.floating[Any]]
Scores: TypeAlias = NDArray[np.float64]

_SLACK = 0.01  # what rounding to half precision, or a calibration, may add to a probability


@dataclass(frozen=True, slots=True)
class MultiLabelEntropy:
    """Many labels are undecided: the mean entropy of a label.

    It orders as the entropy of the whole label set does, labels being independent.

    >>> view = PoolView(marginals=np.array([[1.0, 0.0], [0.5, 0.0], [0.5, 0.5]]))
    >>> MultiLabelEntropy().score(view).round(4)
    array([0.    , 0.3466, 0.6931])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"marginals"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, ln 2], in nats; higher is less certain."""
        return _score_labels(view.need("marginals", "multi_label_entropy"), _mean_entropy)


@dataclass(frozen=True, slots=True)
class MultiLabelMargin:
    """One label is undecided: the one whose probability is nearest one half (Brinker 2006).

    >>> view = PoolView(marginals=np.array([[1.0, 0.0], [0.75, 0.0], [1.0, 0.5]]))
    >>> MultiLabelMargin().score(view)
    array([0. , 0.5, 1. ])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"marginals"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, 1], `1 - min |2 p - 1|`; higher is less certain."""
        return _score_labels(view.need("marginals", "multi_label_margin"), _narrowest_margin)


@dataclass(frozen=True, slots=True)
class MultiLabelLeastConfident:
    """The most likely label set is not very likely.

    >>> view = PoolView(marginals=np.array([[1.0, 0.0], [0.5, 0.0], [0.5, 0.5]]))
    >>> MultiLabelLeastConfident().score(view)
    array([0.  , 0.5 , 0.75])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"marginals"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, 1), `1 - prod max(p, 1 - p)`; higher is less certain."""
        return _score_labels(view.need("marginals", "multi_label_least_confident"), _set_is_wrong)


def _score_labels(marginals: Marginals, kernel: Callable[[Scores], Scores]) -> Scores:
    """Return (n,) the kernel's score of each (k,) row, or raise `DataError` that names one."""
    n, k = marginals.shape
    if k == 0:
        raise DataError(f"marginals: expected at least one label, got shape {marginals.shape}")
    scores = np.empty(n)
    for span in spans(n, k):
        rows = np.asarray(marginals[span], dtype=np.float64)
        wrong = ((rows < -_SLACK) | (rows > 1 + _SLACK)).any(axis=1)
        if wrong.any():
            at = int(wrong.argmax())
            raise DataError(
                f"marginals: expected probabilities, row {span.start + at} has {rows[at].tolist()}"
            )
        scores[span] = kernel(np.clip(rows, 0.0, 1.0))
    return scores


def _mean_entropy(rows: Scores) -> Scores:
    total = np.zeros_like(rows)
    for proba in (rows, 1.0 - rows):
        total -= proba * np.log(np.where(proba > 0, proba, 1.0))  # 0 ln 0 is 0
    mean: Scores = total.mean(axis=1)
    return mean


def _narrowest_margin(rows: Scores) -> Scores:
    scores: Scores = 1.0 - np.abs(2.0 * rows - 1.0).min(axis=1)
    return scores


def _set_is_wrong(rows: Scores) -> Scores:
    scores: Scores = 1.0 - np.maximum(rows, 1.0 - rows).prod(axis=1)
    return scores
