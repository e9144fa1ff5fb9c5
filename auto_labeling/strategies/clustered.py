"""Batch mode "clustered": the best of each cluster in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size, k_means
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.strategies.ranking import turns
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Clustered:
    """A ranked shortlist falls into clusters, which give their best, then their second best, ...

    `ClusterTop` makes a cluster for each pick and takes its center; this one makes few clusters,
    takes their best, and every cluster gets the same number of picks while it has them.

    >>> from auto_labeling.strategies.top_k import TopK
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(
    ...     proba=np.array([[0.50, 0.50], [0.51, 0.49], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [0.1], [5.0], [5.1]]),
    ... )
    >>> Clustered(TopK(Margin()), n_clusters=2).select(view, 4, np.random.default_rng(0))
    array([0, 2, 1, 3])
    """

    strategy: QueryStrategy
    n_clusters: int = 10
    reach: int = 10
    """How many batches are shortlisted."""

    def __post_init__(self) -> None:
        for name in ("n_clusters", "reach"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads, and embeddings to tell what is alike."""
        return self.strategy.needs | {"embeddings"}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, the best of each cluster first."""
        embeddings = view.need("embeddings", "clustered")
        size = batch_size(size, len(view))
        if size == 0:
            return np.empty(0, dtype=np.intp)
        shortlist = self.strategy.select(view, self.reach * size, rng)
        labels = k_means(embeddings[shortlist], self.n_clusters, rng).labels
        order = np.argsort(turns(labels), kind="stable")
        chosen: NDArray[np.intp] = shortlist[order[:size]]
        return chosen
