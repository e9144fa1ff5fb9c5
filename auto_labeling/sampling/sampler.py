"""What all samplers are: labels that a model is fitted on, and a strategy that chooses by it."""

from __future__ import annotations

from typing import Any, Self, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arguments import whole_number
from auto_labeling.arrays import rng_for
from auto_labeling.errors import DataError
from auto_labeling.models import learning
from auto_labeling.ports import QueryStrategy
from auto_labeling.sampling.label_sets import checked_targets, expect_readable, joined
from auto_labeling.sampling.names import strategy_of
from auto_labeling.sampling.viewing import ASKS_A_MODEL, Known, view_of
from auto_labeling.strategies.auto import COLD_START
from auto_labeling.view import PoolView, len_of

ItemT = TypeVar("ItemT")
Seed = int | np.random.Generator | None


class Sampler:
    """Fits a model on labels, and chooses what to label next.

    The same labels, pool and seed give the same choice: randomness is drawn from the seed and the
    number of labels, so that a session which is resumed goes on as it would have gone on.
    """

    def __init__(self, model: Any, strategy: object, random_state: Seed) -> None:
        self._template = learning.model_of(model)
        self._strategy = strategy_of(strategy)
        self._seed = seed_of(random_state)
        self._rows: Any = None
        self._y: NDArray[Any] | None = None
        self._model: Any = model if learning.is_fitted(model) else None

    @property
    def model(self) -> Any:
        """The fitted model, which says labels as they were given; before that, None.

        While the labels show one class only, it is scikit-learn's `DummyClassifier`.
        """
        return self._model

    @property
    def n_labels(self) -> int:
        """How many labels the model has learned from."""
        return 0 if self._y is None else len(self._y)

    @property
    def strategy(self) -> QueryStrategy:
        """The strategy that chooses."""
        return self._strategy

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Learn from these (n, ...) rows and their labels, and forget what was learned before.

        Labels are (n,), or (n, k) zeros and ones where items may have several.
        """
        rows = data.checked_rows(X, "X")
        labels = checked_targets(y, len_of(rows))
        expect_readable(self._strategy.needs, labels)
        self._model = learning.fitted(self._template, rows, labels, self._seed)
        self._rows, self._y = rows, labels
        return self

    def update(self, X_new: Any, y_new: ArrayLike) -> Self:
        """Learn from further rows as well as from all that came before."""
        if self._y is None:
            return self.fit(X_new, y_new)
        rows = data.checked_rows(X_new, "X_new")
        labels = checked_targets(y_new, len_of(rows))
        return self.fit(data.stacked(self._rows, rows), joined(self._y, labels))

    def select(self, X_unlabeled: Any, n_samples: int) -> NDArray[np.intp]:
        """Return (min(n_samples, n),) positions in the pool, best first.

        Before the first label a strategy that asks a model gives way to the cold start.
        """
        rows = data.checked_rows(X_unlabeled, "X_unlabeled")
        size = whole_number("n_samples", n_samples)
        return self._choose(self._strategy_now(), rows, size)

    @overload
    def query(self, unlabeled_pool: list[ItemT], n_instances: int) -> list[ItemT]: ...

    @overload
    def query(self, unlabeled_pool: Any, n_instances: int) -> NDArray[np.intp]: ...

    def query(self, unlabeled_pool: Any, n_instances: int) -> Any:
        """Return items of a list, or (b,) positions in anything else, best first."""
        return handed_back(unlabeled_pool, self.select(unlabeled_pool, n_instances))

    def _strategy_now(self) -> QueryStrategy:
        if self._model is None and self._strategy.needs & ASKS_A_MODEL:
            return COLD_START
        return self._strategy

    def _choose(self, strategy: QueryStrategy, rows: Any, size: int) -> NDArray[np.intp]:
        return strategy.select(self._view(strategy.needs, rows), size, self._rng("select"))

    def _view(self, needs: frozenset[str], rows: Any) -> PoolView:
        return view_of(needs, rows, self._known())

    def _known(self) -> Known:
        return Known(
            model=self._model,
            rows=self._rows,
            y=self._y,
            template=self._template,
            seed=self._seed,
        )

    def _rng(self, purpose: str) -> np.random.Generator:
        return rng_for(self._seed, self.n_labels, purpose)


def seed_of(random_state: Seed) -> int:
    """Return a seed: the number given, one drawn from the generator given, or a new one."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    return whole_number("random_state", random_state)


def handed_back(pool: Any, positions: NDArray[np.intp]) -> Any:
    """Return what `query` returns: items where the pool is a list of them, else positions."""
    if isinstance(pool, list | tuple):
        return [pool[at] for at in positions]
    return positions


def expect_pool(pool: Any) -> Any:
    """Return the rows of a pool; `DataError` where there is none at all."""
    if pool is None:
        raise DataError("unlabeled_pool: expected items or rows, got None")
    return data.checked_rows(pool, "unlabeled_pool")
