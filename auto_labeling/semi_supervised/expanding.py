"""The rows of people and the rows of a model, as one set to fit on."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.errors import DataError
from auto_labeling.models import asking
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.thresholds import capped, most_for
from auto_labeling.view import len_of


class ProposesLabels(Protocol):
    """Whoever says which rows of a pool a model is sure enough of: a `PseudoLabeler`."""

    def propose(
        self, model: Any, X: Any, device: str = "cpu", *, weight: float = 0.5
    ) -> PseudoLabels:
        """Return the rows taken; targets are positions in `asking.classes_of` the model."""
        ...


def expand_with_pseudo_labels(
    X_labeled: Any,
    y_labeled: ArrayLike,
    X_unlabeled: Any,
    model: Any,
    labeler: ProposesLabels,
    device: str = "cpu",
    *,
    max_pseudo_ratio: float = 0.5,
    weight: float = 0.5,
) -> tuple[Any, NDArray[Any], NDArray[np.float64]]:
    """Return rows, labels and weights to fit on: people's first, then the surest of the pool.

    Args:
        X_labeled: (l, ...) rows that people have labeled.
        y_labeled: (l,) their labels, said as the model says them.
        X_unlabeled: (n, ...) rows that nobody has labeled.
        model: fitted; anything with predict_proba, or a torch module.
        labeler: a `PseudoLabeler`, whose threshold decides.
        device: where a torch module computes.
        max_pseudo_ratio: at most so many pseudo-labels a label of people.
        weight: what a pseudo-label counts; a label of people counts 1.

    >>> from sklearn.naive_bayes import GaussianNB
    >>> from auto_labeling import PseudoLabeler
    >>> X, y = [[0.0], [1.0], [8.0], [9.0]], ["no", "no", "yes", "yes"]
    >>> model = GaussianNB().fit(X, y)
    >>> rows, labels, weights = expand_with_pseudo_labels(
    ...     X, y, [[0.5], [4.5], [8.5]], model, PseudoLabeler()
    ... )
    >>> labels.tolist(), weights.tolist()
    (['no', 'no', 'yes', 'yes', 'no', 'yes'], [1.0, 1.0, 1.0, 1.0, 0.5, 0.5])
    """
    rows = data.checked_rows(X_labeled, "X_labeled")
    labels = data.checked_labels(y_labeled, len_of(rows))
    pool = data.checked_rows(X_unlabeled, "X_unlabeled")
    proposed = labeler.propose(model, pool, device, weight=weight)
    taken = capped(proposed, most_for(len(labels), max_pseudo_ratio))
    named = asking.classes_of(model, int(taken.targets.max(initial=0)) + 1)[taken.targets]
    return expanded(rows, labels, data.take(pool, taken.positions), named, taken.weights)


def expanded(
    rows: Any,
    labels: NDArray[Any],
    more_rows: Any,
    more_labels: NDArray[Any],
    weights: NDArray[np.float64],
) -> tuple[Any, NDArray[Any], NDArray[np.float64]]:
    """Return people's rows, each weighing 1, and behind them those that weigh less."""
    ones = np.ones(len(labels))
    if not len(more_labels):  # an empty pool has no shape to be stacked by
        return rows, labels, ones
    unknown = ~np.isin(more_labels, labels)
    if unknown.any():
        raise DataError(
            "y_labeled: expected every label that the model says, it says "
            f"{more_labels[unknown].tolist()[0]!r}, got {np.unique(labels)[:5].tolist()}"
        )
    stacked = data.stacked(rows, more_rows)
    return stacked, np.concatenate([labels, more_labels]), np.concatenate([ones, weights])
