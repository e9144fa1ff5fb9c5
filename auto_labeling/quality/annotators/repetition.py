"""Answers that repeat themselves: always the same class, or two in turn, whatever the items are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import spans
from auto_labeling.quality.annotators.shares import Floats, at_least, exact_limits
from auto_labeling.ratings import Ratings

_LAGS = (1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repetition:
    """How far the answers of w people repeat: each equals the one `lag` answers before."""

    lag: NDArray[np.intp]
    """(w,) the shortest at which they do, 1 is always the same class; 0: at none."""
    share: Floats
    """(w,) of the answers that equal the one before, at that lag; nan at none."""
    expected: Floats
    """(w,) the share at which the others' answers to the same items do."""
    n: Floats
    """(w,) how many answers could."""
    p: Floats
    """(w,) how likely so many are, if the items alone repeat; nan where nothing can be said."""

    @classmethod
    def unknown(cls, w: int) -> Repetition:
        """Return what is known of w people before their answers are looked at: nothing."""
        share, expected, n, p = (np.full(w, np.nan) for _ in range(4))
        lag = np.zeros(w, dtype=np.intp)
        return cls(lag=lag, share=share, expected=expected, n=n, p=p)


def repetition(ratings: Ratings, share: float, least: int) -> Repetition:
    """Return how far people's answers repeat; ratings in the order in which each person gave them.

    To repeat is to have the lower limit of the share of equal answers at `share` or more, in at
    least so many answers to items that others answered too: a pool may itself be in the order of
    its classes.
    """
    w = ratings.shape[1]
    order = np.argsort(ratings.people, kind="stable")
    found = Repetition.unknown(w)
    for lag in _LAGS:
        hits, n, expected = _at_lag(ratings, order, lag)
        testable = n >= least
        found.p[testable & np.isnan(found.p)] = 1.0
        low, _ = exact_limits(hits, n)
        new = testable & (found.lag == 0) & (np.nan_to_num(low) >= share)
        # The others' share was seen on as many items: its upper limit is what chance may give.
        _, most = exact_limits(expected, n)
        found.lag[new] = lag
        found.n[new] = n[new]
        found.share[new] = hits[new] / n[new]
        found.expected[new] = expected[new] / n[new]
        found.p[new] = np.minimum(at_least(hits, n, most)[new] * len(_LAGS), 1.0)
    return found


def _at_lag(ratings: Ratings, order: NDArray[np.intp], lag: int) -> tuple[Floats, Floats, Floats]:
    """Return (w,) equal answers, answers, and equal answers that the others' give reason to."""
    w, k = ratings.shape[1:]
    hits, n, expected = np.zeros(w), np.zeros(w), np.zeros(w)
    if len(order) <= lag:
        return hits, n, expected
    before, after = order[:-lag], order[lag:]
    same = ratings.people[before] == ratings.people[after]
    before, after = before[same], after[same]
    counts = ratings.counts()
    for span in spans(len(before), 2 * k):
        one, other = _others(ratings, counts, before[span]), _others(ratings, counts, after[span])
        chance = (one * other).sum(axis=1)
        shared = np.isfinite(chance)
        who = ratings.people[after[span]][shared]
        equal = (ratings.labels[before[span]] == ratings.labels[after[span]])[shared]
        n += np.bincount(who, minlength=w)
        hits += np.bincount(who, equal, minlength=w)
        expected += np.bincount(who, chance[shared], minlength=w)
    return hits, n, expected


def _others(ratings: Ratings, counts: NDArray[np.intp], at: NDArray[np.intp]) -> Floats:
    """Return (m, k) the share of the others who say each class of these items; or nan."""
    others = counts[ratings.items[at]].astype(np.float64)
    others[np.arange(len(at)), ratings.labels[at]] -= 1
    with np.errstate(invalid="ignore"):
        shares: Floats = others / others.sum(axis=1, keepdims=True)
    return shares
