"""Cover the pool by what is labeled and chosen, whatever a model thinks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size
from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies.coverage import cover
from auto_labeling.strategies.kernels import Gaussian, adapted_gaussian
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Herding:
    """The candidates that most others are near to, and no labeled or chosen one is.

    MaxHerding (Bae, Noh & Sutherland 2024, arXiv 2407.12212): greedy facility location under a
    bell-shaped kernel.

    >>> view = PoolView(
    ...     embeddings=np.array([[0.0], [1.0], [2.0], [50.0], [51.0], [53.0]]),
    ...     labeled_embeddings=np.empty((0, 1)),
    ... )
    >>> Herding(width=2.0).select(view, 2, np.random.default_rng(0))
    array([1, 4])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"embeddings", "labeled_embeddings"})

    width: float | None = None
    """Distance at which similarity has fallen to 1/e; None: as far as labels lie apart."""

    def __post_init__(self) -> None:
        if self.width is not None and not self.width > 0:
            raise ConfigurationError(f"width: expected a number above 0, got {self.width}")

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, the one that covers most first."""
        return herd(view, np.ones(len(view)), self.width, size, rng)


def herd(
    view: PoolView,
    weights: NDArray[np.float64],
    width: float | None,
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return (min(size, n),) positions that cover most of the weight under a Gaussian."""
    embeddings = view.need("embeddings", "herding")
    labeled = view.need("labeled_embeddings", "herding")
    size = batch_size(size, len(view))
    if width is not None:
        kernel = Gaussian(width)
    else:
        kernel = adapted_gaussian(labeled, embeddings, size, rng)
    return cover(embeddings, weights, labeled, kernel, size, rng)
