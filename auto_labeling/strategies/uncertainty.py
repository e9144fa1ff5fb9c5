"""Ask where the model is least sure: margin, ratio, entropy and least confident.

Each is a function of probabilities, and a scorer of the same name over a view.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.strategies.probabilities import entropies, score_rows
from auto_labeling.view import PoolView

Proba: TypeAlias = NDArray[np.floating[Any]]
Scores: TypeAlias = NDArray[np.float64]


def margin(proba: Proba) -> Scores:
    """Return (n,) scores in [0, 1]; higher is less certain.

    `1 - (p1 - p2)`, the two most likely classes (Scheffer, Decomain & Wrobel 2001).

    >>> margin(np.array([[0.5, 0.5, 0.0], [0.75, 0.25, 0.0]]))
    array([1. , 0.5])
    """
    return score_rows(proba, _margin)


def ratio(proba: Proba) -> Scores:
    """Return (n,) scores in [0, 1]; higher is less certain.

    `p2 / p1`, the two most likely classes.

    >>> ratio(np.array([[0.5, 0.5, 0.0], [0.75, 0.25, 0.0]])).round(4)
    array([1.    , 0.3333])
    """
    return score_rows(proba, _ratio)


def entropy(proba: Proba) -> Scores:
    """Return (n,) scores in [0, ln k], in nats; higher is less certain.

    `-sum p ln p` (Shannon 1948).

    >>> entropy(np.array([[1.0, 0.0], [0.5, 0.5]])).round(4)
    array([0.    , 0.6931])
    """
    return score_rows(proba, entropies)


def least_confident(proba: Proba) -> Scores:
    """Return (n,) scores in [0, 1 - 1/k]; higher is less certain.

    `1 - p1`, the most likely class (Lewis & Gale 1994).

    >>> least_confident(np.array([[0.5, 0.5], [0.75, 0.25]]))
    array([0.5 , 0.25])
    """
    return score_rows(proba, _least_confident)


@dataclass(frozen=True, slots=True)
class Margin:
    """The gap between the two most likely classes is small."""

    needs: ClassVar[frozenset[str]] = frozenset({"proba"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, 1]; higher is less certain."""
        return _of_view(margin, view)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The second most likely class is almost as likely as the first."""

    needs: ClassVar[frozenset[str]] = frozenset({"proba"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, 1]; higher is less certain."""
        return _of_view(ratio, view)


@dataclass(frozen=True, slots=True)
class Entropy:
    """The probabilities are spread over many classes."""

    needs: ClassVar[frozenset[str]] = frozenset({"proba"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, ln k]; higher is less certain."""
        return _of_view(entropy, view)


@dataclass(frozen=True, slots=True)
class LeastConfident:
    """The most likely class is not very likely."""

    needs: ClassVar[frozenset[str]] = frozenset({"proba"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, 1 - 1/k]; higher is less certain."""
        return _of_view(least_confident, view)


def _of_view(score: Callable[[Proba], Scores], view: PoolView) -> Scores:
    """Return (n,) the score of `view.proba`, checked as `need` does only where that fails.

    So it is read once: a row that is not finite has no sum of one.
    """
    if isinstance(view.proba, np.ndarray) and view.proba.dtype.kind == "f":
        with suppress(DataError):
            return score(view.proba)
    return score(view.need("proba", score.__name__))


def _margin(columns: Proba) -> Scores:
    first, second = _best_two(columns)
    gaps = np.subtract(first, second, out=first)
    scores: Scores = np.subtract(1.0, gaps, dtype=np.float64)
    return scores


def _ratio(columns: Proba) -> Scores:
    first, second = _best_two(columns)
    return (second / first).astype(np.float64)  # no zero: a row sums to one


def _least_confident(columns: Proba) -> Scores:
    first: Proba = columns.max(axis=0)
    return 1.0 - first.astype(np.float64)


def _best_two(columns: Proba) -> tuple[Proba, Proba]:
    first, second = columns[0], np.zeros_like(columns[0])
    smaller = np.empty_like(first)
    for column in columns[1:]:  # a running best two: a third of the time of a partition
        np.minimum(first, column, out=smaller)
        np.maximum(second, smaller, out=second)
        np.maximum(first, column, out=first)
    return first, second
