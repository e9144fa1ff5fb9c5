"""Greedy coverage of a pool by the kernels around what is labeled and what is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, nearest, top_k
from auto_labeling.strategies.kernels import Kernel
from auto_labeling.strategies.weighing import priority_sample, with_heaviest_rest

Rows: TypeAlias = slice | NDArray[np.intp]

_SAMPLE = 20_000  # points that stand for a larger pool: the work grows with their square
_TARGETS, _CANDIDATES = 2048, 1024  # of a tile: large enough for a fast product, and 16 MB
_LARGEST_SINGLE = 1e4  # squared widths: beyond, single precision takes near points for far ones
_NOISE = {np.float32: 1e-5, np.float64: 1e-12}  # of the pool's weight: less gain is rounding


def cover(
    embeddings: Floats,
    weights: NDArray[np.float64],
    labeled: Floats,
    kernel: Kernel,
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return `size` positions whose kernels cover most of the pool's weight, best first.

    Pools of more than 20,000 are represented by a sample in which the heavy are sure to be. Where
    nothing is left to cover the heaviest of the rest fill up, equal ones in random order.
    """
    if size in (0, len(weights)):
        return top_k(weights, size, rng)
    rows, shares = priority_sample(weights, _SAMPLE, rng)
    points = embeddings[rows]
    coverage = Coverage(
        similarity=Similarity(points, kernel),
        weights=shares,
        covered=_cover_by(labeled, points, kernel),
    )
    chosen = rows[coverage.choose(size)]
    return with_heaviest_rest(chosen, weights, size, rng)


class Similarity:
    """The similarities of (m, d) points to one another, any tile of which can be had.

    Distances are one matrix product, because either side carries the squared lengths as columns.
    Points in single or half precision are compared in single precision, if that is enough.
    """

    def __init__(self, points: Floats, kernel: Kernel) -> None:
        self._kernel = kernel
        origin = points.mean(axis=0, dtype=np.float64)  # far from zero the product loses digits
        scaled = (points - origin) / kernel.width
        squares = np.einsum("ij,ij->i", scaled, scaled)[:, None]
        single = points.dtype != np.float64 and squares.max() < _LARGEST_SINGLE
        self.precision: type[np.floating[Any]] = np.float32 if single else np.float64
        one = np.ones_like(squares)
        self._left: Floats = np.hstack([2 * scaled, -squares, -one]).astype(self.precision)
        self._right: Floats = np.hstack([scaled, one, squares]).astype(self.precision)

    def __call__(self, rows: Rows, columns: Rows) -> Floats:
        """Return (r, c) similarities, a new array."""
        return self._kernel.of(self._left[rows] @ self._right[columns].T)


@dataclass(slots=True, kw_only=True, eq=False)
class Coverage:
    """How well each point is covered so far, and what each would add if it were chosen.

    The objective `sum_i weights_i max_j similarity(i, j)` over labeled and chosen `j` is monotone
    and submodular, so the greedy choice has at least 1 - 1/e of the best (Nemhauser, Wolsey &
    Fisher 1978). After a choice only the points that it covers better are looked at again.
    """

    similarity: Similarity
    """Of the points, which are both candidates and what is to be covered."""
    weights: NDArray[np.float64]
    """(m,) how much the cover of each point counts; at least 0."""
    covered: NDArray[np.float64]
    """(m,) similarity to the nearest labeled or chosen point, in [0, 1]."""

    def choose(self, size: int) -> NDArray[np.intp]:
        """Return up to `size` rows, each the one that adds most after those before it.

        Fewer where nothing more can be added. Of equal candidates the first is taken.
        """
        everything = np.arange(len(self.weights))
        gains = self._gains(everything, np.ones(len(everything)))
        least = _NOISE[self.similarity.precision] * float(self.weights.sum())
        chosen: list[int] = []
        while len(chosen) < size and gains[best := int(gains.argmax())] > least:
            chosen.append(best)
            reached = self.similarity(everything, np.array([best]))[:, 0]
            better = np.flatnonzero(reached > self.covered)
            gains -= self._gains(better, reached[better])
            gains[best] = -np.inf
            self.covered[better] = reached[better]
        return np.array(chosen, dtype=np.intp)

    def _gains(self, targets: NDArray[np.intp], up_to: Floats) -> NDArray[np.float64]:
        """Return (m,) what each candidate adds by raising the cover of `targets`, to `up_to`."""
        gains = np.zeros(len(self.weights))
        precision = self.similarity.precision
        low = self.covered[targets].astype(precision, copy=False)
        room = up_to.astype(precision, copy=False) - low
        weights = self.weights[targets].astype(precision, copy=False)
        for part in _tiles(len(targets), _TARGETS):
            for rows in _tiles(len(gains), _CANDIDATES):
                tile = self.similarity(rows, targets[part])
                tile -= low[part]
                gains[rows] += np.clip(tile, 0, room[part], out=tile) @ weights[part]
        return gains


def _tiles(n: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def _cover_by(labeled: Floats, points: Floats, kernel: Kernel) -> NDArray[np.float64]:
    squares = np.full(len(points), np.inf)
    for part in _tiles(len(labeled), _TARGETS):
        np.minimum(squares, nearest(points, labeled[part])[1], out=squares)
    return np.asarray(kernel.of(squares / -(kernel.width**2)), dtype=np.float64)
