"""The only copy of the arithmetic that choosing needs: top-k, distances, clusters, seeds."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.errors import DataError
from auto_labeling.view import refuse_non_finite, rows_per_chunk

Floats: TypeAlias = NDArray[np.floating[Any]]
_Drawn: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]
"""Scores, the numbers they drew, and their positions."""


def rng_for(seed: int, round: int, purpose: str) -> np.random.Generator:
    """Return the generator of one purpose in one round, the same in every process.

    >>> int(rng_for(0, 7, "select").integers(1000)) == int(rng_for(0, 7, "select").integers(1000))
    True
    """
    return np.random.default_rng([seed, round, zlib.crc32(purpose.encode())])


def expect_shape(name: str, array: Any, shape: tuple[int | str, ...]) -> None:
    """Raise `DataError` unless the array has this shape; a string stands for any length.

    >>> expect_shape("proba", np.zeros((10, 2)), ("n", 3))
    Traceback (most recent call last):
    auto_labeling.errors.DataError: proba must be (n, 3), got (10, 2)
    """
    got = tuple(array.shape)
    fits = len(got) == len(shape) and all(
        isinstance(want, str) or want == have for want, have in zip(shape, got, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise DataError(f"{name} must be ({wanted}), got {got}")


def spans(n: int, width: int, at_least: int = 1) -> Iterator[slice]:
    """Yield slices that cut `n` rows of `width` numbers into chunks of a few megabytes."""
    step = max(at_least, rows_per_chunk(width))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def top_k(scores: ArrayLike, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return (min(size, n),) positions of the highest scores, best first, in O(n).

    Equal scores come in random order, at the cut and within the result: every order that is best
    first is equally likely, so that a batch cut short is not biased to the head of the pool.

    >>> top_k([0.1, 0.9, 0.5], 2, np.random.default_rng(0))
    array([1, 2])
    """
    values = np.asarray(scores)
    expect_shape("scores", values, ("n",))
    refuse_non_finite(values, "scores")
    best = Best(batch_size(size, len(values)), rng)
    for span in spans(len(values), 1):
        best.offer(values[span])
    return best.positions()


