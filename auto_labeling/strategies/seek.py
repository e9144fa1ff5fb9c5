"""Look for what is rare: likely finds are drawn more often, with chances that are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Scorer
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Seek:
    """A random batch in which high scores are likelier, and no candidate is impossible.

    A candidate's chance goes by one over the rank of its score; equal scores have equal chances.
    What is sought is said by a scorer: `LikeLabeled`, `LikePoints`, `Mentions` or any other.

    `selection_probabilities` are the chances to be recorded beside the batch: the sum over its
    picks of `y / chance` is an unbiased estimate of the sum of y over the pool (Horvitz & Thompson
    1952), for any y.

    >>> from auto_labeling.strategies.examples import Mentions
    >>> view = PoolView(features=np.array([[0.0], [0.0], [3.0]]))
    >>> seek = Seek(Mentions((0,)), uniform=0.45)
    >>> seek.selection_probabilities(view, 1).round(4)
    array([0.275, 0.275, 0.45 ])
    >>> seek.select(view, 1, np.random.default_rng(0))
    array([2])
    """

    scorer: Scorer
    uniform: float = 0.1
    """The share of all chances that the candidates have alike, in (0, 1]."""

    def __post_init__(self) -> None:
        if not 0 < self.uniform <= 1:
            raise ConfigurationError(f"uniform: expected above 0, up to 1, got {self.uniform}")

    @property
    def needs(self) -> frozenset[str]:
        """What the scorer reads."""
        return self.scorer.needs

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions in random order, so that any part of them is fair."""
        return systematic_sample(self.selection_probabilities(view, size), rng)

    def selection_probabilities(self, view: PoolView, size: int) -> NDArray[np.float64]:
        """Return (n,) each candidate's chance, above 0, to be in a batch; their sum is its size."""
        size = batch_size(size, len(view))
        scores = checked_scores(self.scorer, view)
        if len(scores) == 0:
            return scores
        ranked = _inverse_ranks(scores)
        weights = (1 - self.uniform) * ranked / ranked.sum() + self.uniform / len(scores)
        return inclusion_probabilities(weights, size)


def inclusion_probabilities(weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return (n,) chances that go by the weights, all above 0, are at most 1 and sum to `size`.

    >>> inclusion_probabilities(np.array([8.0, 1.0, 1.0]), 2)
    array([1. , 0.5, 0.5])
    """
    chances = np.ones(len(weights))
    open_ones = np.arange(len(weights))
    while size < len(weights):
        left = size - (len(weights) - len(open_ones))
        chances[open_ones] = left * weights[open_ones] / weights[open_ones].sum()
        below = chances[open_ones] < 1
        if below.all():
            break
        chances[open_ones[~below]] = 1.0  # certain: the others share what is left
        open_ones = open_ones[below]
        if len(open_ones) == 0:
            break
    return chances


def systematic_sample(chances: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return distinct positions in random order, each with exactly its chance (Madow 1949).

    Their number is the sum of the chances.

    >>> systematic_sample(np.array([0.0, 1.0, 0.0, 1.0]), np.random.default_rng(0))
    array([1, 3])
    """
    n, size = len(chances), round(float(chances.sum()))
    order = rng.permutation(n)  # else neighbours would never be drawn together
    ends = np.cumsum(chances[order])
    steps = np.arange(size)
    drawn = np.searchsorted(ends, rng.random() + steps, side="right")
    # The chances of a place sum to one only up to rounding: no position twice, none past the end.
    drawn = np.maximum.accumulate(drawn - steps) + steps
    return rng.permutation(order[np.minimum(drawn, n - size + steps)])


def _inverse_ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n,) one over the rank, the highest score being first; the mean of it among equals."""
    _, inverse, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    means: NDArray[np.float64] = np.add.reduceat(1.0 / np.arange(1, len(scores) + 1), first)
    return (means / counts)[inverse]
