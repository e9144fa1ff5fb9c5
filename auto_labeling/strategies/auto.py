"""The default: what is safe where nothing is known about the pool and the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import top_k
from auto_labeling.ports import QueryStrategy
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.relevant import Relevant
from auto_labeling.strategies.sharpened import Sharpened
from auto_labeling.strategies.uncertainty import Margin
from auto_labeling.strategies.uncertainty_herding import UncertaintyHerding
from auto_labeling.view import PoolView

_MOST = 50_000  # the most uncertain of a larger pool: the others count next to nothing

COLD_START: QueryStrategy = KMedoids()
"""Chooses while there is no model: what is typical of the pool."""

_CHOICE: QueryStrategy = Relevant(UncertaintyHerding(Sharpened(Margin(), power=3.0)))


@dataclass(frozen=True, slots=True)
class Auto:
    """What covers most uncertainty, where alike means alike to the model.

    Uncertainty Herding with a few guards. The margin is sharpened, so that a batch of one is close
    to margin sampling, which few strategies beat on tables (Lu, Li & Lin 2023, arXiv 2306.08954).
    Coverage keeps copies and outliers out of a batch, and leaves regions that are labeled densely
    and stay uncertain, as they do where the model cannot fit them. Likeness is measured in the
    directions that predictions depend on.

    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.5, 0.5], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [0.0], [5.0], [9.0]]),
    ...     labeled_embeddings=np.array([[8.0], [9.0]]),
    ... )
    >>> sorted((Auto().select(view, 2, np.random.default_rng(0)) // 2).tolist())
    [0, 1]
    """

    needs: ClassVar[frozenset[str]] = _CHOICE.needs

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, the one that covers most first."""
        view.require(self.needs, "auto")  # of the whole pool: rows keep their numbers
        if len(view) <= max(_MOST, size):
            return _CHOICE.select(view, size, rng)
        ranked = top_k(Margin().score(view), max(_MOST, size), rng)
        shortlist = PoolView(
            proba=view.proba[ranked],  # type: ignore[index]  # `require` has seen that it is there
            embeddings=view.embeddings[ranked],  # type: ignore[index]
            labeled_embeddings=view.labeled_embeddings,
        )
        chosen: NDArray[np.intp] = ranked[_CHOICE.select(shortlist, size, rng)]
        return chosen
