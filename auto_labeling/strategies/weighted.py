"""Ask about the uncertain and the unlike, in the proportion that somebody chose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, batch_size, nearest, spans, squared_distances
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Scorer
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.strategies.uncertainty import LeastConfident
from auto_labeling.view import PoolView

_DIGITS = 9  # what differs in later digits differs by rounding, and is a tie


@dataclass(frozen=True, slots=True)
class Weighted:
    """One by one, the candidate of the largest weighted sum of its score and its distance.

    The distance is that to the nearest labeled or chosen embedding. Both are scaled to [0, 1] over
    the candidates, the distance anew for each pick.

    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.52, 0.48], [0.7, 0.3]]),
    ...     embeddings=np.array([[0.0], [0.1], [9.0]]),
    ...     labeled_embeddings=np.empty((0, 1)),
    ... )
    >>> Weighted(uncertainty=0.5, diversity=0.5).select(view, 2, np.random.default_rng(0))
    array([0, 2])
    """

    scorer: Scorer = field(default_factory=LeastConfident)
    uncertainty: float = 0.5
    """Weight of the score; only its ratio to the other counts."""
    diversity: float = 0.5
    """Weight of the distance."""

    def __post_init__(self) -> None:
        for name in ("uncertainty", "diversity"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigurationError(
                    f"{name}: expected a weight of 0 or more, got {getattr(self, name)}"
                )
        if self.uncertainty + self.diversity == 0:
            raise ConfigurationError("uncertainty: expected one weight above 0, got 0 for both")

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads, and embeddings to tell what is unlike."""
        return self.scorer.needs | {"embeddings", "labeled_embeddings"}

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions in the order in which they were chosen."""
        embeddings = view.need("embeddings", "weighted")
        labeled = view.need("labeled_embeddings", "weighted")
        size = batch_size(size, len(view))
        gains = self.uncertainty * _scaled(checked_scores(self.scorer, view))
        squares: NDArray[np.float64] = np.full(len(view), np.inf)
        if len(labeled):
            squares = nearest(embeddings, labeled)[1]
        chosen = np.empty(size, dtype=np.intp)
        for at in range(size):
            totals = gains + self.diversity * _scaled_distances(squares)
            totals[chosen[:at]] = -np.inf
            chosen[at] = rng.choice(np.flatnonzero(totals == totals.max()))
            _shrink(squares, embeddings, chosen[at])
        return chosen


def _scaled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = np.ptp(scores) if len(scores) else 0.0
    if spread == 0:
        return np.zeros_like(scores)
    return np.asarray(np.round((scores - scores.min()) / spread, _DIGITS))


def _scaled_distances(squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n,) distances by the largest; all 0 while there is nothing to be far from."""
    largest = squares.max()
    if largest in (0.0, np.inf):
        return np.zeros_like(squares)
    return np.asarray(np.round(np.sqrt(squares / largest), _DIGITS))


def _shrink(squares: NDArray[np.float64], embeddings: Floats, pick: np.intp) -> None:
    """Lower each squared distance to that to the pick, where that is smaller."""
    center = np.asarray(embeddings[pick], dtype=np.float64)[None]
    for rows in spans(*embeddings.shape):
        block = squared_distances(embeddings[rows], center)[:, 0]
        np.minimum(squares[rows], block, out=squares[rows])
