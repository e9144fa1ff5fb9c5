"""How well a model of people predicts opinions that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.expectation import Floats, Opinions
from auto_labeling.ratings import Ratings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Opinions that a model sees, and others that it has to predict."""

    seen: Opinions
    hidden: Ratings

    def surprise(self, found: Aggregate) -> Floats:
        """Return (n,) the sum of -log p over the hidden opinions on each item; 0 where none is."""
        items, people, labels = self.hidden.items, self.hidden.people, self.hidden.labels
        total: Floats = np.zeros(len(items))
        for cls in range(self.hidden.shape[2]):  # a class at a time: k numbers an opinion are many
            total += found.posterior[items, cls] * found.confusion[people, cls, labels]
        # The posterior is rounded, and may hold nothing but zeros for a class that was said.
        losses = -np.log(np.maximum(total, 1e-12))
        sums = np.bincount(items, losses, minlength=self.hidden.shape[0])
        return sums.astype(np.float64)


def folds(ratings: Ratings, count: int, rng: np.random.Generator) -> Iterator[Fold]:
    """Yield `count` folds; every opinion is hidden in one of them."""
    part: NDArray[np.int64] = rng.permutation(len(ratings)) % count
    for at in range(count):
        yield Fold(seen=Opinions(ratings.where(part != at)), hidden=ratings.where(part == at))
