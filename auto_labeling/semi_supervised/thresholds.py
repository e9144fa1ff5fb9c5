"""How sure is sure enough, class by class, and how many may be taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.arguments import as_number
from auto_labeling.arrays import expect_shape
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.quality.annotators.shares import exact_limits
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.view import refuse_non_finite


def confident(
    proba: NDArray[np.floating[Any]], threshold: ArrayLike, *, weight: float = 0.5
) -> PseudoLabels:
    """Return the rows of (n, k) chances whose likeliest class has at least its threshold.

    The threshold is one for all classes, or (k,); `inf` takes nothing of a class. Each counts
    `weight` beside a person's label, which is above 0 and below 1.

    >>> taken = confident(np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]), [0.9, 0.7])
    >>> taken.positions, taken.targets
    (array([0, 2]), array([0, 1]))
    """
    chances = checked_chances(proba)
    asked = _checked_thresholds(threshold, chances.shape[1])
    counted = checked_weight(weight)
    if not chances.size:
        return _of(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0), counted)
    best = chances.argmax(axis=1)
    confidence = np.take_along_axis(chances, best[:, None], axis=1)[:, 0]
    rows = np.flatnonzero(confidence >= asked[best])
    return _of(rows, best[rows], np.minimum(confidence[rows], 1.0), counted)


def capped(taken: PseudoLabels, most: int | None) -> PseudoLabels:
    """Return the `most` surest, or all; of equally sure ones those that come first.

    >>> taken = confident(np.array([[0.9, 0.1], [0.1, 0.9], [0.01, 0.99]]), 0.7)
    >>> capped(taken, 2).positions
    array([0, 2])
    """
    return taken.only(np.sort(surest_first(taken)[: at_most(most, len(taken))]))


def most_for(n_labeled: int, max_ratio: float | None) -> int | None:
    """Return how many pseudo-labels so many labels allow; None where no ratio caps them.

    >>> most_for(50, 0.5), most_for(50, None)
    (25, None)
    """
    ratio = checked_ratio(max_ratio)
    return None if ratio is None else int(ratio * n_labeled + 1e-9)  # .07 * 100 is 7


def calibrated_thresholds(
    proba: NDArray[np.floating[Any]],
    targets: NDArray[np.intp],
    *,
    precision: float = 0.9,
    alpha: float = 0.2,
) -> NDArray[np.float64]:
    """Return (k,) the lowest confidence at which a class is right as often as asked.

    What is right is counted on rows that the model has not learned from, and the lower limit of
    Clopper and Pearson (1934) has to reach `precision`. A class that has too few rows to tell goes
    by all classes together, unless its own rows speak against that; `inf` where nothing is sure
    enough.

    Args:
        proba: (l, k) chances of labeled rows, out of fold or held out.
        targets: (l,) their classes.
        precision: how often pseudo-labels of a class have to be right.
        alpha: how often the limit may be passed, one-sided. Rigour needs labels: 6 right ones in a
            row for `precision` .75, 16 for .9.

    >>> proba = np.array([[0.9, 0.1]] * 20 + [[0.6, 0.4]] * 20)
    >>> targets = np.array([0] * 30 + [1] * 10)
    >>> calibrated_thresholds(proba, targets, precision=0.9)
    array([0.9, 0.9])
    """
    chances = checked_chances(proba)
    k = chances.shape[1]
    truth = checked_targets(targets, k)
    expect_shape("targets", truth, (len(chances),))
    for name, given in (("precision", precision), ("alpha", alpha)):
        if not 0 < given < 1:
            raise ConfigurationError(f"{name}: expected a number between 0 and 1, got {given!r}")
    if not len(chances):
        return np.full(k, np.inf)
    best = chances.argmax(axis=1)
    confidence, right = chances.max(axis=1), best == truth
    of_all = _lowest(confidence, right, precision, alpha)
    thresholds = np.full(k, of_all)
    for cls in range(k):
        rows = best == cls
        own = _lowest(confidence[rows], right[rows], precision, alpha)
        if np.isfinite(own):
            thresholds[cls] = own
        elif _speaks_against(right[rows & (confidence >= of_all)], precision, alpha):
            thresholds[cls] = np.inf
    return thresholds


def checked_confidence(threshold: float, name: str = "confidence_threshold") -> float:
    """Return a threshold above 0 and up to 1, or raise `ConfigurationError`."""
    if not 0 < as_number(threshold) <= 1:
        raise ConfigurationError(
            f"{name}: expected a number above 0 and up to 1, got {threshold!r}"
        )
    return float(threshold)


def checked_weight(weight: float) -> float:
    """Return a weight above 0 and below 1, or raise `ConfigurationError`."""
    if not 0 < as_number(weight) < 1:
        raise ConfigurationError(f"weight: expected a number above 0 and below 1, got {weight!r}")
    return float(weight)


def checked_ratio(max_ratio: float | None) -> float | None:
    """Return a ratio of 0 or more, or raise `ConfigurationError`; None is no cap."""
    if max_ratio is None:
        return None
    if not 0 <= as_number(max_ratio) < np.inf:
        raise ConfigurationError(f"max_ratio: expected a number of 0 or more, got {max_ratio!r}")
    return float(max_ratio)


def checked_chances(proba: Any) -> NDArray[np.float64]:
    """Return (n, k) chances, or raise `DataError`."""
    chances = np.asarray(proba, dtype=np.float64)
    expect_shape("proba", chances, ("n", "k"))
    refuse_non_finite(chances, "proba")
    if chances.size and not (chances.min() >= 0 and chances.max() <= 1 + 1e-6):
        raise DataError(
            f"proba: expected chances from 0 to 1, got {chances.min():.3g} to {chances.max():.3g}"
        )
    return chances


def at_most(most: int | None, available: int) -> int:
    """Return how many may be taken of those there are."""
    if most is not None and most < 0:
        raise ConfigurationError(f"most: expected 0 or more, got {most}")
    return available if most is None else min(most, available)


def surest_first(taken: PseudoLabels) -> NDArray[np.intp]:
    """Return (m,) positions among what is taken; of equally sure ones the earlier goes first."""
    return np.argsort(-taken.confidence, kind="stable")


def checked_targets(targets: Any, k: int) -> NDArray[np.intp]:
    """Return (l,) positions in `k` classes, at least one, or raise `DataError`."""
    given = np.asarray(targets)
    expect_shape("targets", given, ("l",))
    if not len(given):
        raise DataError("targets: expected at least one label, got none")
    if given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= k:
        raise DataError(f"targets: expected class positions from 0 to {k - 1}, got {given[:5]}")
    return given.astype(np.intp)


def _lowest(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], precision: float, alpha: float
) -> float:
    """Return the lowest confidence from which on the lower limit of being right is `precision`."""
    order = np.argsort(-confidence, kind="stable")
    ordered, hits = confidence[order], np.cumsum(right[order])
    ends = np.flatnonzero(np.append(ordered[1:] < ordered[:-1], True)[: len(ordered)])
    if not len(ends):
        return float("inf")
    low = exact_limits(hits[ends], ends + 1, 2 * alpha)[0]
    reached = ends[low >= precision]
    return float(ordered[reached[-1]]) if len(reached) else float("inf")


def _speaks_against(right: NDArray[np.bool_], precision: float, alpha: float) -> bool:
    return len(right) > 0 and bool(
        exact_limits(np.count_nonzero(right), len(right), 2 * alpha)[1] < precision
    )


def _of(
    positions: NDArray[np.intp],
    targets: NDArray[np.intp],
    confidence: NDArray[np.float64],
    weight: float,
) -> PseudoLabels:
    return PseudoLabels(
        positions=positions,
        targets=targets.astype(np.intp),
        confidence=confidence,
        weights=np.full(len(positions), weight),
    )


def _checked_thresholds(threshold: ArrayLike, k: int) -> NDArray[np.float64]:
    given = np.asarray(threshold, dtype=np.float64)
    if given.shape not in ((), (k,)) or not (given > 0).all():  # false for NaN
        raise ConfigurationError(
            f"threshold: expected one above 0, or {k} of them, got {threshold!r}"
        )
    return np.broadcast_to(given, (k,))
