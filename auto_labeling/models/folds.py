"""Labels dealt into folds, and what models say of rows that they have not learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MANY = 200  # labels: enough for five folds; fewer are too dear to be held back by the fifth


def dealt(targets: NDArray[Any], rng: np.random.Generator, folds: int) -> NDArray[np.intp]:
    """Return (l,) the fold of each label: every class is dealt out in turn.

    >>> dealt(np.array([0, 0, 1, 1]), np.random.default_rng(0), folds=2).tolist()
    [0, 1, 0, 1]
    """
    order = rng.permutation(len(targets))
    by_class = order[np.argsort(targets[order], kind="stable")]
    found = np.empty(len(targets), dtype=np.intp)
    found[by_class] = np.arange(len(targets)) % folds
    return found


def how_many(labels: int) -> int:
    """Return into how many folds so many labels are dealt: ten, of many labels five."""
    return min(labels, 10 if labels < _MANY else 5)


def out_of_fold(
    ask: Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]],
    folds: NDArray[np.intp],
    k: int,
) -> NDArray[np.float64]:
    """Return (l, k) chances: `ask(learned, held)` says those of each fold by the other rows."""
    said = np.empty((len(folds), k))
    for fold in np.unique(folds):
        held = np.flatnonzero(folds == fold)
        said[held] = ask(np.flatnonzero(folds != fold), held)
    return said
