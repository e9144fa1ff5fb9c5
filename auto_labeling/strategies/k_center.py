"""Cover the pool: always the candidate farthest from all that is labeled or chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size
from auto_labeling.strategies.points import (
    COARSE,
    Doubles,
    dense_points,
    far_origin,
    fits_single,
    settled,
    shifted,
    squared_lengths,
    with_random_rest,
    working_precision,
)
from auto_labeling.strategies.shrinking import COLUMNS, Level, take_largest
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class KCenter:
    """The candidate farthest from its nearest labeled or chosen neighbour, again and again.

    Core-set selection (Sener & Savarese 2018, arXiv 1708.00489): greedy k-center, which is at most
    twice as far from the pool as the best choice (Gonzalez 1985). Exactly the picks of plain greedy
    in double precision; without labels the first is random, and so are those after the last
    candidate that is no copy.

    >>> view = PoolView(
    ...     embeddings=np.array([[0.0], [4.0], [9.0]]), labeled_embeddings=np.array([[1.0]])
    ... )
    >>> KCenter().select(view, 2, np.random.default_rng(0))
    array([2, 1])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"embeddings", "labeled_embeddings"})

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, the farthest first."""
        embeddings = dense_points(view, "embeddings", "k_center")
        labeled = dense_points(view, "labeled_embeddings", "k_center")
        n = len(embeddings)
        size = batch_size(size, n)
        if size == 0:
            return np.empty(0, dtype=np.intp)
        law = _Distances(embeddings, labeled, size)
        pool = Level(
            rows=np.arange(n), points=embeddings, known=law.known, values=np.full(n, np.inf)
        )
        picks = [] if len(labeled) else [int(rng.integers(n))]
        for row in picks:
            law.add(embeddings[row])
        if len(picks) < size:
            picks += take_largest(pool, law, size - len(picks), rng)
        return with_random_rest(picks, n, size, rng)


class _Distances:
    """Squared distance to the nearest center; known of a row: its squared length."""

    def __init__(self, points: Floats, labeled: Floats, size: int) -> None:
        self._origin = far_origin(points)
        self.known = squared_lengths(points, self._origin)[:, None]
        longest = max(self.known.max(), squared_lengths(labeled, self._origin).max(initial=0.0))
        single = fits_single(np.array([longest]))
        self._precision = working_precision(points.dtype) if single else np.float64
        # A sum of d products is right to d roundings, in whatever order (Higham 2002, section 3.1).
        rounding = (points.shape[1] + 16) * float(np.finfo(self._precision).eps)
        self._loose = 1 + rounding + COARSE
        self._centers = np.empty((len(labeled) + size, points.shape[1]))
        self._centers[: len(labeled)] = shifted(labeled, self._origin, np.float64)
        self._lifts = np.zeros(len(self._centers))
        known = self._centers[: len(labeled)]
        self._lifts[: len(labeled)] = np.einsum("ij,ij->i", known, known)
        self.count = len(labeled)

    def add(self, point: Floats) -> None:
        center = shifted(point, self._origin, np.float64)
        self._centers[self.count], self._lifts[self.count] = center, center @ center
        self.count += 1

    def bounds(self, points: Floats, known: Doubles, values: Doubles, since: int) -> Doubles:
        block = shifted(points, self._origin, self._precision)
        lengths = self._loose * known[:, 0]
        for some in self._batches(since):
            products = block @ (-2 * self._centers[some]).astype(self._precision).T
            products += (self._loose * self._lifts[some]).astype(self._precision)
            values = np.minimum(values, products.min(axis=1) + lengths)
        return values

    def exact(self, points: Floats, known: Doubles) -> Doubles:
        block = shifted(points, self._origin, np.float64)
        lengths = np.einsum("ij,ij->i", block, block)
        least = np.full(len(block), np.inf)
        for some in self._batches(0):
            squares = self._lifts[some] - 2 * (block @ self._centers[some].T)
            least = np.minimum(least, squares.min(axis=1))
        return settled(np.maximum(lengths + least, 0.0), known[:, 0])

    def _batches(self, since: int) -> Iterator[slice]:
        starts = range(since, self.count, COLUMNS)
        return (slice(start, min(start + COLUMNS, self.count)) for start in starts)
