"""Cluster what is uncertain, and ask about the middle of each cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size, k_means, top_k
from auto_labeling.ports import Scorer
from auto_labeling.strategies.uncertainty import Margin
from auto_labeling.strategies.weighing import priority_sample, weights_by, with_heaviest_rest
from auto_labeling.view import PoolView

_SAMPLE = 20_000  # points that stand for the pool, so that time and memory do not grow with it
_PER_CLUSTER = 5


@dataclass(frozen=True, slots=True)
class WeightedKMeans:
    """Clusters by embedding in which scores are weights, and the member nearest each center.

    Diverse mini-batch active learning (Zhdanov 2019, arXiv 1901.05954), with its shortlist as
    `Shortlist(Margin(), WeightedKMeans(Margin()), reach=10)`. Where copies leave fewer clusters
    than candidates asked for, the best scored of the rest fill up.

    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [1.0], [2.0], [9.0]]),
    ... )
    >>> WeightedKMeans().select(view, 2, np.random.default_rng(0))
    array([0, 3])
    """

    scorer: Scorer = field(default_factory=Margin)
    """What a candidate weighs; where scores fall below 0, they count from the least."""

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads, and embeddings to tell what is alike."""
        return self.scorer.needs | {"embeddings"}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, of the heaviest cluster first."""
        embeddings = view.need("embeddings", "weighted_k_means")
        weights = weights_by(self.scorer, view)
        size = batch_size(size, len(view))
        if size in (0, len(view)):
            return top_k(weights, size, rng)
        rows, shares = priority_sample(weights, max(_SAMPLE, _PER_CLUSTER * size), rng)
        rows, shares = rows[shares > 0], shares[shares > 0]
        medoids = k_means(embeddings[rows], size, rng, weights=shares).medoids()
        return with_heaviest_rest(rows[medoids], weights, size, rng)
