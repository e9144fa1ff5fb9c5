"""Let a strategy measure likeness in the directions that the predictions depend on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, spans
from auto_labeling.ports import QueryStrategy
from auto_labeling.view import PoolView

_FLOOR = 1e-4  # a probability below it says no more than that the class is not meant
_RIDGE = 0.01  # of the mean variance: what keeps directions apart that hardly differ


@dataclass(frozen=True, slots=True)
class Relevant:
    """A strategy that sees each direction of the embeddings as long as it matters to the model.

    Two candidates that differ only in what the model ignores are alike to it; in a pool with many
    such directions, plain distances are noise, and diversity is paid for with uncertainty.

    >>> from auto_labeling.strategies.k_center import KCenter
    >>> view = PoolView(
    ...     proba=np.array([[0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0.9, 0.1]]),
    ...     embeddings=np.array([[1.0, -3.0], [1.0, 3.0], [-1.0, 3.0], [-1.0, -3.0]]),
    ...     labeled_embeddings=np.array([[1.0, 0.0]]),
    ... )
    >>> int(Relevant(KCenter()).select(view, 1, np.random.default_rng(0))[0]) in (2, 3)
    True
    """

    strategy: QueryStrategy
    predictions: Literal["proba", "marginals"] = "proba"
    """What the model says: of one class an item, or of each label by itself."""

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads, and what the predictions are."""
        return self.strategy.needs | {"embeddings", self.predictions}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, in the order of the strategy."""
        embeddings = view.need("embeddings", "relevant")
        lengths = relevance(embeddings, view.need(self.predictions, "relevant"))
        seen: dict[str, Any] = {"embeddings": _rescaled(embeddings, lengths)}
        if "labeled_embeddings" in self.needs:
            labeled = view.need("labeled_embeddings", "relevant")
            seen["labeled_embeddings"] = _rescaled(labeled, lengths)
        return self.strategy.select(replace(view, **seen), size, rng)


def relevance(embeddings: Floats, proba: Floats) -> NDArray[np.float64]:
    """Return (d,) how strongly the log-probabilities change along each direction; 1 on average.

    `proba` is (n, k), of classes or of labels by themselves. What is returned is the root mean
    square of the slopes of a ridge regression of the centred log-probabilities on the embeddings;
    all 1 where the predictions do not depend on them.
    """
    n, d = embeddings.shape
    if n == 0:
        return np.ones(d)
    gram, cross = np.zeros((d, d)), np.zeros((d, proba.shape[1]))
    origin = np.zeros(d)
    for rows in spans(n, d):
        origin += embeddings[rows].sum(axis=0, dtype=np.float64) / n
    for rows in spans(n, d + proba.shape[1]):
        points = embeddings[rows] - origin
        logs = np.log(np.maximum(np.asarray(proba[rows], dtype=np.float64), _FLOOR))
        gram += points.T @ points
        cross += points.T @ (logs - logs.mean(axis=1, keepdims=True))
    gram[np.diag_indices(d)] += _RIDGE * max(np.trace(gram) / d, 1e-12)
    slopes = np.linalg.norm(np.linalg.solve(gram, cross), axis=1)
    typical = np.sqrt(np.mean(slopes**2))
    return slopes / typical if typical > 1e-9 else np.ones(d)


def _rescaled(points: Floats, lengths: NDArray[np.float64]) -> NDArray[np.float32]:
    scaled = np.empty(points.shape, dtype=np.float32)
    for rows in spans(*points.shape):
        scaled[rows] = points[rows] * lengths
    return scaled
