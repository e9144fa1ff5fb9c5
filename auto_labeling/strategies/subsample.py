"""Look at a random part of the pool only, so that a dear strategy stays affordable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Subsample:
    """A strategy that sees `size` candidates, drawn anew for every batch.

    A batch larger than that is drawn from as many candidates as it has places.

    >>> from auto_labeling.strategies.top_k import TopK
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(proba=np.linspace([0.5, 0.5], [1.0, 0.0], 100))
    >>> Subsample(TopK(Margin()), size=10).select(view, 3, np.random.default_rng(0))
    array([1, 3, 7])
    """

    strategy: QueryStrategy
    size: int = 10_000

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ConfigurationError(f"size: expected at least 1, got {self.size}")

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads."""
        return self.strategy.needs

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, in the order of the strategy."""
        n = len(view)
        seen = max(self.size, batch_size(size, n))
        if seen >= n:
            return self.strategy.select(view, size, rng)
        view.require(self.needs, "subsample")  # of the whole pool, so that no draw hides a bad row
        sample = np.sort(
            rng.choice(n, seen, replace=False)
        )  # a memory map is read in one direction
        picks: NDArray[np.intp] = sample[self.strategy.select(view.take(sample), size, rng)]
        return picks
