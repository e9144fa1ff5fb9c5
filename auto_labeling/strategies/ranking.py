"""Walk down a strategy's ranking until enough of it is admitted; count kinds along it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.ports import QueryStrategy
from auto_labeling.view import PoolView

Admit: TypeAlias = Callable[[NDArray[np.intp]], NDArray[np.intp]]
"""(r,) a ranking, best first -> at most `size` of its positions, in the order they are wanted."""

_DEEPER = 4  # times as far at every try, so that all tries cost little more than the last


def first_admitted(
    strategy: QueryStrategy, view: PoolView, size: int, rng: np.random.Generator, admit: Admit
) -> NDArray[np.intp]:
    """Return `size` positions that `admit` takes of the strategy's ranking, at most n.

    The strategy is asked for `size` candidates, then for four times as many, up to the pool. Where
    the whole pool has too few to admit, the best ranked of the others follow.
    """
    depth = size
    while True:
        ranking = strategy.select(view, depth, rng)
        admitted = admit(ranking)
        if len(admitted) == size or depth >= len(view):
            break
        depth = min(_DEEPER * depth, len(view))
    rest = ranking[~np.isin(ranking, admitted)]
    return np.concatenate([admitted, rest[: size - len(admitted)]])


def turns(kinds: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return (n,) how many before each are of its kind.

    >>> turns(np.array([4, 2, 4, 4, 2]))
    array([0, 0, 1, 2, 1])
    """
    order = np.argsort(kinds, kind="stable")
    _, first, sizes = np.unique(kinds[order], return_index=True, return_counts=True)
    counted = np.empty(len(kinds), dtype=np.intp)
    counted[order] = np.arange(len(kinds)) - np.repeat(first, sizes)
    return counted
