"""`DiversitySampling`: ask about what is unlike the rest, without any model."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arguments import whole_number
from auto_labeling.sampling.names import DIVERSITY, chosen, strategy_of
from auto_labeling.sampling.sampler import (
    ItemT,
    Seed,
    expect_pool,
    handed_back,
    seed_of,
)
from auto_labeling.sampling.viewing import Known, view_of
from auto_labeling.view import len_of

_FEWEST_A_CLUSTER = 10


class DiversitySampling:
    """Candidates that stand for the whole pool.

    Args:
        method: kmeans, coreset, determinantal, typiclust, probcover or herding.
        n_clusters: of kmeans: how many clusters are made where fewer instances are asked for; those
            of the largest are returned. A cluster has ten members or more on average.
        random_state: of everything that is left to chance.

    >>> DiversitySampling(random_state=0).query([[0.0], [0.2], [9.0], [9.1], [9.2]], 2)
    [[9.1], [0.0]]
    """

    def __init__(
        self, method: str = "kmeans", n_clusters: int = 100, random_state: Seed = None
    ) -> None:
        self._strategy = strategy_of(chosen(method, {name: name for name in DIVERSITY}, "method"))
        self._clusters = whole_number("n_clusters", n_clusters, 1) if method == "kmeans" else 0
        self._seed = seed_of(random_state)

    @overload
    def query(self, unlabeled_pool: list[ItemT], n_instances: int) -> list[ItemT]: ...

    @overload
    def query(self, unlabeled_pool: Any, n_instances: int) -> NDArray[np.intp]: ...

    def query(self, unlabeled_pool: Any, n_instances: int) -> Any:
        """Return items of a list, or (b,) positions in anything else, best first."""
        rows = expect_pool(unlabeled_pool)
        size = whole_number("n_instances", n_instances)
        view = view_of(self._strategy.needs, rows, Known(seed=self._seed))
        made = max(size, min(self._clusters, len_of(rows) // _FEWEST_A_CLUSTER))
        rng = np.random.default_rng(self._seed)
        return handed_back(unlabeled_pool, self._strategy.select(view, made, rng)[:size])