class Best:
    """The highest of scores that come in chunks; memory goes by `size` and the chunk, not by n.

    A score that may still be among the best draws a number, and of equal scores the larger number
    goes first: so every order that is best first is equally likely.

    >>> best = Best(2, np.random.default_rng(0))
    >>> best.offer(np.array([0.1, 0.9]))
    >>> best.offer(np.array([0.5]))
    >>> best.positions()
    array([1, 2])
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self._size, self._rng = size, rng
        self._seen, self._held = 0, 0
        self._cut = (-np.inf, -1.0)
        self._parts: list[_Drawn] = []

    def offer(self, scores: Floats) -> None:
        """Take the scores of the next positions."""
        if self._size > 0:
            ahead = np.flatnonzero(scores >= self._cut[0])
            values, draws = scores[ahead].astype(np.float64), self._rng.random(len(ahead))
            fit = (values > self._cut[0]) | (draws > self._cut[1])
            self._parts.append((values[fit], draws[fit], ahead[fit] + self._seen))
            self._held += int(np.count_nonzero(fit))
            if self._held >= 2 * self._size:  # so that what is held is halved each time
                self._drop()
        self._seen += len(scores)

    def positions(self) -> NDArray[np.intp]:
        """Return (min(size, seen),) positions, best first."""
        if not self._parts:
            return np.empty(0, dtype=np.intp)
        self._drop()
        values, draws, positions = self._parts[0]
        best: NDArray[np.intp] = positions[np.lexsort((-draws, -values))]
        return best

    def _drop(self) -> None:
        values, draws, positions = map(np.concatenate, zip(*self._parts, strict=True))
        if len(values) > self._size:
            cut = np.partition(values, -self._size)[-self._size]
            above, tied = np.flatnonzero(values > cut), np.flatnonzero(values == cut)
            lucky = tied[np.argsort(-draws[tied])[: self._size - len(above)]]
            self._cut = (float(cut), float(draws[lucky[-1]]))
            kept = np.concatenate([above, lucky])
            values, draws, positions = values[kept], draws[kept], positions[kept]
        self._parts = [(values, draws, positions)]
        self._held = len(values)


def batch_size(asked: int, available: int) -> int:
    """Return how many can be had; raise `DataError` where fewer than none were asked for.

    >>> batch_size(5, 3)
    3
    """
    if asked < 0:
        raise DataError(f"size: expected at least 0, got {asked}")
    return min(asked, available)


def ratio(above: Floats, below: Floats) -> NDArray[np.float64]:
    """Return above / below, and nan where there is nothing below.

    >>> ratio(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    found = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found


def squared_distances(points: Floats, centers: Floats) -> NDArray[np.float64]:
    """Return (n, m) squared Euclidean distances; the caller keeps n x m small.

    >>> squared_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0]]))
    array([[ 0.],
           [25.]])
    """
    origin = centers.mean(axis=0, dtype=np.float64)  # far from zero the expansion loses digits
    x, c = points - origin, centers - origin
    squares: NDArray[np.float64] = np.einsum("ij,ij->i", x, x)[:, None] + np.einsum(
        "ij,ij->i", c, c
    )
    squares -= 2 * (x @ c.T)
    return np.maximum(squares, 0.0, out=squares)


def nearest(points: Floats, centers: Floats) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return (n,) the position of the nearest center, and (n,) its squared distance.

    >>> nearest(np.array([[0.0], [9.0]]), np.array([[1.0], [7.0]]))
    (array([0, 1]), array([1., 4.]))
    """
    labels = np.empty(len(points), dtype=np.intp)
    squares = np.empty(len(points))
    for span in spans(len(points), points.shape[1] + len(centers)):
        block = squared_distances(points[span], centers)
        labels[span] = block.argmin(axis=1)
        squares[span] = np.take_along_axis(block, labels[span, None], axis=1)[:, 0]
    return labels, squares


def normalise_rows(points: Floats) -> NDArray[np.float64]:
    """Return (n, d) the rows scaled to length one; rows of zeros stay zeros.

    >>> normalise_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    rows = np.asarray(points, dtype=np.float64)
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    rows = rows / np.where(largest > 0, largest, 1.0)  # so that squares neither over- nor underflow
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    scaled: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return scaled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """Points and the clusters they fell into."""

    centers: NDArray[np.float64]
    """(k, d)"""
    labels: NDArray[np.intp]
    """(n,) the cluster of each point."""
    squares: NDArray[np.float64]
    """(n,) squared distance of each point to the center of its cluster."""
    weights: NDArray[np.float64]
    """(k,) the weight of the points of each cluster; how many they are, where none was given."""

    def medoids(self) -> NDArray[np.intp]:
        """Return the point nearest the center of each cluster that has any, heaviest cluster first.

        Of equally near points the first is taken.
        """
        order = np.lexsort((self.squares, self.labels))
        seen, first = np.unique(self.labels[order], return_index=True)
        heaviest = np.argsort(-self.weights[seen], kind="stable")
        medoids: NDArray[np.intp] = order[first[heaviest]]
        return medoids


def k_means(
    points: Floats,
    k: int,
    rng: np.random.Generator,
    rounds: int = 20,
    weights: NDArray[np.float64] | None = None,
) -> Clusters:
    """Return at most `k` clusters; fewer where fewer points differ. The points stay in memory.

    k-means++ seeding (Arthur & Vassilvitskii 2007), then up to `rounds` of Lloyd's iteration.
    (n,) `weights` above 0 say for how many points each counts.

    >>> clusters = k_means(np.array([[0.0], [1.0], [2.0], [50.0]]), 2, np.random.default_rng(0))
    >>> clusters.medoids()
    array([1, 3])
    """
    exact: NDArray[np.float64] = np.asarray(points, dtype=np.float64)
    centers = exact[_seeds(exact, k, rng, weights)]
    shares = np.ones(len(exact)) if weights is None else weights
    labels, squares = nearest(exact, centers)
    for _ in range(rounds):
        centers = _means(exact, labels, shares)
        moved, squares = nearest(exact, centers)
        settled = np.array_equal(moved, labels)
        labels = moved
        if settled:
            break
    held = np.bincount(labels, shares, minlength=len(centers)).astype(np.float64, copy=False)
    return Clusters(centers=centers, labels=labels, squares=squares, weights=held)


def _seeds(
    points: NDArray[np.float64],
    k: int,
    rng: np.random.Generator,
    weights: NDArray[np.float64] | None,
) -> list[int]:
    shifted = points - points.mean(axis=0)
    norms = np.einsum("ij,ij->i", shifted, shifted)
    noise = 1e-12 * norms.max()  # below it two points are one: only rounding tells them apart
    n, shares = len(points), 1.0 if weights is None else weights
    seeds = [int(rng.integers(n) if weights is None else rng.choice(n, p=weights / weights.sum()))]
    squares = np.full(n, np.inf)
    while len(seeds) < k:
        last = shifted[seeds[-1]]
        squares = np.minimum(squares, norms + last @ last - 2 * (shifted @ last))
        squares[squares <= noise] = 0.0
        chances = shares * squares
        total = chances.sum()
        if total == 0:
            break
        seeds.append(int(rng.choice(n, p=chances / total)))
    return seeds


def _means(
    points: NDArray[np.float64], labels: NDArray[np.intp], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (k, d) the mean of each cluster; one that lost all its points is gone."""
    order = np.argsort(labels, kind="stable")
    _, first = np.unique(labels[order], return_index=True)
    weighed, held = points[order], shares[order, None]
    weighed *= held
    sums, totals = (np.add.reduceat(one, first, axis=0) for one in (weighed, held))
    means: NDArray[np.float64] = sums / totals
    return means
