"""What chooses the items to ask about next."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from auto_labeling.view import PoolView


class Scorer(Protocol):
    """How much each candidate is worth asking about.

    A class that says `rowwise = True` promises that a score depends on its candidate alone, and on
    what is labeled: it may then be asked in chunks.
    """

    @property
    def needs(self) -> frozenset[str]:
        """The `PoolView` fields it reads."""
        ...

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) finite scores; higher = ask sooner."""
        ...


class QueryStrategy(Protocol):
    """Which candidates to ask about next."""

    @property
    def needs(self) -> frozenset[str]:
        """The `PoolView` fields it reads."""
        ...

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) distinct positions, best first; `view` is left unchanged."""
        ...


@runtime_checkable
class KnowsChances(Protocol):
    """A strategy that draws with chances it can say: estimates from its picks can be weighted."""

    def selection_probabilities(self, view: PoolView, size: int) -> NDArray[np.float64]:
        """Return (n,) each candidate's chance to be in a batch; their sum is its size."""
        ...
