"""Medians of many people at once, each with the order statistics that hold it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.annotators.shares import Floats
from auto_labeling.records import Interval


def medians(values: Floats, people: NDArray[np.integer[Any]], w: int) -> Floats:
    """Return (w,) the median of each person's values; nan is left out, and where there are none.

    >>> medians(np.array([3.0, 1.0, np.nan, 5.0]), np.array([0, 0, 0, 1]), 3)
    array([ 2.,  5., nan])
    """
    ranked, start, n = _ranked(values, people, w)
    if not len(ranked):
        return np.full(w, np.nan)
    low, high = start + np.maximum(n - 1, 0) // 2, start + n // 2
    last = len(ranked) - 1
    middle = (ranked[np.minimum(low, last)] + ranked[np.minimum(high, last)]) / 2
    return np.where(n > 0, middle, np.nan)


def median_intervals(
    values: Floats, people: NDArray[np.integer[Any]], w: int, alpha: float = 0.05
) -> list[Interval]:
    """Return the same with limits that hold whatever the distribution; nan with too few for them.

    >>> found, = median_intervals(np.arange(1.0, 12.0), np.zeros(11, dtype=int), 1)
    >>> found.value, found.low, found.high
    (6.0, 2.0, 10.0)
    """
    from scipy.stats import binom

    ranked, start, n = _ranked(values, people, w)
    middle = medians(values, people, w)
    outer = np.nan_to_num(binom.ppf(alpha / 2, n, 0.5)).astype(np.intp)
    has = outer > 0
    low, high = np.full(w, np.nan), np.full(w, np.nan)
    low[has] = ranked[(start + outer - 1)[has]]
    high[has] = ranked[(start + n - outer)[has]]
    rows = zip(middle.tolist(), low.tolist(), high.tolist(), n.tolist(), strict=True)
    return [Interval(value=v, low=lower, high=upper, n=many) for v, lower, upper, many in rows]


def _ranked(
    values: Floats, people: NDArray[np.integer[Any]], w: int
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    """Return known values, ranked by person, where each person's begin, and how many they are."""
    known = np.isfinite(values)
    values, people = values[known], people[known]
    n = np.bincount(people, minlength=w)
    return values[np.lexsort((values, people))], np.cumsum(n) - n, n
