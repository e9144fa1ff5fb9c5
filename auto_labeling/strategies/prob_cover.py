"""Cover the pool by balls that are likely to hold one class each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size, k_means, spans, squared_distances
from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies.coverage import cover
from auto_labeling.strategies.kernels import Ball
from auto_labeling.view import PoolView

_SAMPLE = 20_000  # points that stand for a larger pool
_CENTERS = 2000  # balls whose purity is looked at
_ROUNDING = 1e-9  # (1 - 0.8) * 180 is a little below 36
_INSIDE = 1 - 1e-6  # the widest ball that does not reach the first point of another class


@dataclass(frozen=True, slots=True)
class ProbCover:
    """The candidates in whose balls most others lie that no labeled or chosen ball holds.

    Yehuda, Dekel, Hacohen & Weinshall (2022, arXiv 2205.11514): greedy maximum coverage.

    >>> view = PoolView(
    ...     embeddings=np.array([[0.0], [1.0], [2.0], [50.0], [51.0]]),
    ...     labeled_embeddings=np.array([[50.5]]),
    ... )
    >>> ProbCover(radius=1.5).select(view, 1, np.random.default_rng(0))
    array([1])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"embeddings", "labeled_embeddings"})

    radius: float | None = None
    """Of a ball, in units of the embeddings; None: the widest that is pure enough."""
    purity: float = 0.95
    """Share of balls that hold one class, as far as clusters tell; used to find the radius."""
    classes: int = 10
    """How many clusters stand for classes while the radius is found."""

    def __post_init__(self) -> None:
        if self.radius is not None and not self.radius > 0:
            raise ConfigurationError(f"radius: expected a number above 0, got {self.radius}")
        if not 0 < self.purity <= 1:
            raise ConfigurationError(f"purity: expected a share in (0, 1], got {self.purity}")
        if self.classes < 2:
            raise ConfigurationError(f"classes: expected at least 2, got {self.classes}")

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, the ball that covers most first."""
        embeddings = view.need("embeddings", "prob_cover")
        labeled = view.need("labeled_embeddings", "prob_cover")
        size = batch_size(size, len(view))
        radius = self.radius
        if radius is None:
            radius = pure_radius(embeddings, self.purity, self.classes, rng)
        return cover(embeddings, np.ones(len(view)), labeled, Ball(radius), size, rng)


def pure_radius(embeddings: Floats, purity: float, classes: int, rng: np.random.Generator) -> float:
    """Return the widest radius at which this share of balls around points hold one class.

    Clusters stand for classes. A ball is pure while it does not reach the nearest point of another
    cluster, so the radius is a quantile of the distances to those. At most 2,000 balls are
    looked at, among at most 20,000 points. Returns 1.0 where all points are alike.
    """
    n = len(embeddings)
    points = embeddings[rng.permutation(n)[:_SAMPLE]]
    if n < 2:
        return 1.0
    labels = k_means(points, min(classes, n), rng).labels
    reach = np.sort(_distance_to_others(points, labels, min(_CENTERS, len(points))))
    radius = float(reach[int((1 - purity) * len(reach) + _ROUNDING)]) * _INSIDE
    return radius if np.isfinite(radius) and radius > 0 else 1.0


def _distance_to_others(
    points: Floats, labels: NDArray[np.intp], centers: int
) -> NDArray[np.float64]:
    """Return (centers,) from each of the first points to the nearest of another cluster."""
    squares = np.empty(centers)
    for span in spans(centers, len(points)):
        block = squared_distances(points[span], points)
        block[labels[span, None] == labels] = np.inf
        squares[span] = block.min(axis=1)
    return np.sqrt(squares)
