"""Candidates that count by weight: what scores weigh, samples by weight, the heaviest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import top_k
from auto_labeling.ports import Scorer
from auto_labeling.strategies.top_k import checked_scores
from auto_labeling.view import PoolView


def weights_by(scorer: Scorer, view: PoolView) -> NDArray[np.float64]:
    """Return (n,) scores as weights of at least 0; where any falls below 0, they count from it.

    All are 1 where none is above 0: where a model is sure of everything, what is typical is still
    worth asking about.
    """
    scores = checked_scores(scorer, view)
    weights = scores - scores.min(initial=0.0)
    return weights if weights.any() else np.ones(len(weights))


def priority_sample(
    weights: NDArray[np.float64], size: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return (m,) distinct positions in random order, and (m,) the weight each stands for.

    Everything, where there is no more than `size`; else a sample in which the sum of weights over
    any part of the pool is right on average (Duffield, Lund & Thorup 2007, arXiv cs/0509026).
    """
    n = len(weights)
    if n <= size:
        everything = rng.permutation(n)
        return everything, weights[everything]
    priorities = weights / (1.0 - rng.random(n))
    threshold = float(np.partition(priorities, n - size - 1)[n - size - 1])
    rows = rng.permutation(np.flatnonzero(priorities > threshold))
    return rows, np.maximum(weights[rows], threshold)


def with_heaviest_rest(
    picks: NDArray[np.intp], weights: NDArray[np.float64], size: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return (size,) the picks, and after them the heaviest others, equal ones in random order.

    >>> weights = np.array([0.5, 0.9, 0.1, 0.4])
    >>> with_heaviest_rest(np.array([2]), weights, 3, np.random.default_rng(0))
    array([2, 1, 0])
    """
    rest = np.delete(np.arange(len(weights)), picks)
    return np.concatenate([picks, rest[top_k(weights[rest], size - len(picks), rng)]])
