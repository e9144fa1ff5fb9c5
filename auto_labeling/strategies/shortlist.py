"""Let one strategy choose among the best scored only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size, top_k
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy, Scorer
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Shortlist:
    """A strategy that sees the best scored `reach` batches and nothing else.

    >>> from auto_labeling.strategies.cold_start import KMedoids
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.51, 0.49], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [0.1], [0.2], [9.0]]),
    ... )
    >>> Shortlist(Margin(), KMedoids(), reach=3).select(view, 1, np.random.default_rng(0))
    array([1])
    """

    scorer: Scorer
    strategy: QueryStrategy
    reach: float = 3.0
    """How many batches are shortlisted, at least 1; infinity leaves the pool as it is."""

    def __post_init__(self) -> None:
        if not self.reach >= 1:  # not "< 1", which is false for NaN
            raise ConfigurationError(f"reach: expected at least 1, got {self.reach}")

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer and the strategy read."""
        return self.scorer.needs | self.strategy.needs

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, in the order of the strategy."""
        size = batch_size(size, len(view))
        length = len(view) if math.isinf(self.reach) else math.ceil(self.reach * size)
        ranked = top_k(checked_scores(self.scorer, view), length, rng)
        view.require(self.strategy.needs, "shortlist")  # of the whole pool: rows keep their numbers
        chosen: NDArray[np.intp] = ranked[self.strategy.select(view.take(ranked), size, rng)]
        return chosen
