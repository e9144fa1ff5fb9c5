"""Buy one of many near-duplicates, and none of which a twin is labeled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size, squared_distances
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.strategies.ranking import first_admitted
from auto_labeling.strategies.spread import squares_to, typical_distance
from auto_labeling.view import PoolView

_ROUNDING = 1e-6  # of the typical distance: what single precision makes of two equal rows
_BLOCK = 2048  # ranked candidates that are compared at once


@dataclass(frozen=True, slots=True)
class OneOfAKind:
    """A strategy's ranking without those that lie within a small distance of a better pick.

    Nothing is grouped beforehand: only what is ranked high enough to be bought is compared, with
    the picks and with what is labeled. Where the pool has too few kinds left, twins fill up, best
    ranked first.

    >>> from auto_labeling.strategies.top_k import TopK
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(
    ...     proba=np.array([[0.50, 0.50], [0.51, 0.49], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [0.1], [5.0], [9.0]]),
    ...     labeled_embeddings=np.array([[5.01]]),
    ... )
    >>> OneOfAKind(TopK(Margin())).select(view, 3, np.random.default_rng(0))
    array([0, 3, 1])
    """

    strategy: QueryStrategy
    share: float = 0.05
    """Two are near-duplicates within this share of the typical distance between two candidates."""

    def __post_init__(self) -> None:
        if self.share < 0:
            raise ConfigurationError(f"share: expected at least 0, got {self.share}")

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads, and embeddings of the pool and of what is labeled."""
        return self.strategy.needs | {"embeddings", "labeled_embeddings"}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, in the order of the strategy; twins last."""
        embeddings = view.need("embeddings", "one_of_a_kind")
        labeled = view.need("labeled_embeddings", "one_of_a_kind")
        size = batch_size(size, len(view))
        within = max(self.share, _ROUNDING) * typical_distance(embeddings)

        def admit(ranking: NDArray[np.intp]) -> NDArray[np.intp]:
            return _kinds(embeddings, labeled, ranking, within, size)

        return first_admitted(self.strategy, view, size, rng, admit)


def _kinds(
    embeddings: Floats, labeled: Floats, ranking: NDArray[np.intp], within: float, size: int
) -> NDArray[np.intp]:
    """Return up to `size` of the ranking, in its order, none `within` a distance of another."""
    kept: list[int] = []
    for start in range(0, len(ranking), _BLOCK):
        block = ranking[start : start + _BLOCK]
        points = np.asarray(embeddings[block], dtype=np.float64)
        squares = np.minimum(squares_to(points, labeled), squares_to(points, embeddings[kept]))
        while len(kept) < size and (squares > within**2).any():
            first = int((squares > within**2).argmax())
            kept.append(int(block[first]))
            near = squared_distances(points, points[first : first + 1])[:, 0]
            np.minimum(squares, near, out=squares)
            squares[first] = 0.0
        if len(kept) == size:
            break
    return np.array(kept, dtype=np.intp)
