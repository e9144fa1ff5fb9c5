"""Choose what is typical of the parts of the pool that no label has reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size, k_means
from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies.neighbours import neighbour_distances
from auto_labeling.view import PoolView

_SAMPLE = 20_000  # points that stand for a larger pool, so that time and memory do not grow with it
_MOST_CLUSTERS = 500
_SMALL = 5  # members; what is smaller is left to the end, because it may be made of outliers


@dataclass(frozen=True, slots=True)
class TypiClust:
    """As many clusters as labels there will be, and of each that has none its most typical member.

    Hacohen, Dekel & Weinshall (2022, arXiv 2202.02794). Clusters with the fewest labels come
    first, and of those the largest; a member is the more typical the nearer its neighbours in the
    cluster are. Pools of more than 20,000 are represented by a random sample.

    >>> view = PoolView(
    ...     embeddings=np.array([[0.0], [1.0], [1.5], [4.0], [50.0], [51.0], [52.0]]),
    ...     labeled_embeddings=np.array([[51.5]]),
    ... )
    >>> TypiClust().select(view, 1, np.random.default_rng(0))
    array([1])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"embeddings", "labeled_embeddings"})

    neighbours: int = 20
    """How many of the nearest members typicality looks at, at most half of the cluster."""

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ConfigurationError(f"neighbours: expected at least 1, got {self.neighbours}")

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, of the largest cluster without labels first."""
        embeddings = view.need("embeddings", "typiclust")
        labeled = view.need("labeled_embeddings", "typiclust")
        n = len(embeddings)
        size = batch_size(size, n)
        if size in (0, n):
            return rng.permutation(n)[:size].astype(np.intp, copy=False)
        # In random order, so that of copies each has the same chance.
        sample = _drawn(n, max(_SAMPLE, 2 * size), rng)
        points = embeddings[sample]
        known = labeled[_drawn(len(labeled), _SAMPLE, rng)].reshape(-1, points.shape[1])
        clusters = min(len(labeled) + size, _MOST_CLUSTERS)
        labels = k_means(np.concatenate([points, known]), clusters, rng).labels
        return sample[self._visit(points, labels[: len(points)], labels[len(points) :], size)]

    def _visit(
        self, points: Floats, labels: NDArray[np.intp], taken: NDArray[np.intp], size: int
    ) -> NDArray[np.intp]:
        """Return `size` points, one of each cluster, then a second one of each, and so on."""
        sizes = np.bincount(labels)
        labeled = np.bincount(taken, minlength=len(sizes))[: len(sizes)]
        order = np.lexsort((-sizes, labeled, sizes < _SMALL))
        turn = np.empty(len(sizes), dtype=np.intp)
        turn[order] = np.arange(len(sizes))
        rank = np.full(len(points), len(points))
        for cluster in order[:size]:
            members = np.flatnonzero(labels == cluster)
            ranked = members[np.argsort(self._spread(points[members]), kind="stable")]
            rank[ranked] = np.arange(len(ranked))
        visits: NDArray[np.intp] = np.lexsort((turn[labels], rank))[:size]
        return visits

    def _spread(self, members: Floats) -> NDArray[np.floating[Any]]:
        """Return (m,) mean distance to the nearest members: the inverse of typicality."""
        k = min(self.neighbours, len(members) // 2)
        if k == 0:
            return np.zeros(len(members))
        spread: NDArray[np.floating[Any]] = neighbour_distances(members, k).mean(axis=1)
        return spread


def _drawn(n: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.permutation(n)[:most] if n <= most else rng.choice(n, most, replace=False)
