"""Batch mode "sequential": one pick at a time, each unlike those before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size, normalise_rows
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Sequential:
    """Of a ranked shortlist, each time the best balance of rank and of being unlike the picks.

    Maximal marginal relevance (Carbonell & Goldstein 1998): the largest of
    `(1 - weight) * relevance - weight * similarity`, where relevance falls evenly from 1 to 0 along
    the ranking, and similarity is the largest cosine to a pick, 0 for the first pick.

    >>> from auto_labeling.strategies.top_k import TopK
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(
    ...     proba=np.array([[0.50, 0.50], [0.51, 0.49], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]]),
    ... )
    >>> Sequential(TopK(Margin())).select(view, 3, np.random.default_rng(0))
    array([0, 2, 1])
    """

    strategy: QueryStrategy
    weight: float = 0.5
    """What being unlike the picks counts, in [0, 1]; 0 leaves the ranking as it is."""
    reach: int = 10
    """How many batches are shortlisted."""

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise ConfigurationError(f"weight: expected 0 to 1, got {self.weight}")
        if self.reach < 1:
            raise ConfigurationError(f"reach: expected at least 1, got {self.reach}")

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads, and embeddings to tell what is alike."""
        return self.strategy.needs | {"embeddings"}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, in the order they were picked."""
        embeddings = view.need("embeddings", "sequential")
        size = batch_size(size, len(view))
        shortlist = self.strategy.select(view, self.reach * size, rng)
        chosen: NDArray[np.intp] = shortlist[self._ranks(embeddings[shortlist], size)]
        return chosen

    def _ranks(self, points: Floats, size: int) -> list[int]:
        directions = normalise_rows(points)
        gain = (1 - self.weight) * np.linspace(1.0, 0.0, len(points))
        similarity = np.full(len(points), -np.inf)
        ranks: list[int] = []
        for _ in range(size):
            penalty = self.weight * similarity if ranks else 0.0
            rank = int(np.argmax(gain - penalty))
            ranks.append(rank)
            np.maximum(similarity, directions @ directions[rank], out=similarity)
            gain[rank] = -np.inf
        return ranks
