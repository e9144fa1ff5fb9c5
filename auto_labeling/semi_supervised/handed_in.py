"""What people hand to a trainer: rows with labels, rows without, and labels of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.errors import DataError
from auto_labeling.semi_supervised.class_shares import balanced
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.view import len_of

_LABEL = "label"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PseudoLabeled:
    """Rows of a pool with the labels that a model gave them; every array is (m,)."""

    X: Any
    """(m, ...) the rows, in the form that the pool has."""
    y: NDArray[Any]
    """Labels, as people say them."""
    confidence: NDArray[np.float64]
    """The claimed chance that the label is right; nan where nobody said."""
    positions: NDArray[np.intp]
    """Rows of the pool, ascending."""
    weights: NDArray[np.float64]
    """What each counts beside a person's label, which counts 1."""

    def __len__(self) -> int:
        return len(self.y)

    def surest(self, most: int | None) -> PseudoLabeled:
        """Return the `most` surest, or all, no class with more than the part of them that it is.

        nan is the least sure, and ties go by position.
        """
        if most is None or most >= len(self):
            return self
        _, targets, counts = np.unique(self.y, return_inverse=True, return_counts=True)
        given = PseudoLabels(
            positions=np.arange(len(self)),
            targets=targets,
            confidence=self.confidence,
            weights=self.weights,
        )
        rows = balanced(given, counts, most).positions
        return PseudoLabeled(
            X=data.take(self.X, rows),
            y=self.y[rows],
            confidence=self.confidence[rows],
            positions=self.positions[rows],
            weights=self.weights[rows],
        )


def labeled(given: Any, name: str = "labeled_data") -> tuple[Any, NDArray[Any]]:
    """Return rows and (l,) labels, of (X, y) or of a frame with the column `label`.

    >>> rows, y = labeled(([[0.0], [1.0]], ["no", "yes"]))
    >>> rows.shape, y.tolist()
    ((2, 1), ['no', 'yes'])
    """
    X, y = _pair(given, name)
    rows = unlabeled(X, name)
    return rows, data.checked_labels(y, len_of(rows))


def unlabeled(given: Any, name: str = "unlabeled_data") -> Any:
    """Return rows as a model takes them; a frame of one column of texts is a list of them."""
    if given is None:
        raise DataError(f"{name}: expected rows, got None")
    frame = hasattr(given, "columns") and hasattr(given, "iloc")
    bare = given.drop(columns=_LABEL) if frame and _LABEL in given.columns else given
    if frame and bare.shape[1] == 1 and bare.dtypes.iloc[0].kind not in "fiub":
        return data.checked_rows(bare.iloc[:, 0], name)
    return data.checked_rows(bare, name)


def pseudo_labeled(given: Any, weight: float) -> PseudoLabeled:
    """Return what `label_unlabeled` gave, or (X, y), or a frame with `label`, as pseudo-labels."""
    if isinstance(given, PseudoLabeled):
        return given
    rows, y = labeled(given, "pseudo_labeled_data")
    return PseudoLabeled(
        X=rows,
        y=y,
        confidence=np.full(len(y), np.nan),
        positions=np.arange(len(y)),
        weights=np.full(len(y), weight),
    )


def expect_two_classes(y: NDArray[Any], name: str = "labeled_data") -> NDArray[Any]:
    """Return the (k,) classes of labels, ascending; `DataError` where there are not two."""
    classes: NDArray[Any] = np.unique(y)
    if len(classes) < 2:
        got = f"only {classes[0]!r}" if len(classes) else "no label"
        raise DataError(
            f"{name}: expected labels of two classes or more, got {got}; label some rows of "
            "another class first"
        )
    return classes


def _pair(given: Any, name: str) -> tuple[Any, Any]:
    if isinstance(given, tuple) and len(given) == 2:
        return given
    if hasattr(given, "columns") and _LABEL in given.columns:
        return given, given[_LABEL].to_numpy()
    raise DataError(
        f"{name}: expected (X, y) or a frame with the column 'label', got a {type(given).__name__}"
    )
