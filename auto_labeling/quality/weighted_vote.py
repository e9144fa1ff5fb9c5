"""People's votes weigh differently: by weights that are given, or learned from agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.dawid_skene import rows
from auto_labeling.quality.deciding import Deciding
from auto_labeling.quality.expectation import Floats, Opinions, learned
from auto_labeling.quality.expected_errors import accuracies, alike
from auto_labeling.ratings import Ratings

_DOUBT = 4.0
"""How many answers of everybody together a person's own accuracy is weighed against."""
_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedVote(Deciding):
    """The class with the greatest sum of weights; its share of all weights is the posterior.

    Who is not named weighs 1. Without `weights` they are learned: a person of accuracy p among k
    classes weighs k * p - 1, and guessing nothing; the accuracy is the agreement with the vote,
    which the weights change in turn.

    References:
        Li, H. and Yu, B. (2014). Error Rate Bounds and Iterative Weighted Majority Voting for
        Crowdsourcing. arXiv:1411.4086
    """

    weights: Mapping[str, float] | None = None
    """By person; at least 0."""

    def __post_init__(self) -> None:
        for person, weight in (self.weights or {}).items():
            if not 0 <= weight < np.inf:
                raise ConfigurationError(f"weights.{person}: expected at least 0, got {weight}")

    def aggregate(self, ratings: Ratings) -> Aggregate:
        """Return the vote by learned weights: ratings know nobody's name."""
        return weighted(ratings, learned_weights(ratings))

    def _posterior(self, ratings: Ratings, people: Sequence[str]) -> NDArray[np.float64]:
        if self.weights is None:
            return self.aggregate(ratings).posterior
        given = np.array([self.weights.get(person, 1.0) for person in people])
        return weighted(ratings, given).posterior


def weighted(ratings: Ratings, weights: Floats) -> Aggregate:
    """Return the shares of (w,) weights as posterior; where nothing weighs, every class is equal.

    >>> ratings = Ratings.of([("a", "ann", "cat"), ("a", "bob", "dog")])[0]
    >>> weighted(ratings, np.array([3.0, 1.0])).posterior
    array([[0.75, 0.25]])
    """
    n, _, k = ratings.shape
    cells = ratings.items.astype(np.intp) * k + ratings.labels
    sums = np.bincount(cells, weights[ratings.people], minlength=n * k)
    posterior: Floats = sums.astype(np.float64).reshape(n, k)
    posterior[posterior.sum(axis=1) <= 0] = 1.0
    posterior /= posterior.sum(axis=1, keepdims=True)
    np.round(posterior, 12, out=posterior)  # sums in another order are the same sums
    opinions = Opinions(ratings)
    errors = partial(rows, expects=alike, strength=1.0)
    return Aggregate(
        posterior=posterior,
        confusion=errors(opinions.answers(posterior)),
        prior=learned(posterior[opinions.answered]),
    )


def learned_weights(ratings: Ratings) -> Floats:
    """Return (w,) weights, at least 0; who answered little weighs as everybody does on average.

    >>> said = [(at, who, at % 2) for at in range(8) for who in "ab"]
    >>> ratings = Ratings.of(said + [(at, "eve", 0) for at in range(8)])[0]
    >>> learned_weights(ratings).round(2)
    array([0.87, 0.87, 0.2 ])
    """
    opinions = Opinions(ratings)
    k = ratings.shape[2]
    posterior = opinions.shares()
    weights: Floats = np.ones(ratings.shape[1])
    for _ in range(_ROUNDS):
        best = posterior >= posterior.max(axis=1, keepdims=True) - 1e-9
        right = accuracies(opinions.answers(best / best.sum(axis=1, keepdims=True)), _DOUBT)
        before, weights = weights, np.maximum(k * right - 1, 0.0).round(9)
        if np.abs(weights - before).max(initial=0.0) <= 1e-9:
            break
        posterior = weighted(ratings, weights).posterior
    return weights
