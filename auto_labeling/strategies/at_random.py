"""Ask about anything: the baseline that every strategy has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Random:
    """Every candidate with the same chance.

    >>> len(Random().select(PoolView(cost=np.ones(9)), 4, np.random.default_rng(0)))
    4
    """

    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions in random order."""
        n = len(view)
        return rng.choice(n, batch_size(size, n), replace=False).astype(np.intp, copy=False)

    def selection_probabilities(self, view: PoolView, size: int) -> NDArray[np.float64]:
        """Return (n,) the chance of each candidate to be in a batch."""
        n = len(view)
        return np.full(n, batch_size(size, n) / max(n, 1))
