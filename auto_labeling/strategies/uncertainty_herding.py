"""Cover the uncertain part of the pool: coarsely while labels are few, finely later."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auto_labeling.ports import Scorer
from auto_labeling.strategies.herding import herd
from auto_labeling.strategies.uncertainty import Margin
from auto_labeling.strategies.weighing import weights_by
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class UncertaintyHerding:
    """The candidates near which most uncertainty lies that no labeled or chosen one is near to.

    Greedy cover of uncertainty (Bae, Oliveira & Sutherland 2024, arXiv 2412.20644) under a kernel
    as wide as labeled points lie apart, so that few labels choose what is typical and many labels
    choose what is uncertain.

    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.51, 0.49], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [0.1], [5.0], [9.0]]),
    ...     labeled_embeddings=np.array([[8.0], [9.0]]),
    ... )
    >>> UncertaintyHerding().select(view, 2, np.random.default_rng(0))
    array([0, 2])
    """

    scorer: Scorer = field(default_factory=Margin)
    """How uncertain a candidate is; where scores fall below 0, they count from the least."""

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads, and where candidates and labels lie."""
        return self.scorer.needs | {"embeddings", "labeled_embeddings"}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, the one that covers most first."""
        return herd(view, weights_by(self.scorer, view), None, size, rng)
