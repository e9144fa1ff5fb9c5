"""Span the pool: always the candidate that adds the most volume to what is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size
from auto_labeling.errors import DataError
from auto_labeling.ports import Scorer
from auto_labeling.strategies.points import (
    COARSE,
    Doubles,
    dense_points,
    fits_single,
    settled,
    squared_lengths,
    with_random_rest,
    working_precision,
)
from auto_labeling.strategies.shrinking import COLUMNS, Level, take_largest
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Determinantal:
    """The most probable batch of a determinantal point process, by greedy choice.

    The kernel is `q_i q_j cos(x_i, x_j)`; each pick raises the determinant of its chosen part the
    most (Chen, Zhang & Zhou 2018, arXiv 1709.05135). Instead of their n numbers a pick, what is
    kept are d: picks are made orthogonal in the space of the embeddings. No more than d candidates
    have a determinant above zero; after those a further batch is chosen from the rest in the same
    way, and candidates of no quality or direction come last, in random order.

    >>> view = PoolView(embeddings=np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]))
    >>> sorted(Determinantal().select(view, 2, np.random.default_rng(0)).tolist())
    [0, 2]
    """

    quality: Scorer | None = None
    """What makes a candidate worth more, at least 0; None: all are worth the same."""

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads, and embeddings."""
        return frozenset({"embeddings"}) | (self.quality.needs if self.quality else frozenset())

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, what adds most volume first."""
        embeddings = dense_points(view, "embeddings", "determinantal")
        n = len(embeddings)
        size = batch_size(size, n)
        if size == 0:
            return np.empty(0, dtype=np.intp)
        lengths = squared_lengths(embeddings)
        values = np.where(lengths > 0, self._squared_qualities(view), 0.0)
        known = np.stack([values, 1 / np.where(lengths > 0, lengths, 1.0)], axis=1)
        picks: list[int] = []
        rank = embeddings.shape[1]
        while len(picks) < size:
            pool = Level(rows=np.arange(n), points=embeddings, known=known, values=values.copy())
            law = _Residuals(embeddings, lengths, rank)
            batch = take_largest(pool, law, min(size - len(picks), rank), rng)
            if not batch:
                break
            picks += batch
            values[batch] = 0.0
            rank = len(batch)  # it spans all there is, or fills the batch
        return with_random_rest(picks, n, size, rng)

    def _squared_qualities(self, view: PoolView) -> Doubles:
        if self.quality is None:
            return np.ones(len(view))
        scores = checked_scores(self.quality, view)
        if scores.min() < 0:
            raise DataError(
                f"scores of {type(self.quality).__name__}: expected at least 0 for a quality, "
                f"row {int(scores.argmin())} has {scores.min():.6g}"
            )
        return scores**2


class _Residuals:
    """Squared length that is left outside the span of the picks.

    Known of a row: its squared quality, and the inverse of its point's squared length.
    """

    def __init__(self, points: Floats, lengths: Doubles, rank: int) -> None:
        d = points.shape[1]
        self._precision = working_precision(points.dtype) if fits_single(lengths) else np.float64
        # A sum of d products is right to d roundings, in whatever order (Higham 2002, section 3.1).
        self._rounding = (d + 16) * float(np.finfo(self._precision).eps)
        self._basis = np.empty((rank, d))
        self.count = 0

    def add(self, point: Floats) -> None:
        direction = np.asarray(point, dtype=np.float64)
        direction = direction / np.sqrt(direction @ direction)
        basis = self._basis[: self.count]
        for _ in range(2):  # "twice is enough" for orthogonality (Giraud, Langou & Rozloznik 2005)
            direction = direction - (basis @ direction) @ basis
        self._basis[self.count] = direction / np.sqrt(direction @ direction)
        self.count += 1

    def bounds(self, points: Floats, known: Doubles, values: Doubles, since: int) -> Doubles:
        block: Floats = np.asarray(points, dtype=self._precision)
        spanned = np.zeros(len(block))
        for start in range(since, self.count, COLUMNS):
            basis = self._basis[start : min(start + COLUMNS, self.count)]
            products = block @ basis.astype(self._precision).T
            spanned += np.einsum("ij,ij->i", products, products)
        quality, inverse = known.T
        spanned *= inverse
        slack = self._rounding * (spanned + 2 * np.sqrt((self.count - since) * spanned))
        spanned = quality * np.maximum(spanned - slack, 0.0)
        left: Doubles = np.maximum(values - spanned, 0.0) + COARSE * quality
        return np.minimum(values, left, out=left)

    def exact(self, points: Floats, known: Doubles) -> Doubles:
        block = np.asarray(points, dtype=np.float64)
        products = block @ self._basis[: self.count].T
        share = np.einsum("ij,ij->i", products, products) / np.einsum("ij,ij->i", block, block)
        quality = known[:, 0]
        return settled(quality * np.maximum(1 - share, 0.0), quality)
