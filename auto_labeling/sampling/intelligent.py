"""`IntelligentSampler`: uncertainty, diversity and chance in one batch, and what it was worth."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arguments import weight, whole_number
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.sampling.label_sets import joined
from auto_labeling.sampling.metrics import (
    SamplerMetrics,
    accuracy_of,
    blind_savings,
    guesses,
    relative_diversity,
)
from auto_labeling.sampling.names import DIVERSITY, UNCERTAINTY, chosen, scorer_of, strategy_of
from auto_labeling.sampling.sampler import Sampler, Seed
from auto_labeling.strategies.clustered import Clustered
from auto_labeling.strategies.explore import Explore
from auto_labeling.strategies.sequential import Sequential
from auto_labeling.strategies.shortlist import Shortlist
from auto_labeling.strategies.spread import Spread
from auto_labeling.strategies.top_k import TopK
from auto_labeling.view import len_of

_STRATEGIES = (
    "uncertainty",
    "committee",
    "diversity",
    "hybrid",
    "expected_model_change",
    "random",
)
_METHODS = ("kmeans", "coreset", "determinantal")
_AS_THEY_ARE = ("diversity", "random")
"""Strategies whose batches no batch mode changes: they are sets already, or pure chance."""


class IntelligentSampler(Sampler):
    """Chooses batches by uncertainty, diversity and chance; learns by logistic regression.

    Args:
        strategy: uncertainty, committee, diversity, hybrid, expected_model_change or random.
        uncertainty_method: entropy, margin, least_confident or ratio.
        diversity_method: kmeans, coreset or determinantal.
        uncertainty_weight: of `hybrid`; see below.
        diversity_weight: of `hybrid`.
        exploration_weight: of `hybrid`.
        random_state: a whole number, a Generator, or None for another choice each time.

    `hybrid` draws a share of the batch blindly, which is exploration's part of the three weights.
    The rest is chosen for diversity among the most uncertain: the more diversity weighs against
    uncertainty, the longer that list, `(uncertainty + diversity) / uncertainty` batches.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> sampler = IntelligentSampler("hybrid", random_state=0).fit(X[::10], y[::10])
    >>> picks = sampler.select(X, 6)
    >>> metrics = sampler.update(X[picks], y[picks]).get_metrics()
    >>> 0 <= metrics.efficiency <= 1, metrics.diversity > 0, metrics.label_savings
    (True, True, nan)
    """

    def __init__(
        self,
        strategy: str = "hybrid",
        uncertainty_method: str = "entropy",
        diversity_method: str = "kmeans",
        uncertainty_weight: float = 0.5,
        diversity_weight: float = 0.5,
        exploration_weight: float = 0.0,
        random_state: Seed = None,
    ) -> None:
        self._kind: str = chosen(strategy, {name: name for name in _STRATEGIES}, "strategy")
        scorer = scorer_of(uncertainty_method, UNCERTAINTY, "uncertainty_method")
        methods = {name: DIVERSITY[name] for name in _METHODS}
        diverse = strategy_of(chosen(diversity_method, methods, "diversity_method"))
        weights = {
            "uncertainty_weight": uncertainty_weight,
            "diversity_weight": diversity_weight,
            "exploration_weight": exploration_weight,
        }
        uncertain, apart, chance = (weight(name, given) for name, given in weights.items())
        if self._kind == "hybrid":
            if uncertain + apart + chance == 0:
                raise ConfigurationError("uncertainty_weight: expected one weight above 0, got 0")
            reach = (uncertain + apart) / uncertain if uncertain else math.inf
            mixed = Shortlist(scorer, diverse, reach=reach)
            built: Any = Explore(mixed, share=chance / (uncertain + apart + chance))
        else:
            own = {"uncertainty": TopK(scorer), "diversity": diverse}
            built = own.get(self._kind, self._kind)
        super().__init__(None, built, random_state)
        self._last: tuple[Any, NDArray[np.intp]] | None = None
        self._wrong: list[bool] = []
        self._savings = math.nan

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Learn from these rows and labels, and forget what was learned before."""
        self._wrong = []
        return self._learn(X, y)

    def update(self, X_new: Any, y_new: ArrayLike) -> Self:
        """Learn from further rows as well as from all that came before."""
        rows = data.checked_rows(X_new, "X_new")
        labels = data.checked_labels(y_new, len_of(rows))
        if self._y is None:
            return self.fit(rows, labels)
        self._wrong += (guesses(self._model, rows) != labels).tolist()
        return self._learn(data.stacked(self._rows, rows), joined(self._y, labels))

    def select(
        self,
        X: Any,
        n_samples: int,
        batch_mode: Literal["diverse", "sequential", "clustered"] = "diverse",
        batch_diversity_threshold: float = 0.5,
        n_clusters: int = 10,
    ) -> NDArray[np.intp]:
        """Return (min(n_samples, n),) positions, best first.

        Args:
            X: (n, ...) the pool.
            n_samples: how many.
            batch_mode: how the batch is put together from the strategy's ranking. diverse: no pick
                nearer to another, or to what is labeled, than the threshold; sequential: one by
                one, weighing rank against likeness to the picks before; clustered: the best of
                each cluster in turn. `diversity` and `random` are left as they are.
            batch_diversity_threshold: least distance of `diverse`, as a share of the typical
                distance of two candidates.
            n_clusters: how many clusters `clustered` makes.
        """
        rows = data.checked_rows(X, "X")
        size = whole_number("n_samples", n_samples)
        least = weight("batch_diversity_threshold", batch_diversity_threshold)
        strategy = self._strategy_now()
        modes = {
            "diverse": Spread(strategy, share=least),
            "sequential": Sequential(strategy),
            "clustered": Clustered(strategy, n_clusters=whole_number("n_clusters", n_clusters, 1)),
        }
        in_mode: QueryStrategy = chosen(batch_mode, modes, "batch_mode")
        as_it_is = self._kind in _AS_THEY_ARE or strategy is not self._strategy
        picks = self._choose(strategy if as_it_is else in_mode, rows, size)
        self._last = rows, picks
        return picks

    def judge(self, X_test: Any, y_test: ArrayLike) -> float:
        """Return the accuracy of the model on rows that were drawn blindly and never learned from.

        From then on `get_metrics().label_savings` is known, where blind choice gets as far.
        """
        rows = data.checked_rows(X_test, "X_test")
        labels = data.checked_labels(y_test, len_of(rows))
        if self._y is None:
            raise ConfigurationError("judge: expected a fitted sampler; call fit(X, y) first")
        accuracy = accuracy_of(self._model, rows, labels)
        self._savings = blind_savings(
            self._template, len(self._y), accuracy, rows, labels, self._seed
        )
        return accuracy

    def get_metrics(self) -> SamplerMetrics:
        """Return what is known about the choices so far."""
        return SamplerMetrics(
            efficiency=float(np.mean(self._wrong)) if self._wrong else math.nan,
            diversity=math.nan
            if self._last is None
            else relative_diversity(*self._last, self._seed),
            label_savings=self._savings,
        )

    def _learn(self, X: Any, y: ArrayLike) -> Self:
        super().fit(X, y)
        self._savings = math.nan  # it was the savings of another model
        return self
