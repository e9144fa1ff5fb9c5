"""Whether figures rise or fall as people go on: over all of their answers, or within sessions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.annotators.shares import Floats
from auto_labeling.records import Interval

LEAST = 20
"""With fewer figures there is no trend to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A figure of one person in the order of time."""

    early: float
    """Its mean in the first half; of sessions, in the first half of each."""
    late: float
    """Its mean in the second half."""
    change: Interval
    """By how much it rose, with normal 95 % limits; below 0 it fell."""
    p: float
    """How likely so steady a rise or fall is, where there is none; nan where nothing is known."""


def trends(
    values: Floats, people: NDArray[np.integer[Any]], w: int, sessions: NDArray[np.integer[Any]]
) -> list[Trend]:
    """Return how the figures of w people go within sessions; unknown with fewer than `LEAST`.

    (v,) values stand in the order of time, nan is left out, and a session is of one person. The
    test of a linear trend is Mantel's: every other order of a session's values is as likely.

    References:
        Mantel, N. (1963). Chi-square tests with one degree of freedom: extensions of the
        Mantel-Haenszel procedure. JASA 58.

    >>> rising, = trends(np.arange(30.0), np.zeros(30, dtype=int), 1, np.zeros(30, dtype=int))
    >>> rising.change.value, rising.p < 0.001
    (15.0, True)
    """
    known = np.isfinite(values)
    values, people = values[known], people[known]
    session = np.unique(sessions[known], return_inverse=True)[1]
    at, size = _places(session)
    s = len(size)
    whose = np.zeros(s, dtype=np.intp)
    whose[session] = people
    placed = at - (size[session] - 1) / 2
    beside = values - (np.bincount(session, values, minlength=s) / size)[session]
    spread = np.bincount(session, beside**2, minlength=s) * size * (size + 1) / 12
    score = np.bincount(people, placed * beside, minlength=w)
    variance = np.bincount(whose, np.where(size > 1, spread, 0.0), minlength=w)
    n = np.bincount(whose, np.where(size > 1, size, 0), minlength=w)
    early = _Half.of(values, people, w, (at < size[session] // 2))
    late = _Half.of(values, people, w, (at >= (size[session] + 1) // 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where((n >= LEAST) & (variance > 0), np.abs(score) / np.sqrt(variance), np.nan)
        error = np.sqrt(early.variance / early.n + late.variance / late.n)
    columns = (early.mean, late.mean, error, z, n)
    return [_trend(*row) for row in zip(*(one.tolist() for one in columns), strict=True)]


def sessions_of(
    at: Floats, people: NDArray[np.integer[Any]], gap_s: float = 1800.0
) -> NDArray[np.intp]:
    """Return (v,) the session of each answer, in the order of time: a longer gap begins another.

    >>> sessions_of(np.array([0.0, 5.0, 60.0, 7200.0]), np.array([0, 1, 0, 0]))
    array([0, 2, 0, 1])
    """
    order = np.lexsort((at, people))
    moved = np.diff(people[order], prepend=-1) != 0
    paused = np.diff(at[order], prepend=at[:1]) > gap_s
    found = np.empty(len(at), dtype=np.intp)
    found[order] = np.cumsum(moved | paused) - 1
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Half:
    """(w,) of the figures of one half."""

    n: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, values: Floats, people: NDArray[Any], w: int, within: NDArray[np.bool_]) -> _Half:
        n: Floats = np.bincount(people, within, minlength=w).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(people, values * within, minlength=w) / n
            variance = np.bincount(people, (values - mean[people]) ** 2 * within, minlength=w) / n
        return cls(n=n, mean=mean, variance=variance)


def _places(sessions: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (v,) the place of each in its session, and (s,) how long the sessions are."""
    size = np.bincount(sessions)
    order = np.argsort(sessions, kind="stable")
    at = np.empty(len(sessions), dtype=np.intp)
    at[order] = np.arange(len(sessions)) - np.repeat(np.cumsum(size) - size, size)
    return at, size


def _trend(early: float, late: float, error: float, z: float, n: float) -> Trend:
    if math.isnan(z):
        return _UNKNOWN
    value = late - early
    change = Interval(value=value, low=value - 1.96 * error, high=value + 1.96 * error, n=round(n))
    return Trend(early=early, late=late, change=change, p=math.erfc(z / math.sqrt(2)))


_UNKNOWN = Trend(early=math.nan, late=math.nan, change=Interval.unknown(), p=math.nan)
