"""Keep the picks of a batch apart, and away from what is labeled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size, nearest, spans, squared_distances
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Spread:
    """Of a ranked shortlist the best that are not too near to a pick or to a labeled item.

    Where none is far enough, the farthest is taken, so that the batch is never short.

    >>> from auto_labeling.strategies.top_k import TopK
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(
    ...     proba=np.array([[0.50, 0.50], [0.51, 0.49], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [0.1], [5.0], [9.0]]),
    ...     labeled_embeddings=np.empty((0, 1)),
    ... )
    >>> Spread(TopK(Margin()), distance=1.0).select(view, 3, np.random.default_rng(0))
    array([0, 2, 3])
    """

    strategy: QueryStrategy
    share: float = 0.5
    """The least distance, as a share of the typical distance between two candidates."""
    distance: float | None = None
    """The least distance in the units of the embeddings, instead of a share."""
    reach: int = 10
    """How many batches are shortlisted."""

    def __post_init__(self) -> None:
        if self.share < 0:
            raise ConfigurationError(f"share: expected at least 0, got {self.share}")
        if self.distance is not None and self.distance < 0:
            raise ConfigurationError(f"distance: expected at least 0, got {self.distance}")
        if self.reach < 1:
            raise ConfigurationError(f"reach: expected at least 1, got {self.reach}")

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads, and embeddings of the pool and of what is labeled."""
        return self.strategy.needs | {"embeddings", "labeled_embeddings"}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions: those far enough best first, then the farthest."""
        embeddings = view.need("embeddings", "spread")
        labeled = view.need("labeled_embeddings", "spread")
        size = batch_size(size, len(view))
        if size == 0:
            return np.empty(0, dtype=np.intp)
        least = self.distance
        if least is None:
            least = self.share * typical_distance(embeddings)
        shortlist = self.strategy.select(view, self.reach * size, rng)
        points = embeddings[shortlist]
        chosen: NDArray[np.intp] = shortlist[
            _apart(points, squares_to(points, labeled), least, size)
        ]
        return chosen


def typical_distance(embeddings: Floats) -> float:
    """Return the root mean square Euclidean distance of two random rows, in one pass.

    >>> round(typical_distance(np.array([[0.0], [0.0], [0.0], [4.0]])), 4)
    2.4495
    """
    n, d = embeddings.shape
    if n == 0:
        return 0.0
    origin = np.asarray(embeddings[0], dtype=np.float64)  # far from zero squares lose digits
    total, squares = np.zeros(d), 0.0
    for span in spans(n, d):
        rows = embeddings[span] - origin
        total += rows.sum(axis=0)
        squares += float(np.einsum("ij,ij->", rows, rows))
    variance = squares / n - float(np.square(total / n).sum())
    return math.sqrt(max(2.0 * variance, 0.0))


def squares_to(points: Floats, others: Floats) -> NDArray[np.float64]:
    """Return (n,) the squared distance of each point to the nearest of `others`; inf to none."""
    if len(others) == 0:
        return np.full(len(points), np.inf)
    return nearest(points, others)[1]


def _apart(points: Floats, squares: NDArray[np.float64], least: float, size: int) -> list[int]:
    """Return the ranks of `size` of the ranked points, none nearer than `least` while there are."""
    squares = squares.copy()
    ranks: list[int] = []
    for _ in range(size):
        enough = squares >= least**2
        rank = int(enough.argmax()) if enough.any() else int(squares.argmax())
        ranks.append(rank)
        np.minimum(squares, squared_distances(points, points[rank : rank + 1])[:, 0], out=squares)
        squares[ranks[-1]] = -1.0
    return ranks
