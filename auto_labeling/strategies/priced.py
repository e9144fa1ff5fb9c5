"""What an answer is worth for what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.ports import Scorer
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Priced:
    """`score / cost`: return on investment (Haertel et al. 2008; Settles, Craven & Friedland 2008).

    The scorer's scores must be at least 0: below it, what is dear would be preferred.

    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.75, 0.25]]), cost=np.array([40.0, 4.0]))
    >>> Priced(Margin()).score(view)
    array([0.025, 0.125])
    """

    scorer: Scorer

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads, and what an answer costs."""
        return self.scorer.needs | {"cost"}

    @property
    def rowwise(self) -> bool:
        """Whether the scorer's scores depend on their candidates alone."""
        return bool(getattr(self.scorer, "rowwise", False))

    def score(self, view: PoolView) -> NDArray[np.float64]:
        """Return (n,) scores of at least 0, in the scorer's units for one of cost."""
        cost = view.need("cost", "priced")
        scores = checked_scores(self.scorer, view)
        _expect_all(cost > 0, cost, "costs above 0")
        _expect_all(scores >= 0, scores, "scores of at least 0")
        worth: NDArray[np.float64] = scores / cost
        return worth


def _expect_all(fits: NDArray[np.bool_], values: NDArray[np.floating], expected: str) -> None:
    if not fits.all():
        row = int((~fits).argmax())
        raise DataError(f"priced: expected {expected}, row {row} has {values[row]:.6g}")
