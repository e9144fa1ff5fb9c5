"""Spend a share of every batch on chance, so that what no score points at is seen too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Explore:
    """A share of the batch is drawn at random, spread evenly among the picks of a strategy.

    These are training examples like any other; they are not the control slice of a campaign, which
    is never trained on while it judges.

    >>> from auto_labeling.strategies.top_k import TopK
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(proba=np.linspace([0.5, 0.5], [1.0, 0.0], 100))
    >>> picks = Explore(TopK(Margin()), share=0.5).select(view, 6, np.random.default_rng(0))
    >>> picks[::2]
    array([0, 1, 2])
    """

    strategy: QueryStrategy
    share: float = 0.1
    """Of the batch, in [0, 1]; a fraction of a pick is drawn with that chance."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigurationError(f"share: expected 0 to 1, got {self.share}")

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads."""
        return self.strategy.needs

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, those of the strategy best first."""
        n = len(view)
        size = batch_size(size, n)
        by_chance = min(int(self.share * size + rng.random()), size)
        chosen = self.strategy.select(view, size - by_chance, rng)
        drawn = rng.choice(n, size, replace=False)
        # Of `size` draws at most `size - by_chance` are chosen already, so enough remain.
        drawn = drawn[~np.isin(drawn, chosen)][:by_chance]
        places = np.concatenate([_even(len(chosen)), _even(by_chance)])
        mixed: NDArray[np.intp] = np.concatenate([chosen, drawn])[np.argsort(places, kind="stable")]
        return mixed


def _even(count: int) -> NDArray[np.float64]:
    """Return (count,) places that cut [0, 1] evenly."""
    return (np.arange(count) + 0.5) / max(count, 1)
