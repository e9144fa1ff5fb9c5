"""How long people take: by themselves, and beside others on the same items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.annotators.medians import median_intervals, medians
from auto_labeling.quality.annotators.shares import Floats, at_most
from auto_labeling.records import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How long one person takes."""

    median: float
    """Seconds an answer; nan where the tool measures none."""
    spread: float
    """The median distance from that, in seconds, times 1.4826: a standard deviation, were they
    normal."""
    pace: Interval
    """Times what others take on the same items: 2 is twice as long; 95 % limits of the median."""


def speeds(seconds: Floats, paces: Floats, people: NDArray[np.integer[Any]], w: int) -> list[Speed]:
    """Return how long each of w people takes, by (v,) seconds and paces; nan where unknown."""
    median = medians(seconds, people, w)
    spread = 1.4826 * medians(np.abs(seconds - median[people]), people, w)
    rows = zip(median.tolist(), spread.tolist(), median_intervals(paces, people, w), strict=True)
    return [Speed(median=middle, spread=around, pace=pace) for middle, around, pace in rows]


def paces(seconds: Floats, items: NDArray[np.integer[Any]], n: int) -> Floats:
    """Return (v,) the time of each answer over the geometric mean of the others' of its item.

    nan where nobody else was timed on it.

    >>> paces(np.array([2.0, 8.0, 4.0]), np.array([0, 0, 1]), 2)
    array([0.25, 4.  ,  nan])
    """
    known = np.isfinite(seconds) & (seconds > 0)
    logs = np.log(np.where(known, seconds, 1.0))
    others = np.bincount(items, known, minlength=n)[items] - known
    total = np.bincount(items, logs, minlength=n)[items] - logs
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known & (others > 0), np.exp(logs - total / others), np.nan)


def too_fast(
    seconds: Floats,
    paces: Floats,
    people: NDArray[np.integer[Any]],
    w: int,
    *,
    floor_s: float,
    pace: float,
) -> tuple[Floats, Floats, Floats]:
    """Return (w,) how many answers were too fast, of how many, and how likely so many are.

    Too fast is below `floor_s`, or below `pace` of what others take. The last is the sign test of
    one who is that fast in half of the answers; nan where nothing was timed.
    """
    known = np.isfinite(seconds)
    with np.errstate(invalid="ignore"):
        fast = known & ((seconds < floor_s) | (paces < pace))
    n = np.bincount(people[known], minlength=w).astype(np.float64)
    hits = np.bincount(people[fast], minlength=w).astype(np.float64)
    return hits, n, at_most(n - hits, n, 0.5)
