"""Items that may have several labels: a column of zeros and ones for each label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arrays import expect_shape
from auto_labeling.errors import DataError
from auto_labeling.view import len_of

_OF_SINGLE_LABELS = frozenset({"proba", "posterior", "labeled_targets"})


def checked_targets(y: ArrayLike, n: int) -> NDArray[Any]:
    """Return (n,) labels, or (n, k) zeros and ones where items may have several labels.

    >>> checked_targets([[0, 1], [2, 0]], 2)
    Traceback (most recent call last):
    auto_labeling.errors.DataError: y: expected 0 or 1 for each label, row 1 has [2, 0]
    """
    given = np.asarray(y)
    if given.ndim != 2:
        return data.checked_labels(y, n)
    expect_shape("y", given, (n, "k"))
    wrong = ~np.isin(given, (0, 1)).all(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"y: expected 0 or 1 for each label, row {row} has {given[row].tolist()}")
    return given.astype(np.intp)


def joined(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """Return the labels of both, in order; `DataError` where they are not of one kind."""
    if first.shape[1:] != second.shape[1:]:
        raise DataError(
            f"y: expected labels of shape {first.shape[1:]} as before, got {second.shape[1:]}"
        )
    data.expect_one_kind(first, second)
    return np.concatenate([first, second])


def expect_readable(needs: frozenset[str], y: NDArray[Any]) -> None:
    """Raise `DataError` where a strategy reads what there is not for labels of this kind."""
    if y.ndim == 2 and needs & _OF_SINGLE_LABELS:
        raise DataError(
            f"y: expected one label a row for a strategy that reads "
            f"{', '.join(sorted(needs & _OF_SINGLE_LABELS))}, got shape {y.shape}; for several "
            "labels an item choose one such as multi_label_entropy"
        )
    if y.ndim == 1 and "marginals" in needs:
        raise DataError(
            f"y: expected (n, k) zeros and ones for a strategy that reads marginals, got shape "
            f"{y.shape}; for one label an item choose one such as entropy"
        )


def marginals(model: Any, rows: Any) -> NDArray[np.float64]:
    """Return (n, k) the probability of each label by itself, a chunk at a time.

    A model says them as one (n, k) array, as scikit-learn's `OneVsRestClassifier` does, or as k
    arrays with a column for each of 0 and 1 that it has seen, as its forests do.
    """
    parts = [_marginals(model, data.take(rows, span)) for span in data.chunks(rows)]
    return np.concatenate(parts) if parts else np.empty((0, 1))


def _marginals(model: Any, rows: Any) -> NDArray[np.float64]:
    try:
        said = model.predict_proba(rows)
    except ValueError as error:
        raise DataError(f"{type(model).__name__} expected other rows: {error}") from error
    if isinstance(said, list):
        seen = zip(said, model.classes_, strict=True)
        said = np.stack([one @ (np.asarray(classes) == 1) for one, classes in seen], axis=1)
    given: NDArray[np.float64] = np.asarray(said, dtype=np.float64)
    expect_shape(f"probabilities of {type(model).__name__}", given, (len_of(rows), "k"))
    return given
