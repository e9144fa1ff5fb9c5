"""Scorers of what a person is looking for: like these examples, or with these words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, nearest
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class LikeLabeled:
    """Near a labeled example of one of these classes, given by position in the class list.

    >>> view = PoolView(
    ...     embeddings=np.array([[0.0], [1.0], [9.0]]),
    ...     labeled_embeddings=np.array([[0.0], [7.0]]),
    ...     labeled_targets=np.array([0, 2]),
    ... )
    >>> LikeLabeled((2,)).score(view)
    array([-7., -6., -2.])
    """

    needs: ClassVar[frozenset[str]] = frozenset(
        {"embeddings", "labeled_embeddings", "labeled_targets"}
    )
    rowwise: ClassVar[bool] = True

    classes: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.classes:
            raise ConfigurationError("classes: expected at least one, got none")

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) the distance to the nearest, negated; 0 for all without an example."""
        embeddings = view.need("embeddings", "like_labeled")
        labeled = view.need("labeled_embeddings", "like_labeled")
        targets = view.need("labeled_targets", "like_labeled")
        return _closeness(embeddings, labeled[np.isin(targets, self.classes)])


@dataclass(frozen=True, slots=True)
class LikePoints:
    """Near one of these points, which are the embeddings of examples.

    >>> LikePoints(((9.0,),)).score(PoolView(embeddings=np.array([[0.0], [8.0]])))
    array([-9., -1.])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})
    rowwise: ClassVar[bool] = True

    points: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if not self.points or len(set(map(len, self.points))) > 1:
            raise ConfigurationError(
                f"points: expected points of one length, got {len(self.points)} of lengths "
                f"{sorted(set(map(len, self.points)))}"
            )

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) the distance to the nearest, negated."""
        embeddings = view.need("embeddings", "like_points")
        points = np.array(self.points)
        if points.shape[1] != embeddings.shape[1]:
            raise DataError(
                f"like_points: expected points of {embeddings.shape[1]} numbers, got "
                f"{points.shape[1]}"
            )
        return _closeness(embeddings, points)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Much of these features, such as the counts of the words sought; given by column.

    >>> Mentions((0, 2)).score(PoolView(features=np.array([[1, 5, 2], [0, 9, 0]])))
    array([3., 0.])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"features"})
    rowwise: ClassVar[bool] = True

    columns: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.columns or min(self.columns) < 0:
            raise ConfigurationError(f"columns: expected positions from 0, got {self.columns}")

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) the sum of the columns, dense or sparse."""
        features = view.need("features", "mentions")
        if max(self.columns) >= features.shape[1]:
            raise DataError(
                f"mentions: expected columns below {features.shape[1]}, got {self.columns}"
            )
        sums = features[:, list(self.columns)].sum(axis=1)
        return np.asarray(sums, dtype=np.float64).ravel()


def _closeness(embeddings: Floats, examples: Floats) -> NDArray[np.float64]:
    if len(examples) == 0:
        return np.zeros(len(embeddings))
    closeness: NDArray[np.float64] = -np.sqrt(nearest(embeddings, examples)[1])
    return closeness
