"""Ask about the best scored, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Best, batch_size, expect_shape
from auto_labeling.errors import DataError
from auto_labeling.ports import Scorer
from auto_labeling.view import PoolView, refuse_non_finite

_ROWS = 65_536  # candidates a chunk: half a megabyte of scores


@dataclass(frozen=True, slots=True)
class TopK:
    """The best scored; equal scores in random order.

    A scorer whose `rowwise` is true promises that a candidate's score depends on that candidate
    alone: it is asked chunk by chunk, so that memory does not grow with the pool.

    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(proba=np.array([[0.9, 0.1], [0.5, 0.5], [0.7, 0.3]]))
    >>> TopK(Margin()).select(view, 2, np.random.default_rng(0))
    array([1, 2])
    """

    scorer: Scorer

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads."""
        return self.scorer.needs

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, best scored first."""
        best = Best(batch_size(size, len(view)), rng)
        try:
            for part in self._parts(view):
                best.offer(checked_scores(self.scorer, part))
        except DataError:
            checked_scores(self.scorer, view)  # fails as well, and names the row of the pool
            raise
        return best.positions()

    def _parts(self, view: PoolView) -> Iterator[PoolView]:
        """Yield views that the scorer may score one after the other, in the order of the pool."""
        if len(view) > _ROWS and getattr(self.scorer, "rowwise", False):
            starts = range(0, len(view), _ROWS)
            yield from (view.take(slice(start, start + _ROWS)) for start in starts)
        else:
            yield view


def checked_scores(scorer: Scorer, view: PoolView) -> NDArray[np.float64]:
    """Return (n,) the scores, or raise `DataError` where the scorer broke its promise."""
    scores = scorer.score(view)
    where = f"scores of {type(scorer).__name__}"
    expect_shape(where, scores, (len(view),))
    refuse_non_finite(scores, where)
    return scores
