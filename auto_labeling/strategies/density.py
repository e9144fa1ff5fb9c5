"""Ask about the uncertain that is typical, so that no outlier is bought."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, normalise_rows, spans
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.ports import Scorer
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.strategies.uncertainty import Entropy
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Density:
    """`score * density ** beta`: information density (Settles & Craven 2008).

    The density of a candidate is its mean similarity to the whole pool, a similarity being
    `(1 + cosine) / 2`. The scorer's scores must be at least 0.

    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]),
    ...     embeddings=np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
    ... )
    >>> Density().score(view).round(4)
    array([0.5776, 0.5776, 0.4621])
    """

    scorer: Scorer = field(default_factory=Entropy)
    beta: float = 1.0
    """How much the density counts; 0 leaves the scores as they are."""

    def __post_init__(self) -> None:
        if not 0 <= self.beta < np.inf:
            raise ConfigurationError(f"beta: expected at least 0, got {self.beta}")

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads, and embeddings to tell what is typical."""
        return self.scorer.needs | {"embeddings"}

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) scores of at least 0, in the scorer's units; higher = ask sooner."""
        embeddings = view.need("embeddings", "density")
        scores = checked_scores(self.scorer, view)
        if scores.min(initial=0.0) < 0:
            row = int((scores < 0).argmax())
            raise DataError(f"density: expected scores of at least 0, row {row} has {scores[row]}")
        weighted: NDArray[np.float64] = scores * densities(embeddings) ** self.beta
        return weighted


def densities(embeddings: Floats) -> NDArray[np.float64]:
    """Return (n,) the mean similarity of each row to all rows, in [0, 1].

    Exact in two passes: a mean of cosines is the cosine with the mean of the directions.

    >>> densities(np.array([[2.0, 0.0], [0.0, 3.0]]))
    array([0.75, 0.75])
    """
    n, d = embeddings.shape
    total = np.zeros(d)
    for span in spans(n, d):
        total += normalise_rows(embeddings[span]).sum(axis=0)
    means = np.empty(n)
    for span in spans(n, d):
        means[span] = normalise_rows(embeddings[span]) @ (total / n)
    return np.clip((1.0 + means) / 2.0, 0.0, 1.0, out=means)
