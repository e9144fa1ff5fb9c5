"""How far people agree, and how far beyond chance, whoever answered what."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import spans
from auto_labeling.records import Interval

_DRAWS = 1_000


def krippendorff_alpha(counts: NDArray[np.integer[Any]]) -> float:
    """Return the agreement beyond chance of answers that have no order, at most 1.

    `counts` is (n, k): how many people gave item i the answer j. Items with fewer than two answers
    say nothing. nan where all answers are the same, or none can be compared.

    References:
        Krippendorff, K. (2011). Computing Krippendorff's Alpha-Reliability.

    >>> krippendorff_alpha(np.array([[2, 0], [0, 2]])), krippendorff_alpha(np.array([[1, 1]] * 2))
    (1.0, -0.5)
    """
    shared = _shared(counts)
    return float(_alphas(np.ones((1, len(shared))), shared)[0])


def alpha_interval(counts: NDArray[np.integer[Any]], rng: np.random.Generator) -> Interval:
    """Return Krippendorff's alpha with 95 % limits, from 1,000 draws of as many items."""
    shared = _shared(counts)
    n = len(shared)
    if n == 0:
        return Interval.unknown()
    drawn = [
        _alphas(rng.multinomial(n, np.full(n, 1 / n), size=span.stop - span.start), shared)
        for span in spans(_DRAWS, n)
    ]
    known = np.concatenate(drawn)
    known = known[np.isfinite(known)]
    low, high = np.percentile(known, (2.5, 97.5)) if len(known) else (math.nan, math.nan)
    return Interval(value=krippendorff_alpha(counts), low=float(low), high=float(high), n=n)


def share_agreeing(counts: NDArray[np.integer[Any]]) -> float:
    """Return the share of equal pairs among the answers to one item, averaged over items; or nan.

    >>> share_agreeing(np.array([[2, 0], [1, 1], [1, 0]]))
    0.5
    """
    shared = _shared(counts)
    if len(shared) == 0:
        return math.nan
    answers = shared.sum(axis=1)
    return float(1 - (_differing(shared) / (answers * (answers - 1))).mean())


def _shared(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return the rows of at least two answers."""
    shared: NDArray[np.float64] = counts[counts.sum(axis=1) >= 2].astype(np.float64)
    return shared


def _differing(shared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n,) how many ordered pairs of answers to one item differ."""
    differing: NDArray[np.float64] = np.square(shared.sum(axis=1)) - np.square(shared).sum(axis=1)
    return differing


def _alphas(weights: NDArray[Any], shared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (m,) the alpha of each row of (m, n) weights, which say how often an item counts."""
    observed = weights @ (_differing(shared) / np.maximum(shared.sum(axis=1) - 1, 1))
    totals = weights @ shared
    n = totals.sum(axis=1)
    expected = n**2 - (totals**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 - (n - 1) * observed / expected
    alphas: NDArray[np.float64] = np.where(expected > 0, found, np.nan)
    return alphas
