"""Ask about the uncertain, but not twice about the same thing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size, k_means, top_k
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Scorer
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.strategies.uncertainty import Margin
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class ClusterTop:
    """The best scored `beta` batches are clustered; of each cluster the member nearest its center.

    Diverse mini-batch active learning (Zhdanov 2019, arXiv 1901.05954) without its weights. Where
    copies leave fewer clusters than candidates asked for, the best scored of the rest fill up.

    >>> view = PoolView(
    ...     proba=np.array([[0.50, 0.50], [0.51, 0.49], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [0.1], [5.0], [9.0]]),
    ... )
    >>> ClusterTop(Margin(), beta=2).select(view, 2, np.random.default_rng(0))
    array([0, 2])
    """

    scorer: Scorer = field(default_factory=Margin)
    beta: int = 3
    """How many batches are shortlisted."""

    def __post_init__(self) -> None:
        if self.beta < 1:
            raise ConfigurationError(f"beta: expected at least 1, got {self.beta}")

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads, and embeddings to tell what is alike."""
        return self.scorer.needs | {"embeddings"}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, best scored first."""
        embeddings = view.need("embeddings", "cluster_top")
        size = batch_size(size, len(view))
        shortlist = top_k(checked_scores(self.scorer, view), self.beta * size, rng)
        if size == len(shortlist):
            return shortlist
        medoids = k_means(embeddings[shortlist], size, rng).medoids()
        # Positions in the shortlist are ranks, so sorting them puts the best scored first.
        rest = np.setdiff1d(np.arange(len(shortlist)), medoids)
        ranks = np.sort(np.concatenate([medoids, rest[: size - len(medoids)]]))
        chosen: NDArray[np.intp] = shortlist[ranks]
        return chosen
