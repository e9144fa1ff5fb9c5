"""A scorer's differences, enlarged or softened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Scorer
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Sharpened:
    """What a score is above the least, raised to a power: the best stand out more, or less.

    Counted from the least, because probabilities that were never calibrated may all be near one
    half.

    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(proba=np.array([[0.5, 0.5], [0.75, 0.25], [1.0, 0.0]]))
    >>> Sharpened(Margin(), power=3.0).score(view)
    array([1.   , 0.125, 0.   ])
    """

    scorer: Scorer
    power: float = 2.0
    """Above 1 sharpens, below 1 softens; 0 makes all equal."""

    def __post_init__(self) -> None:
        if not 0 <= self.power < np.inf:
            raise ConfigurationError(f"power: expected 0 or more, got {self.power}")

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads."""
        return self.scorer.needs

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) scores of at least 0; higher = ask sooner."""
        scores = checked_scores(self.scorer, view)
        least = scores.min() if len(scores) else 0.0
        sharpened: NDArray[np.float64] = (scores - least) ** self.power
        return sharpened
