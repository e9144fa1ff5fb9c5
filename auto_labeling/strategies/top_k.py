"""Ask about the best scored, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape, top_k
from auto_labeling.ports import Scorer
from auto_labeling.view import PoolView, refuse_non_finite


@dataclass(frozen=True, slots=True)
class TopK:
    """The best scored; equal scores in random order.

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
        return top_k(checked_scores(self.scorer, view), size, rng)


def checked_scores(scorer: Scorer, view: PoolView) -> NDArray[np.float64]:
    """Return (n,) the scores, or raise `DataError` where the scorer broke its promise."""
    scores = scorer.score(view)
    where = f"scores of {type(scorer).__name__}"
    expect_shape(where, scores, (len(view),))
    refuse_non_finite(scores, where)
    return scores
