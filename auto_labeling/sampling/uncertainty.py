"""`UncertaintySampling`: ask where a model that is fitted already is least sure."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arguments import whole_number
from auto_labeling.errors import ConfigurationError
from auto_labeling.sampling.names import UNCERTAINTY, scorer_of
from auto_labeling.sampling.sampler import (
    ItemT,
    Seed,
    expect_pool,
    handed_back,
    seed_of,
)
from auto_labeling.sampling.viewing import Known, view_of
from auto_labeling.strategies.top_k import TopK


class UncertaintySampling:
    """The candidates that a model is least sure of.

    Args:
        method: least_confident, margin, entropy or ratio.
        random_state: decides between equal scores.

    >>> from sklearn.dummy import DummyClassifier
    >>> model = DummyClassifier().fit([[0.0], [1.0]], ["a", "b"])
    >>> len(UncertaintySampling("margin", random_state=0).query(model, np.zeros((9, 1)), 3))
    3
    """

    def __init__(self, method: str = "least_confident", random_state: Seed = None) -> None:
        self._strategy = TopK(scorer_of(method, UNCERTAINTY, "method"))
        self._seed = seed_of(random_state)

    @overload
    def query(self, model: Any, unlabeled_pool: list[ItemT], n_instances: int) -> list[ItemT]: ...

    @overload
    def query(self, model: Any, unlabeled_pool: Any, n_instances: int) -> NDArray[np.intp]: ...

    def query(self, model: Any, unlabeled_pool: Any, n_instances: int) -> Any:
        """Return items of a list, or (b,) positions in anything else, least sure first.

        `model` is fitted already: it is asked for `predict_proba` and nothing else.
        """
        if not hasattr(model, "predict_proba"):
            raise ConfigurationError(
                f"model: expected one with predict_proba, got a {type(model).__name__}"
            )
        rows = expect_pool(unlabeled_pool)
        size = whole_number("n_instances", n_instances)
        view = view_of(self._strategy.needs, rows, Known(model=model))
        picks = self._strategy.select(view, size, np.random.default_rng(self._seed))
        return handed_back(unlabeled_pool, picks)
