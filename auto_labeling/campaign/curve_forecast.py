"""What the next labels would bring: a learning curve carried on, with limits. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from auto_labeling.errors import ConfigurationError
from auto_labeling.records import Interval

Floats: TypeAlias = NDArray[np.floating[Any]]

LEAST = 5
"""How many rounds have to have been judged before anything is said."""
_REACH = 5.0
"""Rounds with fewer than one part in so many of the labels say nothing about how it goes on."""
_MOST = 60
"""Rounds that are looked at: what bounds the time on a curve of hundreds."""
_BENDS = (0.01, 0.5, 1.0, 2.0, 3.0)
_NOISES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_WANDERINGS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
_CALMING = 0.75
"""The power by which the walk calms down: with 1 the limits of far forecasts were too narrow."""
_LEVEL_SD, _SLOPE_SD = 10.0, 10.0
"""Before anything is seen, in points: of the last value, and of what e times the labels bring."""


def forecast(
    items: Sequence[int], values: Sequence[Interval], more: int, level: float = 0.9
) -> Interval:
    """Return what will be measured after `more` labels, with limits that hold it in `level`.

    `items` and `values` are the curve so far, oldest round first; values are shares in [0, 1],
    better when higher, and go on to be measured on the same items: how far those stand for all
    others is what their own intervals say. A power law of every bend, a deviation from it that
    wanders ever less, and noise are weighed by how well they explain the curve (a Gaussian process
    in the log of the labels). Unknown from fewer than 5 known rounds.

    References:
        Viering, T. and Loog, M. (2021). The shape of learning curves: a review. arXiv:2103.10948

    >>> seen = [0.70, 0.80, 0.84, 0.86, 0.872, 0.88]
    >>> curve = [Interval(value=one, low=one, high=one, n=450) for one in seen]
    >>> found = forecast([20, 40, 60, 80, 100, 120], curve, more=60)
    >>> 0.88 < found.low < found.value < found.high < 0.92
    True
    """
    if more < 1:
        raise ConfigurationError(f"more: expected at least 1 label, got {more}")
    if not 0 < level < 1:
        raise ConfigurationError(f"level: expected a share between 0 and 1, got {level}")
    known = [
        (count, interval.value)
        for count, interval in zip(items, values, strict=True)
        if count > 0 and math.isfinite(interval.value)
    ]
    if len(known) < LEAST:
        return Interval.unknown()
    counts, seen = np.array(known, dtype=np.float64).T
    first = min(int(np.argmax(counts >= counts[-1] / _REACH)), len(counts) - LEAST)
    last = len(counts) - 1
    used = np.unique(np.linspace(first, last, min(last - first + 1, _MOST)).round().astype(int))
    when = np.log(counts[used] / counts[-1])
    mixture = _carried_on(when, 100 * seen[used], math.log1p(more / counts[-1]))
    low, value, high = (
        min(max(mixture.quantile(share) / 100, 0.0), 1.0)
        for share in ((1 - level) / 2, 0.5, (1 + level) / 2)
    )
    return Interval(value=value, low=low, high=high, n=values[-1].n)


@dataclass(frozen=True, slots=True, eq=False)
class _Mixture:
    """Normal distributions, (g,) each, with their weights."""

    weights: Floats
    means: Floats
    deviations: Floats

    def quantile(self, share: float) -> float:
        def above(value: float) -> float:
            return (
                float(self.weights @ special.ndtr((value - self.means) / self.deviations)) - share
            )

        low = float((self.means - 9 * self.deviations).min())
        high = float((self.means + 9 * self.deviations).max())
        return float(optimize.brentq(above, low, high))


def _carried_on(when: Floats, points: Floats, then: float) -> _Mixture:
    """Return what (m,) points at (m,) log labels, 0 being the last, say about the time `then`."""
    times = np.append(when, then)
    m = len(when)
    moving = np.square(_WANDERINGS)[:, None, None, None] * _wandering(times)
    around = np.square(_NOISES)[:, None, None] * np.eye(m + 1)
    means, variances, evidence = [], [], []
    for bend in _BENDS:
        rise = -np.expm1(-bend * times) / bend
        line = _LEVEL_SD**2 + _SLOPE_SD**2 * np.outer(rise, rise)
        covariances = (line + moving + around).reshape(-1, m + 1, m + 1)
        links = covariances[:, :m, m]
        roots = np.linalg.cholesky(covariances[:, :m, :m])
        known = np.stack([np.broadcast_to(points - points[-1], links.shape), links], axis=2)
        seen, link = np.moveaxis(np.linalg.solve(roots, known), 2, 0)
        means.append(points[-1] + (link * seen).sum(axis=1))
        variances.append(covariances[:, m, m] - (link**2).sum(axis=1))
        size = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
        evidence.append(-(seen**2).sum(axis=1) / 2 - size)
    weights = special.softmax(np.concatenate(evidence))
    return _Mixture(weights, np.concatenate(means), np.sqrt(np.concatenate(variances)))


def _wandering(times: Floats) -> Floats:
    """Return the (m, m) covariance of a walk whose steps fall as a power of the labels."""
    clock = np.exp(-2 * _CALMING * times[0]) * -np.expm1(-2 * _CALMING * (times - times[0]))
    covariance: Floats = np.minimum.outer(clock, clock) / (2 * _CALMING)
    return covariance
