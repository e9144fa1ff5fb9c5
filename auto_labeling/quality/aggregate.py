"""What an aggregator makes of ratings: the classes of the items, and how people err."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auto_labeling.ratings import Ratings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aggregate:
    """What n items probably are, by w people's opinions among k classes."""

    posterior: NDArray[np.float64]
    """(n, k) the probability of every class; an item without an opinion has the prior."""
    confusion: NDArray[np.float64]
    """(w, k, k) how often each person says the class of a column of an item of a row's class."""
    prior: NDArray[np.float64]
    """(k,) how frequent the classes are."""


class Aggregates(Protocol):
    """A model of how people err, pure and deterministic: equal ratings, equal aggregate."""

    def aggregate(self, ratings: Ratings) -> Aggregate:
        """Return what the items probably are, and how people err."""
        ...
