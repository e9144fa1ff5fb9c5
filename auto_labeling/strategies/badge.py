"""Ask about what would change the model most, and differently: k-means++ over gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size, spans
from auto_labeling.strategies.points import (
    COARSE,
    Doubles,
    dense_points,
    squared_lengths,
    with_random_rest,
    working_precision,
)
from auto_labeling.strategies.probabilities import score_rows
from auto_labeling.view import PoolView

_PROPOSALS = 256  # candidates drawn and looked at together
_PATIENCE = 16  # looking at a candidate costs about as much as bringing this many up to date
_ROUNDING = 1e-14  # in a squared length of `p - onehot`, a sum of numbers up to 1


@dataclass(frozen=True, slots=True)
class Badge:
    """k-means++ seeding over the gradients that a linear head would get from its own predictions.

    The gradient of a candidate is the outer product of `p - onehot(argmax p)` and its embedding;
    it is long where the model is unsure (Ash et al. 2020, arXiv 1906.03671). As k-means++ says
    (Arthur & Vassilvitskii 2007), the first is drawn evenly, and each other with a chance in
    proportion to the squared distance of its gradient to the nearest one drawn; the authors' code
    starts from the longest instead. Once all others are copies, they fill up in random order.

    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]),
    ...     embeddings=np.array([[1.0], [1.0], [9.0]]),
    ... )
    >>> sorted(Badge().select(view, 3, np.random.default_rng(0)).tolist())
    [0, 1, 2]
    """

    needs: ClassVar[frozenset[str]] = frozenset({"proba", "embeddings"})

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, in the order in which they were drawn."""
        embeddings = dense_points(view, "embeddings", "badge")
        proba = dense_points(view, "proba", "badge")
        n = len(embeddings)
        size = batch_size(size, n)
        if size == 0:
            return np.empty(0, dtype=np.intp)
        return with_random_rest(_drawn(_Gradients(proba, embeddings), size, rng), n, size, rng)


class _Gradients:
    """Squared distances between outer products of rows, none of which is ever made.

    `|a x' - b y'|^2 = |a|^2 |x|^2 + |b|^2 |y|^2 - 2 (a.b) (x.y)`.
    """

    def __init__(self, proba: Floats, embeddings: Floats) -> None:
        self._proba, self._embeddings = proba, embeddings
        loose = 1 + embeddings.shape[1] * float(np.finfo(working_precision(embeddings.dtype)).eps)
        heads = score_rows(proba, _squared_residuals) + _ROUNDING
        self.longest: Doubles = loose * heads * squared_lengths(embeddings)
        """(n,) squared lengths, or a little more."""
        self.seeds: list[int] = []

    def factors(self, rows: slice | NDArray[np.intp]) -> _Factors:
        """Return those of some candidates, in double precision."""
        heads = np.array(self._proba[rows], dtype=np.float64)
        heads[np.arange(len(heads)), heads.argmax(axis=1)] -= 1.0
        return _Factors(heads=heads, points=np.asarray(self._embeddings[rows], dtype=np.float64))

    def to_seeds(self, some: _Factors, since: int = 0) -> Doubles:
        """Return (m,) squared distances to the nearest of the seeds numbered `since` on."""
        seeds, lengths = self.factors(np.array(self.seeds[since:])), some.squares()
        products = some.heads @ seeds.heads.T
        products *= some.points @ seeds.points.T
        products *= -2
        products += seeds.squares()
        squares: Doubles = products.min(axis=1) + lengths
        squares[squares <= COARSE * lengths] = 0.0  # copies, which only rounding tells apart
        return squares

    def tighten(self, bounds: Doubles, since: int) -> None:
        """Lower (n,) bounds to the squared distances from the seeds numbered `since` on."""
        width = self._proba.shape[1] + self._embeddings.shape[1] + 2 * (len(self.seeds) - since)
        for span in spans(len(bounds), width):
            bounds[span] = np.minimum(bounds[span], self.to_seeds(self.factors(span), since))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Factors:
    """What gradients are the outer products of."""

    heads: Doubles
    """(m, k) `p - onehot(argmax p)`"""
    points: Doubles
    """(m, d)"""

    def squares(self) -> Doubles:
        """Return (m,) squared lengths of the gradients."""
        squares: Doubles = np.einsum("ij,ij->i", self.heads, self.heads)
        squares *= np.einsum("ij,ij->i", self.points, self.points)
        return squares


def _drawn(gradients: _Gradients, size: int, rng: np.random.Generator) -> list[int]:
    """Return at most `size` seeds of k-means++; fewer where all other gradients are copies.

    Candidates are proposed by bounds on their squared distances that were true once, and kept with
    the chance `squared distance / bound`: so what is kept was drawn by squared distance (rejection
    sampling, von Neumann 1951). Bounds are brought up to date once looking at rejected candidates
    has cost about as much as that does.
    """
    n, seeds = len(gradients.longest), gradients.seeds
    seeds.append(int(rng.integers(n)))
    lengths = np.sqrt(gradients.longest)
    bounds = (lengths + lengths[seeds[0]]) ** 2
    sums, seen, rejected = np.cumsum(bounds), 0, 0
    while len(seeds) < size and sums[-1] > 0:
        rows = np.searchsorted(sums, rng.random(_PROPOSALS) * sums[-1], side="right")
        rows = np.minimum(rows, n - 1)  # a product may round up to the whole sum
        before = len(seeds)
        _keep(gradients, rows, rng.random(_PROPOSALS) * bounds[rows], size)
        rejected += _PROPOSALS - (len(seeds) - before)
        if rejected * _PATIENCE > n:
            gradients.tighten(bounds, seen)
            sums, seen, rejected = np.cumsum(bounds), len(seeds), 0
    return seeds


def _keep(gradients: _Gradients, rows: NDArray[np.intp], least: Doubles, size: int) -> None:
    """Make seeds of those rows, in their order, whose squared distance is more than `least`."""
    proposed = gradients.factors(rows)
    squares = gradients.to_seeds(proposed)
    start = 0
    while len(gradients.seeds) < size:
        kept = np.flatnonzero(squares[start:] > least[start:])
        if not len(kept):
            return
        start += int(kept[0]) + 1
        gradients.seeds.append(int(rows[start - 1]))
        squares = np.minimum(squares, gradients.to_seeds(proposed, len(gradients.seeds) - 1))


def _squared_residuals(columns: Floats) -> Doubles:
    """Return (m,) squared lengths of `p - onehot(argmax p)`, of (k, m) probabilities."""
    exact: Doubles = columns.astype(np.float64, copy=False)
    squares: Doubles = 1 - 2 * exact.max(axis=0) + np.einsum("ij,ij->j", exact, exact)
    return np.maximum(squares, 0.0)
